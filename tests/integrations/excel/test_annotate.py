from decimal import Decimal
from io import BytesIO
from pathlib import Path

import pytest
from openpyxl import Workbook, load_workbook

from campaigns.findings import Finding, Severity
from campaigns.submission import Book, Checked, Outcome, Sheet, check, token_of
from integrations.excel.annotate import annotate
from integrations.excel.annotated import rebuild
from integrations.excel.reader import read
from tests.builders import iron_definition, small_definition
from tests.integrations.excel.filling import edited, fill_all, fill_in, fill_iron, form_of, iron_form, workbook_of
from tests.integrations.excel.office import convert, needs_office

FORM = form_of("scjg")
SENT = workbook_of(FORM)
OWN = FORM.blocks[1].rows["own"]


def checked(data: bytes) -> Checked:
    book = read(data)
    assert isinstance(book, Book), book
    assert token_of(book)
    return check(book, FORM, small_definition().rules)


def wrong(book: Workbook) -> None:
    fill_all(book)
    fill_in(book, "配合任务", 2, {"立案（件）": "=三件", "罚没款（万元）": -3, "检查经营主体（户次）": 900})
    book["配合任务"][f"E{OWN}"].data_type = "s"  # typed as text, not as a formula


def test_the_copy_is_the_senders_own_with_every_fault_marked_and_listed() -> None:
    data = edited(SENT, wrong)
    findings = checked(data).all_findings
    book = load_workbook(BytesIO(annotate(data, findings)))
    assert book.sheetnames == ["错误清单", "填报说明", "牵头任务", "配合任务", "_ld"]
    sheet = book["配合任务"]
    for cell, colour in ((f"E{OWN}", "00FFC7CE"), (f"H{OWN}", "00FFC7CE"), (f"C{OWN}", "00FFEB9C")):
        assert sheet[cell].fill.start_color.rgb == colour and sheet[cell].comment
    assert "应填数字" in sheet[f"E{OWN}"].comment.text
    listed = book["错误清单"]
    assert [cell.value for cell in listed[3]][1:6] == ["单元格", "现值", "应为", "差额", "怎么改"]
    first = next(row for row in listed.iter_rows(min_row=4) if row[1].value == f"配合任务!E{OWN}")
    assert first[1].hyperlink and first[1].hyperlink.location == f"'配合任务'!E{OWN}"
    assert (first[2].value, first[2].data_type) == ("=三件", "s")
    bound = next(row for row in listed.iter_rows(min_row=4) if row[1].value == f"配合任务!C{OWN}")
    assert [cell.value for cell in bound][2:5] == ["40", "≥ 900", "-860"]
    assert sheet.protection.sheet and sheet.column_dimensions["A"].hidden and len(sheet.data_validations.dataValidation) == 3
    assert book["_ld"].sheet_state == "hidden"


def test_correcting_just_those_cells_is_accepted() -> None:
    data = edited(SENT, wrong)
    copy = annotate(data, checked(data).all_findings)

    def correct(book: Workbook) -> None:
        book["配合任务"][f"E{OWN}"] = 3
        book["配合任务"][f"H{OWN}"] = 3

    found = checked(edited(copy, correct))
    assert [one.outcome for one in found.blocks] == [Outcome.ACCEPTED] * 3


def test_a_second_copy_shows_only_what_is_still_wrong() -> None:
    data = edited(SENT, wrong)
    copy = annotate(data, checked(data).all_findings)
    half = edited(copy, lambda book: book["配合任务"].__setitem__(f"E{OWN}", 3))
    again = load_workbook(BytesIO(annotate(half, checked(half).all_findings)))
    sheet = again["配合任务"]
    assert again.sheetnames.count("错误清单") == 1
    assert sheet[f"E{OWN}"].comment is None and sheet[f"E{OWN}"].fill.start_color.rgb == "00FFFBE6"
    assert sheet[f"H{OWN}"].comment.text.count("不能是负数") == 1


def test_a_file_that_cannot_be_opened_still_gets_its_list() -> None:
    finding = Finding("row-deleted", Severity.BLOCK, "该行已被删除", "牵头任务", "C7", "空白", "数字")
    for data in (b"", SENT[:100], b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\x00" * 3000):
        book = load_workbook(BytesIO(annotate(data, [finding])))
        assert book.sheetnames == ["错误清单"]
        assert "该行已被删除" in [cell.value for cell in book["错误清单"][4]]


@pytest.mark.office
@needs_office
def test_an_old_xls_comes_back_as_xlsx_that_can_be_corrected(tmp_path: Path) -> None:
    data = convert(edited(SENT, wrong), "xls", tmp_path)
    copy = annotate(data, checked(data).all_findings)

    def correct(book: Workbook) -> None:
        assert book.active is not None and book.active.title == "错误清单"
        book["配合任务"][f"E{OWN}"] = 3
        book["配合任务"][f"H{OWN}"] = 3

    found = checked(convert(edited(copy, correct), "xlsx", tmp_path))
    assert [one.outcome for one in found.blocks] == [Outcome.ACCEPTED] * 3, found.all_findings


@pytest.mark.office
@needs_office
def test_an_ods_matrix_comes_back_in_the_issued_form_and_one_cell_put_right_is_enough(tmp_path: Path) -> None:
    form, rules = iron_form("scjg"), iron_definition().rules
    sent = workbook_of(form)
    data = convert(edited(sent, lambda book: fill_iron(book, form, trademark__cases_closed=9)), "ods", tmp_path)
    book = read(data)
    assert isinstance(book, Book)
    (finding,) = check(book, form, rules).all_findings
    copy = annotate(data, [finding], sent)
    marked = load_workbook(BytesIO(copy))[finding.sheet]
    assert marked[finding.cell].value == 9 and marked[finding.cell].comment
    assert marked[form.blocks[0].cell("own", "total.cases_closed")].data_type == "f" and marked.protection.sheet

    def correct(book: Workbook) -> None:
        book[finding.sheet][finding.cell] = 2

    mended = read(convert(edited(copy, correct), "xlsx", tmp_path))
    assert isinstance(mended, Book)
    found = check(mended, form, rules)
    assert found.blocks[0].outcome is Outcome.ACCEPTED and not found.all_findings


def test_a_largest_figure_is_not_made_a_sum_in_a_copy_of_values() -> None:
    lines = (("header", "最多（人）", "立案（件）"), ("own", 3, 3), ("previous", 5, 5), ("cumulative", 5, 7))
    cells: dict[tuple[int, int], str | Decimal] = {}
    for row, (line, most, filed) in enumerate(lines, start=1):
        said = (most, filed) if isinstance(most, str) else (Decimal(most), Decimal(str(filed)))
        cells |= {(row, 1): f"1:{line}", (row, 3): said[0], (row, 4): said[1]}
    wrong = Finding("cumulative-differs", Severity.BLOCK, "应为8", "配合任务", "D4", "7", "8")
    sheet = load_workbook(BytesIO(rebuild(Book("xls", (Sheet("配合任务", cells),)), [wrong])))["配合任务"]
    assert (sheet["C4"].value, sheet["D4"].value) == (5, "=D2+D3")
