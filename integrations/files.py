"""Writing a file so that a reader, or a crash, sees all of it or none."""

import os
from pathlib import Path
from uuid import uuid4


def write_whole(target: Path, data: bytes) -> None:
    """Write a file under a hidden name and put it in place once it is on the disk; its name survives a power cut as well."""
    temporary = target.with_name(f".{uuid4().hex}.tmp")
    try:
        with temporary.open("wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(target)
    finally:
        temporary.unlink(missing_ok=True)
    descriptor = os.open(target.parent, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
