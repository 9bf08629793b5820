"""Decisions on a running campaign: shown first, recorded when confirmed, and nothing else moves a date."""

import ast
from dataclasses import replace
from datetime import UTC, date, datetime, time
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from pathlib import Path

import icalendar
import pytest
from docx import Document
from openpyxl import Workbook, load_workbook

from campaigns.decisions import Kind, Selection
from campaigns.errors import Refused
from campaigns.states import State, state
from campaigns.workdays import instant, office_date
from flows import tick
from integrations.database.engine import engine, transaction
from integrations.database.ledger import business_state
from integrations.word.templates import ACCOUNT, BULLETIN
from tasks.accounts import write_documents
from tasks.campaign import launch, standings_of
from tasks.decide import Order, ask, decide, listed
from tasks.office import Office
from tests.builders import FIRST_ROUND, SECOND_ROUND, small_plan
from tests.flows.test_tick import answer, drop, newest_form
from tests.integrations.excel.filling import OWN, edited, fill_in

CAMPAIGN = "test-2020"
UNIT, LEAD, NEEDING = (f"{FIRST_ROUND}/{one}" for one in ("1/swj", "1/scjg", "3/fgw"))
ROOT = Path(__file__).parent.parent.parent


def at(month: int, day: int, hour: int = 10) -> datetime:
    """Return an instant of 2020 given in office time."""
    return instant(date(2020, month, day), time(hour))


@pytest.fixture
def running(office: Office) -> Office:
    """Return an office whose first round is open."""
    launch(small_plan(), datetime(2020, 10, 20, 1, tzinfo=UTC))
    tick.daily(at(10, 23))
    return office


def whole(office: Office) -> str:
    with transaction(engine(office.settings.url)) as session:
        return business_state(session)


def order(kind: Kind, *items: str, **more: object) -> Order:
    made = Order(kind, Selection(items), "张甲", "联席办主任", "来函〔2020〕1号")
    return replace(made, **more)  # type: ignore[arg-type]


def extension(*items: str, to: str = "2020-12-01") -> Order:
    return order(Kind.EXTEND, *items, granted={"to": to})


def test_what_is_not_confirmed_changes_nothing_and_what_is_does_exactly_what_was_shown(running: Office) -> None:
    before = whole(running)
    shown = decide(extension(UNIT), at(11, 20), confirm=False)
    assert whole(running) == before
    assert decide(extension(UNIT), at(11, 20), confirm=True) == shown
    after = standings_of(CAMPAIGN)
    assert {one.expected: one.after for one in shown.moved} == {code: after[code].due_at for code in (UNIT, LEAD, NEEDING)}
    assert (office_date(after[UNIT].due_at), office_date(after[LEAD].due_at)) == (date(2020, 12, 1), date(2020, 12, 8))
    assert [one.kind for one in listed(CAMPAIGN)[0]] == ["extend"]


def test_a_request_moves_nothing_until_it_is_decided_and_may_be_granted_in_part(running: Office) -> None:
    dates = {code: one.due_at for code, one in standings_of(CAMPAIGN).items()}
    asked = ask(Selection((FIRST_ROUND,), ("市商务局",)), date(2020, 12, 9), "系统升级", "商务局联络员", "phone", at(11, 20))
    assert {code: one.due_at for code, one in standings_of(CAMPAIGN).items()} == dates
    assert len(asked.scope) == 2
    granted = extension(UNIT, to="2020-11-27")
    found = decide(replace(granted, request=asked.id), at(11, 20), confirm=True)
    assert found.notes == ("申请延到2020年12月9日（周三），批准延到2020年11月27日（周五）",)
    assert listed(CAMPAIGN)[1][0].decision == found.decision.id
    assert standings_of(CAMPAIGN)[f"{FIRST_ROUND}/2/swj"].due_at == dates[f"{FIRST_ROUND}/2/swj"]
    with pytest.raises(Refused, match="已有决定"):
        decide(replace(granted, request=asked.id), at(11, 21), confirm=True)


def test_declining_a_request_answers_it_and_changes_nothing_else(running: Office) -> None:
    asked = ask(Selection((UNIT,)), None, "人手不足", "商务局联络员", "mail", at(11, 20))
    before = standings_of(CAMPAIGN)
    decide(order(Kind.DECLINE, request=asked.id), at(11, 20), confirm=True)
    assert standings_of(CAMPAIGN) == before
    assert listed(CAMPAIGN)[1][0].decision


def test_everything_wrong_with_an_extension_is_said_at_once(running: Office) -> None:
    answer(running, "wlj", [("配合任务", 1)], at(11, 20))
    asked = Order(Kind.EXTEND, Selection((UNIT, f"{FIRST_ROUND}/1/wlj")), "", granted={"to": "2020-11-25"})
    with pytest.raises(Refused) as refused:
        decide(asked, at(11, 20), confirm=True)
    assert refused.value.reasons == (
        "没有写明经办人（--by）",
        "没有写明批准人（--authority）",
        "没有写明依据（--basis）",
        "任务1·市文旅局（配合）已经报送，不需要延期",
        "任务1·市商务局（配合）现在的截止日期是2020年11月26日（周四），不能改为更早或同一天",
    )


def test_an_unknown_scope_is_answered_with_what_may_be_meant(running: Office) -> None:
    with pytest.raises(Refused, match=f"您是否指：{UNIT}"):
        decide(extension(f"{FIRST_ROUND}/1/sw"), at(11, 20), confirm=True)
    with pytest.raises(Refused, match=r"通讯录里没有“市商务厅”.*您是否指"):
        decide(replace(extension(), selection=Selection((FIRST_ROUND,), ("市商务厅",), (9,))), at(11, 20), confirm=True)


def test_names_and_everything_else_that_is_wrong_are_told_in_one_go(running: Office) -> None:
    wrong = Order(Kind.EXTEND, Selection((f"{FIRST_ROUND}/1/sw",)), "", granted={"to": "2020-11-02"})
    with pytest.raises(Refused) as refused:
        decide(wrong, at(11, 20), confirm=True)
    assert f"您是否指：{UNIT}" in refused.value.reasons[0]
    assert refused.value.reasons[1:] == (
        "没有写明经办人（--by）",
        "没有写明批准人（--authority）",
        "没有写明依据（--basis）",
        "2020年11月2日（周一）已经过去，不能延到这一天",
    )
    for kind, granted in ((Kind.SUBSTITUTE, {}), (Kind.EXEMPT, {}), (Kind.MERGE, {"into": "东县"})):
        with pytest.raises(Refused, match=r"通讯录里没有“西县”，您是否指：西山县") as refused:
            decide(order(kind, "西县", granted=granted), at(11, 20), confirm=True)
    assert "通讯录里没有“东县”，您是否指：东山县？" in refused.value.reasons
    with pytest.raises(Refused, match=f"您是否指：{CAMPAIGN}/Q0001"):
        asked = ask(Selection((UNIT,)), date(2020, 12, 5), "停电", "李乙", "phone", at(11, 20))
        decide(order(Kind.EXTEND, granted={"to": "2020-12-01"}, request=asked.id.replace("Q", "Q0")), at(11, 20), confirm=True)


def test_a_preview_says_who_is_replaced_what_is_exempted_and_what_stays_unreported(running: Office) -> None:
    person = {"capacity": "deputy", "name": "李乙", "email": "li@example.gov.cn", "phone": ""}
    (replaced,) = decide(order(Kind.SUBSTITUTE, "公安局", granted=person), at(11, 20), confirm=False).notes
    assert replaced == "市公安局副联络员：（未登记） → 李乙 <li@example.gov.cn>，以后的信件发给新联系人"
    granted = {"rule": "closed", "until": "2020-12-30"}
    (exempted,) = decide(order(Kind.EXEMPT, "公安局", granted=granted), at(11, 20), confirm=False).notes
    assert exempted == "到2020年12月30日（周三）为止，不因“累计结案数不超过累计立案数”退回，仍提示核对"
    (left,) = decide(order(Kind.CLOSE, FIRST_ROUND), at(11, 20), confirm=False).notes
    assert "应报10项，还有10项没有报送" in left


def test_what_was_accepted_while_a_round_was_being_closed_is_in_its_roll_up(running: Office) -> None:
    answer(running, "swj", [("配合任务", 1)], at(11, 30, 11))  # uploaded while the tick of ten is at work
    decide(order(Kind.CLOSE, FIRST_ROUND), at(11, 30), confirm=True)
    with running.ledger() as ledger:
        (record,) = ledger.rollups(FIRST_ROUND)
    assert "已报1项" in record.coverage
    assert "R-2020-000001" in str([*load_workbook(running.home / record.file)["来源"].values])


def test_a_closed_round_is_closed(running: Office) -> None:
    decide(order(Kind.CLOSE, FIRST_ROUND), at(11, 30), confirm=True)
    before = standings_of(CAMPAIGN)
    for one in (extension(UNIT, to="2020-12-20"), order(Kind.WAIVE, UNIT), order(Kind.CLOSE, FIRST_ROUND)):
        with pytest.raises(Refused, match="已于2020年11月30日（周一）结束"):
            decide(one, at(12, 1), confirm=True)
    assert standings_of(CAMPAIGN) == before
    assert state(before[UNIT], at(12, 30)) is State.MISSING
    assert state(before[LEAD], at(12, 30)) is State.OPEN
    with running.ledger() as ledger:
        closed = next(one for one in ledger.rounds(CAMPAIGN) if one.id == FIRST_ROUND)
        assert closed.tally and closed.tally["missing"] + closed.tally["open"] == closed.tally["expected"]
        assert [one.version for one in ledger.rollups(FIRST_ROUND)] == [1]


def test_a_round_closes_later_when_a_date_in_it_lies_after_its_closing(running: Office) -> None:
    found = decide(extension(LEAD, to="2020-12-15"), at(11, 30), confirm=True)
    (closing,) = found.closings
    tick.tick(at(12, 14))
    with running.ledger() as ledger:
        a_round = next(one for one in ledger.rounds(CAMPAIGN) if one.id == FIRST_ROUND)
    assert (a_round.closes_on, a_round.closed_at) == (closing.after, None)
    assert closing.after == date(2020, 12, 22)


def test_a_waived_report_is_not_urged_and_owed_again_when_the_waiver_ends(running: Office) -> None:
    decide(order(Kind.WAIVE, UNIT), at(11, 20), confirm=True)
    assert state(standings_of(CAMPAIGN)[UNIT], at(12, 1)) is State.WAIVED
    decide(order(Kind.RESUME, UNIT), at(11, 23), confirm=True)
    assert state(standings_of(CAMPAIGN)[UNIT], at(12, 1)) is State.MISSING


def test_taking_a_submission_back_takes_its_figures_along(running: Office) -> None:
    answer(running, "swj", [("配合任务", 1)], at(11, 20))
    with running.ledger() as ledger:
        envelope = ledger.envelopes()[0].id
        assert {one.expected for one in ledger.figures(CAMPAIGN, "own")} == {UNIT}
    taken = decide(order(Kind.WITHDRAW, envelope, granted={"envelope": envelope}), at(11, 23), confirm=True)
    assert taken.decision.scope == (UNIT,)
    with running.ledger() as ledger:
        assert ledger.figures(CAMPAIGN, "own") == []
    assert state(standings_of(CAMPAIGN)[UNIT], at(11, 23)) is State.OPEN
    with pytest.raises(Refused, match="没有带来任何现在有效的报送"):
        decide(order(Kind.WITHDRAW, envelope), at(11, 23), confirm=True)


def test_a_department_merged_into_another_owes_nothing_more_and_the_other_its_own(running: Office) -> None:
    answer(running, "swj", [("配合任务", 1)], at(11, 20))
    decide(order(Kind.MERGE, "市商务局", granted={"into": "市发展改革委"}), at(11, 23), confirm=True)
    states = {code: state(one, at(11, 24)) for code, one in standings_of(CAMPAIGN).items()}
    assert states[UNIT] is State.RECEIVED
    assert states[f"{FIRST_ROUND}/2/swj"] is State.NOT_APPLICABLE
    assert states[f"{SECOND_ROUND}/1/swj"] is State.NOT_APPLICABLE
    assert states[f"{FIRST_ROUND}/3/fgw"] is State.OPEN


def test_who_was_let_off_or_reports_through_another_owes_no_summary(running: Office) -> None:
    decide(order(Kind.WAIVE, LEAD), at(11, 20), confirm=True)
    decide(order(Kind.MERGE, "市发展改革委", granted={"into": "市商务局"}), at(11, 20), confirm=True)
    made = {one.kind: running.home / one.file for one in write_documents(CAMPAIGN, FIRST_ROUND, at(12, 14))}
    for kind in (ACCOUNT, BULLETIN):
        lines = [one.text for one in Document(str(made[kind])).paragraphs]
        (told,) = {line.partition("没有收到工作总结的")[2] for line in lines if "没有收到工作总结的" in line}
        assert told == "牵头单位：市商务局。"


def test_a_new_contact_gets_the_letters_of_a_running_campaign(running: Office) -> None:
    person = {"capacity": "liaison", "name": "李乙", "email": "Li@example.gov.cn", "phone": ""}
    decide(order(Kind.SUBSTITUTE, "市商务局", granted=person), at(11, 20), confirm=True)
    tick.daily(at(11, 27))
    with running.ledger() as ledger:
        to = {one.to_email for one in ledger.messages() if one.department == "swj" and one.made_at >= at(11, 20)}
    assert to == {"li@example.gov.cn", "swj-leader@example.gov.cn"} or to == {"li@example.gov.cn"}


def test_whoever_a_decision_concerns_hears_of_it_once(running: Office) -> None:
    decide(extension(UNIT), at(11, 20), confirm=True)
    answer(running, "wlj", [("配合任务", 1)], at(11, 20))
    decide(order(Kind.WITHDRAW, f"{FIRST_ROUND}/1/wlj"), at(11, 23), confirm=True)
    with running.ledger() as ledger:
        told = {one.department: one for one in ledger.messages() if one.kind == "decision"}
    assert {code: one.subject for code, one in told.items()} == {
        "swj": "【延期】测市监〔2020〕1号 放心消费专项行动 2020年下半年 1项",
        "scjg": "【延期】测市监〔2020〕1号 放心消费专项行动 2020年下半年 1项",
        "fgw": "【延期】测市监〔2020〕1号 放心消费专项行动 2020年下半年 1项",
        "wlj": "【撤回】测市监〔2020〕1号 放心消费专项行动 2020年下半年 1项",
    }
    letter = message_from_bytes(running.bytes_of(told["scjg"].sha256), policy=default)
    text = letter.get_body(("plain",))
    assert text
    assert "2020年12月8日（周二）17:30" in text.get_content()
    assert "来函〔2020〕1号" in text.get_content()


def letter_on(office: Office, department: str, kind: str) -> EmailMessage:
    """Return the newest letter of a kind to a department."""
    with office.ledger() as ledger:
        told = [one for one in ledger.messages() if (one.kind, one.department) == (kind, department)][-1]
    letter = message_from_bytes(office.bytes_of(told.sha256), policy=default)
    assert isinstance(letter, EmailMessage)
    return letter


def text_of(letter: EmailMessage) -> str:
    text = letter.get_body(("plain",))
    assert text
    return str(text.get_content())


def dates_in(letter: EmailMessage) -> dict[str, tuple[int, date]]:
    """Return the events of a letter's calendar file: sequence and day."""
    files = [one for one in letter.iter_attachments() if one.get_filename() == "报送日期.ics"]
    found = icalendar.Calendar.from_ical(files[0].get_payload(decode=True)).walk("VEVENT")
    return {str(one["UID"]): (int(one["SEQUENCE"]), one.decoded("DTEND").date()) for one in found}


def test_an_extension_moves_the_date_in_the_calendar_and_says_from_when_and_why(running: Office) -> None:
    before = dates_in(letter_on(running, "swj", "assignment"))
    decide(extension(UNIT), at(11, 20), confirm=True)
    granted, follows = letter_on(running, "swj", "decision"), letter_on(running, "fgw", "decision")
    assert "2020年12月1日（周二）17:30（原为2020年11月26日（周四）17:30）" in text_of(granted)
    assert "前面的单位经批准延期，以下各项的截止日期随之顺延" in text_of(follows)
    moved, event = dates_in(granted), f"{FIRST_ROUND}/swj/cooperating@example.gov.cn"
    assert (before[event], moved[event]) == ((0, date(2020, 11, 26)), (1, date(2020, 12, 1)))
    assert moved.keys() == before.keys()
    tick.daily(at(11, 26))
    assert dates_in(letter_on(running, "swj", "reminder"))[event] == moved[event]


def test_letters_of_decisions_say_what_was_granted_and_call_nothing_overdue_that_nobody_owes(running: Office) -> None:
    decide(order(Kind.EXEMPT, "市商务局", granted={"rule": "closed", "until": "2020-12-30"}), at(11, 20), confirm=True)
    told = text_of(letter_on(running, "swj", "decision"))
    assert "到2020年12月30日（周三）为止，不因“累计结案数不超过累计立案数”退回" in told
    decide(order(Kind.MERGE, "西山县", granted={"into": "东山县"}), at(11, 20), confirm=True)
    assert "由东山县承接" in text_of(letter_on(running, "xi", "decision"))
    decide(order(Kind.WAIVE, f"{FIRST_ROUND}/3/gaj"), at(12, 1), confirm=True)
    told = text_of(letter_on(running, "gaj", "decision"))
    assert "免报" in told
    assert "逾期" not in told


def test_what_is_sent_back_after_its_date_is_not_called_overdue_the_same_day(running: Office) -> None:
    answer(running, "swj", [("配合任务", 1)], at(11, 20))
    tick.daily(at(11, 27))
    decide(order(Kind.RETURN, UNIT), at(11, 30), confirm=True)

    def overdue() -> list[str]:
        with running.ledger() as ledger:
            return [one.to_email for one in ledger.messages() if (one.kind, one.department) == ("overdue", "swj")]

    tick.daily(at(11, 30, 15))
    assert overdue() == []
    tick.daily(at(12, 1))
    assert sorted(overdue()) == ["swj-leader@example.gov.cn", "swj@example.gov.cn"]


def test_what_was_withdrawn_may_come_again_and_what_was_sent_back_must_be_mended(running: Office) -> None:
    filled = edited(newest_form(running, "wlj"), lambda book: fill_in(book, "配合任务", 1))
    drop(running, "一.xlsx", filled, at(11, 19))
    code = f"{FIRST_ROUND}/1/wlj"
    decide(order(Kind.WITHDRAW, code), at(11, 20), confirm=True)
    drop(running, "二.xlsx", filled, at(11, 20, 11))
    standing = standings_of(CAMPAIGN)[code]
    assert (state(standing, at(11, 21)), standing.version) == (State.RECEIVED, 2)
    decide(order(Kind.RETURN, code), at(11, 23), confirm=True)
    drop(running, "三.xlsx", filled, at(11, 23, 11))
    with running.ledger() as ledger:
        assert [one.outcome for one in ledger.envelopes()] == ["accepted", "accepted", "duplicate"]
        assert "那一份已退回修改" in ledger.envelopes()[-1].reason
    assert standings_of(CAMPAIGN)[code].returned


def test_an_exempted_rule_is_told_and_returns_nothing_until_its_end(running: Office) -> None:
    def wrong(book: Workbook) -> None:
        fill_in(book, "配合任务", 1, {**OWN, "立案（件）": 1, "结案（件）": 9})

    granted = {"rule": "closed", "until": "2020-11-24"}
    with pytest.raises(Refused, match="没有逻辑关系“clsed”，可以豁免的有：closed"):
        decide(order(Kind.EXEMPT, "市商务局", granted=granted | {"rule": "clsed"}), at(11, 20), confirm=True)
    decide(order(Kind.EXEMPT, "市商务局", granted=granted), at(11, 20), confirm=True)
    for name, now in (("wlj", at(11, 23)), ("swj", at(11, 23)), ("swj", at(11, 25))):
        drop(running, f"{now:%d}{name}.xlsx", edited(newest_form(running, name), wrong), now)
        if now == at(11, 23) and name == "swj":
            decide(order(Kind.WITHDRAW, UNIT), at(11, 24), confirm=True)
    with running.ledger() as ledger:
        outcomes = [(one.department, one.outcome) for one in ledger.envelopes()]
        assert outcomes == [("wlj", "returned"), ("swj", "accepted"), ("swj", "returned")]
        assert any("（已豁免）" in one["message"] for one in ledger.envelopes()[1].findings)


def test_only_folding_writes_dates() -> None:
    """Nothing but the plan that is laid out and the folding of events touches the date of an expected report."""
    allowed = {"integrations/database/ledger/plans.py", "integrations/database/ledger/rows.py"}
    found = set()
    for file in [path for room in ("integrations", "tasks", "flows", "liandong") for path in (ROOT / room).rglob("*.py")]:
        for node in ast.walk(ast.parse(file.read_text("utf-8"))):
            named = isinstance(node, ast.Attribute) and node.attr == "due_at" and isinstance(node.ctx, ast.Store)
            given = (
                isinstance(node, ast.Call)
                and getattr(node.func, "attr", "") in ("values", "update")
                and "due_at" in [word.arg for word in node.keywords]
            )
            if named or given:
                found.add(str(file.relative_to(ROOT)))
    assert found <= allowed
    record = (ROOT / "integrations/database/ledger/record.py").read_text("utf-8")
    assert record.count("rows.of_standing(") == 1
