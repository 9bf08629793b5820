"""The ledger on a SQLite file and on a real PostgreSQL: the same promises on both."""

import threading
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, delete, select, text
from sqlalchemy.exc import SQLAlchemyError, StatementError
from sqlalchemy.orm import Session

from campaigns import graph
from campaigns.errors import Conflict, LiandongError, UnknownItem
from campaigns.events import GENESIS, Event, chain
from campaigns.records import CampaignRecord, MessageRecord, NoticeRecord, SubmissionRecord
from campaigns.states import Standing, State, state
from integrations.database import tables
from integrations.database.engine import engine, looking, transaction
from integrations.database.ledger import Ledger, business_state
from tests.builders import FIRST_ROUND, small_directory, small_plan

LAUNCH = datetime(2020, 10, 20, 1, tzinfo=UTC)
PLAN = small_plan()
CAMPAIGN = PLAN.definition.campaign.id
ONE = f"{FIRST_ROUND}/1/swj"


@pytest.fixture(params=["sqlite", "postgresql"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Engine]:
    """Yield an empty ledger on each database."""
    if request.param == "sqlite":
        yield engine(f"sqlite:///{tmp_path / 'liandong.db'}")
        return
    url = request.getfixturevalue("postgresql")
    made = engine(url)
    with made.begin() as connection:
        names = ", ".join(f'"{table.name}"' for table in tables.Base.metadata.sorted_tables)
        connection.execute(text(f"TRUNCATE {names} CASCADE"))
    yield made


def ledger(session: Session) -> Ledger:
    return Ledger(session, LAUNCH)


def launched(store: Engine) -> None:
    record = CampaignRecord(CAMPAIGN, "测试", "v1", "{}", "{}", "live", "", LAUNCH)
    with transaction(store) as session:
        book = ledger(session)
        if book.add_campaign(record):
            book.add_directory(small_directory())
            book.add_plan(CAMPAIGN, PLAN.assignments, PLAN.rounds, PLAN.expected, graph.edges(PLAN))


def event(kind: str, about: str, at: datetime = LAUNCH, **data: Any) -> Event:
    return Event(CAMPAIGN, kind, about, at, "test", "test", data)


def message(key: str) -> MessageRecord:
    return MessageRecord(
        key,
        f"<{key}@example.gov.cn>",
        CAMPAIGN,
        None,
        "swj",
        "reminder",
        "某",
        "swj@example.gov.cn",
        "催办",
        f"{key}.eml",
        "0",
        LAUNCH,
        "queued",
    )


def test_expanding_again_changes_nothing(store: Engine) -> None:
    launched(store)
    with transaction(store) as session:
        before = business_state(session)
    launched(store)
    with transaction(store) as session:
        ledger(session).add_plan(CAMPAIGN, PLAN.assignments, PLAN.rounds, PLAN.expected, graph.edges(PLAN))
    with transaction(store) as session:
        assert business_state(session) == before
        assert len(ledger(session).standings(CAMPAIGN)) == len(PLAN.expected)


def test_many_rows_at_once_are_the_rows_added_one_by_one(store: Engine) -> None:
    launched(store)
    with transaction(store) as session:
        at_once = business_state(session)
        session.execute(delete(tables.EdgeRow))
        session.execute(delete(tables.ExpectedReportRow))
        session.add_all(
            tables.ExpectedReportRow(
                id=one.id,
                campaign_id=CAMPAIGN,
                round_id=one.round,
                duty=one.duty,
                department_id=one.department,
                role=one.role.value,
                receivers=list(one.receivers),
                due_at=one.due_at,
            )
            for one in PLAN.expected
        )
        session.add_all(
            tables.EdgeRow(campaign_id=CAMPAIGN, source=one.source, target=one.target, kind=one.kind) for one in graph.edges(PLAN)
        )
    with transaction(store) as session:
        assert business_state(session) == at_once
        assert set(ledger(session).standings(CAMPAIGN).values()) == {Standing(one.due_at) for one in PLAN.expected}


def test_another_version_of_a_launched_campaign_is_refused(store: Engine) -> None:
    launched(store)
    with pytest.raises(Conflict), transaction(store) as session:
        ledger(session).add_campaign(CampaignRecord(CAMPAIGN, "测试", "v2", "{}", "{}", "live", "", LAUNCH))


def test_an_unknown_campaign_is_told_in_chinese(store: Engine) -> None:
    with pytest.raises(UnknownItem, match="台账里没有专项行动“nichts”"), transaction(store) as session:
        ledger(session).campaign("nichts")


def test_events_are_chained_per_campaign_and_folded_into_the_expected_report(store: Engine) -> None:
    launched(store)
    stored = datetime(2020, 11, 20, 2, tzinfo=UTC)
    with transaction(store) as session:
        book = ledger(session)
        book.record(event("submission.returned", ONE, stored, submission="a"))
        book.record(event("submission.accepted", ONE, stored + timedelta(hours=1), nil=True, version=1, submission="b"))
    with transaction(store) as session:
        book = ledger(session)
        previous = GENESIS
        for body, mark in book.events(CAMPAIGN):
            assert mark == chain(previous, body)
            previous = mark
        standing = book.standings(CAMPAIGN)[ONE]
    assert (standing.received_at, standing.nil, standing.returned) == (stored + timedelta(hours=1), True, False)
    assert state(standing, stored + timedelta(days=1)) is State.NIL


def test_instants_come_back_aware_and_equal_and_naive_ones_are_refused(store: Engine) -> None:
    launched(store)
    with transaction(store) as session:
        assert ledger(session).campaign(CAMPAIGN).launched_at == LAUNCH
    with pytest.raises(StatementError, match="aware"), transaction(store) as session:
        session.execute(select(tables.EventRow).where(tables.EventRow.occurred_at == datetime(2020, 1, 1)))  # noqa: DTZ001


def test_what_is_raised_leaves_nothing_behind(store: Engine) -> None:
    launched(store)
    with transaction(store) as session:
        before = business_state(session)
    with pytest.raises(RuntimeError), transaction(store) as session:
        ledger(session).record(event("submission.accepted", ONE, nil=False, version=1, submission="a"))
        raise RuntimeError
    with transaction(store) as session:
        assert business_state(session) == before


def test_a_message_and_its_notices_are_made_once(store: Engine) -> None:
    launched(store)
    notice = NoticeRecord("n1", CAMPAIGN, ONE, "before3", 1, LAUNCH, "made")
    with transaction(store) as session:
        assert ledger(session).add_message(message("m1"), [notice], LAUNCH)
    with transaction(store) as session:
        assert not ledger(session).add_message(message("m1"), [notice], LAUNCH)
        assert ledger(session).notices(CAMPAIGN) == {"n1": "made"}


def test_a_message_is_claimed_by_one_sender_and_taken_over_only_when_that_one_is_silent(store: Engine) -> None:
    launched(store)
    with transaction(store) as session:
        ledger(session).add_message(message("m1"), [], LAUNCH)
    later = LAUNCH + timedelta(hours=1)
    with transaction(store) as session:
        assert [one.key for one in ledger(session).claim_messages(LAUNCH, LAUNCH - timedelta(minutes=10))] == ["m1"]
    with transaction(store) as session:
        assert ledger(session).claim_messages(LAUNCH, LAUNCH - timedelta(minutes=10)) == []
    with transaction(store) as session:
        assert [one.key for one in ledger(session).claim_messages(later, later - timedelta(minutes=10))] == ["m1"]
        ledger(session).mark_sent("m1", later)
    with transaction(store) as session:
        assert ledger(session).claim_messages(later + timedelta(days=1), later + timedelta(hours=1)) == []
        assert ledger(session).messages()[0].status == "sent"


def test_the_newest_accepted_version_counts_and_an_earlier_moment_sees_the_earlier_one(store: Engine) -> None:
    launched(store)
    first = datetime(2020, 11, 20, 2, tzinfo=UTC)
    with transaction(store) as session:
        book = ledger(session)
        for version, moment in ((1, first), (2, first + timedelta(days=1))):
            envelope = book.add_envelope("folder", "表.xlsx", f"{version}" * 64, 1, "", moment)
            record = SubmissionRecord(f"{envelope}:{ONE}#1", envelope, ONE, version, "accepted", False, "", moment, "表.xlsx", ())
            book.add_submission(record, [("own", "officers", Decimal(version) / 4, "配合任务", "C7", "")])
            returned = replace(record, id=f"{envelope}:{ONE}#2", outcome="returned", version=0)
            book.add_submission(returned, [])
    with transaction(store) as session:
        book = ledger(session)
        assert [fact.value for fact in book.figures(CAMPAIGN, "own")] == [Decimal("0.5")]
        assert [fact.value for fact in book.figures(CAMPAIGN, "own", until=first)] == [Decimal("0.25")]
        assert book.figures(CAMPAIGN, "own", until=first - timedelta(days=1)) == []


def test_no_event_is_lost_when_several_write_at_once(store: Engine) -> None:
    launched(store)

    def write(number: int) -> None:
        for turn in range(10):
            with transaction(store) as session:
                ledger(session).record(event("test", f"{number}-{turn}"))

    writers = [threading.Thread(target=write, args=(number,)) for number in range(4)]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join()
    with transaction(store) as session:
        events = ledger(session).events(CAMPAIGN)
    assert len(events) == 40
    previous = GENESIS
    for body, mark in events:
        assert mark == chain(previous, body)
        previous = mark


def looked_at(store: Engine) -> dict[str, datetime]:
    """Return the expected reports that the ladder has to look at, and when."""
    row = tables.ExpectedReportRow
    with transaction(store) as session:
        found = session.execute(select(row.id, row.next_at).where(row.next_at.is_not(None)))
        return {code: moment for code, moment in found if moment}


def test_what_is_owed_in_an_open_round_is_to_be_looked_at_and_nothing_else(store: Engine) -> None:
    launched(store)
    mine = {one.id for one in PLAN.expected_in(FIRST_ROUND)}
    assert not looked_at(store)
    with transaction(store) as session:
        ledger(session).record(event("report.waived", f"{FIRST_ROUND}/1/wlj"))
        assert ledger(session).open_round(FIRST_ROUND, event("round.opened", FIRST_ROUND))
    assert looked_at(store) == dict.fromkeys(mine - {f"{FIRST_ROUND}/1/wlj"}, LAUNCH)
    later = LAUNCH + timedelta(days=1)
    with transaction(store) as session:
        book = ledger(session)
        envelope = book.add_envelope("folder", "表.xlsx", "1" * 64, 1, "", later)
        book.add_submission(SubmissionRecord(f"{envelope}:{ONE}#1", envelope, ONE, 1, "accepted", False, "", later, "", ()), [])
        book.record(event("submission.accepted", ONE, later, nil=False, version=1, submission=f"{envelope}:{ONE}#1"))
        book.record(event("report.resumed", f"{FIRST_ROUND}/1/wlj", later))
    assert ONE not in looked_at(store)
    assert looked_at(store)[f"{FIRST_ROUND}/1/wlj"] == later
    with transaction(store) as session:
        ledger(session).record(event("submission.withdrawn", ONE, later, submission=f"{envelope}:{ONE}#1"))
        assert ledger(session).submissions(FIRST_ROUND)[0].outcome == "withdrawn"
        assert ledger(session).next_version(ONE) == 2
    assert looked_at(store)[ONE] == later
    with transaction(store) as session:
        assert ledger(session).close_round(FIRST_ROUND, event("round.closed", FIRST_ROUND, later, tally={"expected": 1}))
    assert not looked_at(store)


def test_nothing_changes_a_closed_round(store: Engine) -> None:
    launched(store)
    with transaction(store) as session:
        book = ledger(session)
        book.open_round(FIRST_ROUND, event("round.opened", FIRST_ROUND))
        book.close_round(FIRST_ROUND, event("round.closed", FIRST_ROUND, tally={"expected": 1}))
        before = book.standings(CAMPAIGN, FIRST_ROUND)
        book.record(event("due.moved", ONE, to=(LAUNCH + timedelta(days=99)).isoformat()))
        book.record(event("submission.accepted", ONE, nil=False, version=1, submission="a"))
        assert not book.close_round(FIRST_ROUND, event("round.closed", FIRST_ROUND, tally={"expected": 2}))
    with transaction(store) as session:
        assert ledger(session).standings(CAMPAIGN, FIRST_ROUND) == before
        assert ledger(session).rounds(CAMPAIGN)[0].tally == {"expected": 1}


def test_a_session_that_only_looks_can_write_nothing(store: Engine) -> None:
    launched(store)
    url = store.url.render_as_string(hide_password=False)
    with looking(url) as session:
        assert [one.id for one in ledger(session).campaigns("live")] == [CAMPAIGN]
        with pytest.raises((LiandongError, SQLAlchemyError)):
            ledger(session).add_envelope("folder", "报表.xlsx", "0" * 64, 1, "", LAUNCH)
            session.flush()
    with looking(url) as session:
        assert ledger(session).envelopes() == []
