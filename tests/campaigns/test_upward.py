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
from campaigns.upward import fill, unsent, words_of
from campaigns.workdays import OfficeHours
from tests.builders import FIRST_ROUND, WORKDAYS, small_definition, small_directory, small_plan
from tests.campaigns.test_lists import LIST
from tests.campaigns.test_lists import fact as case_fact
from tests.campaigns.test_lists import plan as list_plan
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


@pytest.mark.parametrize(("unit", "value"), [("千元", "17"), ("百万元", "0")])
def test_every_unit_of_money_is_converted(unit: str, value: str) -> None:
    plan = province_plan()
    asked = tuple(
        one.model_copy(update={"unit": unit}) if one.unit == "元" else one for one in plan.definition.forms[0].indicators
    )
    forms = (plan.definition.forms[0].model_copy(update={"indicators": asked}),)
    above = expand(plan.definition.model_copy(update={"forms": forms}), plan.directory, WORKDAYS, OfficeHours())
    found = fill(form(above), UPWARD, rolled(cases_filed="5", cases_closed="4", penalty="1.23456"))
    assert next(f"{one.value}" for one in found.lines if one.label == "罚没款") == value  # 17345.6元


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
    many = reported(plan, {1: {"cases_closed": "6646", "cases_filed": "10000"}})  # 66.46, with us 66.5
    for decimals, wanted in ((0, "66"), (2, "66.46")):
        (table,) = form(above).tables
        asked_so = table.model_copy(update={"items": tuple(one.model_copy(update={"decimals": decimals}) for one in table.items)})
        (line,) = fill(form(above).model_copy(update={"tables": (asked_so,)}), Upward(to="省", duties={1: (1,)}), many).lines
        assert (f"{line.value}", line.note) == (wanted, f"由合计重新计算，四舍五入到{decimals}位小数")
    without = fill(form(above), Upward(to="省", duties={1: (2,)}), rolled_up)
    assert without.problems == ("任务1　查处案件的“结案率”：没有单位报送过这个数，空白不是零，不能上报",)


def listing(plan: Plan) -> Form:
    """Return the superior's form with a list of cases: number, party, penalty in 元."""
    columns = (
        Indicator(id="number", label="文书号", kind="code"),
        Indicator(id="party", label="当事人", kind="text"),
        Indicator(id="fine", label="罚没款", unit="元"),
    )
    changed = {"id": "theirs", "title": "案件清单", "most": 2, "key": "number", "indicators": columns}
    theirs = plan.definition.model_copy(
        update={
            "forms": (LIST.model_copy(update=changed),),
            "rules": (),
            "reports": (plan.definition.reports[0].model_copy(update={"form": "theirs"}),),
        }
    )
    return form(expand(theirs, plan.directory, WORKDAYS, OfficeHours()))


CASES = Upward(to="省", codes={"theirs.number": "list.case_no", "theirs.fine": "list.penalty"}, duties={1: (1, 3)})


def listed(*facts: Fact, nil: bool = False) -> RollUp:
    """Return a roll-up of lists; `nil` when all have reported that there is nothing on duties 1 and 3."""
    plan = list_plan()
    standings = {one.id: Standing(one.due_at) for one in plan.expected_in(FIRST_ROUND)}
    for one in plan.expected_in(FIRST_ROUND):
        if nil and one.duty != 2:
            standings[one.id] = replace(standings[one.id], received_at=LAUNCHED, version=1, nil=True)
    return roll_up(plan, FIRST_ROUND, facts, standings, at(12, 2))


def said(unit: str, case: str, penalty: str, duty: int = 1) -> list[Fact]:
    return [case_fact(unit, case, "case_no", "1", duty), case_fact(unit, case, "penalty", penalty, duty)]


def test_cases_go_up_one_by_one_each_once_however_many_report_it() -> None:
    rollup = listed(*said("scjg", "2", "3"), *said("wlj", "2", "5"), *said("gaj", "1", "1.5", 3), *said("wlj", "7", "9", 2))
    above = listing(province_plan())
    found = fill(above, CASES, rollup)
    assert not found.problems and found.left == ("任务2　打造商圈",)
    block = above.blocks[0]
    cells = {one.cell: one.value for one in found.cells if one.cell != block.narrative_cell}
    assert cells == {
        block.cell("own", "theirs#1.number"): "1号",
        block.cell("own", "theirs#1.fine"): Decimal(15000),
        block.cell("own", "theirs#2.number"): "2号",
        block.cell("own", "theirs#2.fine"): Decimal(50000),  # where two differ the larger, as in our own total
    }
    assert [(one.label, one.value, one.ours, one.note) for one in found.lines] == [
        ("案件清单（件数）", 2, (1, 3), ""),
        ("案件清单·罚没款", 65000, (1, 3), "逐件由万元换算"),
    ]


def test_what_is_said_of_a_case_in_words_goes_up_with_it() -> None:
    facts = [*said("scjg", "2", "3"), *said("wlj", "2", "5"), *said("gaj", "1", "1.5", 3)]
    facts = [one._replace(submission=f"{one.department}#1") for one in facts]
    texts = {
        "scjg#1": {"list#3.case_no": "２号", "list#3.party": "甲店"},
        "wlj#1": {"list#3.party": "甲商店"},
        "gaj#1": {"list#2.party": "乙店"},
    }
    above = listing(province_plan())
    found = fill(above, CASES, listed(*facts), words_of(facts, texts))
    block = above.blocks[0]
    told = {one.cell: one.value for one in found.cells}
    assert [told[block.cell("own", f"theirs#{row}.number")] for row in (1, 2)] == ["1号", "２号"]  # as scjg has typed it
    assert [told[block.cell("own", f"theirs#{row}.party")] for row in (1, 2)] == ["乙店", "甲店；甲商店"]
    assert [(one.label, one.value) for one in found.lines][-1] == ("案件清单·当事人（填写件数）", 2)
    elsewhere = CASES.model_copy(update={"codes": {**CASES.codes, "theirs.party": "list.case_no"}})
    assert block.cell("own", "theirs#1.party") not in {
        one.cell for one in fill(above, elsewhere, listed(*facts), words_of(facts, texts)).cells
    }
    (table,) = above.tables
    options = [one.model_copy(update={"options": ("甲店", "乙店")} if one.column == "party" else {}) for one in table.items]
    choice = above.model_copy(update={"tables": (table.model_copy(update={"items": tuple(options)}),)})
    chosen = {one.cell: one.value for one in fill(choice, CASES, listed(*facts), words_of(facts, texts)).cells}
    assert [chosen.get(block.cell("own", f"theirs#{row}.party")) for row in (1, 2)] == ["乙店", None]


def test_every_reason_why_a_list_cannot_go_up_is_told() -> None:
    above = listing(province_plan())
    many = [one for case in "123" for one in said("scjg", case, "1")]
    assert fill(above, CASES, listed(*many)).problems == (
        "任务1　查处案件的“案件清单”只有2行，本期有3件，写不下，请向上级要行数够的报表",
    )
    half = CASES.model_copy(update={"codes": {"theirs.fine": "list.penalty"}})
    assert fill(above, half, listed(*many)).problems == (
        "上级报表要“文书号”（theirs.number），本办公室没有这个指标，请在定义的 upward.codes 中写明取自哪一个",
    )
    lacking = fill(above, CASES, listed(*said("scjg", "1", "1"), case_fact("scjg", "2", "case_no", "1")))
    assert lacking.problems == ("任务1　查处案件的“案件清单”2号的“罚没款”：没有单位报送过这个数，空白不是零，不能上报",)
    plain = fill(
        above,
        CASES.model_copy(update={"codes": {"theirs.number": "cases_filed", "theirs.fine": "penalty"}}),
        rolled(cases_filed="1"),
    )
    assert plain.problems[0] == "任务1　查处案件的“文书号”要逐件填写，本办公室的“立案”不是明细表中的，请核对定义中的 upward.codes"


def test_a_list_goes_up_empty_only_when_all_have_said_that_there_is_nothing() -> None:
    above = listing(province_plan())
    assert fill(above, CASES, listed()).problems == ("任务1　查处案件的“案件清单”：没有单位报送过，空白不是没有，不能上报",)
    zero = [one._replace(key="", value=Decimal(0)) for one in said("scjg", "1", "0")]
    (told,) = fill(above, CASES, listed(*zero)).problems
    assert told.startswith("任务1　查处案件的“案件清单”：已报的都是零报告，还有") and told.endswith("项没有报，不能说没有")
    nothing = fill(above, CASES, listed(*zero, nil=True))
    assert not nothing.problems and (above.blocks[0].nil_cell, "是") in {(one.cell, one.value) for one in nothing.cells}


def test_what_rounds_to_nothing_above_is_no_zero_report() -> None:
    units = province_plan().definition
    asked = (Indicator(id="penalty", label="罚没款", unit="亿元", decimals=2),)
    theirs = units.forms[0].model_copy(update={"indicators": asked})
    asks = units.model_copy(update={"forms": (theirs,), "rules": ()})
    above = form(expand(asks, province_plan().directory, WORKDAYS, OfficeHours()))
    plan = small_plan()
    came = [Standing(one.due_at, received_at=LAUNCHED, version=1) for one in plan.expected_in(FIRST_ROUND)]
    standings = dict(zip((one.id for one in plan.expected_in(FIRST_ROUND)), came, strict=True))
    for value, nil in (("6.2", 0), ("0", 1)):
        facts = [
            Fact(one.id, one.duty, one.department, one.role, "penalty", Decimal(value), "表", "C5", "s", "e", "f")
            for one in plan.expected_in(FIRST_ROUND)
            if one.role is Role.LEAD and one.duty == 1
        ]
        found = fill(above, Upward(to="省", duties={1: (1,)}), roll_up(plan, FIRST_ROUND, facts, standings, at(12, 2)))
        assert [one.value for one in found.lines] == [0]
        assert sum(one.cell == above.blocks[0].nil_cell for one in found.cells) == nil


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
