"""Over random histories: states partition what is expected, rates stay within bounds, what is closed never changes."""

from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import text
from sqlalchemy.orm import Session

from campaigns import graph
from campaigns.events import Event
from campaigns.records import SubmissionRecord
from integrations.database import tables
from integrations.database.engine import engine, transaction
from integrations.database.ledger import Ledger
from tests.histories import LAUNCH, World, live


@settings(max_examples=60, deadline=None)
@given(st.integers(min_value=0, max_value=2**32))
def test_everything_holds_over_any_history(seed: int) -> None:
    live(seed)


def test_everything_holds_over_many_histories_in_which_much_is_decided() -> None:
    worlds = [live(seed) for seed in range(2000)]
    assert sum(world.decided for world in worlds) > 1000
    assert sum(world.refused for world in worlds) > 1000
    assert sum(len(world.closed) for world in worlds) > 50


@pytest.mark.parametrize("database", ["sqlite", "postgresql"])
def test_the_ledger_comes_to_what_its_record_alone_comes_to(
    database: str, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    for seed in range(200, 206):
        world = live(seed)
        if database == "sqlite":
            made = engine(f"sqlite:///{tmp_path / f'{seed}.db'}")
        else:
            made = engine(request.getfixturevalue("postgresql"))
            with made.begin() as connection:
                names = ", ".join(f'"{table.name}"' for table in tables.Base.metadata.sorted_tables)
                connection.execute(text(f"TRUNCATE {names} CASCADE"))
        with transaction(made) as session:
            holds(session, world)


def holds(session: Session, world: World) -> None:
    """Record a history in an empty ledger: its tables come to what the record alone comes to, and nothing is found altered."""
    ledger = Ledger(session, LAUNCH)
    ledger.add_campaign(world.launched)
    ledger.add_directory(world.plan.directory)
    ledger.add_plan("test-2020", world.plan.assignments, world.plan.rounds, world.plan.expected, graph.edges(world.plan))
    for event in world.events:
        if event.kind in ("submission.accepted", "submission.returned") and "decision" not in event.data:
            store(session, event)
        ledger.record(event)
    assert ledger.standings("test-2020") == world.found.standings
    assert ledger.altered_rows("test-2020") == []
    assert ledger.broken_links("test-2020") == []


def store(session: Session, event: Event) -> None:
    """Store the rows that an arriving submission brings."""
    code = event.data["submission"]
    envelope = code.split(":")[0]
    session.add(
        tables.EnvelopeRow(
            id=envelope, door="folder", name="表.xlsx", sha256="0", size=1, sender="", received_at=event.occurred_at, findings=[]
        )
    )
    session.flush()
    accepted, version = event.kind == "submission.accepted", event.data["version"]
    outcome = "accepted" if accepted else "returned"
    record = SubmissionRecord(code, envelope, event.about, version, outcome, event.data["nil"], "", event.occurred_at, "", ())
    Ledger(session, LAUNCH).add_submission(record, [("own", "officers", Decimal(1), "配合任务", "C7", "")] if accepted else [])
