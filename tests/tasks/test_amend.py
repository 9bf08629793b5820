"""Amending a running campaign: what is shown is what happens, nothing submitted is lost, old forms still read."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, date, datetime, time
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from openpyxl import Workbook, load_workbook

from campaigns.amendment import Amendment
from campaigns.clocks import Clock
from campaigns.decisions import Kind, Selection
from campaigns.definition import Duty, Indicator, Role, Rung
from campaigns.errors import Conflict, Refused, UnknownItem
from campaigns.organs import Alias, Contact, Directory
from campaigns.plan import Plan, expand
from campaigns.states import State, state
from campaigns.workdays import OfficeHours, instant, office_date
from flows import tick
from integrations.database.engine import engine, transaction
from integrations.database.ledger import business_state
from integrations.excel.rollup_book import write_rollup
from liandong.cli import run
from tasks import decide as deciding
from tasks import doors
from tasks.amend import Order, amend, compare
from tasks.asking import put_from_page
from tasks.campaign import cancel, launch, picture, plan_of, standings_of
from tasks.closing import publish
from tasks.office import Office
from tasks.office import office as open_office
from tasks.record import verify
from tasks.trace import trace
from tests.builders import FIRST_ROUND, SECOND_ROUND, WORKDAYS, organ, small_definition, small_directory, small_plan
from tests.flows.test_tick import answer, drop, newest_form
from tests.integrations.excel.filling import OWN, edited, fill_in
from tests.tasks.test_doors import scope

CAMPAIGN = "test-2020"
SIGNED = Order("张甲", "联席办主任", "测市监〔2020〕9号")


def at(month: int, day: int, hour: int = 10, year: int = 2020) -> datetime:
    return instant(date(year, month, day), time(hour))


def changed(directory: Directory | None = None, **update: Any) -> Plan:
    """Return the small plan with parts of its definition replaced."""
    definition = small_definition().model_copy(update=update)
    plan = expand(definition, directory or small_directory(), WORKDAYS, OfficeHours())
    assert plan.usable, plan.problems
    return plan


def duties(**by_number: Mapping[str, Any] | None) -> tuple[Duty, ...]:
    """Return the small duties: `d2=None` without the second, `d3={...}` with other fields, `d4={...}` a new one."""
    found = {one.number: one for one in small_definition().duties}
    for name, update in by_number.items():
        number = int(name[1:])
        if update is None:
            del found[number]
        elif number in found:
            found[number] = found[number].model_copy(update=dict(update))
        else:
            found[number] = Duty(number=number, **update)
    return tuple(found.values())


def clocked(*days: str, **more: Any) -> tuple[Any, ...]:
    return clocked_by(Clock(yearly=days), **more)


def clocked_by(clock: Clock, **more: Any) -> tuple[Any, ...]:
    report = small_definition().reports[0]
    return (report.model_copy(update={"clock": clock, **more}),)


def indicators(*added: Indicator, without: str = "") -> tuple[Any, ...]:
    form = small_definition().forms[0]
    kept = tuple(one for one in form.indicators if one.id != without)
    return (form.model_copy(update={"indicators": (*kept, *added)}),)


@pytest.fixture(params=["sqlite", "postgresql"])
def running(request: pytest.FixtureRequest, office: Office, monkeypatch: pytest.MonkeyPatch) -> Office:
    """Return an office whose first round is open, on either database."""
    if request.param == "postgresql":
        from sqlalchemy import text

        from integrations import settings
        from integrations.database import tables

        url = request.getfixturevalue("postgresql")
        monkeypatch.setenv("LIANDONG_DATABASE_URL", url)
        with engine(url).begin() as connection:
            names = ", ".join(f'"{table.name}"' for table in tables.Base.metadata.sorted_tables)
            connection.execute(text(f"TRUNCATE {names} CASCADE"))
        office = Office(settings.load())
    return opened(office)


def opened(office: Office) -> Office:
    launch(small_plan(), datetime(2020, 10, 20, 1, tzinfo=UTC))
    tick.daily(at(10, 23))
    return office


@pytest.fixture
def one(office: Office) -> Office:
    """Return an office whose first round is open, on SQLite."""
    return opened(office)


def whole(office: Office) -> str:
    with transaction(engine(office.settings.url)) as session:
        return business_state(session)


def apply(plan: Plan, moment: datetime) -> Amendment:
    """Return an amendment that was carried out, having seen that it was just what was shown, and that the record proves it."""
    office = open_office()
    before = whole(office)
    shown = compare(CAMPAIGN, plan, moment)
    assert whole(office) == before
    keys = messages(office)
    signed = amend(plan, SIGNED, moment, confirm=False)
    assert whole(office) == before
    found = amend(plan, SIGNED, moment, confirm=True)
    assert found == signed and replace(found, decision=shown.decision, events=shown.events) == shown
    stands = plan_of(CAMPAIGN)  # laid out anew from what the ledger holds
    assert (stands.definition, stands.directory) == (found.plan.definition, found.plan.directory)
    assert [x.id for x in stands.expected] == [x.id for x in found.plan.expected]
    tick.daily(moment)
    told = {(key.split(":")[0], key.rsplit(":", 1)[1]) for key in messages(office) - keys if key.startswith("decision:")}
    assert {department for _, department in told} == {one.department for one in found.told}
    assigned = {tuple(key.split(":assignment:")) for key in messages(office) - keys if ":assignment:" in key}
    assert set(found.assigned) <= assigned
    after = whole(office)
    again = amend(plan, Order(), moment, confirm=True)
    assert again.nothing and whole(office) == after
    assert launch(plan, moment) is False and whole(office) == after
    assert verify().faults == ()
    return found


def messages(office: Office) -> set[str]:
    with office.ledger() as ledger:
        return ledger.message_keys(CAMPAIGN)


def mails(office: Office, key: str) -> str:
    from email import message_from_bytes
    from email.policy import default

    with office.ledger() as ledger:
        record = ledger.message(key)
    assert record is not None
    body = message_from_bytes(office.bytes_of(record.sha256), policy=default).get_body(("plain",))
    assert body is not None
    return str(body.get_content())


def attachments(office: Office, key: str) -> list[str | None]:
    from email import message_from_bytes
    from email.policy import default

    with office.ledger() as ledger:
        record = ledger.message(key)
    assert record is not None
    return [part.get_filename() for part in message_from_bytes(office.bytes_of(record.sha256), policy=default).iter_attachments()]


def test_a_walk_with_reports_before_and_after(running: Office) -> None:
    answer(running, "wlj", [("配合任务", 1)], at(11, 20))  # reported, and still asked for
    answer(running, "gaj", [("配合任务", 3)], at(11, 20))  # reported, and then asked for no more
    old_form = newest_form(running, "scjg")
    plan = changed(
        duties=duties(
            d2=None,
            d3={"cooperating": ("市市场监管局",)},
            d4={"title": "规范直播带货", "lead": ("市文旅局",), "cooperating": ("市商务局",)},
        ),
        reports=clocked("06-20", "12-10"),
        forms=indicators(Indicator(id="livestreams", label="检查直播间", unit="个")),
    )
    found = apply(plan, at(11, 23))
    assert {(x.duty, x.department, x.before, x.after) for x in found.roles} == {
        (2, "swj", Role.LEAD, None),
        (2, "scjg", Role.COOPERATING, None),
        (3, "gaj", Role.COOPERATING, None),
        (4, "wlj", None, Role.LEAD),
        (4, "swj", None, Role.COOPERATING),
    }
    assert {x.id for x in found.retired} == {f"{FIRST_ROUND}/{code}" for code in ("2/swj", "2/scjg", "3/gaj")}
    assert {x.id for x in found.added if x.round == FIRST_ROUND} == {f"{FIRST_ROUND}/4/wlj", f"{FIRST_ROUND}/4/swj"}
    assert found.notes == ("不再要求的应报中有1份已经报送：全部留存，不再计入汇总",)
    assert "新增任务4“规范直播带货”" in found.differences and "删去任务2“打造高品质消费商圈”" in found.differences
    assert "新增报表“联合执法情况统计表”的指标“检查直播间”" in found.differences
    after = standings_of(CAMPAIGN)
    assert office_date(after[f"{FIRST_ROUND}/1/scjg"].due_at) == date(2020, 12, 10)
    assert office_date(after[f"{FIRST_ROUND}/1/wlj"].due_at) == date(2020, 11, 26)  # has reported: not moved
    assert state(after[f"{FIRST_ROUND}/1/wlj"], at(11, 24)) is State.RECEIVED
    gone = after[f"{FIRST_ROUND}/3/gaj"]
    assert gone.accepted and state(gone, at(11, 24)) is State.NOT_APPLICABLE
    key = f"decision:{found.decision.id}"
    letter = mails(running, f"{key}:swj")
    assert "任务2“打造高品质消费商圈”不再由贵单位承担" in letter and "任务4“规范直播带货”由贵单位配合" in letter
    assert "任务1的截止日期由2020年11月26日（周四）改为2020年12月3日（周四）" in letter
    assert len([name for name in attachments(running, f"{key}:swj") if name and name.endswith(".xlsx")]) == 1
    assert "已报的内容留存，不再计入汇总" in mails(running, f"{key}:gaj")

    # the old form of the market bureau: what is still asked for is read, the rest is kept and said to be
    def fill(book: Workbook) -> None:
        for sheet, duty in (("牵头任务", 1), ("配合任务", 2), ("配合任务", 3)):
            fill_in(book, sheet, duty)

    drop(running, "旧表.xlsx", edited(old_form, fill), at(11, 24))
    standings = standings_of(CAMPAIGN)
    assert standings[f"{FIRST_ROUND}/1/scjg"].received_at and standings[f"{FIRST_ROUND}/3/scjg"].received_at
    assert standings[f"{FIRST_ROUND}/2/scjg"].highest == 0
    with running.ledger() as ledger:
        envelope = ledger.envelopes()[-1]
        assert envelope.outcome == "accepted" and "任务2按补充通知不再要求报送，所报内容已留存" in envelope.reason
        assert {fact.expected for fact in ledger.figures(CAMPAIGN, "own", round_id=FIRST_ROUND)} == {
            f"{FIRST_ROUND}/{code}" for code in ("1/wlj", "1/scjg", "3/scjg")
        }
    answer(running, "wlj", [("牵头任务", 4), ("配合任务", 1)], at(11, 30))
    for moment in (at(12, 4), at(12, 17), at(12, 18)):
        tick.tick(moment)
    with running.ledger() as ledger:
        rounds = {one.id: one for one in ledger.rounds(CAMPAIGN)}
    assert rounds[FIRST_ROUND].closed_at is not None and office_date(rounds[FIRST_ROUND].closed_at) == date(2020, 12, 18)
    assert verify().faults == ()
    closed = {code: x for code, x in standings_of(CAMPAIGN).items() if code.startswith(FIRST_ROUND)}
    # a second one after the round has ended: nothing of it changes
    second = apply(changed(), at(12, 21))  # as it was before
    assert second.retired == () and second.ended == 1
    assert {code: x for code, x in standings_of(CAMPAIGN).items() if code.startswith(FIRST_ROUND)} == closed
    assert plan_of(CAMPAIGN).of(FIRST_ROUND).definition.duty(4).title == "规范直播带货"
    drawn = picture(CAMPAIGN, at(12, 21)).rounds[0]
    assert {bar.key for bar in drawn.bars} >= {f"{FIRST_ROUND}/4/wlj"}


def test_a_department_that_is_new_gets_its_task_letter_with_a_form(one: Office) -> None:
    directory = small_directory()
    more = directory.model_copy(update={"organs": (*directory.organs, organ("wjw", "市卫生健康委"))})
    plan = changed(more, duties=duties(d4={"title": "规范医疗美容", "lead": ("市卫生健康委",), "cooperating": ("市公安局",)}))
    found = apply(plan, at(11, 2))
    assert found.assigned == ((FIRST_ROUND, "wjw"),) and [x.department for x in found.told] == ["gaj"]
    assert "市卫生健康委" in str(attachments(one, f"{FIRST_ROUND}:assignment:wjw"))
    answer(one, "wjw", [("牵头任务", 4)], at(11, 3))
    assert standings_of(CAMPAIGN)[f"{FIRST_ROUND}/4/wjw"].version == 1


def test_another_role_brings_another_form_and_the_old_one_still_counts(one: Office) -> None:
    plan = changed(duties=duties(d3={"lead": ("市公安局",), "cooperating": ("市发展改革委", "市市场监管局")}))
    old = newest_form(one, "gaj")
    found = apply(plan, at(11, 20))
    assert {(x.id, x.role) for x in found.redirected} >= {
        (f"{FIRST_ROUND}/3/gaj", Role.LEAD),
        (f"{FIRST_ROUND}/3/fgw", Role.COOPERATING),
    }
    assert {(FIRST_ROUND, "gaj"), (FIRST_ROUND, "fgw")} <= set(found.void)
    assert "任务3“活跃夜间商业和市场”贵单位由配合改为牵头" in mails(one, f"decision:{found.decision.id}:gaj")
    drop(one, "旧表.xlsx", edited(old, lambda book: fill_in(book, "配合任务", 3)), at(11, 21))
    assert standings_of(CAMPAIGN)[f"{FIRST_ROUND}/3/gaj"].version == 1
    answer(one, "gaj", [("牵头任务", 3)], at(11, 23))
    assert standings_of(CAMPAIGN)[f"{FIRST_ROUND}/3/gaj"].version == 2


def test_dates_move_earlier_and_later_and_reminders_with_them(one: Office) -> None:
    granted = deciding.Order(
        Kind.EXTEND, Selection((f"{FIRST_ROUND}/1/wlj",)), "张甲", "主任", "来函", granted={"to": "2020-12-04"}
    )
    deciding.decide(granted, at(11, 2), confirm=True)
    earlier = apply(changed(reports=clocked("06-20", "11-27")), at(11, 3))
    after = standings_of(CAMPAIGN)
    assert office_date(after[f"{FIRST_ROUND}/1/swj"].due_at) == date(2020, 11, 20)
    assert office_date(after[f"{FIRST_ROUND}/1/wlj"].due_at) == date(2020, 12, 4)  # what was granted stays
    assert {x.what for x in earlier.rounds} == {"调整"} and earlier.void
    with one.ledger() as ledger:
        closes = {x.id: x.closes_on for x in ledger.rounds(CAMPAIGN)}[FIRST_ROUND]
    assert closes > date(2020, 12, 4)
    tick.daily(at(11, 17))
    with one.ledger() as ledger:
        assert f"{FIRST_ROUND}/1/swj:before3:liaison:v2" in ledger.notices(CAMPAIGN)
    later = apply(changed(reports=clocked("06-20", "12-24")), at(11, 18))
    after = standings_of(CAMPAIGN)
    assert office_date(after[f"{FIRST_ROUND}/1/wlj"].due_at) == date(2020, 12, 17)  # later than what was granted
    assert later.closings
    tick.daily(at(11, 23))
    with one.ledger() as ledger:
        assert not [key for key in ledger.notices(CAMPAIGN) if ":after1:" in key]
    with pytest.raises(Refused, match="截止日期改为2020年11月13日（周五），这一天已经过去"):
        compare(CAMPAIGN, changed(reports=clocked("06-20", "11-20")), at(11, 23))


def test_an_indicator_less_keeps_its_figures_and_one_that_means_something_else_is_refused(one: Office) -> None:
    answer(one, "swj", [("配合任务", 1)], at(11, 20))
    found = apply(changed(forms=indicators(without="recovered")), at(11, 21))
    assert "删去报表“联合执法情况统计表”的指标“挽回经济损失”" in found.differences
    with one.ledger() as ledger:
        assert "recovered" in {fact.indicator for fact in ledger.figures(CAMPAIGN, "own")}
    form = small_definition().forms[0]
    tons = tuple(x.model_copy(update={"unit": "吨"}) if x.id == "penalty" else x for x in form.indicators)
    swapped = {"cases_filed": "结案", "cases_closed": "立案"}
    tons = tuple(x.model_copy(update={"label": swapped[x.id]}) if x.id in swapped else x for x in tons)
    titles = [x.title for x in small_definition().duties]
    other = organ("gaj", "市消防救援支队")
    directory = small_directory()
    organs = tuple(other if x.id == "gaj" else x for x in directory.organs)
    plan = changed(
        directory.model_copy(update={"organs": organs}),
        forms=(form.model_copy(update={"indicators": tons}),),
        duties=duties(d1={"title": titles[1]}, d2={"title": titles[0]}, d3={"cooperating": ("市市场监管局",)}),
    )
    with pytest.raises(Refused) as refused:
        amend(plan, Order(), at(11, 23), confirm=True)
    assert refused.value.reasons == (
        "没有写明经办人（--by）",
        "没有写明批准人（--authority）",
        "没有写明依据（--basis）",
        "单位代码“gaj”原是市公安局，新文件里成了市消防救援支队；一个代码只指一个单位（改名的，把原名写进别名）",
        "任务1已有报送，原是“全面提高标准化水平”，新文件里成了“打造高品质消费商圈”（原任务2）；不同的任务请另用序号",
        "指标“cases_filed”已有报送，原是“立案（件）”，新文件里成了“结案”，那是另一个指标；请保持各指标的代码不变",
        "指标“cases_closed”已有报送，原是“结案（件）”，新文件里成了“立案”，那是另一个指标；请保持各指标的代码不变",
        "指标“penalty”已有报送，原是“罚没款（万元）”，新文件里单位、类型或小数位数不同（吨）；含义不同的指标请另用代码",
    )


def test_a_report_that_goes_ends_with_what_came_and_one_that_comes_opens(one: Office) -> None:
    answer(one, "swj", [("配合任务", 1)], at(11, 20))
    small = small_definition().reports[0]
    news = small.model_copy(update={"id": "news", "title": "工作信息", "clock": Clock(yearly=("12-18",))})
    found = apply(changed(reports=(news,)), at(11, 23))
    assert {(x.round, x.what) for x in found.rounds if x.what != "新增"} >= {(FIRST_ROUND, "终止"), (SECOND_ROUND, "取消")}
    assert found.notes == ("2020年下半年已经开启，就此终止，按已收到的1份汇总",)
    standings = standings_of(CAMPAIGN)
    assert (
        standings[f"{FIRST_ROUND}/1/swj"].version == 1 and state(standings[f"{FIRST_ROUND}/1/swj"], at(11, 24)) is State.RECEIVED
    )
    assert state(standings[f"{FIRST_ROUND}/1/wlj"], at(12, 24)) is State.NOT_APPLICABLE
    assert f"{SECOND_ROUND}/1/swj" not in standings
    with one.ledger() as ledger:
        assert "按时1项" in ledger.rollups(FIRST_ROUND)[-1].coverage
    tick.daily(at(11, 30))
    answer(one, "swj", [("配合任务", 1)], at(12, 1), round_id="test-2020/news-2020-1")
    assert standings_of(CAMPAIGN)["test-2020/news-2020-1/1/swj"].version == 1
    drawn = picture(CAMPAIGN, at(12, 2))
    assert [(x.id, x.closed) for x in drawn.rounds] == [("test-2020/news-2020-1", False), (FIRST_ROUND, True)]


def test_contacts_put_in_by_decision_survive_and_a_renamed_department_is_told(one: Office) -> None:
    person = {"capacity": "liaison", "name": "李乙", "email": "li@example.gov.cn", "phone": ""}
    deciding.decide(
        deciding.Order(Kind.SUBSTITUTE, Selection(("swj",)), "张甲", "主任", "来函", granted=person), at(11, 2), confirm=True
    )
    directory = small_directory()
    renamed = {"name": "市文化广电和旅游局", "aliases": (Alias(name="市文旅局"),)}
    newcomer = Contact(name="王丙", email="wang@example.gov.cn")
    organs = tuple(
        x.model_copy(update=renamed) if x.id == "wlj" else x.model_copy(update={"liaison": newcomer}) if x.id == "fgw" else x
        for x in directory.organs
    )
    found = apply(changed(directory.model_copy(update={"organs": organs})), at(11, 3))
    people = {x.id: x.liaison.email for x in plan_of(CAMPAIGN).directory.organs if x.liaison}
    assert people["swj"] == "li@example.gov.cn" and people["fgw"] == "wang@example.gov.cn"
    assert "单位“市文化广电和旅游局”：名称由“市文旅局”改为“市文化广电和旅游局”，别名有改动" in found.differences
    assert (FIRST_ROUND, "wlj") in found.void and {"wlj", "fgw"} <= {x.department for x in found.told}
    again = apply(changed(directory.model_copy(update={"organs": organs}), ladder=()), at(11, 4))
    assert {x.id: x.liaison.email for x in plan_of(CAMPAIGN).directory.organs if x.liaison} == people
    assert again.told == () and again.untouched and "删去催报“到期前3个工作日”" in again.differences


def test_the_end_moves_and_the_ladder_is_another(one: Office) -> None:
    campaign = small_definition().campaign
    rung = Rung(id="before5", title="到期前5个工作日", working_days=-5, to=("liaison",))
    shorter = apply(changed(campaign=campaign.model_copy(update={"ends": date(2021, 3, 31)}), ladder=(rung,)), at(11, 2))
    assert [x.what for x in shorter.rounds] == ["取消", "取消"] and len(shorter.dropped) == 2 * 10 and shorter.told == ()
    assert "新增催报“到期前5个工作日”" in shorter.differences
    tick.daily(at(11, 19))
    with one.ledger() as ledger:
        assert [key for key in ledger.notices(CAMPAIGN) if ":before5:" in key]
        assert [x.id for x in ledger.rounds(CAMPAIGN)] == [FIRST_ROUND]
    longer = apply(changed(campaign=campaign.model_copy(update={"ends": date(2022, 12, 31)})), at(11, 20))
    assert [x.what for x in longer.rounds] == ["新增"] * 4 and longer.ended == 0


def test_what_is_over_or_was_never_launched_is_not_amended(office: Office) -> None:
    with pytest.raises(UnknownItem, match="请先用 liandong launch 下发"):
        compare(CAMPAIGN, small_plan(), at(11, 2))
    launch(small_plan(), datetime(2020, 10, 20, 1, tzinfo=UTC))
    cancel(CAMPAIGN, "另行通知", at(11, 2))
    with pytest.raises(Conflict, match="已经撤销，不能再调整"):
        amend(changed(rules=()), SIGNED, at(11, 3), confirm=True)


def test_what_ended_under_another_plan_does_not_stand_in_the_way_of_later_rounds(one: Office) -> None:
    answer(one, "swj", [("牵头任务", 2), ("配合任务", 1)], at(11, 20))
    deciding.decide(deciding.Order(Kind.CLOSE, Selection((FIRST_ROUND,)), "张甲", "主任", "批示"), at(11, 23), confirm=True)
    found = apply(changed(duties=duties(d2=None), forms=indicators(without="recovered")), at(11, 24))
    assert found.retired == () and {x.duty for x in found.dropped} == {2} and found.ended == 1
    for moment in (at(5, 11, year=2021), at(6, 15, year=2021), at(6, 28, year=2021)):
        tick.tick(moment)
        if moment == at(5, 11, year=2021):
            less = {head: value for head, value in OWN.items() if not head.startswith("挽回")}
            form = newest_form(one, "swj", SECOND_ROUND)
            filled = edited(form, lambda book, less=less: fill_in(book, "配合任务", 1, less))
            drop(one, "swj.xlsx", filled, at(5, 12, year=2021))
    for round_id in (FIRST_ROUND, SECOND_ROUND):
        assert publish(CAMPAIGN, round_id, at(6, 29, year=2021)).version >= 1
    assert run(["status", CAMPAIGN, "--as-of", "2021-06-29T10:00"]) == 0
    assert run(["show", f"{FIRST_ROUND}/2/swj", "--as-of", "2021-06-29T10:00"]) == 0
    assert "打造高品质消费商圈" in (one.home / "台账.html").read_text("utf-8")
    assert verify().faults == ()


def test_what_is_cumulative_holds_the_rounds_before_under_every_later_plan(one: Office) -> None:
    answer(one, "swj", [("配合任务", 1)], at(11, 20))
    for moment in (at(12, 4), at(12, 11)):
        tick.tick(moment)
    quarterly = clocked_by(Clock(quarterly="end"))
    apply(changed(reports=quarterly), at(12, 14))
    tick.tick(at(12, 16))
    quarter = "test-2020/summary-2020-q4"
    answer(one, "swj", [("配合任务", 1)], at(12, 17), quarter)
    for moment in (at(1, 8, year=2021), at(1, 12, year=2021)):
        tick.tick(moment)
    first = publish(CAMPAIGN, quarter, at(1, 12, year=2021))
    apply(changed(reports=quarterly, ladder=()), at(1, 13, year=2021))
    found, _ = trace(quarter, (), None, "", at(1, 14, year=2021))
    assert found.cumulative.overall["officers"] == 2 * found.overall["officers"]
    assert list(found.labels.values()) == ["2020年下半年", "2020年第四季度"]
    assert publish(CAMPAIGN, quarter, at(1, 14, year=2021)).version == first.version  # nothing of it has changed


def test_what_was_reported_before_its_department_was_taken_out_is_named_wherever_it_counts(one: Office) -> None:
    for unit in ("wlj", "swj"):
        answer(one, unit, [("配合任务", 1)], at(11, 20))
    answer(one, "swj", [("牵头任务", 2)], at(11, 21))
    for moment in (at(12, 4), at(12, 11)):
        tick.tick(moment)
    small = small_directory()
    without = small.model_copy(update={"organs": tuple(organ for organ in small.organs if organ.id != "wlj")})
    others = duties(d1={"cooperating": ("市商务局", "各县(区)人民政府")}, d2=None)
    apply(changed(without, duties=others), at(12, 14))
    tick.tick(at(5, 11, year=2021))
    answer(one, "swj", [("配合任务", 1)], at(5, 12, year=2021), SECOND_ROUND)
    found, figures = trace(SECOND_ROUND, ["officers"], None, "", at(5, 13, year=2021))
    (officers,) = figures
    assert officers.cumulative == found.cumulative.overall["officers"] == 160
    assert {place.name for place in found.places} >= {"市文旅局"}
    _, (of_the_gone,) = trace(SECOND_ROUND, ["officers"], 2, "", at(5, 13, year=2021))
    assert of_the_gone.cumulative == 40
    book = load_workbook(BytesIO(write_rollup(found)))
    assert "市文旅局" in {row[2] for row in book["以前各期来源"].iter_rows(min_row=5, values_only=True)}
    for name, key, at_column in (("累计(按单位)", "市文旅局", 2), ("累计(按任务)", "打造高品质消费商圈", 3)):
        *rows, total = book[name].iter_rows(min_row=5, values_only=True)
        assert key in {row[1] for row in rows} and str(total[at_column]).startswith("=SUM(")  # as what stands above adds up
        assert sum(row[at_column] or 0 for row in rows) == 160


def test_an_indicator_taken_out_goes_by_its_name_among_what_has_changed(one: Office) -> None:
    answer(one, "swj", [("配合任务", 1)], at(11, 20))
    publish(CAMPAIGN, FIRST_ROUND, at(11, 21))
    apply(changed(forms=indicators(without="case_value")), at(11, 24))
    second = publish(CAMPAIGN, FIRST_ROUND, at(11, 25))
    sheet = load_workbook(BytesIO(one.bytes_of(second.sha256)))["变动说明"]
    assert {row[2] for row in sheet.iter_rows(min_row=5, values_only=True)} == {"案值（万元）"}


def test_a_report_that_comes_later_has_no_rounds_from_before_it_came(one: Office) -> None:
    report = small_definition().reports[0]
    news = report.model_copy(update={"id": "news", "title": "工作信息", "clock": Clock(monthly=("end",))})
    apply(changed(reports=(report, news)), at(3, 15, year=2021))
    first = "test-2020/news-2021-03"
    assert next(x.id for x in plan_of(CAMPAIGN).rounds if x.report == "news") == first
    found, _ = trace(first, (), None, "", at(3, 17, year=2021))
    assert (found.since, list(found.labels.values())) == ("2021年3月1日", ["工作信息2021年3月"])


@pytest.mark.parametrize("what", ["duty", "department", "indicator"])
def test_a_round_reopened_after_an_amendment_is_asked_and_bundled_as_it_was(one: Office, what: str) -> None:
    answer(one, "scjg", [("配合任务", 2)], at(11, 20))
    answer(one, "wlj", [("配合任务", 1)], at(11, 20))
    tick.daily(at(12, 11))  # the round is over
    small = small_directory()
    without = small.model_copy(update={"organs": tuple(organ for organ in small.organs if organ.id != "wlj")})
    plan = {
        "duty": changed(duties=duties(d2=None)),
        "department": changed(without, duties=duties(d1={"cooperating": ("市商务局", "各县(区)人民政府")})),
        "indicator": changed(forms=indicators(Indicator(id="live", label="直播间", unit="个"), without="recovered")),
    }[what]
    amend(plan, SIGNED, at(12, 14), confirm=True)
    again = (f"{FIRST_ROUND}/1/scjg", f"{FIRST_ROUND}/1/swj", f"{FIRST_ROUND}/2/scjg", f"{FIRST_ROUND}/2/swj")
    until = {"to": "2020-12-22"}
    reopened = deciding.Order(Kind.REOPEN, Selection(again), "张甲", "联席办主任", "来函", granted=until)
    deciding.decide(reopened, at(12, 15), confirm=True)
    answer(one, "swj", [("配合任务", 1)], at(12, 16))
    answer(one, "scjg", [("配合任务", 2)], at(12, 16))
    tick.daily(at(12, 17))
    assert "任务2　打造高品质消费商圈" in mails(one, f"{FIRST_ROUND}:bundle:swj:2020-12-16T14:30")
    told = mails(one, f"{FIRST_ROUND}:bundle:scjg:2020-12-16T14:30")
    assert "市文旅局　2020年11月20日" in told and "挽回经济损失（万元）" in told and "直播间" not in told
    sheet = load_workbook(BytesIO(newest_form(one, "scjg")))["配合任务"]
    heads = {cell.value for row in sheet.iter_rows() for cell in row}
    assert "挽回经济损失（万元）" in heads and "直播间（个）" not in heads
    for moment in (at(12, 22), at(12, 23)):
        tick.daily(moment)
    with one.ledger() as ledger:
        assert ledger.rounds(CAMPAIGN)[0].closed_at and len(ledger.rollups(FIRST_ROUND)) == 2


def test_who_owes_in_a_reopened_round_is_reminded_whatever_an_amendment_took_out(office: Office) -> None:
    ladder = (*small_definition().ladder, Rung(id="after15", title="逾期15个工作日", working_days=15, to=("liaison", "lead")))
    launch(changed(ladder=ladder), datetime(2020, 10, 20, 1, tzinfo=UTC))
    for moment in (at(10, 23), at(12, 4), at(12, 11)):
        tick.daily(moment)
    small = small_directory()
    without = small.model_copy(update={"organs": tuple(organ for organ in small.organs if organ.id != "wlj")})
    fewer = duties(d1={"cooperating": ("市商务局", "各县(区)人民政府")}, d2=None)
    amend(changed(without, duties=fewer, ladder=ladder), SIGNED, at(12, 14), confirm=True)
    again = Selection((f"{FIRST_ROUND}/1/wlj", f"{FIRST_ROUND}/2/scjg", f"{FIRST_ROUND}/2/swj"))
    for kind, items, until in ((Kind.REOPEN, again, "2020-12-25"), (Kind.EXTEND, Selection(again.items[2:]), "2020-12-21")):
        order = deciding.Order(kind, items, "张甲", "联席办主任", "来函", granted={"to": until})
        deciding.decide(order, at(12, 15), confirm=True)
    doors.ask(scope(office, "wlj"), "2020-12-24", "停电", at(12, 16))
    assert "停电" in doors.upload_view(scope(office, "wlj"), at(12, 16)).requests[0]
    tick.daily(at(12, 17))
    with office.ledger() as ledger:
        (asked,) = ledger.requests(CAMPAIGN)
        assert (asked.asked_by, asked.scope) == ("市文旅局", (f"{FIRST_ROUND}/1/wlj",))
        made = ledger.notices(CAMPAIGN)
    assert {f"{FIRST_ROUND}/1/wlj:after15:liaison:v1", f"{FIRST_ROUND}/2/scjg:after15:lead-swj:v1"} <= made.keys()
    asked = put_from_page(office, FIRST_ROUND, "wlj", "2020-12-30", "材料不齐", at(12, 17))
    assert asked.scope == (f"{FIRST_ROUND}/1/wlj",)
    assert run(["link", "市文旅局", FIRST_ROUND, "--as-of", "2020-12-17T10:00"]) == 0


def test_a_department_taken_out_goes_by_its_name_among_what_has_changed(one: Office) -> None:
    answer(one, "wlj", [("配合任务", 1)], at(11, 20))
    publish(CAMPAIGN, FIRST_ROUND, at(11, 21))
    small = small_directory()
    without = small.model_copy(update={"organs": tuple(organ for organ in small.organs if organ.id != "wlj")})
    apply(changed(without, duties=duties(d1={"cooperating": ("市商务局", "各县(区)人民政府")})), at(11, 24))
    second = publish(CAMPAIGN, FIRST_ROUND, at(11, 25))
    sheet = load_workbook(BytesIO(one.bytes_of(second.sha256)))["变动说明"]
    told = {row[1] for row in sheet.iter_rows(min_row=5, values_only=True)}
    assert told == {"总计", "任务1合计", "市文旅局", "任务1·市文旅局"}


def test_a_date_that_a_holiday_notice_would_move_was_granted_to_nobody(one: Office) -> None:
    (one.home / "calendar").mkdir(exist_ok=True)
    (one.home / "calendar" / "2020.yaml").write_text("rest: {2020-12-01: 元旦}\n", "utf-8")  # now it is another day
    directory = small_directory()
    days = open_office().workdays(small_definition())
    laid = expand(small_definition().model_copy(update={"reports": clocked("06-20", "11-30")}), directory, days, OfficeHours())
    amend(laid, SIGNED, at(11, 2), confirm=True)

    after = standings_of(CAMPAIGN)
    assert {office_date(after[x.id].due_at) for x in laid.expected_in(FIRST_ROUND)} == {date(2020, 11, 23), date(2020, 11, 30)}


def test_a_report_that_comes_and_goes_before_anybody_reported_ends_with_nothing(one: Office) -> None:
    small = small_definition().reports
    news = small[0].model_copy(update={"id": "news", "title": "工作信息", "clock": Clock(yearly=("12-18",))})
    apply(changed(reports=(*small, news)), at(11, 12))
    gone = apply(changed(reports=small), at(11, 20))
    assert "已经开启，就此终止，按已收到的0份汇总" in gone.notes[0]
    with one.ledger() as ledger:
        assert ledger.rollups("test-2020/news-2020-1")


def test_graph_conflicts_and_plan_name_who_was_taken_out_after_a_round(
    one: Office, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    tick.daily(at(12, 11))  # the round is over
    small = small_directory()
    without = small.model_copy(update={"organs": tuple(organ for organ in small.organs if organ.id != "wlj")})
    fewer = duties(d1={"cooperating": ("市商务局", "各县(区)人民政府")})
    amend(changed(without, duties=fewer), SIGNED, at(12, 14), confirm=True)
    drawn = ["graph", CAMPAIGN, "--svg", str(tmp_path / "关系.svg")]
    for words, named in (
        (drawn, True),
        (["conflicts", "--most", "0"], True),
        (["show", "市文旅局"], True),
        (["plan", CAMPAIGN], False),
    ):
        capsys.readouterr()
        assert run(words) == 0
        assert ("市文旅局" in capsys.readouterr().out) is named
