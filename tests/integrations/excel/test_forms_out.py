from decimal import Decimal
from io import BytesIO

from openpyxl import load_workbook

from campaigns.forms import letter
from integrations.signing import sign
from tests.builders import FIRST_ROUND
from tests.integrations.excel.filling import SECRET, column_of, form_of, row_of, workbook_of

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
