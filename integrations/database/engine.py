"""The engine and the one place where anything is committed."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache
from pathlib import Path
from typing import Any

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError, DatabaseError, InterfaceError, OperationalError
from sqlalchemy.orm import Session

from campaigns.errors import NoLedger, NotConfigured, WorldError

_BUSY_SECONDS = 30
_NONE_YET = "还没有台账，请先下发专项行动"
_TURN = 20_201_020  # any number: whoever writes to a ledger on PostgreSQL holds the advisory lock of this one


@lru_cache(maxsize=8)
def engine(url: str) -> Engine:
    """Return the engine of a ledger, its tables brought up to date; one an URL and process."""
    try:
        patience = {"timeout": _BUSY_SECONDS} if url.startswith("sqlite") else {"options": f"-c lock_timeout={_BUSY_SECONDS}s"}
        made = create_engine(url, connect_args=patience)
    except (ArgumentError, ImportError):  # the address may hold a password: it is not repeated
        raise NotConfigured("设置中的数据库地址（database_url）写得不对，请改正，或删去这一项改用自带的台账文件") from None
    if made.dialect.name == "sqlite":
        Path(make_url(url).database or "").parent.mkdir(parents=True, exist_ok=True)
        _prepare_sqlite(made)
    else:
        _prepare_postgresql(made)
    with _in_chinese():
        upgrade(made)
    return made


@contextmanager
def _in_chinese() -> Iterator[None]:
    """Say in one sentence that a database cannot be reached, read or written; faults of our own stay as they are."""
    try:
        yield
    except (OperationalError, InterfaceError) as error:
        raise WorldError("台账数据库连不上，或暂时不能读写（可能磁盘已满、没有权限，或正被占用），请检查后再试") from error
    except DatabaseError as error:
        if type(error) is not DatabaseError:  # its subclasses speak of statements, it itself of the file
            raise
        raise WorldError("台账数据库已损坏或不是台账文件，打不开，请用最近的备份恢复") from error


@contextmanager
def transaction(made: Engine) -> Iterator[Session]:
    """Yield a session in one transaction: committed at the end, rolled back when anything is raised."""
    with _in_chinese(), Session(made, expire_on_commit=False) as session, session.begin():
        yield session


@contextmanager
def looking(url: str) -> Iterator[Session]:
    """Yield a session that cannot write: no ledger is made, brought up to date or locked."""
    address = make_url(url)
    sqlite = address.get_backend_name() == "sqlite"
    if sqlite:
        file = Path(address.database or "").absolute()
        if not file.is_file():
            raise NoLedger(_NONE_YET)
        made = create_engine("sqlite://", creator=lambda: sqlite3.connect(f"{file.as_uri()}?mode=ro", uri=True))
    else:
        made = create_engine(url, isolation_level="REPEATABLE READ", execution_options={"postgresql_readonly": True})
    try:
        with _in_chinese(), Session(made) as session:
            known = _revisions(Config())
            stands = _stands_at(session.connection(), known)
            if stands is None:
                raise NoLedger(_NONE_YET)
            if stands != known[0]:
                raise NotConfigured("台账还是旧版本的，请先运行一次 liandong tick")
            yield session
            session.rollback()
    finally:
        made.dispose()


def _revisions(config: Config) -> list[str]:
    """Return the migrations of this program, newest first."""
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
    return [one.revision for one in ScriptDirectory.from_config(config).walk_revisions()]


def _stands_at(connection: Connection, known: list[str]) -> str | None:
    """Return the last migration of a ledger's tables, None where there are none; NotConfigured when a newer program made them."""
    current = MigrationContext.configure(connection).get_current_revision()
    if current and current not in known:
        raise NotConfigured("台账是更新版本的程序写的，本机的程序打不开，请安装那个版本；数据没有变动")
    return current


def _prepare_sqlite(made: Engine) -> None:
    @event.listens_for(made, "connect")
    def connect(connection: Any, _: Any) -> None:
        connection.isolation_level = None  # pysqlite must not send its own BEGIN: it comes too late and loses updates
        for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON"):
            connection.execute(f"PRAGMA {pragma}")

    @event.listens_for(made, "begin")
    def begin(connection: Any) -> None:
        connection.exec_driver_sql("BEGIN IMMEDIATE")


def _prepare_postgresql(made: Engine) -> None:
    @event.listens_for(made, "begin")
    def begin(connection: Any) -> None:
        # one at a time, as on SQLite: what a transaction finds missing, nobody else makes before it does
        connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({_TURN})")


def upgrade(made: Engine) -> None:
    """Bring a ledger's tables to the newest migration, in one transaction; nothing happens when they are there.

    NotConfigured when a newer program made them.
    """
    config = Config()
    known = _revisions(config)
    with made.begin() as connection:
        if _stands_at(connection, known) == known[0]:
            return
        config.attributes["connection"] = connection
        command.upgrade(config, "head")
