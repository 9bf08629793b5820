"""Workbooks of old programs, with passwords, other calendars, endless grids; and that both ways of reading agree."""

import dataclasses
import struct
import zipfile
from collections.abc import Iterator
from io import BytesIO
from typing import Any

import pytest

from campaigns.forms import COOPERATING_SHEET, TOKEN_SHEET, letter
from campaigns.submission import Book, Refusal, Sheet
from integrations.excel import ooxml
from integrations.excel.child import read_book
from integrations.excel.reader import read
from integrations.excel.refusals import Unreadable
from integrations.inbox.mime import Part
from tasks.doors import forms_apart
from tasks.parts import kinds_of
from tests.hostile import cases, in_part, mutants, rezipped
from tests.integrations.excel.filling import edited, fill_all, form_of, workbook_of
from tests.old_books import compound, old_book, record

FORM = form_of("scjg")
SENT = edited(workbook_of(FORM), fill_all)
BLOCK = FORM.blocks[1]
SHEET = "xl/worksheets/sheet3.xml"
CELL = BLOCK.cell("own", "cases_filed")
OLE_LOCK = record(0x2F, struct.pack("<HHHH", 1, 1, 1, 0) + bytes(48))


def sheet_of(data: bytes, name: str) -> Sheet:
    book = read(data)
    assert isinstance(book, Book), book
    sheet = book.sheet(name)
    assert sheet is not None
    return sheet


def code_of(data: bytes) -> str:
    found = read(data)
    assert isinstance(found, Refusal) and not found.message.isascii(), found
    return found.code


def test_an_old_workbook_is_read_by_its_content_whatever_its_name() -> None:
    sheet = sheet_of(old_book({COOPERATING_SHEET: {(3, 2): "立案", (5, 3): 12.5}}), COOPERATING_SHEET)
    assert {at: str(value) for at, value in sheet.cells.items()} == {(3, 2): "立案", (5, 3): "12.5"}


def test_a_workbook_called_et_is_taken_for_one_at_every_door() -> None:
    data = old_book({COOPERATING_SHEET: {(1, 1): 1.0}})
    assert kinds_of([Part("报表.et", "", data), Part("报表.ET", "", SENT)]) == ("workbook", "workbook")
    assert [part.name for part in forms_apart("报表.zip", zipped({"甲.et": data, "乙.et": SENT}))] == ["甲.et", "乙.et"]


def zipped(files: dict[str, bytes]) -> bytes:
    out = BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    return out.getvalue()


def test_an_old_workbook_with_a_password_is_told_so() -> None:
    assert code_of(old_book({COOPERATING_SHEET: {(1, 1): 1.0}}, globals_=OLE_LOCK)) == "password"


@pytest.mark.parametrize("since_1904", [False, True])
def test_dates_are_the_same_days_in_both_calendars(since_1904: bool) -> None:
    serial = 46_084 - (1_462 if since_1904 else 0)
    old = old_book({COOPERATING_SHEET: {(2, 2): serial}}, since_1904=since_1904, dates=[(2, 2)])
    assert sheet_of(old, COOPERATING_SHEET).cells[2, 2] == "2026-03-03"
    dated = in_part(SENT, "xl/styles.xml", r"(?s)<cellXfs.*?</cellXfs>", '<cellXfs><xf numFmtId="14"/></cellXfs>')
    dated = in_part(dated, SHEET, rf'<c r="{CELL}"[^>]*?>.*?</c>', f'<c r="{CELL}" s="0"><v>{serial}</v></c>')
    if since_1904:
        dated = in_part(dated, "xl/workbook.xml", r"<workbookPr[^>]*/>", '<workbookPr date1904="1"/>')
    sheet = sheet_of(dated, BLOCK.sheet)
    assert "2026-03-03" in sheet.cells.values()


def test_an_old_workbook_that_spans_the_whole_grid_is_refused_at_once() -> None:
    corners = {(1, 1): 1.0, (65_536, 256): 1.0}
    for more in (0, 40):
        sheets = {f"第{at}页": corners for at in range(more)} | {COOPERATING_SHEET: corners}
        assert code_of(old_book(sheets)) == "too-big"
    assert isinstance(read(SENT), Book)


def test_half_a_character_never_gets_in() -> None:
    found = read(old_book({COOPERATING_SHEET: {(1, 1): "半\ud83d个", (2, 1): 1.0}}))
    assert isinstance(found, Book)
    text = str(found.sheets[0].cells[1, 1])
    assert text.startswith("半") and text.encode()
    inline = f'<c r="{CELL}" t="inlineStr"><is><t>半_xD83D_个</t></is></c>'
    sheet = sheet_of(in_part(SENT, SHEET, rf'<c r="{CELL}"[^>]*?>.*?</c>', inline), BLOCK.sheet)
    assert "半个" in sheet.cells.values()
    raw = rezipped(SENT, lambda name, part: part.replace(b"<sheetData>", b"<sheetData>\xed\xa0\xbd") if name == SHEET else part)
    assert code_of(raw) == "damaged"


def test_an_ods_with_a_password_is_told_so_and_a_program_in_front_is_not_opened() -> None:
    out = BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr("mimetype", "application/vnd.oasis.opendocument.spreadsheet")
        archive.writestr("content.xml", bytes(range(256)))  # sealed: no XML at all
        archive.writestr(
            "META-INF/manifest.xml", '<m:manifest xmlns:m="urn:x"><m:file-entry><m:encryption-data/></m:file-entry></m:manifest>'
        )
    assert code_of(out.getvalue()) == "password"
    assert code_of(b"MZ" + SENT) == code_of(b"MZ\x90\x00" + bytes(600) + out.getvalue()) == "unknown"
    assert code_of(b"MZ" + old_book({COOPERATING_SHEET: {(1, 1): 1.0}})) == "unknown"


def test_thousands_of_merged_ranges_over_a_full_sheet_are_soon_dealt_with() -> None:
    rows = "".join(
        f'<row r="{row}">' + "".join(f'<c r="{letter(column)}{row}"><v>{row}</v></c>' for column in range(1, 21)) + "</row>"
        for row in range(300, 4_300)
    )
    apart = "".join(f'<mergeCell ref="A{row}:T{row}"/>' for row in range(300, 4_300))
    over = "".join(f'<mergeCell ref="A{at}:T4300"/>' for at in range(300, 4_300))
    data = in_part(SENT, SHEET, "</sheetData>", f"{rows}</sheetData>")
    sheet = sheet_of(in_part(data, SHEET, "</mergeCells>", f"{apart}</mergeCells>"), BLOCK.sheet)
    assert len([at for at in sheet.covered if at[0] >= 300]) == 4_000 * 19
    assert code_of(in_part(data, SHEET, "</mergeCells>", f"{over}</mergeCells>")) == "too-big"


def test_one_file_after_another_in_one_child_and_each_gets_its_own_answer() -> None:
    killers = [b"PK", compound("Workbook", b"\xff" * 5_000), old_book({COOPERATING_SHEET: {(65_536, 256): 1.0, (1, 1): 1.0}})]
    for _ in range(9):
        for data in killers:
            assert isinstance(read(data), Refusal)
            assert isinstance(read(SENT), Book)


def every_part(data: bytes) -> Iterator[tuple[str, bytes]]:
    with zipfile.ZipFile(BytesIO(data)) as archive:
        for name in archive.namelist():
            if name.startswith("xl/worksheets/"):
                yield name, archive.read(name)


def outcome(part: bytes, **way: Any) -> object:
    strings, formats = ["甲", "", "_x0041_", "12"] * 50, ["", "date", "odd", ""] * 30
    try:
        sheet = ooxml.read_sheet("表", part, strings, formats, False, [200_000, 3_000_000], **way)
    except Unreadable as error:
        return error.refusal.code
    return dataclasses.asdict(sheet) if sheet else None


def test_the_quick_way_of_reading_comes_to_the_same_as_reading_from_end_to_end() -> None:
    odd = cases(SENT, SHEET, CELL, CELL, BLOCK.narrative_cell)
    files = [SENT, *(case.data for case in odd if case.threat in ("T3", "T6", "T7", "T8"))]
    files += [data for data in mutants(SENT, 300, seed=7) if zipfile.is_zipfile(BytesIO(data))]
    compared = 0
    for data in files:
        try:
            parts = list(every_part(data))
        except Exception:  # the zip itself is damaged
            continue
        for name, part in parts:
            if len(part) < 3_000_000:
                assert outcome(part) == outcome(part, end_to_end=True), name
                compared += 1
    assert compared > 300


def test_the_quick_way_is_the_one_forms_go() -> None:
    for _, part in every_part(SENT):
        reading = ooxml._Reading("表", [], [], False, [200_000, 3_000_000])
        rest = reading.take_plain_cells(part)
        assert rest is not None and rest.count(b"<c ") <= part.count(b"<c ") // 7
    assert TOKEN_SHEET in {sheet.name for sheet in read_book(SENT).sheets}
