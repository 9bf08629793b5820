from dataclasses import replace
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from campaigns.findings import Severity
from campaigns.forms import COVER, Block, Form, header
from campaigns.submission import At, Book, Checked, CheckedBlock, NumberFault, Outcome, Sheet, Value, check, number, token_of
from tests.builders import FIRST_ROUND, SECOND_ROUND, small_definition
from tests.integrations.excel.filling import form_of

RULES = small_definition().rules
LEAD, COOP = f"{SECOND_ROUND}/1/scjg", f"{SECOND_ROUND}/2/scjg"
FORM = form_of(
    "scjg",
    SECOND_ROUND,
    previous={
        LEAD: {"officers": (Decimal(10),)},
        COOP: {"officers": (Decimal(5),), "cases_filed": (Decimal(4),), "cases_closed": (Decimal(4),)},
    },
    coop={LEAD: {"officers": Decimal(7), "case_value": Decimal("0.3")}},
)
INDICATORS = [one.id for one in FORM.indicators]
Cells = dict[str, dict[At, Value]]


def column(indicator: str) -> int:
    return 3 + INDICATORS.index(indicator)


def block(duty: int) -> Block:
    return next(one for one in FORM.blocks if one.duty == duty)


def at(duty: int, line: str, indicator: str = "officers") -> At:
    return block(duty).rows[line], column(indicator)


def sent(form: Form = FORM) -> Cells:
    """Return the cells of the form as it goes out."""
    cells: Cells = {
        "填报说明": {(2, 2): "填报单位", (2, 3): form.department_name, (9, 2): "填报人"},
        "牵头任务": {},
        "配合任务": {},
    }
    for name in ("牵头任务", "配合任务"):
        cells[name][2, 2] = f"填报单位：{form.department_name}"
    for one in form.blocks:
        for line, row in one.rows.items():
            cells[one.sheet][row, 1], cells[one.sheet][row, 2] = one.tag(line), form.label(one, line)
        for indicator in form.indicators:
            cells[one.sheet][one.rows["header"], column(indicator.id)] = header(indicator)
            cells[one.sheet][one.rows["previous"], column(indicator.id)] = one.previous[indicator.id]
            if one.coop:
                cells[one.sheet][one.rows["coop"], column(indicator.id)] = one.coop[indicator.id]
    return cells


def filled(duty: int = 2, value: Value = Decimal(3)) -> Cells:
    """Return the form with one block filled in, the same figure everywhere."""
    cells = sent()
    for indicator in INDICATORS:
        cells[block(duty).sheet][at(duty, "own", indicator)] = value
    return cells


def checked(cells: Cells, **marks: dict[str, frozenset[At]]) -> Checked:
    sheets = [
        Sheet(name, found, **{kind: places.get(name, frozenset()) for kind, places in marks.items()})
        for name, found in cells.items()
    ]
    return check(Book("xlsx", tuple(sheets)), FORM, RULES)


def result(cells: Cells, duty: int = 2, **marks: dict[str, frozenset[At]]) -> CheckedBlock:
    found = checked(cells, **marks)
    return next(one for one in found.blocks if one.expected == block(duty).expected)


def rules(found: CheckedBlock) -> list[str]:
    return [finding.rule for finding in found.findings]


def test_an_untouched_form_reports_nothing_and_is_not_scolded() -> None:
    found = checked(sent())
    assert {one.outcome for one in found.blocks} == {Outcome.BLANK}
    assert found.all_findings == ()


def test_each_report_of_a_workbook_stands_alone() -> None:
    cells = filled(2)
    for indicator in INDICATORS:
        cells["牵头任务"][at(1, "own", indicator)] = "约12"
    cells["填报说明"][9, 3] = "张测试"
    found = checked(cells)
    assert [one.outcome for one in found.blocks] == [Outcome.RETURNED, Outcome.ACCEPTED, Outcome.BLANK]
    good = found.blocks[1]
    assert good.figures["officers"].value == 3
    assert (good.figures["officers"].sheet, good.figures["officers"].cell) == ("配合任务", f"C{block(2).rows['own']}")
    assert found.signatures == {"填报人": "张测试"}


@pytest.mark.parametrize(
    ("line", "value", "rule"),
    [
        ("own", "约12", "number-text"),
        ("own", "12人次", "number-text"),
        ("own", "2020-12-03", "number-text"),
        ("own", Decimal(-1), "number-negative"),
        ("own", Decimal("1.5"), "number-fraction"),
        ("own", Decimal(10) ** 13, "number-large"),
        ("previous", Decimal(6), "prefilled-changed"),
        ("previous", "", "prefilled-changed"),
        ("cumulative", Decimal(9), "cumulative-differs"),
    ],
)
def test_a_fault_returns_the_report_and_names_the_cell(line: str, value: Value, rule: str) -> None:
    cells = filled()
    cells["配合任务"][at(2, line)] = value
    found = result(cells)
    assert found.outcome is Outcome.RETURNED
    assert rules(found)[0] == rule
    finding = found.findings[0]
    assert (finding.sheet, finding.cell, finding.report) == ("配合任务", f"C{block(2).rows[line]}", block(2).expected)
    assert finding.severity is Severity.BLOCK and "出动执法人员" in finding.message and finding.expected


def test_all_faults_come_at_once() -> None:
    cells = filled()
    cells["配合任务"][at(2, "own", "officers")] = "无"
    cells["配合任务"][at(2, "own", "inspections")] = Decimal(-2)
    cells["配合任务"][at(2, "own", "penalty")] = Decimal("0.12345")
    del cells["配合任务"][at(2, "own", "transferred")]
    assert rules(result(cells)) == ["number-text", "number-negative", "number-fraction", "blank"]


def test_an_amount_may_have_the_decimals_its_indicator_allows() -> None:
    cells = filled()
    cells["配合任务"][at(2, "own", "penalty")] = Decimal("0.1234")
    assert result(cells).figures["penalty"].value == Decimal("0.1234")


def test_blank_is_not_zero() -> None:
    cells = filled()
    del cells["配合任务"][at(2, "own", "cases_filed")]
    found = result(cells)
    assert "blank" in rules(found) and "空白不是零" in found.findings[0].message
    only_text = sent()
    only_text["配合任务"][block(2).rows["narrative"], 3] = "已开展工作"
    assert rules(result(only_text)) == ["all-blank"]


def test_a_zero_report_is_ticked_and_says_zero() -> None:
    cells = sent()
    cells["配合任务"][block(2).rows["nil"], 3] = "是"
    found = result(cells)
    assert (found.outcome, found.nil) == (Outcome.ACCEPTED, True)
    assert {figure.value for figure in found.figures.values()} == {Decimal(0)} and len(found.figures) == 8
    cells["配合任务"][at(2, "own")] = Decimal(2)
    assert "nil-with-figures" in rules(result(cells))
    cells["配合任务"][block(2).rows["nil"], 3] = "无"
    said = next(one.message for one in result(cells).findings if one.rule == "nil-value")
    assert "现填“无”；本期确无情况的请选“是”" in said


def test_all_zeros_without_the_tick_count_and_are_mentioned() -> None:
    found = result(filled(value=Decimal(0)))
    assert (found.outcome, found.nil, rules(found)) == (Outcome.ACCEPTED, False, ["nil-not-ticked"])


def test_a_formula_that_nobody_calculated_is_never_zero() -> None:
    cells = filled()
    del cells["配合任务"][at(2, "own")]
    place = {"配合任务": frozenset({at(2, "own")})}
    assert rules(result(cells, uncalculated=place)) == ["formula-uncalculated"]
    assert rules(result(cells, errors=place)) == ["error-value"]
    totals = {"配合任务": frozenset({at(2, "cumulative")})}
    assert result(filled(), uncalculated=totals).outcome is Outcome.ACCEPTED


def test_a_lead_adds_its_units_and_a_wrong_total_is_told_with_the_right_one() -> None:
    cells = filled(1)
    cells["牵头任务"][at(1, "total")] = Decimal(10)
    cells["牵头任务"][at(1, "cumulative")] = Decimal(20)
    assert result(cells, 1).outcome is Outcome.ACCEPTED
    cells["牵头任务"][at(1, "total")] = Decimal(11)
    finding = result(cells, 1).findings[0]
    assert (finding.rule, finding.value, finding.expected) == ("total-differs", "11", "10")


def test_sums_of_amounts_are_exact() -> None:
    cells = filled(1, Decimal("0.1"))
    for indicator in ("officers", "inspections", "cases_filed", "cases_closed", "transferred"):
        cells["牵头任务"][at(1, "own", indicator)] = Decimal(0)
    cells["牵头任务"][at(1, "total", "case_value")] = Decimal("0.4")
    assert result(cells, 1).outcome is Outcome.ACCEPTED


def test_rules_block_or_warn_as_the_definition_says() -> None:
    cells = filled()
    cells["配合任务"][at(2, "own", "cases_closed")] = Decimal(4)  # 8 closed of 7 filed, all told
    found = result(cells)
    assert (found.outcome, rules(found)) == (Outcome.RETURNED, ["rule-closed"])
    cells = filled()
    cells["配合任务"][at(2, "own", "officers")] = Decimal(1)
    found = result(cells)
    assert (found.outcome, rules(found)) == (Outcome.ACCEPTED, ["rule-pairs"])
    assert "累计结案数不超过累计立案数" in FORM.rules


def test_rows_columns_and_sheets_may_move() -> None:
    cells = filled()
    moved = {(row + 2 if row > 3 else row, col + 1): value for (row, col), value in cells.pop("配合任务").items()}
    found = result({"表一": moved, **cells})
    assert found.outcome is Outcome.ACCEPTED
    assert (found.figures["officers"].sheet, found.figures["officers"].cell) == ("表一", f"D{block(2).rows['own'] + 2}")


def test_a_deleted_row_is_named() -> None:
    cells = filled()
    gone = block(2).rows["previous"]
    cells["配合任务"] = {place: value for place, value in cells["配合任务"].items() if place[0] != gone}
    found = result(cells)
    assert (found.outcome, rules(found)) == (Outcome.RETURNED, ["row-deleted"])
    assert f"“上期累计”一行（原第{gone}行）已被删除" in found.findings[0].message
    cells = filled()
    cells["配合任务"][60, 1] = block(2).tag("own")
    assert rules(result(cells)) == ["row-repeated"]


def test_a_deleted_column_is_named() -> None:
    cells = filled()
    cells["配合任务"] = {place: value for place, value in cells["配合任务"].items() if place[1] != column("penalty")}
    found = result(cells)
    assert (found.outcome, rules(found)) == (Outcome.RETURNED, ["column-missing"])
    assert "罚没款（万元）" in found.findings[0].message


def test_without_the_hidden_column_nothing_can_be_read_and_that_is_said_once() -> None:
    cells = {name: {place: value for place, value in found.items() if place[1] > 1} for name, found in filled().items()}
    found = checked(cells)
    assert [one.rule for one in found.all_findings] == ["tags-missing"]
    assert {one.outcome for one in found.blocks} == {Outcome.RETURNED}
    assert "A列的隐藏标识已被删除" in found.findings[0].message
    gone = checked({COVER: {(2, 2): "填报单位"}})
    assert any("工作表已被删除，无法对应各项任务" in one.message for one in gone.findings)


@pytest.mark.parametrize(("typed", "says"), [("无", "没有发生的请填0"), ("—", "没有发生的请填0"), ("十二", "如为12人次，请填12")])
def test_words_for_a_figure_are_answered_with_the_figure_to_type(typed: str, says: str) -> None:
    cells = filled()
    cells["配合任务"][at(2, "own")] = typed
    assert says in result(cells).findings[0].message


def test_another_departments_name_stops_the_whole_file() -> None:
    cells = filled()
    cells["填报说明"][2, 3] = "市商务局"
    found = checked(cells)
    assert [one.rule for one in found.findings] == ["other-department"]
    assert found.blocks[1].outcome is Outcome.RETURNED
    cells = filled()
    cells["配合任务"][2, 2] = "填报单位： 市市场监管局"
    assert result(cells).outcome is Outcome.ACCEPTED


def test_a_deleted_cover_is_mentioned_and_not_in_the_way() -> None:
    cells = filled()
    del cells["填报说明"]
    found = checked(cells)
    assert [(one.rule, one.severity) for one in found.findings] == [("cover-missing", Severity.WARNING)]
    assert found.blocks[1].outcome is Outcome.ACCEPTED


def test_the_list_of_faults_we_sent_back_is_not_read() -> None:
    cells = filled()
    cells["错误清单"] = {(9, 1): block(2).tag("own")}
    assert result(cells).outcome is Outcome.ACCEPTED


def test_the_token_is_in_the_hidden_sheet() -> None:
    book = Book("xlsx", (Sheet("_ld", {(1, 1): "标识"}),))
    assert token_of(book) == "标识"
    assert token_of(replace(book, sheets=())) is None


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("１２", 12),
        (" 1,234 ", 1234),
        ("1，234．50", "1234.50"),
        ("12.0", 12),
        ("０", 0),
        ("-0", 0),
        ("\u200b7", 7),
        ("　", None),
        ("", None),
    ],
)
def test_numbers_people_type_are_taken(text: str, value: object) -> None:
    decimals = 2 if value == "1234.50" else 0
    assert number(text, decimals) == (None if value is None else Decimal(str(value)))


@pytest.mark.parametrize(
    "text", ["约12", "3²", "①", "一百", "12,34", "1e5", "0x1F", "NaN", "Infinity", "1.", "½", "—", "9" * 4000]
)
def test_what_would_have_to_be_guessed_is_not_taken(text: str) -> None:
    assert number(text, 2) is NumberFault.TEXT


@given(st.decimals(min_value=0, max_value=10**11, places=4))
def test_a_figure_reads_back_however_it_is_typed(value: Decimal) -> None:
    wide = "".join(chr(ord(char) + 0xFEE0) for char in f"{value:,f}")
    assert number(value, 4) == number(f"{value:f}", 4) == number(f"{value:,f}", 4) == number(wide, 4) == value


@given(st.one_of(st.text(), st.decimals()))
def test_no_cell_can_break_the_reading_of_numbers(value: Value) -> None:
    found = number(value, 2)
    assert found is None or isinstance(found, NumberFault) or (found >= 0 and found.is_finite())


@given(st.lists(st.integers(0, 10**6), min_size=8, max_size=8), st.lists(st.integers(0, 10**6), min_size=8, max_size=8))
def test_right_totals_are_always_accepted_and_wrong_ones_never(own: list[int], off: list[int]) -> None:
    cells = filled(1)
    block_ = block(1)
    for indicator, value, wrong in zip(INDICATORS, own, off, strict=True):
        total = value + block_.coop[indicator]
        cells["牵头任务"][at(1, "own", indicator)] = Decimal(value)
        cells["牵头任务"][at(1, "total", indicator)] = total + wrong
        cells["牵头任务"][at(1, "cumulative", indicator)] = total + block_.previous[indicator]
    found = check(Book("xlsx", tuple(Sheet(name, one) for name, one in cells.items())), FORM, ()).blocks[0]
    assert rules(found).count("total-differs") == sum(1 for wrong in off if wrong)


def test_a_rule_of_another_form_is_not_asked() -> None:
    other = tuple(rule.model_copy(update={"form": "other"}) for rule in RULES)
    cells = filled()
    cells["配合任务"][at(2, "own", "officers")] = Decimal(1)
    sheets = tuple(Sheet(name, one) for name, one in cells.items())
    assert check(Book("xls", sheets), FORM, other).all_findings == ()
    assert FIRST_ROUND not in block(2).expected
