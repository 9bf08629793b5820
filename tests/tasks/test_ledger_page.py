"""The ledger page of a round that is larger than what Prefect's window draws one by one."""

from campaigns.events import Event
from campaigns.window import MOST_BARS
from tasks.campaign import launch
from tasks.ledger_page import PAGE, write_ledger_page
from tasks.office import Office
from tests.builders import FIRST_ROUND
from tests.flows.test_tick import CAMPAIGN, LAUNCHED, at
from tests.soak.offices import large_plan


def test_a_round_too_large_to_be_drawn_one_by_one_has_its_page(office: Office) -> None:
    plan = large_plan(6, MOST_BARS // 6 + 1)
    launch(plan, LAUNCHED)
    with office.ledger() as ledger:
        event = Event(CAMPAIGN, "round.opened", FIRST_ROUND, at(10, 26), "tick", "open", {})
        ledger.open_round(FIRST_ROUND, event)
    write_ledger_page(at(10, 26))
    page = (office.home / PAGE).read_text("utf-8")
    assert all(organ.name in page for organ in plan.directory.organs)
