"""Writing a file so that a reader, or a crash, sees all of it or none."""

import fcntl
import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO
from uuid import uuid4


def write_whole(target: Path, data: bytes) -> None:
    """Write a file under a hidden name and put it in place once it is on the disk; its name survives a power cut as well."""
    with _hidden(target) as (temporary, file):
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
        temporary.replace(target)
    descriptor = os.open(target.parent, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def sweep(folders: Iterable[Path]) -> int:
    """Return how many half-written files were removed: those whose writer is dead, for a living one holds a lock on its own."""
    swept = 0
    for folder in folders:
        for path in folder.glob(".*.tmp"):
            with suppress(OSError), path.open("rb") as file:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                path.unlink()
                swept += 1
    return swept


@contextmanager
def _hidden(target: Path) -> Iterator[tuple[Path, IO[bytes]]]:
    temporary = target.with_name(f".{uuid4().hex}.tmp")
    try:
        while True:
            with temporary.open("wb") as file:
                fcntl.flock(file, fcntl.LOCK_EX)
                if os.fstat(file.fileno()).st_nlink:  # else it was swept away before it was locked
                    yield temporary, file
                    return
    finally:
        temporary.unlink(missing_ok=True)
