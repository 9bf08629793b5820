"""Where bytes live: by their SHA-256, written whole or not at all."""

import hashlib
import os
from pathlib import Path
from uuid import uuid4


def keep(folder: Path, data: bytes) -> str:
    """Return the SHA-256 under which the bytes now stand in the folder; they are on the disk before this returns."""
    digest = hashlib.sha256(data).hexdigest()
    target = path_of(folder, digest)
    if not target.exists():
        target.parent.mkdir(parents=True, exist_ok=True)
        write_whole(target, data)
    return digest


def path_of(folder: Path, digest: str) -> Path:
    """Return where the bytes with that SHA-256 stand."""
    return folder / digest[:2] / digest


def write_whole(target: Path, data: bytes) -> None:
    """Write a file so that a reader, or a crash, sees all of it or none."""
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
