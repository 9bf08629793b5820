"""Backing an office up: a consistent copy of the ledger, and every file beside it."""

import sqlite3
import tempfile
import zipfile
from pathlib import Path

from campaigns.errors import Conflict, NotConfigured, WorldError
from tasks.office import office

_LEFT_OUT = ("prefect", "errors.log")
_NOT_THESE = ("liandong.db", ".")  # the ledger's own files, of which a copy is taken, and what is there for a moment


def back_up(target: Path) -> Path:
    """Return the backup file: a zip of the office's folder; the ledger inside is a copy taken in one moment.

    Prefect's own data is left out: it is drawn again from the ledger. A file that exists is never overwritten.
    """
    settings = office().settings
    if target.exists():
        raise Conflict(f"{target} 已经存在，请换一个文件名")
    if not settings.url.startswith("sqlite"):
        raise NotConfigured("台账在 PostgreSQL 上，请用 pg_dump 备份数据库，再备份数据文件夹")
    ledger = Path(settings.url.removeprefix("sqlite:///"))
    try:
        _write(target, settings.home, ledger)
    except OSError as error:
        raise WorldError(f"备份文件 {target} 没能写成，请检查文件夹是否存在、有没有权限、磁盘是否已满") from error
    return target


def _write(target: Path, home: Path, ledger: Path) -> None:
    with tempfile.TemporaryDirectory() as folder, zipfile.ZipFile(target, "x", zipfile.ZIP_DEFLATED) as archive:
        copy = Path(folder) / "liandong.db"
        source, destination = sqlite3.connect(ledger), sqlite3.connect(copy)
        with destination:
            source.backup(destination)
        source.close()
        destination.close()
        archive.write(copy, "liandong.db")
        for path in sorted(home.rglob("*")):
            inside = path.relative_to(home)
            # empty folders too: a restored office has its inbox
            ours = inside.parts[0] not in _LEFT_OUT and not inside.name.startswith(_NOT_THESE) and path != target.absolute()
            if ours and not path.is_symlink() and (path.is_file() or (path.is_dir() and not any(path.iterdir()))):
                archive.write(path, str(inside))
