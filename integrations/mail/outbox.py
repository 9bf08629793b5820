"""The outbox folder: every letter as an .eml file that any mail program opens."""

import re
from pathlib import Path

from campaigns.errors import Conflict, WorldError
from integrations.files import write_whole

_UNFIT = re.compile(r'[\x00-\x1f\x7f\\/:*?"<>|]+')
_LONGEST = 255  # bytes, what Linux file systems allow a name


def deliver_to_folder(raw: bytes, folder: Path, name: str) -> Path:
    """Return the path of the letter in the folder, whole and on disk; delivering the same bytes again changes nothing."""
    path = folder / file_name(name)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        if path.exists():
            if path.read_bytes() == raw:
                return path
            raise Conflict(f"发件箱里已有内容不同的信件“{path.name}”，没有覆盖它")
        write_whole(path, raw)
    except OSError as error:
        raise WorldError(f"信件“{path.name}”没能写入发件箱“{folder}”，请检查磁盘空间和文件夹权限") from error
    return path


def file_name(name: str, suffix: str = ".eml") -> str:
    """Return a name any file system takes: no separators or control characters, at most 255 bytes, ending in the suffix."""
    stem = _UNFIT.sub("_", name.removesuffix(suffix)).strip(" .") or "未命名"
    room = _LONGEST - len(suffix.encode())
    return stem.encode("utf-8", "replace")[:room].decode("utf-8", "ignore").rstrip(" .") + suffix
