"""What the window shows of a campaign: bars, tables and Mermaid text, gathered when there are too many reports to read."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import networkx as nx

from campaigns.plan import Plan, expand
from campaigns.states import Standing
from campaigns.window import MOST_BARS, Picture, done, matrix, mermaid, overdue, picture, progress
from campaigns.workdays import OfficeHours
from tests.builders import FIRST_ROUND, WORKDAYS, organ, small_definition, small_directory, small_plan

OPEN, PASSED = datetime(2020, 11, 20, 2, tzinfo=UTC), datetime(2020, 12, 4, 2, tzinfo=UTC)


def pictured(plan: Plan, as_of: datetime, *, received: tuple[str, ...] = ()) -> Picture:
    standings = {one.id: Standing(one.due_at) for one in plan.expected}
    for one in received:
        standings[one] = replace(standings[one], received_at=OPEN - timedelta(hours=1), version=1)
    return picture(plan, "v1", standings, {FIRST_ROUND: False}, as_of)


def large_plan() -> Plan:
    """Return the small campaign with nine hundred counties cooperating in each duty."""
    directory, definition = small_directory(), small_definition()
    counties = tuple(organ(f"c{number}", f"第{number}县", "县") for number in range(900))
    group = directory.groups[0].model_copy(update={"members": tuple(one.id for one in counties)})
    named = directory.model_copy(update={"organs": (*directory.organs, *counties), "groups": (group,)})
    duties = tuple(one.model_copy(update={"cooperating": ("各县(区)人民政府",)}) for one in definition.duties)
    return expand(definition.model_copy(update={"duties": duties}), named, WORKDAYS, OfficeHours())


def test_more_reports_than_a_page_can_show_are_gathered_by_duty_and_role() -> None:
    plan = large_plan()
    done_by = tuple(one.id for one in plan.expected_in(FIRST_ROUND) if one.duty == 2)[:400]
    (a_round,) = pictured(plan, PASSED, received=done_by).rounds
    assert len(a_round.reports) > MOST_BARS and a_round.drawn == a_round.bars
    shown = {bar.label: bar.shown for bar in a_round.bars}
    assert len(shown) == 3 * 2 + 1
    assert shown["任务1·配合单位900个"] == "逾期未报　已报0/900，逾期900"
    assert any(state.startswith("逾期未报　已报") and "/900，逾期" in state for state in shown.values())
    waits: nx.DiGraph[str] = nx.DiGraph((before, bar.key) for bar in a_round.bars for before in bar.parents)
    assert nx.is_directed_acyclic_graph(waits)
    assert {bar.key for bar in a_round.bars} == set(waits)
    assert progress(pictured(plan, PASSED))[0]["应报"] == len(a_round.reports)
    rows = matrix(a_round)
    assert sum(int(count) for row in rows for name, count in row.items() if name != "任务") == len(a_round.reports)


def test_a_round_opens_into_duties_and_a_duty_into_its_reports() -> None:
    plan = small_plan()
    (a_round,) = pictured(plan, OPEN, received=(f"{FIRST_ROUND}/3/gaj",)).rounds
    *duties, rollup = a_round.drawn
    assert [(one.label, one.shown) for one in duties] == [
        ("任务1·全面提高标准化水平", "办理中　已报0/5"),
        ("任务2·打造高品质消费商圈", "办理中　已报0/2"),
        ("任务3·活跃夜间商业和市场", "办理中　已报1/3"),
    ]
    assert "市市场监管局" in duties[0].tags  # who leads it
    assert sorted(one.key for duty in duties for one in duty.inside) == sorted(one.key for one in a_round.reports)
    assert duties[2].parents == (duties[0].key,)  # the third needs the first
    assert set(rollup.parents) == {one.key for one in duties}
    for duty in duties:
        assert {before for one in duty.inside for before in one.parents} <= {one.key for one in duty.inside}


def test_what_is_waived_is_not_owed() -> None:
    plan = small_plan()
    standings = {one.id: Standing(one.due_at, waived=one.duty == 2) for one in plan.expected}
    (a_round,) = picture(plan, "v1", standings, {FIRST_ROUND: False}, OPEN).rounds
    assert [one.shown for one in a_round.drawn if one.duty == 2] == ["免报"]


def test_the_matrix_says_of_every_duty_where_each_department_stands() -> None:
    plan = small_plan()
    (a_round,) = pictured(plan, OPEN, received=(f"{FIRST_ROUND}/3/gaj",)).rounds
    rows = {row["任务"]: row for row in matrix(a_round)}
    assert rows["任务3"]["市公安局"] == "已报送（配合）"
    assert rows["任务1"]["市公安局"] == ""
    assert rows["任务3"]["市发展改革委"] == "待前置（牵头）"
    assert len([one for row in rows.values() for one in row.values() if "（" in str(one)]) == len(a_round.reports)


def test_what_is_overdue_is_listed_with_its_date_and_how_far_the_campaign_is_as_a_percentage() -> None:
    plan = small_plan()
    assert overdue(pictured(plan, OPEN)) == []
    late = overdue(pictured(plan, PASSED))
    assert len(late) == len(plan.expected_in(FIRST_ROUND))
    assert [one["应报时间"] for one in late] == sorted(one["应报时间"] for one in late)
    assert late[0]["状态"] == "逾期未报" and late[0]["报送期"] == "2020年下半年"
    first = tuple(one.id for one in plan.expected_in(FIRST_ROUND))
    assert done(pictured(plan, OPEN)) == 0
    assert done(pictured(plan, OPEN, received=first)) == 100
    assert 0 < done(pictured(plan, OPEN, received=first[:1])) < 100
    whole, none = pictured(plan, OPEN, received=first), pictured(plan, OPEN)
    came, owed = whole.rounds[0].reports[0], none.rounds[0].reports[0]
    nearly = replace(whole.rounds[0], reports=(*[came] * 1999, owed))
    assert done(replace(whole, rounds=(nearly,))) == 99.9  # only the whole is a hundred


def test_the_mermaid_text_has_a_node_for_each_bar_and_an_arrow_for_each_edge() -> None:
    (a_round,) = pictured(small_plan(), OPEN).rounds
    lines = mermaid(a_round).splitlines()
    assert lines[0] == "flowchart LR"
    assert sum(":::" in line for line in lines) == len(a_round.bars)
    assert sum("-->" in line for line in lines) == sum(len(bar.parents) for bar in a_round.bars)
    assert all(f'"{bar.label}<br/>{bar.shown}"' in "\n".join(lines) for bar in a_round.bars)
