"""Backing an office up: a consistent copy of the ledger, and every file beside it."""

import hmac
import os
import sqlite3
import tempfile
import zipfile
from pathlib import Path
from typing import IO

from campaigns.errors import Conflict, NotConfigured, WorldError
from tasks.office import office

_LEFT_OUT = ("prefect", "errors.log")
_NOT_THESE = ("liandong.db", ".")  # the ledger's own files, of which a copy is taken, and what is there for a moment


def back_up(target: Path) -> Path:
    """Return the backup file: a zip of the office's folder; the ledger inside is a copy taken in one moment.

    Prefect's own data is left out: it is drawn again from the ledger; so are earlier backups. A file that exists is never
    overwritten, and the file has its name once it is whole.
    """
    settings = office().settings
    if target.exists():
        raise Conflict(f"{target} 已经存在，请换一个文件名")
    if not settings.url.startswith("sqlite"):
        raise NotConfigured("台账在 PostgreSQL 上，请用 pg_dump 备份数据库，再备份数据文件夹")
    ledger = Path(settings.url.removeprefix("sqlite:///"))
    mark = hmac.digest(settings.secret.encode(), b"backup", "sha256")  # no department can have what it sends left out
    try:
        # readable by its owner alone, as the secret in it is
        with tempfile.NamedTemporaryFile(dir=target.parent, prefix=".", delete=False) as file:
            hidden = Path(file.name)
            try:
                _write(file, settings.home, ledger, mark)
                file.flush()
                os.fsync(file.fileno())
                hidden.rename(target)
            finally:
                hidden.unlink(missing_ok=True)
    except (OSError, sqlite3.OperationalError) as error:
        raise WorldError(f"备份文件 {target} 没能写成，请检查文件夹是否存在、有没有权限、磁盘是否已满") from error
    return target


def _write(file: IO[bytes], home: Path, ledger: Path, mark: bytes) -> None:
    with tempfile.TemporaryDirectory() as folder, zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.comment = mark
        copy = Path(folder) / "liandong.db"
        source, destination = sqlite3.connect(ledger), sqlite3.connect(copy)
        with destination:
            source.backup(destination)
        source.close()
        destination.close()
        archive.write(copy, "liandong.db")
        for path in sorted(home.rglob("*")):
            inside = path.relative_to(home)
            ours = inside.parts[0] not in _LEFT_OUT and not inside.name.startswith(_NOT_THESE) and not path.is_symlink()
            # empty folders too: a restored office has its inbox
            if ours and (not any(path.iterdir()) if path.is_dir() else path.is_file() and not _ends_with(path, mark)):
                archive.write(path, str(inside))


def _ends_with(path: Path, mark: bytes) -> bool:
    with path.open("rb") as file:
        file.seek(max(0, path.stat().st_size - len(mark)))
        return file.read() == mark
