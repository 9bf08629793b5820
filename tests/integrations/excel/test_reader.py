import time
import zipfile
from collections.abc import Callable
from io import BytesIO
from pathlib import Path

import pytest
from msoffcrypto.format.ooxml import OOXMLFile
from openpyxl import Workbook

from campaigns.submission import Book, Checked, Outcome, Refusal, check, token_of
from integrations.excel.reader import in_child, read
from integrations.signing import BadToken, sign, unsign
from tests.builders import small_definition
from tests.integrations.excel.filling import SECRET, column_of, edited, fill_all, fill_in, form_of, row_of, workbook_of
from tests.integrations.excel.office import convert, needs_office

FORM = form_of("scjg")
SENT = workbook_of(FORM)


def checked(data: bytes) -> Checked:
    book = read(data)
    assert isinstance(book, Book), book
    return check(book, FORM, small_definition().rules)


def refused(data: bytes) -> Refusal:
    found = read(data)
    assert isinstance(found, Refusal), found
    return found


def rezipped(data: bytes, change: Callable[[str, bytes], bytes]) -> bytes:
    out = BytesIO()
    with zipfile.ZipFile(BytesIO(data)) as source, zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as target:
        for name in source.namelist():
            target.writestr(name, change(name, source.read(name)))
    return out.getvalue()


def test_a_filled_form_is_accepted_report_by_report() -> None:
    found = checked(edited(SENT, fill_all))
    assert [one.outcome for one in found.blocks] == [Outcome.ACCEPTED] * 3
    assert found.all_findings == ()
    assert found.signatures == {"填报人": "张测试"}
    assert str(found.blocks[0].figures["penalty"].value) == "3.1000"
    assert found.blocks[0].narrative == "已开展检查。"


def test_a_form_as_sent_reports_nothing_and_keeps_its_token() -> None:
    book = read(SENT)
    assert isinstance(book, Book)
    token = token_of(book)
    assert token and unsign(token, SECRET) == FORM.identity
    assert {one.outcome for one in checked(SENT).blocks} == {Outcome.BLANK}


def test_a_token_of_another_office_or_a_changed_one_is_known() -> None:
    with pytest.raises(BadToken, match="不是本办公室下发"):
        unsign(sign(FORM.identity, "别的密钥"), SECRET)
    for token in ("", "x.y", sign(FORM.identity, SECRET)[:-2], "标识"):
        with pytest.raises(BadToken):
            unsign(token, SECRET)


def test_text_in_a_number_cell_returns_that_report_only() -> None:
    def change(book: Workbook) -> None:
        fill_all(book)
        fill_in(book, "配合任务", 2, {"立案（件）": "三件"})

    found = checked(edited(SENT, change))
    assert [one.outcome for one in found.blocks] == [Outcome.ACCEPTED, Outcome.RETURNED, Outcome.ACCEPTED]
    (finding,) = found.all_findings
    assert (finding.rule, finding.cell, finding.value) == ("number-text", f"E{FORM.blocks[1].rows['own']}", "三件")


def test_a_deleted_row_is_found_and_the_rest_is_read_where_it_moved_to() -> None:
    def change(book: Workbook) -> None:
        fill_all(book)
        book["配合任务"].delete_rows(row_of(book["配合任务"], 2, "上期累计"))

    found = checked(edited(SENT, change))
    assert [one.rule for one in found.blocks[1].findings] == ["row-deleted"]
    assert found.blocks[2].outcome is Outcome.ACCEPTED
    assert found.blocks[2].figures["officers"].cell == f"C{FORM.blocks[2].rows['own'] - 1}"


def test_a_formula_nobody_calculated_and_an_error_are_never_zero() -> None:
    def change(book: Workbook) -> None:
        fill_all(book)
        sheet = book["配合任务"]
        own = row_of(sheet, 2, "本期")
        sheet.cell(own, column_of(sheet, 2, "立案（件）"), "=1+2")
        sheet.cell(own, column_of(sheet, 2, "结案（件）"), "#DIV/0!")

    assert [one.rule for one in checked(edited(SENT, change)).all_findings] == ["formula-uncalculated", "error-value"]


def test_what_the_file_is_called_does_not_matter_and_what_it_is_does() -> None:
    page = "<html><body><table><tr><td>报送表</td></tr></table></body></html>".encode()
    document = BytesIO()
    with zipfile.ZipFile(document, "w") as archive:
        archive.writestr("word/document.xml", "<w/>")
    for data, code, said in (
        (b"", "empty", "文件是空的"),
        (SENT[: len(SENT) // 2], "truncated", "文件不完整"),
        (b"\xef\xbb\xbf\r\n" + page, "html", "这是网页不是表格"),
        ("单位,数量\n市商务局,3\n".encode("gb18030"), "text", "CSV"),
        (b"%PDF-1.7\n", "other-kind", "PDF"),
        (b"Rar!\x1a\x07", "other-kind", "RAR"),
        (b"\x89PNG\r\n\x1a\n", "other-kind", "图片"),
        (document.getvalue(), "other-kind", "Word"),
        (b"\x05admin".ljust(165, b"\x20"), "lock-file", "临时文件"),
        (bytes(range(256)) * 9, "unknown", "无法识别"),
        (b"MZ" + SENT, "unknown", "无法识别"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\x00" * 3000, "unreadable", "无法读取"),
    ):
        found = refused(data)
        assert (found.code, said in found.message) == (code, True), found


def test_a_workbook_that_is_none_of_our_forms_is_said_to_be_none() -> None:
    out = BytesIO()
    Workbook().save(out)
    assert refused(out.getvalue()).code == "no-form"


def test_a_bomb_is_refused_at_once_without_being_opened() -> None:
    out = BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("xl/workbook.xml", b"0" * 60_000_000)
        archive.writestr("xl/worksheets/sheet1.xml", b"0" * 60_000_000)
    before = time.process_time()  # of this process alone: other work on the machine does not count
    assert refused(out.getvalue()).code == "bomb"
    assert time.process_time() - before < 1


def test_a_stray_cell_far_away_is_mentioned_and_not_in_the_way() -> None:
    def corner(book: Workbook) -> None:
        fill_all(book)
        book["配合任务"]["XFD1048576"] = 1

    found = checked(edited(SENT, corner))
    assert [one.outcome for one in found.blocks] == [Outcome.ACCEPTED] * 3
    assert [(one.rule, "XFD1048576" in one.message) for one in found.all_findings] == [("cell-outside", True)]


def test_declarations_are_refused_and_repeated_cells_named() -> None:
    bomb = b'<!DOCTYPE lolz [<!ENTITY a "b">]>'
    data = rezipped(SENT, lambda name, part: part.replace(b"<worksheet", bomb + b"<worksheet", 1) if "sheet1" in name else part)
    assert refused(data).code == "declaration"
    data = rezipped(SENT, lambda name, part: part.replace(b'<c r="C3"', b'<c r="B3"') if name.endswith("sheet1.xml") else part)
    (finding,) = checked(data).findings
    assert (finding.rule, finding.sheet, finding.cell) == ("cell-repeated", "填报说明", "B3")


def test_a_file_that_keeps_the_child_too_long_is_given_up() -> None:
    found = in_child("read", SENT, wall_seconds=0)
    assert isinstance(found, Refusal) and found.code == "timeout" and "读取超时" in found.message


@pytest.mark.office
@needs_office
def test_forms_that_went_through_another_program_read_the_same(tmp_path: Path) -> None:
    filled = edited(SENT, fill_all)
    for extension in ("xls", "ods", "xlsx"):
        data = convert(filled, extension, tmp_path)
        book = read(data)
        assert isinstance(book, Book) and book.kind == extension
        token = token_of(book)
        assert token and unsign(token, SECRET) == FORM.identity
        found = checked(data)
        assert [one.outcome for one in found.blocks] == [Outcome.ACCEPTED] * 3, found.all_findings
        assert found.signatures == {"填报人": "张测试"}


def test_a_workbook_with_a_password_is_told_so() -> None:
    locked = BytesIO()
    OOXMLFile(BytesIO(SENT)).encrypt("secret", locked)
    assert refused(locked.getvalue()).code == "password"
