"""The engine and the one place where anything is committed."""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache
from pathlib import Path
from typing import Any

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Engine, create_engine, event
from sqlalchemy.engine import make_url
from sqlalchemy.orm import Session

_BUSY_SECONDS = 30


@lru_cache(maxsize=8)
def engine(url: str) -> Engine:
    """Return the engine of a ledger, its tables brought up to date; one an URL and process."""
    made = create_engine(url, connect_args={"timeout": _BUSY_SECONDS} if url.startswith("sqlite") else {})
    if made.dialect.name == "sqlite":
        Path(make_url(url).database or "").parent.mkdir(parents=True, exist_ok=True)
        _prepare_sqlite(made)
    upgrade(made)
    return made


@contextmanager
def transaction(made: Engine) -> Iterator[Session]:
    """Yield a session in one transaction: committed at the end, rolled back when anything is raised."""
    with Session(made, expire_on_commit=False) as session, session.begin():
        yield session


def _prepare_sqlite(made: Engine) -> None:
    @event.listens_for(made, "connect")
    def connect(connection: Any, _: Any) -> None:
        connection.isolation_level = None  # pysqlite must not send its own BEGIN: it comes too late and loses updates
        for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON"):
            connection.execute(f"PRAGMA {pragma}")

    @event.listens_for(made, "begin")
    def begin(connection: Any) -> None:
        connection.exec_driver_sql("BEGIN IMMEDIATE")


def upgrade(made: Engine) -> None:
    """Bring a ledger's tables to the newest migration, in one transaction; nothing happens when they are there."""
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
    newest = ScriptDirectory.from_config(config).get_current_head()
    with made.begin() as connection:
        if MigrationContext.configure(connection).get_current_revision() == newest:
            return
        config.attributes["connection"] = connection
        command.upgrade(config, "head")
