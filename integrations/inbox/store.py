"""Where bytes live: by their SHA-256, written whole or not at all."""

import hashlib
from pathlib import Path

from integrations.files import write_whole


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
