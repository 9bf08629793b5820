"""Backing an office up: a consistent copy of the ledger, and every file beside it."""

import sqlite3
import tempfile
import zipfile
from pathlib import Path

from campaigns.errors import Conflict, NotConfigured
from tasks.office import office

_LEFT_OUT = ("prefect", "errors.log")


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
    with tempfile.TemporaryDirectory() as folder, zipfile.ZipFile(target, "x", zipfile.ZIP_DEFLATED) as archive:
        copy = Path(folder) / "liandong.db"
        source, destination = sqlite3.connect(ledger), sqlite3.connect(copy)
        with destination:
            source.backup(destination)
        source.close()
        destination.close()
        archive.write(copy, "liandong.db")
        for path in sorted(settings.home.rglob("*")):
            inside = path.relative_to(settings.home)
            if path.is_file() and inside.parts[0] not in _LEFT_OUT and not inside.name.startswith("liandong.db"):
                archive.write(path, str(inside))
    return target
