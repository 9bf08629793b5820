from dataclasses import replace
from io import BytesIO

from openpyxl import load_workbook
from python_calamine import CalamineWorkbook

from integrations.excel.rollup_book import write_rollup
from tests.campaigns.test_rollup import rolled


def test_a_reader_that_does_not_calculate_sees_the_totals_and_a_sheet_that_does_keeps_them_live() -> None:
    data = write_rollup(rolled())
    values = CalamineWorkbook.from_filelike(BytesIO(data)).get_sheet_by_name("汇总(按任务)").to_python()
    header, total = values[3], values[-1]
    assert total[header.index("出动执法人员（人次）")] == 15 and total[header.index("罚没款（万元）")] == 0.3
    assert (total[header.index("应报")], total[header.index("已报")]) == (9, 3)
    sheet = load_workbook(BytesIO(data))["汇总(按任务)"]
    assert sheet.cell(sheet.max_row, header.index("出动执法人员（人次）") + 1).value == "=SUM(F5:F7)"


def test_the_book_says_who_reported_who_did_not_and_where_each_figure_came_from() -> None:
    book = load_workbook(BytesIO(write_rollup(rolled())))
    assert book.sheetnames == ["汇总(按任务)", "按单位", "任务单位明细", "报送情况", "未报名单", "覆盖率", "来源"]
    missing = {row[1].value for row in book["未报名单"].iter_rows(min_row=5)}
    assert "市发展改革委" in missing and "西山县" not in missing
    origin = [[cell.value for cell in row] for row in book["来源"].iter_rows(min_row=5)]
    assert origin[0][1:9] == [1, "市市场监管局", "牵头", "出动执法人员（人次）", 10, "表.xlsx", "配合任务", "C7"]
    assert all("报送率33.3%" in sheet["A3"].value for sheet in book)
    by_department = {row[1].value: row[4].value for row in book["按单位"].iter_rows(min_row=5)}
    assert (by_department["市文旅局"], by_department["市公安局"]) == (0, None)  # zero was reported, nothing was not


def test_no_name_can_become_a_formula_or_break_the_book() -> None:
    found = rolled()
    names = {**found.departments, "swj": "=cmd|'/c calc'!A1\x00\x07"}
    found = replace(found, departments=names, facts=tuple(replace(one, file="=1+1\ud800.xlsx") for one in found.facts))
    book = load_workbook(BytesIO(write_rollup(found)))
    formulas = {str(cell.value) for sheet in book for row in sheet.iter_rows() for cell in row if cell.data_type == "f"}
    assert formulas and all(formula.startswith("=SUM(") for formula in formulas)
    assert "=cmd|'/c calc'!A1" in {row[1].value for row in book["按单位"].iter_rows(min_row=5)}


def test_the_same_roll_up_gives_the_same_bytes() -> None:
    assert write_rollup(rolled()) == write_rollup(rolled())
