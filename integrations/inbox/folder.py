"""The watched folder: files that officers drop, mails saved as `.eml` among them."""

import stat
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

# A mail with its attachments; a larger file is left where it is and shown to the office.
LARGEST = 50 * 1024 * 1024
TAKEN = "已收"


@dataclass(frozen=True, slots=True)
class Arrival:
    """A file in the watched folder, read whole."""

    path: Path
    name: str
    door: str  # mail or folder
    data: bytes


def arrivals(folder: Path) -> Iterator[Arrival]:
    """Yield the ordinary files of the folder in the order of their names: no links, no hidden or lock files, none half-written.

    A file is still being written when its size or time changes while it is read.
    """
    for path in sorted(folder.iterdir()) if folder.is_dir() else ():
        if path.name.startswith((".", "~$")):
            continue
        before = path.lstat()
        if not stat.S_ISREG(before.st_mode) or before.st_size > LARGEST:
            continue
        try:
            data = path.read_bytes()
            after = path.lstat()
        except OSError:
            continue
        if (before.st_size, before.st_mtime_ns, before.st_ino) != (after.st_size, after.st_mtime_ns, after.st_ino):
            continue
        name = path.name.encode("utf-8", "surrogateescape").decode("gb18030" if _undecodable(path.name) else "utf-8", "replace")
        yield Arrival(path, name, "mail" if path.suffix.lower() == ".eml" else "folder", data)


def put_away(arrival: Arrival, envelope: str) -> None:
    """Move a file that is stored into the folder of files taken in, under its envelope's id."""
    target = arrival.path.parent / TAKEN / envelope
    target.mkdir(parents=True, exist_ok=True)
    arrival.path.replace(target / arrival.path.name)


def taken(folder: Path, envelope: str) -> Path:
    """Return the file that came as that envelope, or its folder when somebody has taken it away."""
    home = folder / TAKEN / envelope
    return next(iter(sorted(home.iterdir())), home) if home.is_dir() else home


def _undecodable(name: str) -> bool:
    try:
        name.encode("utf-8")
    except UnicodeEncodeError:
        return True
    return False
