"""Targets: what indicators came to, exactly, with their pedigree; scoring: every point explained."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from campaigns.definition import ScoreRule, Scoring, Target
from campaigns.records import RoundRecord, SubmissionRecord
from campaigns.rollup import Fact
from campaigns.scores import Happened, happened, scores
from campaigns.scores import sheet as scores_sheet
from campaigns.states import Standing
from campaigns.target_checks import check
from campaigns.targets import Attainment, attained, quotas_of, sheet
from tests.builders import FIRST_ROUND, small_definition, small_directory, small_plan

ROUND = "c/r-1"


def target(**given_: Any) -> Target:
    usual = {
        "id": "t", "title": "网上登记率", "form": "f", "numerator": "num", "denominator": "den", "unit": "%",
        "at_least": 90, "kind": "binding",
    }  # fmt: skip
    return Target.model_validate({**usual, **given_})


def fact(department: str, indicator: str, value: int | Decimal, round_id: str = ROUND) -> Fact:
    return Fact(
        f"{round_id}/1/{department}", 1, department, "lead", indicator, Decimal(value), "牵头任务", "C9", "s", "R-1", "a.xlsx"
    )


def found(
    one: Target, totals: Mapping[str, Mapping[str, int]], year: int = 2025, quotas: Mapping[str, Decimal] | None = None
) -> dict[str, Attainment]:
    figures = {place: {code: Decimal(value) for code, value in mine.items()} for place, mine in totals.items()}
    facts = [fact(place, code, value) for place, mine in totals.items() if place for code, value in mine.items()]
    return {
        each.department: each for each in attained([one], ["f"], year, figures, figures, facts, ROUND, {one.id: quotas or {}})
    }


def test_a_share_is_that_of_the_totals_and_cites_its_figures() -> None:
    told = found(target(), {"": {"num": 189, "den": 200}, "a": {"num": 99, "den": 100}, "b": {"num": 90, "den": 100}})
    assert {code: (f"{one.value}", one.text) for code, one in told.items()} == {
        "": ("94.5", "已达到"),
        "a": ("99", "已达到"),
        "b": ("90", "已达到"),
    }
    assert len(told[""].facts) == 4 and {one.department for one in told["a"].facts} == {"a"}


def test_a_number_is_held_against_the_whole_each_department_or_its_quota() -> None:
    samples = {"denominator": None, "unit": "批次", "at_least": 300}
    totals = {"": {"num": 290}, "a": {"num": 200}, "b": {"num": 90}, "c": {"num": 0}}

    def told(quotas: Mapping[str, Decimal] | None = None, **more: Any) -> dict[str, tuple[str, str]]:
        return {
            code: (one.target.bound, one.text) for code, one in found(target(**samples, **more), totals, 2025, quotas).items()
        }

    assert told(of="whole") == {"": ("不低于300批次", "未达到")}
    assert set(told(of="each")) == {"a", "b", "c"}
    assert told({"a": Decimal(200), "b": Decimal(100)}) == {
        "": ("不低于300批次", "未达到"),
        "a": ("不低于200批次", "已达到"),
        "b": ("不低于100批次", "未达到"),
    }


def test_quotas_name_departments_and_come_to_the_whole() -> None:
    def problems(**said: Any) -> list[str]:
        one = target(form="statistics", numerator="cases_filed", denominator=None, unit="件", at_least=30, **said)
        whole = small_definition().model_copy(update={"targets": (one,)})
        return [each.message for each in check(whole, small_directory())]

    groups = small_definition().model_copy(update={"targets": (target(quotas={"西山县": 7, "各县(区)人民政府": 10}),)})
    assert quotas_of(groups, small_directory()) == {"t": {"dong": 10, "xi": 7}}
    assert problems(quotas={"市公安局": 10, "各县(区)人民政府": 10}) == []
    assert problems(quotas={"市公安局": 10}) == ["目标“网上登记率”分解到各单位的数合计10，与总数30不一致，请核对"]
    assert problems(quotas={"市公安局": 10}, of="each") == []
    assert problems(quotas={"市公案局": 30}) == ["目标“网上登记率”：通讯录里没有“市公案局”，您是否指：市公安局？"]
    assert problems(quotas={"市公安局": 30}, of="whole") == [
        "目标“网上登记率”只考核合计（of: whole），不能又分解到各单位（quotas），请删去一处"
    ]


def test_money_is_held_against_a_bound_in_its_own_unit() -> None:
    def problems(numerator: str, unit: str, denominator: str | None = None) -> list[str]:
        one = target(form="statistics", numerator=numerator, denominator=denominator, unit=unit)
        return [each.rule for each in check(small_definition().model_copy(update={"targets": (one,)}), small_directory())]

    assert problems("penalty", "万元") == problems("penalty + recovered", "万元") == []
    assert problems("penalty", "元") == problems("penalty", "亿元") == ["unit-mixed"]
    assert problems("penalty * 10000", "元") == []  # converted by whoever wrote it
    assert problems("penalty", "万元/件", "cases_closed") == problems("penalty", "%", "case_value") == []
    assert problems("penalty", "元/件", "cases_closed") == ["unit-mixed"]
    assert problems("cases_closed", "件/元", "penalty") == ["unit-mixed"]
    assert problems("cases_closed", "件") == problems("cases_closed", "宗") == []


def test_what_misses_its_bound_never_looks_as_if_it_met_it() -> None:
    near = found(target(at_least=100), {"": {"num": 99_999, "den": 100_000}})[""]
    assert (f"{near.value}", near.text, f"{near.gap}") == ("99.99", "未达到", "0.01")
    slow = found(target(at_least=None, at_most=1, unit="天"), {"": {"num": 10_001, "den": 10_000}})[""]
    assert (f"{slow.value}", slow.met) == ("1.01", False)


def test_before_its_year_it_is_on_its_way_and_without_figures_there_is_none() -> None:
    early = found(target(by=2025), {"": {"num": 1, "den": 2}}, 2023)[""]
    assert (early.met, early.text) == (None, "未到目标年（2025年）")
    assert found(target(by=2025), {"": {"num": 2, "den": 2}}, 2023)[""].met is True
    for nothing in ({}, {"num": 5}, {"num": 0, "den": 0}):
        one = found(target(), {"": nothing, "a": nothing})
        assert one.keys() == {""} and one[""].value is None and one[""].text == "没有数"  # never a zero


def test_growth_and_numbers_are_targets_too() -> None:
    growth = target(numerator="num - den", denominator="den", at_least=12)
    assert found(growth, {"": {"num": 112, "den": 100}})[""].met is True
    number = target(numerator="num", denominator=None, unit="家", at_least=4)
    assert found(number, {"": {"num": 3}})[""].text == "未达到"
    rows = sheet(found(number, {"": {"num": 3}}).values(), {}).rows
    assert rows == (("网上登记率", "约束性", "不低于4家", "合计", Decimal(3), None, "3家", "未达到", "1家", None),)


@given(st.lists(st.tuples(st.integers(0, 50), st.integers(1, 50)), min_size=1, max_size=8))
def test_the_whole_lies_between_its_departments(pairs: list[tuple[int, int]]) -> None:
    totals = {f"d{at}": {"num": num, "den": den} for at, (num, den) in enumerate(pairs)}
    whole = {"num": sum(num for num, _ in pairs), "den": sum(den for _, den in pairs)}
    told = found(target(), {"": whole, **totals})
    values = [one.value for code, one in told.items() if code and one.value is not None]
    assert told[""].value is not None and min(values) <= told[""].value <= max(values)


# -- scoring -------------------------------------------------------------------------------------------------------------

SCORING = Scoring(
    basis="示例市打假工作考核办法",
    starts_at=Decimal(60),
    rules=(
        ScoreRule(id="rate", title="上报得分", each="rate", points=Decimal(540)),
        ScoreRule(id="late", title="迟报", each="late", points=Decimal(-2)),
        ScoreRule(id="minor", title="一般错误", each="warned", points=Decimal(-1)),
        ScoreRule(id="major", title="重大错误", each="returned", points=Decimal(-5)),
        ScoreRule(id="missed", title="未达目标", each="missed", points=Decimal(-3)),
    ),
)


def test_every_point_says_which_report_which_rule_how_often_and_why() -> None:
    happened = [
        Happened(
            "c/1", "一季度", "a", 3, 3, late=("任务1：迟", "任务2：迟"), returned=("R-1：2处",), warned=("R-2：1处", "R-3：1处")
        ),
        Happened("c/2", "二季度", "a", 3, 1, missing=("任务3",)),
        Happened("c/1", "一季度", "b", 3, 3),
    ]
    missed = found(target(), {"a": {"num": 1, "den": 2}})["a"]
    first, second = scores(SCORING, happened, [("一季度", missed)])
    assert (first.department, first.total) == ("b", Decimal(600))
    assert second.total == Decimal(60) + 360 - 2 - 2 - 5 - 3
    assert [(line.title, line.label, line.times, f"{line.points}") for line in second.lines] == [
        ("上报得分", "全部报送期", 1, "360"),
        ("迟报", "一季度", 1, "-2"),  # once a round, however many duties
        ("一般错误", "一季度", 2, "-2"),
        ("重大错误", "一季度", 1, "-5"),
        ("未达目标", "一季度", 1, "-3"),
    ]
    assert second.lines[0].why == "到期应报6项，已报4项：4÷6×540" and "任务1：迟；任务2：迟" in second.lines[1].why
    rows = scores_sheet((first, second), SCORING, {"a": "甲局", "b": "乙局"}).rows
    assert rows[2] == ("乙局", "得分", None, None, Decimal(600), "依据：示例市打假工作考核办法")


@given(st.permutations(range(4)))
def test_the_order_of_what_happened_changes_no_total(order: list[int]) -> None:
    happened = [Happened(f"c/{n}", f"{n}", "a", 2, n % 3, late=("x",) * n, returned=("y",) * n) for n in range(4)]
    (whole,) = scores(SCORING, happened, [])
    (mixed,) = scores(SCORING, [happened[at] for at in order], [])
    assert mixed.total == whole.total == SCORING.starts_at + sum(line.points for line in whole.lines)


def test_a_return_of_what_need_not_come_costs_nothing() -> None:
    plan = small_plan()
    owed = {one.id: one for one in plan.expected_in(FIRST_ROUND)}
    mine = {unit: owed[f"{FIRST_ROUND}/1/{unit}"] for unit in ("swj", "wlj", "xi")}
    standings = {code: Standing(one.due_at) for code, one in owed.items()}
    standings[mine["xi"].id] = replace(standings[mine["xi"].id], waived=True)
    standings[mine["wlj"].id] = replace(standings[mine["wlj"].id], not_applicable=True)
    due = max(one.due_at for one in owed.values())
    returned = [
        SubmissionRecord(f"{one.id}#1", "R-1", one.id, 1, "returned", False, "", due, "表.xlsx", ()) for one in mine.values()
    ]
    a_round = plan.round(FIRST_ROUND)
    record = RoundRecord(
        FIRST_ROUND, "test-2020", a_round.report, a_round.label, a_round.opens_on, a_round.due_on, a_round.closes_on, due, None
    )
    told = happened(plan, record, standings, returned, due + timedelta(days=1))
    assert {one.department: one.returned for one in told if one.returned} == {"swj": ("来件R-1退回修改",)}


@pytest.mark.parametrize("nothing", [[], [Happened("c/1", "一季度", "a", 0, 0)]])
def test_nothing_due_is_no_rate(nothing: list[Happened]) -> None:
    assert all(not one.lines for one in scores(SCORING, nothing, []))
