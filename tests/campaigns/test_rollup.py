from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from io import BytesIO

from openpyxl import load_workbook

from campaigns.definition import Form, Indicator, Row
from campaigns.pedigree import Change, changes, headings, opened, published
from campaigns.plan import ExpectedReport, expand
from campaigns.rollup import Fact, RollUp, percent, roll_up
from campaigns.states import Standing
from campaigns.workdays import OfficeHours
from integrations.excel.rollup_book import write_rollup
from tests.builders import (
    FIRST_ROUND,
    IRON_ROUND,
    SECOND_ROUND,
    WORKDAYS,
    iron_plan,
    small_definition,
    small_directory,
    small_plan,
)
from tests.campaigns.test_tables import result, sent, typed
from tests.integrations.excel.filling import iron_form

PLAN = small_plan()
OWED = {(one.duty, one.department): one for one in PLAN.expected_in(FIRST_ROUND)}
RECEIVED = datetime(2020, 11, 20, 2, tzinfo=UTC)
AFTER = max(one.due_at for one in OWED.values()) + timedelta(days=7)


def fact(one: ExpectedReport, indicator: str, value: str) -> Fact:
    return Fact(
        one.id, one.duty, one.department, one.role, indicator, Decimal(value), "配合任务", "C7", "R-1#1", "R-1", "表.xlsx",
        version=1, received_at=RECEIVED, door="mail", sender="swj@example.gov.cn",
    )  # fmt: skip


def changed(before: RollUp, after: RollUp) -> tuple[Change, ...]:
    named = {one.id: one.name for one in PLAN.directory.organs}
    return changes(published(before), published(after), after, named, headings(PLAN, PLAN.round(after.round).report))


def rolled() -> RollUp:
    """Return a round in which one lead and two of its units reported: one of them zero, one late; one more was waived."""
    standings = {one.id: Standing(one.due_at) for one in OWED.values()}
    lead, unit, nil, waived = OWED[1, "scjg"], OWED[1, "swj"], OWED[1, "wlj"], OWED[1, "xi"]
    standings[lead.id] = replace(standings[lead.id], received_at=lead.due_at, version=2)
    standings[unit.id] = replace(standings[unit.id], received_at=unit.due_at + timedelta(hours=1), version=1)
    standings[nil.id] = replace(standings[nil.id], received_at=nil.due_at, version=1, nil=True)
    standings[waived.id] = replace(standings[waived.id], waived=True)
    facts = [fact(lead, "officers", "10"), fact(unit, "officers", "5"), fact(nil, "officers", "0")]
    facts += [fact(lead, "penalty", "0.1"), fact(unit, "penalty", "0.2")]
    other_round = next(one for one in PLAN.expected_in(SECOND_ROUND))
    return roll_up(PLAN, FIRST_ROUND, [*facts, fact(other_round, "officers", "99")], standings, AFTER)


def test_every_figure_counts_once_whoever_sent_it() -> None:
    found = rolled()
    assert found.overall["officers"] == 15 and found.overall["penalty"] == Decimal("0.3")
    assert found.period.by_duty[1]["officers"] == 15
    assert found.period.by_department["swj"] == {"officers": 5, "penalty": Decimal("0.2")}
    assert found.period.cells[1, "scjg"]["officers"] == 10
    assert len(found.facts) == 5


def test_what_was_not_reported_has_no_figure_and_zero_has_one() -> None:
    found = rolled()
    assert found.period.by_department["wlj"] == {"officers": 0}
    assert "gaj" not in found.period.by_department and 2 not in found.period.by_duty
    assert set(found.overall) == {"officers", "penalty"}


def test_the_coverage_says_what_the_totals_stand_on_and_who_is_missing() -> None:
    found = rolled().coverage
    assert (found.owed, found.reported, found.counts["expected"]) == (9, 3, 10)
    assert found.text.startswith("应报9项，已报3项（报送率33.3%）：按时1项，零报告1项，迟报1项；逾期未报6项，免报1项。")
    assert "未报的不按零计" in found.text
    assert "市发展改革委（任务3）" in found.missing and "市市场监管局（任务2、3）" in found.missing
    assert not any("西山县" in name for name in found.missing)


def test_entries_say_who_reported_when_in_which_file() -> None:
    entries = {(one.duty, one.department): one for one in rolled().entries}
    lead = entries[1, "scjg"]
    assert (lead.state_text, lead.version, lead.file) == ("已报送", 2, "表.xlsx")
    assert (entries[1, "swj"].state_text, entries[1, "wlj"].state_text, entries[1, "xi"].state_text) == ("迟报", "零报告", "免报")


def test_only_the_whole_is_a_hundred_per_cent() -> None:
    assert [percent(Decimal(part) / 2000) for part in (0, 1000, 1999, 2000)] == ["0%", "50%", "99.9%", "100%"]


def test_a_matrix_counts_every_cell_once_and_its_sums_agree() -> None:
    plan = iron_plan()
    standings = {one.id: Standing(one.due_at, received_at=one.due_at, version=1) for one in plan.expected_in(IRON_ROUND)}
    facts = []
    for one in plan.expected_in(IRON_ROUND):
        form = iron_form(one.department)
        cells = sent(form, typed(form))
        found = result(form, cells)
        facts += [fact(one, code, "0")._replace(value=figure.value) for code, figure in found.figures.items()]
    rolled_up = roll_up(plan, IRON_ROUND, facts, standings, AFTER)
    units = len(plan.expected_in(IRON_ROUND))
    assert rolled_up.overall["trademark.cases_filed"] == 2 * units
    rows = [item.id for item in rolled_up.indicators if item.column == "cases_filed" and item.typed]
    assert rolled_up.overall["total.cases_filed"] == sum(rolled_up.overall[code] for code in rows) == 16 * units
    assert rolled_up.overall["criminal_cases"] == 2 and "hotline" not in rolled_up.overall
    book = load_workbook(BytesIO(write_rollup(rolled_up)))
    sheet = book["汇总(原表式)"]
    assert [sheet.cell(13, column).value for column in (1, 2, 3)] == [9, "合计", 16 * units]
    assert sheet.cell(8, sheet.max_column).value == "—"


def test_two_matrices_with_codes_alike_keep_their_own_heads_and_rows() -> None:
    small = small_definition()
    value, pieces = (Indicator(id="amount", label=label, unit=unit) for label, unit in (("案值", "万元"), ("数量", "件")))
    pairs = Indicator(id="pairs", label="鞋", unit="双")
    marks, other, rest = Row(id="marks", label="商标案件"), Row(id="marks", label="侵权商品", without=("amount",)), "其他商品"
    cases = Form(id="cases", title="案件", layout="matrix", rows=(marks,), indicators=(value,))
    goods = Form(id="goods", title="商品", layout="matrix", rows=(other, Row(id="rest", label=rest)), indicators=(pieces, pairs))
    report = small.reports[0].model_copy(update={"form": "cases", "more_forms": ("goods",)})
    changed = small.model_copy(update={"forms": (cases, goods), "reports": (report,), "rules": ()})
    plan = expand(changed, small_directory(), WORKDAYS, OfficeHours())
    assert plan.usable, [one.message for one in plan.problems]
    lead = plan.expected_in(FIRST_ROUND)[0]
    facts = [fact(lead, code, value) for code, value in (("marks.amount", "1"), ("marks.pairs", "2"), ("rest.amount", "3"))]
    standings = {one.id: Standing(one.due_at) for one in plan.expected_in(FIRST_ROUND)}
    sheet = load_workbook(BytesIO(write_rollup(roll_up(plan, FIRST_ROUND, facts, standings, AFTER))))["汇总(原表式)"]
    heads, *rows = ([cell.value for cell in row[1:]] for row in sheet.iter_rows(min_row=4))
    shown = {(row[0], head): value for row in rows for head, value in zip(heads, row, strict=True) if isinstance(value, int)}
    assert shown == {("商标案件", "案值（万元）"): 1, ("侵权商品", "鞋（双）"): 2, (rest, "数量（件）"): 3}


def test_every_figure_opens_to_its_cells_and_a_place_to_those_below_it() -> None:
    found = {one.item.id: one for one in opened(rolled())}
    officers = found["officers"]
    assert officers.period == sum(one.value for one in officers.facts) == 15
    assert {(one.department, one.sheet, one.cell, one.file) for one in officers.facts} >= {("swj", "配合任务", "C7", "表.xlsx")}
    assert dict(officers.below)["市商务局"] == 5
    (only,) = opened(rolled(), ["officers"], 1, "swj")
    assert (only.period, [one.department for one in only.facts]) == (5, ["swj"])
    assert found["inspections"].period is None and found["inspections"].facts == ()


def test_a_correction_lists_every_figure_that_changed_and_nothing_else() -> None:
    before = rolled()
    facts = [
        one._replace(value=Decimal(7)) if one.department == "swj" and one.indicator == "officers" else one for one in before.facts
    ]
    standings = {one.expected: Standing(one.due_at, received_at=one.received_at, version=2) for one in before.entries}
    after = roll_up(PLAN, FIRST_ROUND, facts, standings, AFTER)
    told = {one.text for one in changed(before, after)}
    for where in ("总计", "任务1合计", "市商务局"):
        assert f"{where}　出动执法人员（人次）本期：{'15 → 17' if where != '市商务局' else '5 → 7'}" in told
    assert "任务1·市商务局　出动执法人员（人次）累计：5 → 7（第1版 → 第2版）" in told
    assert len(told) == 8  # four totals, of the period and cumulative
    assert changed(after, after) == ()
    assert "变动说明" in load_workbook(BytesIO(write_rollup(after, changed(before, after)))).sheetnames


def test_what_was_corrected_in_a_round_before_is_named_beside_the_cumulative_figure() -> None:
    second = {one.id: Standing(one.due_at) for one in PLAN.expected_in(SECOND_ROUND)}

    def cumulated(value: str, version: int) -> RollUp:
        first = fact(OWED[1, "swj"], "officers", value)._replace(version=version)
        return roll_up(PLAN, SECOND_ROUND, [first], second, AFTER)

    before, after = cumulated("5", 1), cumulated("7", 2)
    told = {one.text for one in changed(before, after)}
    assert "任务1·市商务局　出动执法人员（人次）累计：5 → 7（2020年下半年第1版 → 第2版）" in told
    assert {one.partition("（人次）")[2] for one in told if "任务1·" not in one} == {"累计：5 → 7"}


def test_what_is_missing_is_weighed_by_the_round_before() -> None:
    first = [one._replace(value=Decimal(value)) for one, value in zip(rolled().facts, (3, 1, 0, 9, 1), strict=False)]
    second = {one.id: Standing(one.due_at) for one in PLAN.expected_in(SECOND_ROUND)}
    there = f"{SECOND_ROUND}/1/scjg"
    second[there] = replace(second[there], received_at=second[there].due_at, version=1)
    late = max(one.due_at for one in second.values()) + timedelta(days=1)
    found = roll_up(PLAN, SECOND_ROUND, first, second, late)
    mine = [one for one in first if one.department == "scjg"]
    shares = [one.value / sum(two.value for two in first if two.indicator == one.indicator) for one in mine]
    assert found.coverage.weight is not None and round(found.coverage.weight - sum(shares) / len(shares), 20) == 0
    assert "7个单位中0个已报齐。已报各项占上期数值的" in found.coverage.text
    second[f"{SECOND_ROUND}/1/swj"] = replace(second[f"{SECOND_ROUND}/1/swj"], waived=True)
    without = [one for one in first if one.department != "swj"]  # who owes nothing is no part of what is to come
    shares = [one.value / sum(two.value for two in without if two.indicator == one.indicator) for one in mine]
    weight = roll_up(PLAN, SECOND_ROUND, first, second, late).coverage.weight
    assert weight is not None and round(weight - sum(shares) / len(shares), 20) == 0
    nearly = [fact(OWED[1, "scjg"], "officers", "829496"), fact(OWED[2, "swj"], "officers", "170504")]
    assert "已报各项占上期数值的82.9%" in roll_up(PLAN, SECOND_ROUND, nearly, second, late).coverage.text
    assert found.period.overall == {} and found.cumulative.overall["officers"] == sum(
        one.value for one in first if one.indicator == "officers"
    )
