"""The list of an archive as a workbook: every file with what it is, whose, when, and its SHA-256; and the decisions made."""

from collections.abc import Sequence
from urllib.parse import quote

from openpyxl import Workbook
from openpyxl.styles import Alignment
from openpyxl.worksheet.hyperlink import Hyperlink

from campaigns.archive import Kept
from campaigns.forms import letter
from integrations.excel.workbook import BLUE, BOX, CENTRE, HEI, LEFT, PALE, fill, font, height_of, print_setup, save, write

FILES, DECISIONS = "目录", "决定"
_HEADER_ROW = 3
_COLUMNS = (
    ("序号", 7.0),
    ("类别", 12.0),
    ("文件", 60.0),
    ("内容", 26.0),
    ("单位", 24.0),
    ("报送期", 18.0),
    ("时间", 26.0),
    ("字节", 11.0),
    ("SHA-256", 68.0),
)
_DECIDED = (
    ("编号", 22.0),
    ("决定", 12.0),
    ("经办人", 14.0),
    ("批准人", 20.0),
    ("依据", 40.0),
    ("决定日期", 14.0),
    ("范围", 50.0),
)


def write_index(title: str, files: Sequence[Kept], decisions: Sequence[Sequence[str]]) -> bytes:
    """Return the workbook; the same files give the same bytes."""
    book = Workbook()
    book.remove(book.worksheets[0])
    rows = [
        (at, one.folder, one.path, one.what, one.unit, one.round, one.moment, one.size, one.sha256)
        for at, one in enumerate(files, start=1)
    ]
    _sheet(book, FILES, f"{title}归档目录", _COLUMNS, rows)
    sheet = book[FILES]
    for row, one in enumerate(files, start=_HEADER_ROW + 1):
        cell = sheet[f"C{row}"]
        cell.hyperlink = Hyperlink(ref=cell.coordinate, target=quote(one.name))
        cell.font = font(colour="0563C1")
    if decisions:
        _sheet(book, DECISIONS, f"{title}决定", _DECIDED, decisions)
    return save(book)


def _sheet(
    book: Workbook, name: str, title: str, columns: Sequence[tuple[str, float]], rows: Sequence[Sequence[str | int]]
) -> None:
    sheet = book.create_sheet(name)
    last = letter(len(columns))
    sheet.sheet_view.showGridLines = False
    for at, (_, width) in enumerate(columns, start=1):
        sheet.column_dimensions[letter(at)].width = width
    for row, text, face in ((1, title, font(HEI, 16, bold=True, colour=BLUE)), (2, f"共{len(rows)}件", font())):
        sheet.merge_cells(f"A{row}:{last}{row}")
        write(sheet, f"A{row}", text, font=face, alignment=CENTRE if row == 1 else Alignment(vertical="center"))
    sheet.row_dimensions[1].height = 34
    for at, (label, _) in enumerate(columns, start=1):
        at_cell = f"{letter(at)}{_HEADER_ROW}"
        write(sheet, at_cell, label, font=font(HEI, 9), alignment=CENTRE, border=BOX, fill=fill(PALE))
    for at, values in enumerate(rows, start=_HEADER_ROW + 1):
        for column, (value, (_, width)) in enumerate(zip(values, columns, strict=True), start=1):
            alignment = LEFT if width > 20 else CENTRE
            write(sheet, f"{letter(column)}{at}", value, font=font(), alignment=alignment, border=BOX)
        texts = zip(values, columns, strict=True)
        sheet.row_dimensions[at].height = max(height_of(one, width) for one, (_, width) in texts if isinstance(one, str))
    sheet.freeze_panes = f"A{_HEADER_ROW + 1}"
    sheet.auto_filter.ref = f"A{_HEADER_ROW}:{last}{_HEADER_ROW + len(rows)}"
    print_setup(sheet, landscape=True, title_rows=f"{_HEADER_ROW}:{_HEADER_ROW}")
