"""The watched folder: files that officers drop, mails saved as `.eml` among them."""

import fcntl
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from campaigns.errors import WorldError
from integrations.files import write_whole

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


@contextmanager
def alone(lock: Path) -> Iterator[None]:
    """Let one process at a time do what is inside: the next waits, and one that dies holds nobody up."""
    with lock.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def must_be_usable(folder: Path) -> None:
    """Return nothing when files can be taken out of the folder; WorldError when it is gone or may not be written."""
    if not folder.is_dir():
        raise WorldError(f"收件文件夹“{folder}”不存在或打不开，请恢复它，或在设置中改正（inbox）；其他工作照常进行")
    if not os.access(folder, os.R_OK | os.W_OK | os.X_OK):
        raise WorldError(f"收件文件夹“{folder}”不可读写，请检查权限；其他工作照常进行")


def arrivals(folder: Path) -> Iterator[Arrival]:
    """Yield the ordinary files of the folder in the order of their names: no links, no hidden or lock files, none half-written.

    A file is still being written when its size or time changes while it is read.
    """
    for path in sorted(folder.iterdir()):
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
        yield Arrival(path, _readable(path.name), "mail" if path.suffix.lower() == ".eml" else "folder", data)


def left_lying(folder: Path) -> list[tuple[str, str]]:
    """Return what lies in the folder and is never taken in, each with the reason."""
    found = []
    for path in sorted(folder.iterdir()) if folder.is_dir() else ():
        if path.name.startswith((".", "~$")) or path.name == TAKEN:
            continue
        with suppress(OSError):
            there = path.lstat()
            if stat.S_ISDIR(there.st_mode):
                found.append((_readable(path.name), "这是文件夹，请把其中的文件直接放进收件文件夹"))
            elif not stat.S_ISREG(there.st_mode):
                found.append((_readable(path.name), "这不是普通文件（如快捷方式），请放入文件本身"))
            elif there.st_size > LARGEST:
                found.append((_readable(path.name), f"超过{LARGEST // 2**20}MB，请删去图片等与报表无关的内容"))
            elif not os.access(path, os.R_OK):
                found.append((_readable(path.name), "没有读取权限，请检查文件的权限"))
    return found


def put_away(arrival: Arrival, envelope: str) -> None:
    """Move a file that is stored into the folder of files taken in, under its envelope's id."""
    target = arrival.path.parent / TAKEN / envelope
    target.mkdir(parents=True, exist_ok=True)
    with suppress(FileNotFoundError):  # somebody took it away: its bytes are stored
        arrival.path.replace(target / arrival.path.name)


def put_beside(arrival: Arrival, envelope: str, name: str, data: bytes) -> None:
    """Write a file taken out of an archive into the folder of files taken in, under its own envelope's id."""
    target = arrival.path.parent / TAKEN / envelope
    target.mkdir(parents=True, exist_ok=True)
    write_whole(target / name, data)


def taken(folder: Path, envelope: str) -> Path:
    """Return the file that came as that envelope, or its folder when somebody has taken it away."""
    home = folder / TAKEN / envelope
    return next(iter(sorted(home.iterdir())), home) if home.is_dir() else home


def _readable(name: str) -> str:
    """Return a file name as text: bytes that are not UTF-8 are read as GB18030."""
    return name.encode("utf-8", "surrogateescape").decode("gb18030" if _undecodable(name) else "utf-8", "replace")


def _undecodable(name: str) -> bool:
    try:
        name.encode("utf-8")
    except UnicodeEncodeError:
        return True
    return False
