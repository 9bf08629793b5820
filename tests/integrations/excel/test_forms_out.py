from decimal import Decimal
from io import BytesIO
from pathlib import Path

import pytest
from openpyxl import Workbook, load_workbook

from campaigns.forms import Form, design, letter
from campaigns.plan import expand
from campaigns.submission import Book, Outcome, check, token_of
from campaigns.workdays import OfficeHours
from integrations.excel.reader import read
from integrations.signing import sign
from tests.builders import FIRST_ROUND, WORKDAYS, iron_definition, small_definition, small_directory
from tests.integrations.excel.filling import SECRET, column_of, edited, fill_iron, form_of, iron_form, row_of, workbook_of
from tests.integrations.excel.office import convert, needs_office

LEAD = f"{FIRST_ROUND}/1/scjg"


def test_a_form_shows_what_is_owed_and_what_is_known() -> None:
    form = form_of("scjg", coop={LEAD: {"officers": Decimal(70)}}, coop_notes={LEAD: "应报4家，已报1家：市商务局"})
    book = load_workbook(BytesIO(workbook_of(form)))
    assert book.sheetnames == ["填报说明", "牵头任务", "配合任务", "_ld"]
    assert book["_ld"].sheet_state == "hidden" and book["_ld"]["A1"].value == sign(form.identity, SECRET)
    cover = [str(cell.value) for row in book["填报说明"].iter_rows() for cell in row if cell.value is not None]
    for text in ("市市场监管局", "全面提高标准化水平", "2020年12月3日（周四）17:30", "填报人", "联系电话", "审核人", "填报日期"):
        assert text in cover
    assert any("累计结案数不超过累计立案数" in text for text in cover)
    sheet = book["牵头任务"]
    officers = column_of(sheet, 1, "出动执法人员（人次）")
    own, coop, total, previous, cumulative = (
        row_of(sheet, 1, label) for label in ("本单位本期", "配合单位小计", "本期合计", "上期累计", "累计")
    )
    assert sheet.cell(coop, officers).value == 70
    assert sheet.cell(total, officers).value == f"=C{own}+C{coop}"
    assert sheet.cell(cumulative, officers).value == f"=C{total}+C{previous}"
    assert sheet.cell(row_of(sheet, 1, "配合单位情况"), 3).value == "应报4家，已报1家：市商务局"
    assert sheet["B1"].value == f"{form.round_label}　{form.title}（牵头任务）"
    assert form.headed(f"{form.round_label}情况表") == f"{form.round_label}情况表"  # said once
    assert sheet["B2"].value == "填报单位：市市场监管局" and sheet.column_dimensions["A"].hidden


def test_only_the_inputs_can_be_typed_into_and_they_say_what_they_take() -> None:
    book = load_workbook(BytesIO(workbook_of(form_of("scjg"))))
    sheet = book["牵头任务"]
    assert all(one.protection.sheet for one in book.worksheets)
    unlocked = {cell.row for row in sheet.iter_rows() for cell in row if not cell.protection.locked}
    assert unlocked == {row_of(sheet, 1, label) for label in ("本单位本期", "工作进展", "零报告")}
    rules = {rule.type: rule for rule in sheet.data_validations.dataValidation}
    assert set(rules) == {"whole", "decimal", "list"}
    assert rules["list"].formula1 == '"是,否"'
    assert "空白不等于零" in rules["whole"].prompt and "不要填文字" in rules["decimal"].error
    own = row_of(sheet, 1, "本单位本期")
    assert f"C{own}" in rules["whole"].sqref and f"G{own}" in rules["decimal"].sqref


def test_a_form_prints_on_a4_with_its_heading_on_every_page() -> None:
    sheet = load_workbook(BytesIO(workbook_of(form_of("scjg"))))["配合任务"]
    assert (sheet.page_setup.paperSize, sheet.page_setup.orientation, sheet.page_setup.fitToHeight) == (9, "landscape", 0)
    assert sheet.print_title_rows == "$1:$2" and sheet.freeze_panes == "C3"


def test_beside_a_single_figure_the_name_of_the_department_is_not_cut_off() -> None:
    small = small_definition()
    alone = small.forms[0].model_copy(update={"indicators": small.forms[0].indicators[:1]})
    plan = expand(small.model_copy(update={"forms": (alone,), "rules": ()}), small_directory(), WORKDAYS, OfficeHours())
    form = design(plan, FIRST_ROUND, "scjg", serial="T-1", version=1, previous={}, coop={}, coop_notes={})
    sheet = load_workbook(BytesIO(workbook_of(form)))["牵头任务"]
    assert sheet["C2"].value.startswith("报送期：")  # stands in the very next cell
    assert sheet.column_dimensions["B"].width > 2 * len("填报单位：某某瑶族自治县人民政府")


def test_the_same_form_gives_the_same_bytes() -> None:
    assert workbook_of(form_of("scjg")) == workbook_of(form_of("scjg"))
    assert workbook_of(form_of("scjg")) != workbook_of(form_of("scjg", serial="T-2"))


def test_no_text_becomes_a_formula_or_breaks_the_file() -> None:
    evil = '=HYPERLINK("http://example.com")\x07'
    form = form_of("scjg", coop_notes={LEAD: evil})
    form = form.model_copy(update={"department_name": "=1+1", "campaign_title": "+cmd"})
    book = load_workbook(BytesIO(workbook_of(form)))
    formulas = [cell for sheet in book for row in sheet.iter_rows() for cell in row if cell.data_type == "f"]
    assert len(formulas) == 8 * (2 + 1 + 1)  # a lead has two sums a column, a cooperating unit one
    for cell in formulas:
        parts = str(cell.value).removeprefix("=").split("+")
        assert all(part.rstrip("0123456789") == letter(cell.column or 0) for part in parts)


def iron_sheets(department: str) -> tuple[Form, Workbook]:
    form = iron_form(department)
    return form, load_workbook(BytesIO(workbook_of(form)))


def test_a_matrix_has_two_levels_of_heads_sums_and_crossed_out_cells() -> None:
    form, book = iron_sheets("swj")
    matrix = form.blocks[0]
    sheet = book[matrix.sheet]
    top, low = matrix.rows["group"], matrix.rows["header"]
    first, final = matrix.columns["ecommerce"], matrix.columns["foreign"]
    assert sheet[f"{first}{top}"].value == "其中（可重复统计）"
    assert {f"{first}{top}:{final}{top}", f"B{top}:B{low}", f"D{top}:D{low}"} <= {str(one) for one in sheet.merged_cells.ranges}
    assert (sheet[f"D{top}"].value, sheet[f"{first}{low}"].value) == ("立案\n（件）", "电商领域案件\n（件）")
    rows = matrix.rows
    assert sheet[matrix.cell("own", "total.penalty")].value == f"=SUM(G{rows['own.trademark']}:G{rows['own.other_patents']})"
    foreign = matrix.columns["foreign"]
    assert sheet[f"{foreign}{rows['own.agency']}"].value == "—" and sheet[f"{foreign}{rows['own.agency']}"].protection.locked
    assert [sheet[f"{column}{rows['own.trademark']}"].value for column in "BC"] == [1, "商标侵权"]
    assert sheet.page_setup.orientation == "landscape" and sheet.print_title_rows == f"$1:${low}"
    said = [str(cell.value) for row in sheet.iter_rows(min_row=max(rows.values())) for cell in row if cell.value]
    assert any("'填报说明'!" in text and "审核人" in text for text in said) and any(
        text.startswith("逻辑关系：") for text in said
    )


def test_a_vertical_form_takes_choices_and_codes() -> None:
    form, book = iron_sheets("swj")
    block = form.blocks[1]
    sheet = book[block.sheet]
    rules = {str(rule.sqref): rule for rule in sheet.data_validations.dataValidation}
    assert rules[block.cell("own", "published")].formula1 == '"已公布,未公布"'
    hotline = block.cell("own", "hotline")
    assert sheet[hotline].number_format == "@" and not sheet[hotline].protection.locked and rules[hotline].prompt == "带区号"
    assert sheet[f"C{block.rows['row.market_actions']}"].value == "其中：实体市场执法行动（次）"
    assert [sheet[f"{column}{block.rows['header']}"].value for column in "BCDEF"] == ["序号", "类别", "本期", "上期累计", "累计"]


def test_a_cell_turns_red_by_the_rule_that_will_be_checked() -> None:
    form, book = iron_sheets("swj")
    matrix, vertical = form.blocks
    red = {str(one.sqref): [rule.formula[0] for rule in one.rules] for one in book[matrix.sheet].conditional_formatting}
    cell, bound = matrix.cell("own", "trademark.rural"), matrix.cell("own", "trademark.cases_filed")
    assert red[cell] == [f"AND(COUNT({cell},{bound})=2,NOT({cell}<={bound}))"]
    cumulative = [matrix.cell("cumulative", f"trademark.{code}") for code in ("cases_closed", "cases_filed")]
    assert f"NOT({cumulative[0]}<={cumulative[1]})" in red[matrix.cell("own", "trademark.cases_closed")][0]
    (elsewhere,) = red[matrix.cell("own", "total.cases_filed")]  # it looks at another sheet, by a name
    assert "shown_1" in elsewhere and "!" not in elsewhere
    assert book.defined_names["shown_1"].attr_text.startswith(f"'{vertical.sheet}'!$")
    other = [str(one.sqref) for one in book[vertical.sheet].conditional_formatting]
    assert vertical.cell("own", "market_actions") in other and vertical.cell("own", "officers") not in other


@pytest.mark.office
@needs_office
@pytest.mark.parametrize("extension", ["xlsx", "xls", "ods"])
def test_every_layout_survives_another_program(extension: str, tmp_path: Path) -> None:
    form = iron_form("gaj")
    sent = edited(workbook_of(form), lambda book: fill_iron(book, form, criminal_cases=7))
    book = read(convert(sent, extension, tmp_path))
    assert isinstance(book, Book) and token_of(book) == sign(form.identity, SECRET)
    found = check(book, form, iron_definition().rules)
    assert found.all_findings == () and found.blocks[0].outcome is Outcome.ACCEPTED
    assert found.blocks[0].figures["total.case_value"].value == 16 and found.blocks[0].figures["criminal_cases"].value == 7
    assert "值班电话：0000-0012345" in found.blocks[0].narrative
