"""A campaign of several forms from the first letter to the form of the next round, through the real ledger and files."""

from datetime import UTC, datetime
from email import message_from_bytes
from email.policy import default

from openpyxl import Workbook

from campaigns.forms import Form
from flows import tick
from tasks.campaign import launch
from tasks.office import Office
from tests.builders import IRON_NEXT, IRON_ROUND, iron_plan
from tests.flows.test_tick import at, drop, newest_form
from tests.integrations.excel.filling import edited, fill_iron

LAUNCHED = datetime(2020, 10, 20, 1, tzinfo=UTC)


def layout(office: Office, department: str, round_id: str = IRON_ROUND) -> Form:
    with office.ledger() as ledger:
        return Form.model_validate_json(ledger.forms(round_id, department)[-1].layout)


def answer(office: Office, department: str, now: datetime, **changed: object) -> None:
    form = layout(office, department)

    def fill(book: Workbook) -> None:
        fill_iron(book, form, **changed)

    drop(office, f"{department}.xlsx", edited(newest_form(office, department, IRON_ROUND), fill), now)


def test_tables_go_out_come_back_add_up_and_are_carried_into_the_next_round(office: Office) -> None:
    launch(iron_plan(), LAUNCHED)
    tick.daily(at(10, 26))
    answer(office, "gaj", at(11, 20), actions=5, trademark__cases_filed=3)
    tick.daily(at(11, 30))
    lead = layout(office, "scjg").blocks
    assert (lead[0].coop["trademark.cases_filed"], lead[0].coop["total.cases_filed"], lead[1].coop["actions"]) == (3, 17, 5)
    answer(office, "scjg", at(12, 2))
    tick.daily(at(12, 20))
    with office.ledger() as ledger:
        own = {(one.department, one.indicator): one.value for one in ledger.figures("iron-2020", "own", round_id=IRON_ROUND)}
        (record,) = ledger.submissions(IRON_ROUND)[1:]
        letters = [message.subject for message in ledger.messages() if message.subject.startswith("【汇总】")]
        rolled_up = ledger.rollups(IRON_ROUND)
    assert own["gaj", "total.cases_filed"] == 17 and own["gaj", "criminal_cases"] == 2
    assert record.outcome == "accepted" and "值班电话：0000-0012345" in record.narrative
    # the rule on trial is in the ledger, and nowhere else
    assert [one["rule"] for one in record.findings if one["severity"] == "shadow"] == ["rule-units_within"]
    mails = [message_from_bytes(path.read_bytes(), policy=default) for path in (office.home / "outbox").rglob("*.eml")]
    bodies = [part.get_content() for mail in mails for part in mail.walk() if part.get_content_maintype() == "text"]
    assert bodies and not any("配合单位之和" in body for body in bodies)
    assert len(letters) == len(rolled_up) == 1
    tick.daily(at(11, 2, year=2021))
    block = layout(office, "scjg", IRON_NEXT).blocks[0]
    assert block.previous["trademark.cases_filed"] == 5 and block.last["trademark.cases_filed"] == 2
