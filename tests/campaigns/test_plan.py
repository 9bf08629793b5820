"""A plan from a definition: what is laid out, and what is said about it."""

from collections.abc import Callable
from datetime import UTC, date, datetime
from typing import Any

import pytest

from campaigns.clocks import Clock
from campaigns.definition import USUAL_LADDER, Definition, Hop, Part, Phase, Role, Rule
from campaigns.findings import Severity
from campaigns.graph import NEEDS, edges, find_cycles
from campaigns.organs import Directory, Group, Organ
from campaigns.plan import Plan, expand
from campaigns.workdays import OfficeHours
from tests.builders import FIRST_ROUND, SECOND_ROUND, WORKDAYS, small_definition, small_directory, small_plan


def changed(**sections: Any) -> Plan:
    """Return the plan of the small definition with some sections changed."""
    return expand(small_definition().model_copy(update=sections), small_directory(), WORKDAYS, OfficeHours())


def with_duty(index: int, **fields: Any) -> Plan:
    duties = list(small_definition().duties)
    duties[index] = duties[index].model_copy(update=fields)
    return changed(duties=tuple(duties))


def with_report(**fields: Any) -> Plan:
    return changed(reports=(small_definition().reports[0].model_copy(update=fields),))


def with_campaign(**fields: Any) -> Plan:
    return changed(campaign=small_definition().campaign.model_copy(update=fields))


def test_what_is_owed_follows_from_the_definition() -> None:
    plan = small_plan()
    owed = {one.id: one for one in plan.expected}

    assert [a_round.id for a_round in plan.rounds][:2] == [FIRST_ROUND, SECOND_ROUND]
    assert len(plan.assignments) == 5 + 2 + 3
    assert len(owed) == len(plan.expected) == 10 * len(plan.rounds)
    cooperating, lead = owed[f"{FIRST_ROUND}/1/dong"], owed[f"{FIRST_ROUND}/1/scjg"]
    assert (cooperating.receivers, cooperating.due_at) == (("scjg",), datetime(2020, 11, 26, 9, 30, tzinfo=UTC))
    assert (lead.receivers, lead.due_at) == (("office",), datetime(2020, 12, 3, 9, 30, tzinfo=UTC))


def test_expanding_again_changes_nothing() -> None:
    assert small_plan() == small_plan()


def test_rounds_cover_the_campaign_without_gap_or_overlap() -> None:
    first, second, third = small_plan().rounds

    assert first.covers_from == date(2020, 10, 20)
    assert second.covers_from == date(2020, 12, 4)
    assert third.covers_from == date(2021, 6, 21)


def test_a_member_of_a_group_that_leads_is_there_once_as_lead() -> None:
    plan = with_duty(0, lead=("东山县",))

    roles = {one.department: one.role for one in plan.assignments if one.duty == 1}
    assert roles["dong"] is Role.LEAD and roles["xi"] is Role.COOPERATING
    assert plan.usable and not [one for one in plan.problems if one.rule == "named-twice"]


def test_a_duty_that_needs_another_waits_for_its_lead() -> None:
    waits = [(edge.source, edge.target) for edge in edges(small_plan()) if edge.kind == NEEDS]

    assert (f"{FIRST_ROUND}/1/scjg", f"{FIRST_ROUND}/3/fgw") in waits
    assert len(waits) == len(small_plan().rounds)


def test_every_knot_of_duties_is_told_once() -> None:
    assert find_cycles({1: [2], 2: [1], 3: [3], 4: [1], 5: [99]}) == [[1, 2], [3]]


def hop(role: Role, to: Any = "office", days: int = 0) -> Hop:
    return Hop(role=role, to=to, parts=(Part.WORKBOOK,), working_days_before=days)


Case = tuple[Callable[[], Plan], str, Severity, tuple[str | int, ...], str]
CASES: tuple[Case, ...] = (
    (
        lambda: with_duty(0, lead=("市市监局",)),
        "unknown-organ",
        Severity.ERROR,
        ("duties", 0, "lead", 0),
        "任务1：通讯录里没有“市市监局”，您是否指：市市场监管局？",
    ),
    (
        lambda: with_duty(1, cooperating=("市公安局", "市商务局")),
        "named-twice",
        Severity.WARNING,
        ("duties", 1, "cooperating", 1),
        "任务2重复列出“市商务局”，按牵头计",
    ),
    (
        lambda: with_duty(1, number=1),
        "duplicate",
        Severity.ERROR,
        ("duties", 1, "number"),
        "任务序号 1 重复，前面第1条已经用过，请改成不同的",
    ),
    (
        lambda: with_duty(0, needs=(3,)),
        "cycle",
        Severity.ERROR,
        ("duties", 0, "needs"),
        "前置任务互相等待：任务1 → 任务3 → 任务1，请去掉其中一个前置关系",
    ),
    (
        lambda: with_report(hops=(hop(Role.COOPERATING, "lead", 5),)),
        "no-lead-hop",
        Severity.ERROR,
        ("reports", 0, "hops"),
        "“工作总结及统计表”没有写牵头单位报送办公室这一环节，请补上 role: lead、to: office",
    ),
    (
        lambda: with_report(hops=(hop(Role.LEAD),)),
        "no-cooperating-hop",
        Severity.WARNING,
        ("reports", 0, "hops"),
        "“工作总结及统计表”没有写配合单位的报送环节，配合单位将不用报送",
    ),
    (
        lambda: with_report(hops=(hop(Role.COOPERATING, "lead"), hop(Role.LEAD))),
        "no-time-left",
        Severity.WARNING,
        ("reports", 0, "hops"),
        "“工作总结及统计表”的配合单位不早于牵头单位报送，请把配合单位的日期提前",
    ),
    (
        lambda: with_report(opens_working_days_before=5),
        "opens-late",
        Severity.ERROR,
        ("reports", 0, "opens_working_days_before"),
        "“工作总结及统计表”在提前5个工作日下发，配合单位却要提前5个工作日报送，请把下发提前",
    ),
    (
        lambda: with_report(clock=Clock(yearly=("06-31",))),
        "no-such-date",
        Severity.ERROR,
        ("reports", 0, "clock", "yearly", 0),
        "“06-31”不是真实的日期，请核对月和日",
    ),
    (
        lambda: with_report(clock=Clock(yearly=("12-03", "12-03"))),
        "duplicate",
        Severity.ERROR,
        ("reports", 0, "clock", "yearly", 1),
        "报送日期 12-03 重复，前面第1条已经用过，请改成不同的",
    ),
    (
        lambda: with_report(form="table"),
        "unknown-form",
        Severity.ERROR,
        ("reports", 0, "form"),
        "报送事项“工作总结及统计表”所用报表“table”没有定义，可用的有：statistics",
    ),
    (
        lambda: with_campaign(starts=date(2020, 12, 1)),
        "no-time",
        Severity.WARNING,
        ("reports", 0, "clock", "yearly"),
        "2020年下半年的配合单位应在2020年11月26日（周四）前报送，可到2020年12月1日（周二）才下发",
    ),
    (
        lambda: with_campaign(ends=date(2202, 12, 31)),
        "too-long",
        Severity.ERROR,
        ("campaign", "ends"),
        "专项行动超过20年，结束日期大概写错了，请核对",
    ),
    (
        lambda: changed(phases=(Phase(id="first", title="第一阶段", starts="2020-09", ends="2020-12"),)),
        "outside",
        Severity.WARNING,
        ("phases", 0),
        "第一阶段（2020-09至2020-12）超出专项行动的起止日期，请核对",
    ),
    (
        lambda: changed(rules=(Rule(id="odd", form="statistics", text="试", check="closed <= cases_filed"),)),
        "unknown-indicator",
        Severity.ERROR,
        ("rules", 0, "check"),
        "关系式中的“closed”不是报表“statistics”的指标代码，可用的有："
        "officers、inspections、cases_filed、cases_closed、case_value、penalty、recovered、transferred",
    ),
    (
        lambda: with_campaign(starts=date(2021, 6, 1)),
        "rest-day",
        Severity.WARNING,
        ("reports", 0, "clock", "yearly"),
        "2021年上半年的截止日2021年6月20日（周日）不是工作日，当天催报改在2021年6月18日（周五）发出；日期本身不变",
    ),
    (
        lambda: with_campaign(ends=date(2022, 12, 31)),
        "provisional",
        Severity.WARNING,
        ("reports", 0, "clock", "yearly"),
        "2022年放假安排尚未公布，2022年上半年等2期的工作日推算为暂定",
    ),
    (
        lambda: with_campaign(starts=date(2019, 7, 1)),
        "provisional",
        Severity.WARNING,
        ("reports", 0, "clock", "yearly"),
        "没有2019年的放假安排数据，2019年下半年的工作日推算为暂定",
    ),
)


@pytest.mark.parametrize(("make", "rule", "severity", "path", "message"), CASES, ids=[case[1] for case in CASES])
def test_a_slip_is_told_where_it_is_and_how_to_mend_it(
    make: Callable[[], Plan], rule: str, severity: Severity, path: tuple[str | int, ...], message: str
) -> None:
    plan = make()

    assert (severity, path, message) in {(one.severity, one.path, one.message) for one in plan.problems if one.rule == rule}
    assert plan.usable == (severity is not Severity.ERROR)


def test_slips_of_the_directory_are_told_with_their_place_in_it() -> None:
    organs = (*small_directory().organs, Organ(id="swj", name="市商务局二", parent="nobody"), Organ(id="new", name="市公安局"))
    groups = (Group(id="counties", name="各县(区)人民政府", members=("dong", "xi", "dong", "nan")),)
    directory = Directory(id="other", title="甲", organs=organs, groups=groups)

    problems = expand(small_definition(), directory, WORKDAYS, OfficeHours()).problems

    assert {(one.rule, one.path) for one in problems if one.severity is Severity.ERROR} >= {
        ("directory-differs", ("directory",)),
        ("duplicate", ("directory", "organs", 7, "id")),
        ("unknown-organ", ("directory", "organs", 7, "parent")),
        ("ambiguous", ("directory", "organs", 8)),
        ("unknown-organ", ("directory", "groups", 0, "members", 3)),
    }
    assert ("named-twice", ("directory", "groups", 0, "members", 2)) in {(one.rule, one.path) for one in problems}


def test_what_is_assumed_is_counted() -> None:
    definition: Definition = small_definition()
    form = definition.forms[0].model_copy(update={"assumed": "常用八项"})

    told = [one for one in changed(forms=(form,)).problems if one.severity is Severity.ASSUMPTION]

    assert [one.path for one in told] == [("forms", 0, "assumed"), ("doubts", "assumed")]  # the usual bounds of questions too
    assert told[0].message == "拟定：常用八项"


def test_the_usual_ladder_is_told_in_one_line() -> None:
    told = [one for one in changed(ladder=USUAL_LADDER).problems if one.severity is Severity.ASSUMPTION]

    assert [one.path for one in told] == [("doubts", "assumed"), ("ladder",)]
    assert "到期前3个工作日、到期前1个工作日" in told[-1].message
