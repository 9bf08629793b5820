"""Moving an office's ledger from its own file to PostgreSQL: nothing lost, nothing altered, and no way back by accident."""

from uuid import uuid4

import pytest
from sqlalchemy import create_engine, text

from campaigns.errors import NoLedger, NotConfigured
from flows import tick
from integrations.database.engine import engine, looking, transaction
from integrations.database.ledger import business_state
from liandong.cli import run
from tasks.campaign import launch
from tasks.office import Office
from tests.builders import FIRST_ROUND, small_plan
from tests.integrations.excel.filling import edited, fill_in
from tests.liandong.test_living_window import OPENED, SENT


def state(url: str) -> str:
    with transaction(engine(url)) as session:
        return business_state(session)


@pytest.fixture
def empty(postgresql: str) -> str:
    """The URL of an empty database on the server."""
    admin = create_engine(postgresql, isolation_level="AUTOCOMMIT")
    name = f"moved_{uuid4().hex[:8]}"
    with admin.connect() as connection:
        connection.execute(text(f"CREATE DATABASE {name}"))
    admin.dispose()
    return admin.url.set(database=name).render_as_string(hide_password=False)


def test_a_ledger_moves_whole_is_verified_and_goes_on_there(
    office: Office, empty: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    launch(small_plan(), OPENED)
    tick.daily(OPENED)
    with office.ledger() as ledger:
        form = office.bytes_of(ledger.forms(FIRST_ROUND, "gaj")[-1].sha256)
    (office.settings.watched_folder / "公安局.xlsx").write_bytes(edited(form, lambda book: fill_in(book, "配合任务", 3)))
    tick.tick(SENT)
    before = state(office.settings.url)

    assert run(["db", "move"]) == 1  # no other database is named yet
    monkeypatch.setenv("LIANDONG_DATABASE_URL", empty)
    assert run(["db", "move"]) == 0
    assert "核对无误" in capsys.readouterr().out
    assert state(empty) == before
    assert not (office.home / "liandong.db").exists()
    assert run(["verify"]) == 0
    assert run(["db", "upgrade"]) == 0
    tick.tick(SENT)
    assert state(empty) == before  # nothing is due again
    assert run(["db", "move"]) == 1  # there is nothing left to move


def test_a_ledger_of_a_newer_program_is_left_alone(office: Office, capsys: pytest.CaptureFixture[str]) -> None:
    launch(small_plan(), OPENED)
    with transaction(engine(office.settings.url)) as session:
        session.execute(text("UPDATE alembic_version SET version_num = '0099'"))
    engine.cache_clear()  # the older program is another process
    for command in (["status"], ["db", "upgrade"]):
        assert run(command) == 1
        assert "更新版本" in capsys.readouterr().err
    with pytest.raises(NotConfigured, match="更新版本"), looking(office.settings.url):
        pass


def test_an_empty_database_is_no_ledger_of_an_older_program(empty: str) -> None:
    with pytest.raises(NoLedger), looking(empty):
        pass


def test_a_database_that_holds_a_ledger_is_not_written_into(
    office: Office, empty: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    launch(small_plan(), OPENED)
    monkeypatch.setenv("LIANDONG_DATABASE_URL", empty)
    launch(small_plan(), OPENED)
    before = state(empty)
    assert run(["db", "move"]) == 1
    assert "已经有台账数据" in capsys.readouterr().err
    assert state(empty) == before
    assert (office.home / "liandong.db").is_file()
