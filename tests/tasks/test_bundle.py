"""What leads are sent of their cooperating departments' figures, and when, also where their date awaits no daily round."""

from datetime import date, datetime, time
from email import message_from_bytes
from email.policy import default
from io import BytesIO
from typing import Any

from openpyxl import Workbook, load_workbook

from campaigns.clocks import Clock
from campaigns.decisions import Kind
from campaigns.definition import Definition, Hop, Indicator, Role
from campaigns.forms import Form
from campaigns.notices import bundle_slots
from campaigns.plan import Plan, expand
from campaigns.workdays import OfficeHours, Slots, instant
from flows import tick
from tasks.campaign import launch
from tasks.decide import decide
from tasks.office import Office
from tests.builders import FIRST_ROUND, WORKDAYS, small_definition, small_directory
from tests.campaigns.test_lists import definition as with_list
from tests.flows.test_tick import answer, drop, newest_form
from tests.integrations.excel.filling import OWN, edited, fill_in
from tests.tasks.test_decide import extension, order


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


def november(day: int, hour: int = 10) -> datetime:
    """Return an instant of November 2020, given in office time."""
    return instant(date(2020, 11, day), time(hour))


def opened(definition: Definition) -> None:
    launch(expand(definition, small_directory(), WORKDAYS, OfficeHours()), at(20, 9))
    tick.daily(at(23, 10))


def bundle(office: Office) -> tuple[str, Form, dict[str, tuple[Any, ...]]]:
    """Return what the newest bundle of the market bureau says, its form, and of each sheet of its material the line of a duty."""
    with office.ledger() as ledger:
        letter = [one for one in ledger.messages() if one.kind == "bundle" and one.department == "scjg"][-1]
        form = Form.model_validate_json(ledger.forms(FIRST_ROUND, "scjg")[-1].layout)
    mail = message_from_bytes(office.bytes_of(letter.sha256), policy=default)
    _, material = mail.iter_attachments()
    book = load_workbook(BytesIO(material.get_payload(decode=True)))  # type: ignore[arg-type]
    text = mail.get_body(("plain",)).get_content().replace("\r\n", "\n")  # type: ignore[union-attr]
    return letter.subject + text, form, {sheet.title: [*sheet.iter_rows(values_only=True)][3] for sheet in book}


def test_a_bundle_says_the_dates_and_states_of_the_ledger(office: Office) -> None:
    opened(small_definition())
    decide(extension(f"{FIRST_ROUND}/1/wlj"), november(20), confirm=True)  # moves the lead's date too
    decide(order(Kind.WAIVE, f"{FIRST_ROUND}/1/xi"), november(20), confirm=True)
    for department, day in (("swj", 20), ("wlj", 30)):
        answer(office, department, [("配合任务", 1)], november(day))
    tick.daily(november(30, 17))
    text, form, _ = bundle(office)
    assert "前报送市消费者联席办。" in text  # the office of the campaign, as in every other letter
    assert "（12月8日17:30前报送）" in text and "于2020年12月8日（周二）17:30前报送" in text and "12月3日" not in text
    assert "已报2个单位，未报1个：东山县。" in text and "迟报" not in text
    (lead,) = form.of(f"{FIRST_ROUND}/1/scjg")
    assert lead.due == "2020年12月8日（周二）17:30"
    assert lead.coop_note == "应报3家，已报2家：市商务局、市文旅局；尚未收到：东山县"


def test_a_bundle_adds_up_as_the_form_does_and_leaves_blank_what_was_not_asked(office: Office) -> None:
    small = small_definition()
    most = Indicator(id="most", label="单案最高罚款", unit="万元", over_places="max")
    markets = Indicator(id="markets", label="商圈数", unit="个", only=("市商务局",))
    asked = small.forms[0].model_copy(update={"indicators": (*small.forms[0].indicators, most, markets)})
    opened(small.model_copy(update={"forms": (asked,)}))
    for department, figures in (("swj", {"单案最高罚款（万元）": 10, "商圈数（个）": 4}), ("wlj", {"单案最高罚款（万元）": 7})):

        def fill(book: Workbook, figures: dict[str, int] = figures) -> None:
            fill_in(book, "配合任务", 1, {**OWN, **figures})

        drop(office, f"{department}.xlsx", edited(newest_form(office, department), fill), november(20))
    tick.daily(november(27))
    text, form, sheets = bundle(office)
    assert "单案最高罚款（万元）7\n" in text and "商圈数（个）0" not in text
    assert "单案最高罚款（万元）10；商圈数（个）4\n" in text.partition("小计：")[2]
    assert form.of(f"{FIRST_ROUND}/1/scjg")[0].coop["most"] == 10
    assert (sheets["市商务局"][9:11], sheets["市文旅局"][9:11]) == ((10, 4), (7, None))
    assert "报表《联合执法情况统计表》中的“配合单位小计”已按此预填" in text


def test_a_bundle_says_what_the_list_of_each_unit_comes_to(office: Office) -> None:
    opened(with_list())
    for department, cases in (("swj", (("1号", 1.5), ("2号", 2))), ("wlj", (("1号", 1.5),))):
        with office.ledger() as ledger:
            block = Form.model_validate_json(ledger.forms(FIRST_ROUND, department)[-1].layout).of(
                f"{FIRST_ROUND}/1/{department}"
            )[0]

        def fill(book: Workbook, block: Any = block, cases: Any = cases) -> None:
            for number, (case, penalty) in enumerate(cases, start=1):
                for code, value in (("case_no", case), ("party", "甲店"), ("penalty", penalty)):
                    book[block.sheet][block.cell("own", f"list#{number}.{code}")] = value

        drop(office, f"{department}.xlsx", edited(newest_form(office, department), fill), november(20))
    tick.daily(november(27))
    text, _, sheets = bundle(office)
    assert "市商务局：案件（件）2；案件·罚没款（万元）3.5\n" in text and "市文旅局：案件（件）1；案件·罚没款（万元）1.5\n" in text
    assert "小计：案件（件）2；案件·罚没款（万元）3.5\n" in text  # both report the first one
    assert sheets["市商务局"][1:3] == (2, 3.5)
    assert "预填" not in text
