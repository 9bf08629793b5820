"""What is approved stays as it is until exactly its chain is reopened; a closed round is corrected only by decision."""

from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from docx import Document
from openpyxl import Workbook, load_workbook

from campaigns.decisions import Effect, Kind, Selection
from campaigns.errors import Refused
from campaigns.forms import Form
from campaigns.states import State, state
from flows import tick
from integrations.database.ledger import Ledger
from integrations.word.templates import ACCOUNT
from tasks.accounts import write_documents
from tasks.campaign import launch, standings_of
from tasks.decide import Order, decide
from tasks.entering import release
from tasks.forms import issue_form
from tasks.office import Office
from tests.builders import FIRST_ROUND, SECOND_ROUND, small_plan
from tests.flows.test_tick import drop, newest_form
from tests.integrations.excel.filling import OWN, edited, fill_in
from tests.tasks.test_decide import CAMPAIGN, LEAD, UNIT, at, order

OTHER = f"{FIRST_ROUND}/1/wlj"


@pytest.fixture
def running(office: Office) -> Office:
    """Return an office whose first round is open, two units of the first duty having reported."""
    launch(small_plan(), at(10, 20))
    tick.daily(at(10, 23))
    send(office, "swj", 40, at(11, 18))
    send(office, "wlj", 10, at(11, 18))
    return office


def send(office: Office, department: str, officers: int, moment: datetime, round_id: str = FIRST_ROUND) -> str:
    """Return the number of the envelope in which a unit reports so many officers for the first duty."""

    def fill(book: Workbook) -> None:
        fill_in(book, "配合任务", 1, OWN | {"出动执法人员（人次）": officers})

    drop(office, f"{department}-{officers}.xlsx", edited(newest_form(office, department, round_id), fill), moment)
    with office.ledger() as ledger:
        return max(one.id for one in ledger.envelopes())


def approved(kind: Kind, *units: str, moment: datetime, duties: tuple[int, ...] = (1,), **more: object) -> Effect:
    made: Order = replace(order(kind), selection=Selection((FIRST_ROUND,), units, duties), **more)  # type: ignore[arg-type]
    return decide(made, moment, confirm=True)


def officers(office: Office) -> dict[str, int]:
    with office.ledger() as ledger:
        return {one.department: int(one.value) for one in ledger.figures(CAMPAIGN, "own") if one.indicator == "officers"}


def test_what_is_approved_waits_and_reopening_frees_exactly_its_chain(running: Office) -> None:
    made = approved(Kind.APPROVE, "市市场监管局", moment=at(11, 20))
    assert {UNIT, OTHER, LEAD} <= set(made.decision.scope) and f"{FIRST_ROUND}/2/swj" not in made.decision.scope
    number, same = send(running, "swj", 44, at(11, 21)), send(running, "wlj", 10, at(11, 21))
    other = send(running, "wlj", 15, at(11, 21))
    assert officers(running) == {"swj": 40, "wlj": 10}
    with running.ledger() as ledger:
        assert [ledger.envelope(one).outcome for one in (number, other)] == ["quarantined"] * 2
        assert "已审定" in ledger.envelope(number).reason and ledger.envelope(same).outcome == "duplicate"
    with pytest.raises(Refused, match="须先撤销审定"):
        decide(order(Kind.WITHDRAW, UNIT), at(11, 22), confirm=False)
    freed = approved(Kind.UNAPPROVE, "市商务局", moment=at(11, 22))
    assert set(freed.decision.scope) == {UNIT, LEAD}  # what lies above, and nothing beside it
    assert release(freed, at(11, 22)) == (f"等待的来件{number}已受理",)
    assert officers(running) == {"swj": 44, "wlj": 10}
    standings = standings_of(CAMPAIGN)
    assert standings[OTHER].approved == made.decision.id and not standings[LEAD].approved
    assert standings[UNIT].received_at == at(11, 18) and standings[UNIT].version == 2
    with running.ledger() as ledger:
        assert ledger.altered_rows(CAMPAIGN) == [] and ledger.broken_links(CAMPAIGN) == []


def test_a_correction_of_a_round_is_in_the_cumulative_figures_of_those_after_it(running: Office) -> None:
    decide(order(Kind.CLOSE, FIRST_ROUND), at(11, 25), confirm=True)
    late, over = at(5, 20) + timedelta(days=365), at(5, 26) + timedelta(days=365)
    tick.daily(late)
    send(running, "swj", 3, late, SECOND_ROUND)  # with a form that does not know of the correction yet
    decide(order(Kind.CLOSE, SECOND_ROUND), late, confirm=True)
    approved(Kind.REOPEN, "市商务局", moment=late, granted={"to": "2021-05-24"})
    form = edited(
        newest_form(running, "swj", FIRST_ROUND),
        lambda book: fill_in(book, "配合任务", 1, OWN | {"出动执法人员（人次）": 44}),
    )
    drop(running, "swj-44.xlsx", form, late)
    report = next(one for one in write_documents(CAMPAIGN, SECOND_ROUND, late) if one.kind == ACCOUNT)
    told = "".join(one.text for one in Document(str(running.home / report.file)).paragraphs)
    assert "上一期（2020年下半年" in told and "出动执法人员54人次" in told  # the round before is open again
    tick.daily(over)
    with running.ledger() as ledger:
        _, corrected = ledger.rollups(SECOND_ROUND)
    rows = list(load_workbook(running.home / corrected.file)["变动说明"].iter_rows(min_row=5, min_col=2, values_only=True))
    assert ("总计", "出动执法人员（人次）", "累计", 53, 57, None) in [tuple(row[:6]) for row in rows]
    with running.ledger() as ledger:
        plan, third = running.plan(ledger.campaign(CAMPAIGN)), "test-2020/summary-2021-2"
        for unit, wanted in (("swj", 47), ("scjg", 57)):  # the lead has reported nothing itself
            issue_form(running, ledger, plan, third, unit, over, over)
            block = next(one for one in form_of(ledger, third, unit).blocks if one.duty == 1)
            assert block.previous["officers"] == wanted


def form_of(ledger: Ledger, round_id: str, department: str) -> Form:
    return Form.model_validate_json(ledger.forms(round_id, department)[-1].layout)


def test_a_closed_round_is_corrected_by_decision_and_says_what_changed(running: Office) -> None:
    decide(order(Kind.CLOSE, FIRST_ROUND), at(11, 25), confirm=True)
    with running.ledger() as ledger:
        closed = ledger.rounds(CAMPAIGN)[0]
    with pytest.raises(Refused, match="没有写明到哪一天再汇总"):
        approved(Kind.REOPEN, "市商务局", moment=at(11, 26))
    approved(Kind.REOPEN, "市商务局", moment=at(11, 26), granted={"to": "2020-11-30"})
    send(running, "swj", 44, at(11, 26))
    send(running, "wlj", 99, at(11, 26))  # was not reopened
    assert officers(running) == {"swj": 44, "wlj": 10}
    tick.daily(at(12, 1))
    standings = standings_of(CAMPAIGN)
    assert state(standings[UNIT], at(12, 1)) is State.RECEIVED
    assert standings[OTHER].closed_at == closed.closed_at != standings[UNIT].closed_at
    with running.ledger() as ledger:
        again = ledger.rounds(CAMPAIGN)[0]
        assert again.closed_at is not None and again.closed_at > (closed.closed_at or at(1, 1))
        first, second = ledger.rollups(FIRST_ROUND)
        assert ledger.altered_rows(CAMPAIGN) == []
    rows = list(load_workbook(running.home / second.file)["变动说明"].iter_rows(min_row=5, min_col=2, values_only=True))
    assert ("总计", "出动执法人员（人次）", "本期", 50, 54, None) in [tuple(row[:6]) for row in rows]
    assert all(row[1] == "出动执法人员（人次）" for row in rows) and "变动说明" not in load_workbook(running.home / first.file)
