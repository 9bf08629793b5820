"""What leads are sent of their cooperating departments' figures where their own date does not wait for a daily round."""

from datetime import date, datetime, time
from email import message_from_bytes
from email.policy import default

from campaigns.clocks import Clock
from campaigns.definition import Hop, Role
from campaigns.notices import bundle_slots
from campaigns.plan import Plan, expand
from campaigns.workdays import OfficeHours, Slots, instant
from flows import tick
from tasks.campaign import launch
from tasks.office import Office
from tests.builders import WORKDAYS, small_definition, small_directory


def at(day: int, hour: int, minute: int = 0) -> datetime:
    """Return an instant of October 2020, given in office time."""
    return instant(date(2020, 10, day), time(hour, minute))


def test_who_owes_before_the_next_daily_round_hears_when_the_first_hop_has_come() -> None:
    slots = Slots(WORKDAYS, OfficeHours())

    def heard(lead_due: datetime, *arrivals: datetime) -> tuple[datetime, ...]:
        return bundle_slots(at(22, 9), lead_due, arrivals, slots, at(22, 18))

    assert heard(at(22, 17, 30)) == (at(22, 14, 30),)
    assert heard(at(22, 11)) == (at(22, 9),)
    assert heard(at(22, 11), at(22, 8), at(22, 10)) == (at(22, 9), at(22, 14, 30))
    assert bundle_slots(at(22, 9), at(22, 11), (), slots, at(22, 8, 59)) == ()


def daily_plan() -> Plan:
    """Return the small campaign with figures of every day: by 9:00 at the lead, by 11:00 at the office."""
    small = small_definition()
    hops = (Hop(role=Role.COOPERATING, to="lead", hour="09:00"), Hop(role=Role.LEAD, to="office"))
    clock = Clock(daily="every_day", hour="11:00")
    report = small.reports[0].model_copy(update={"clock": clock, "hops": hops, "opens_working_days_before": 1})
    return expand(small.model_copy(update={"reports": (report,)}), small_directory(), WORKDAYS, OfficeHours())


def test_collecting_sends_leads_the_figures_of_the_morning_and_the_letters_name_both_hours(office: Office) -> None:
    launch(daily_plan(), at(21, 10))
    tick.daily(at(21, 14, 30))

    def letters(kind: str) -> dict[str, str]:
        """Return what the letters about the figures of 22 October say, by department."""
        with office.ledger() as ledger:
            found = [one for one in ledger.messages() if one.kind == kind and one.round == "test-2020/summary-2020-10-22"]
        mails = {one.department: message_from_bytes(office.bytes_of(one.sha256), policy=default) for one in found}
        return {department: mail.get_body(("plain",)).get_content() for department, mail in mails.items()}

    assigned = letters("assignment")
    assert "2020年10月22日（周四）09:00" in assigned["dong"] and "11:00" not in assigned["dong"]
    assert "2020年10月22日（周四）09:00" in assigned["swj"] and "2020年10月22日（周四）11:00" in assigned["swj"]
    tick.collect(at(22, 8, 55))
    assert letters("bundle") == {}
    tick.collect(at(22, 9, 5))
    assert letters("bundle").keys() == {"scjg", "swj", "fgw"}
    with office.ledger() as ledger:
        sent = len(ledger.messages())
    tick.collect(at(22, 9, 10))
    with office.ledger() as ledger:
        assert len(ledger.messages()) == sent
    tick.tick(at(22, 14, 30))
    assert letters("bundle").keys() == {"scjg", "swj", "fgw"}
    page = (office.home / "台账.html").read_text("utf-8")
    assert "2020年10月22日（周四）09:00" in page and "2020年10月22日（周四）11:00" in page
