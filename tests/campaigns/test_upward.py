"""What goes into a superior's form, and what keeps it from being sent."""

from collections.abc import Mapping
from dataclasses import replace
from decimal import Decimal

import pytest

from campaigns.definition import Indicator, Role, Upward
from campaigns.forms import Form, design
from campaigns.plan import Plan, expand
from campaigns.records import SentUp
from campaigns.rollup import Fact, RollUp, roll_up
from campaigns.states import Standing
from campaigns.upward import fill, unsent
from campaigns.workdays import OfficeHours
from tests.builders import FIRST_ROUND, WORKDAYS, small_definition, small_directory, small_plan
from tests.flows.test_tick import LAUNCHED, at
from tests.two_offices import PROVINCE_ROUND, UPWARD, province_plan


def form(plan: Plan | None = None) -> Form:
    given = {"serial": "S-1", "version": 1, "previous": {}, "coop": {}, "coop_notes": {}}
    return design(plan or province_plan(), PROVINCE_ROUND, "ceshi", **given)  # type: ignore[arg-type]


def rolled(**figures: str) -> RollUp:
    """Return a roll-up in which duty 1 has these figures, and the other duties one case each."""
    one = {"cases_filed": "1", "cases_closed": "1", "penalty": "0.5"}
    return reported(small_plan(), {1: figures, 2: one, 3: one})


def reported(plan: Plan, said: Mapping[int, Mapping[str, str]]) -> RollUp:
    """Return the roll-up of what the leads of these duties reported, by code."""
    standings = {one.id: Standing(one.due_at) for one in plan.expected_in(FIRST_ROUND)}
    leads = [one for one in plan.expected_in(FIRST_ROUND) if one.role is Role.LEAD]
    facts = [
        Fact(one.id, one.duty, one.department, one.role, code, Decimal(value), "表", "C5", "s", "e", "f")
        for one in leads
        for code, value in said.get(one.duty, {}).items()
    ]
    found = roll_up(plan, FIRST_ROUND, facts, standings, at(12, 2))
    assert len(found.facts) == sum(map(len, said.values()))
    return found


def test_codes_and_duties_are_mapped_and_money_is_converted() -> None:
    found = fill(form(), UPWARD, rolled(cases_filed="5", cases_closed="4", penalty="1.23456"))
    assert not found.problems and not found.left
    told = {(one.duty, one.label): (f"{one.value}", one.ours) for one in found.lines}
    assert told[1, "查处案件"] == ("6", (1, 3))  # duties 1 and 3 are one duty above
    assert told[1, "罚没款"] == ("17346", (1, 3))  # 1.23456万元 and 0.5万元 are 17345.6元
    assert told[2, "罚没款"] == ("5000", (2,))
    assert any("四舍五入" in one.note and "17345.6" not in one.note for one in found.lines)


def test_what_nobody_reported_is_never_sent_as_zero() -> None:
    found = fill(form(), UPWARD.model_copy(update={"duties": {1: (1,)}}), rolled(cases_filed="5", cases_closed="4"))
    assert found.problems == ("任务1　查处案件的“罚没款”：没有单位报送过这个数，空白不是零，不能上报",)
    assert found.left == ("任务2　打造商圈",)


@pytest.mark.parametrize(
    ("mapping", "problem"),
    [
        ({"codes": {"cases": "cases_filed"}}, "上级报表要“办结案件”（closed），本办公室没有这个指标"),
        ({"codes": {**UPWARD.codes, "penalty": "officers"}}, "上级的单位是“元”，本办公室是“人次”，不能换算"),
        ({"codes": {**UPWARD.codes, "nothing": "officers"}}, "上级报表里没有指标“nothing”"),
        ({"duties": {9: (1,)}}, "各项任务都没有可以上报的数"),
    ],
)
def test_every_reason_is_told(mapping: dict[str, object], problem: str) -> None:
    found = fill(form(), UPWARD.model_copy(update=mapping), rolled(cases_filed="5", cases_closed="4", penalty="1", officers="8"))
    assert any(problem in one for one in found.problems)


def test_a_ratio_of_several_duties_is_that_of_their_totals_though_one_alone_has_none() -> None:
    small = small_definition()
    rate = Indicator(id="rate", label="结案率", unit="%", decimals=1, ratio_of=("cases_closed", "cases_filed"))
    ours = small.forms[0].model_copy(update={"indicators": (*small.forms[0].indicators, rate)})
    plan = expand(small.model_copy(update={"forms": (ours,)}), small_directory(), WORKDAYS, OfficeHours())
    rolled_up = reported(plan, {1: {"cases_closed": "8", "cases_filed": "10"}, 2: {"cases_closed": "2", "cases_filed": "0"}})
    theirs = province_plan().definition
    asked = theirs.forms[0].model_copy(update={"indicators": (Indicator(id="rate", label="结案率", unit="%", decimals=1),)})
    above = expand(theirs.model_copy(update={"forms": (asked,), "rules": ()}), province_plan().directory, WORKDAYS, OfficeHours())
    found = fill(form(above), Upward(to="省", duties={1: (1, 2), 2: (1,)}), rolled_up)
    assert [(one.duty, one.value) for one in found.lines] == [(1, Decimal("100.0")), (2, Decimal("80.0"))]
    without = fill(form(above), Upward(to="省", duties={1: (2,)}), rolled_up)
    assert without.problems == ("任务1　查处案件的“结案率”：没有单位报送过这个数，空白不是零，不能上报",)


def test_without_a_mapping_of_duties_the_numbers_are_the_same() -> None:
    found = fill(form(), Upward(to="省", codes=UPWARD.codes), rolled(cases_filed="5", cases_closed="4", penalty="1"))
    assert {one.duty: one.ours for one in found.lines} == {1: (1,), 2: (2,)}


def test_the_office_hears_what_the_superior_has_not_taken() -> None:
    sent = SentUp(FIRST_ROUND, "k", 1, "a.xlsx", "0", LAUNCHED)
    assert unsent(1, []) == "已汇总，还没有上报"
    assert unsent(1, [sent]) == "没有发到上级"
    assert unsent(1, [replace(sent, receipt="R-1")]) == "已发给上级，还没有回执"
    assert unsent(1, [replace(sent, receipt="R-1", outcome="returned")]).startswith("被上级退回修改")
    assert unsent(2, [replace(sent, receipt="R-1", outcome="accepted")]).startswith("汇总表第2版还没有上报")
    assert unsent(1, [replace(sent, receipt="R-1", outcome="accepted")]) == ""
