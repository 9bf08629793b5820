"""Writing findings into a workbook: cells coloured and commented, and a list in front. Runs in the child process."""

import re
from collections import defaultdict
from collections.abc import Mapping, Sequence
from decimal import Decimal
from io import BytesIO

from openpyxl import Workbook, load_workbook
from openpyxl.cell.cell import Cell, MergedCell
from openpyxl.comments import Comment
from openpyxl.styles import PatternFill
from openpyxl.worksheet.datavalidation import DataValidation
from openpyxl.worksheet.worksheet import Worksheet

from campaigns.findings import Finding, Severity
from campaigns.forms import FIRST_COLUMN, LABEL_COLUMN, TOKEN_SHEET, letter
from campaigns.organs import plain
from campaigns.submission import ERROR_SHEET, Book, Sheet
from integrations.excel.workbook import (
    AMBER,
    BLUE,
    BOX,
    CENTRE,
    HEI,
    LEFT,
    PALE,
    RED,
    clean,
    fill,
    font,
    formula,
    height_of,
    link,
    print_setup,
    save,
    write,
)

_AUTHOR = "报送审核"  # by it our own comments are known again
_MOST_CELLS = 50_000
_OUTWARD = re.compile(r"[\[|]|https?:|\b(WEBSERVICE|FILTERXML|HYPERLINK|RTD|CALL|REGISTER|EXEC|DDE)", re.IGNORECASE)
_NO_TITLE = re.compile(r"[\[\]:*?/\\]")  # what no sheet may be called
_FIGURE = re.compile(r"-?[0-9][0-9,]*(\.[0-9]+)?")
_WIDTHS = {"A": 6, "B": 18, "C": 20, "D": 22, "E": 12, "F": 64, "G": 10}
_KEPT = "H"  # hidden: the colour a cell had before we marked it, so that a later copy can give it back
_TAG = re.compile(r"(\d+):([a-z]+)")


def mark(data: bytes, findings: Sequence[Finding], read: Book) -> bytes:
    """Return the sender's workbook with its formatting, formulas and protection, and the findings marked in it.

    `read` is what was read of it: where openpyxl sees less (strict files), or sees too much, ValueError is raised instead.
    """
    if sum(len(sheet.cells) for sheet in read.sheets) > _MOST_CELLS:
        raise ValueError("too many cells for openpyxl")
    book = load_workbook(BytesIO(data), keep_links=False)
    if not {sheet.name for sheet in read.sheets} <= set(book.sheetnames):
        raise ValueError("sheets are missing")
    _defuse(book, read)
    _unmark(book)
    _mark(book, findings)
    return save(book)


def _defuse(book: Workbook, read: Book) -> None:
    """Put values in the place of formulas that reach outside the file: nothing of the kind leaves this office."""
    for sheet in read.sheets:
        for at in sheet.formulas:
            cell = book[sheet.name].cell(*at)
            if isinstance(cell, Cell) and cell.data_type == "f" and _OUTWARD.search(str(getattr(cell.value, "text", cell.value))):
                write(book[sheet.name], cell.coordinate, sheet.cells.get(at))


def rebuild(read: Book, findings: Sequence[Finding], issued: bytes = b"") -> bytes:
    """Return the values of a workbook that openpyxl cannot keep (.xls, .ods), with the findings marked.

    They are written into the form as it was issued; where something was moved, into a workbook of their own.
    """
    book = _refilled(read, findings, issued) if issued else None
    if book is None:
        book = Workbook()
        book.remove(book.worksheets[0])
    for sheet in read.sheets:
        if sheet.name != ERROR_SHEET and sheet.name not in book.sheetnames:
            _copy(book.create_sheet(_NO_TITLE.sub("_", sheet.name)[:31]), sheet, findings)
    _mark(book, findings)
    return save(book)


def _refilled(read: Book, findings: Sequence[Finding], issued: bytes) -> Workbook | None:
    """Return the issued form with the sender's values, None when its cells are not where they were."""
    book = load_workbook(BytesIO(issued))
    marked = {(finding.sheet, finding.cell) for finding in findings}
    for sheet in book.worksheets:
        came = read.sheet(sheet.title)
        if came is None:
            return None
        for row in sheet.iter_rows():
            for cell in row:
                value = came.cells.get((cell.row or 0, cell.column or 0))
                fixed = isinstance(cell, Cell) and cell.data_type == "s" and cell.value is not None and cell.protection.locked
                if fixed and plain(str(value or "")) != plain(str(cell.value)) and (sheet.title, cell.coordinate) not in marked:
                    return None
        for (row_at, column), value in came.cells.items():
            cell = sheet.cell(row_at, column)
            if not isinstance(cell, Cell) or cell.data_type == "f":
                continue  # sums are there already, and right
            if cell.value is None or not cell.protection.locked or (sheet.title, cell.coordinate) in marked:
                write(sheet, cell.coordinate, value)
    return book


def list_only(findings: Sequence[Finding]) -> bytes:
    """Return a workbook that holds nothing but the list of findings."""
    book = Workbook()
    book.remove(book.worksheets[0])
    _mark(book, findings)
    return save(book)


def _mark(book: Workbook, findings: Sequence[Finding]) -> None:
    by_cell: dict[tuple[str, str], list[Finding]] = defaultdict(list)
    for finding in findings:
        if finding.cell and finding.sheet in book.sheetnames:
            by_cell[finding.sheet, finding.cell].append(finding)
    colours: dict[tuple[str, str], str] = {}
    for (name, address), found in by_cell.items():
        cell = _cell(book[name], address)
        colours[name, address] = str(cell.fill.start_color.rgb) if cell.fill.fill_type == "solid" else ""
        blocking = any(finding.severity is Severity.BLOCK for finding in found)
        cell.fill = fill(RED if blocking else AMBER)
        text = "\n".join(finding.message for finding in found)
        if cell.comment is not None:  # what the sender had noted there is kept
            text = f"{cell.comment.text}\n{text}"
        cell.comment = Comment(clean(text), _AUTHOR, height=40 + 18 * (1 + len(text) // 18), width=280)
    sheet = book.create_sheet(ERROR_SHEET, 0)
    for other in book.worksheets:
        other.sheet_view.tabSelected = False
    book.active = 0
    _list(sheet, book, findings, colours)


def _list(sheet: Worksheet, book: Workbook, findings: Sequence[Finding], colours: dict[tuple[str, str], str]) -> None:
    for column, width in _WIDTHS.items():
        sheet.column_dimensions[column].width = width
    sheet.sheet_view.showGridLines = False
    sheet.merge_cells("A1:G1")
    write(sheet, "A1", "错误清单", font=font(HEI, 16, bold=True, colour=BLUE), alignment=CENTRE)
    sheet.row_dimensions[1].height = 30
    blocking = sum(finding.severity is Severity.BLOCK for finding in findings)
    told = f"共{len(findings)}处：必须改正{blocking}处（红色），提醒核对{len(findings) - blocking}处（黄色）。"
    sheet.merge_cells("A2:G2")
    write(
        sheet,
        "A2",
        f"{told}点“单元格”可跳到错处；在本文件中改正后保存、重新报送即可，本清单不必删除。",
        font=font(),
        alignment=LEFT,
    )
    sheet.row_dimensions[2].height = 22
    for column, text in zip("ABCDEFG", ("序号", "单元格", "现值", "应为", "差额", "怎么改", "级别"), strict=True):
        write(sheet, f"{column}3", text, font=font(HEI), alignment=CENTRE, border=BOX, fill=fill(PALE))
    for row, finding in enumerate(findings, start=4):
        place = f"{finding.sheet}!{finding.cell}" if finding.cell else finding.sheet or "整个文件"
        level = "必须改正" if finding.severity is Severity.BLOCK else "提醒核对"
        texts = (place, finding.value, finding.expected, _difference(finding), finding.message, level)
        for column, text in zip("BCDEFG", texts, strict=True):
            write(sheet, f"{column}{row}", text, font=font(), alignment=LEFT if column == "F" else CENTRE, border=BOX)
        write(sheet, f"A{row}", row - 3, font=font(), alignment=CENTRE, border=BOX)
        sheet[f"G{row}"].fill = fill(RED if finding.severity is Severity.BLOCK else AMBER)
        sheet.row_dimensions[row].height = max(
            height_of(text, _WIDTHS[column], least=22)
            for column, text in (("C", finding.value), ("D", finding.expected), ("F", finding.message))
        )
        if finding.cell and finding.sheet in book.sheetnames:
            link(sheet[f"B{row}"], finding.sheet, finding.cell)
            write(sheet, f"{_KEPT}{row}", colours[finding.sheet, finding.cell])
    sheet.column_dimensions[_KEPT].hidden = True
    sheet.freeze_panes = "A4"
    sheet.print_area = f"A1:G{3 + len(findings)}"
    print_setup(sheet, landscape=True, title_rows="3:3")


def _difference(finding: Finding) -> str:
    """Return by how much a figure is off what it should be or its bound, such as `≤ 3`; nothing where either is no figure."""
    expected = finding.expected.lstrip("≤≥＜＞＝ ")
    if not _FIGURE.fullmatch(finding.value) or not _FIGURE.fullmatch(expected):
        return ""
    value = Decimal(finding.value.replace(",", "")) - Decimal(expected.replace(",", ""))
    return f"{value.normalize():+f}"


def _unmark(book: Workbook) -> None:
    """Take away what an earlier copy of ours had marked."""
    if ERROR_SHEET not in book.sheetnames:
        return
    colours: dict[tuple[str, str], str] = {}
    for row in book[ERROR_SHEET].iter_rows(min_row=4, max_row=5_000):
        name, _, address = str(row[1].value or "").rpartition("!")
        if name and len(row) >= 8:
            colours[name, address] = str(row[7].value or "")
    del book[ERROR_SHEET]
    for (name, address), colour in colours.items():
        if name not in book.sheetnames or not re.fullmatch(r"[A-Z]{1,3}[0-9]{1,7}", address):
            continue
        cell = _cell(book[name], address)
        if cell.comment is None or cell.comment.author != _AUTHOR:
            continue
        cell.comment = None
        cell.fill = fill(colour) if re.fullmatch("[0-9A-F]{8}", colour) else PatternFill()


def _cell(sheet: Worksheet, address: str) -> Cell:
    """Return a cell, or the first one of the merged range it lies in."""
    cell = sheet[address]
    if isinstance(cell, MergedCell):
        for merged in sheet.merged_cells.ranges:
            if address in merged:
                cell = sheet.cell(merged.min_row, merged.min_col)
    assert isinstance(cell, Cell)
    return cell


def _copy(sheet: Worksheet, read: Sheet, findings: Sequence[Finding]) -> None:
    wanted = {finding.cell: finding.expected for finding in findings if finding.sheet == read.name}
    if read.name == TOKEN_SHEET:
        sheet.sheet_state = "hidden"
    tags: dict[str, dict[str, int]] = defaultdict(dict)
    for (row, column), value in read.cells.items():
        write(sheet, f"{letter(column)}{row}", value, font=font(), alignment=LEFT, border=BOX)
        if isinstance(value, str) and (tag := _TAG.fullmatch(value)):
            tags[tag[1]][tag[2]] = row
    for column in {column for _, column in read.cells}:
        sheet.column_dimensions[letter(column)].width = 20
    if not tags:
        return
    sheet.column_dimensions["A"].hidden = True
    choice = DataValidation(type="list", formula1='"是,否"', allow_blank=True)
    sheet.add_data_validation(choice)
    for rows in tags.values():
        _formulas(sheet, read, rows, wanted)
        if "nil" in rows:
            choice.add(f"{letter(FIRST_COLUMN)}{rows['nil']}")


def _formulas(sheet: Worksheet, read: Sheet, rows: dict[str, int], wanted: Mapping[str, str]) -> None:
    """Write the sums again, so that a figure put right puts them right too; what is right and no sum, a largest, is left."""
    for (row, column), value in read.cells.items():
        if row != rows.get("header") or column <= LABEL_COLUMN or not isinstance(value, str):
            continue
        at = letter(column)
        base = "total" if "total" in rows else "own"
        for line, parts in (("total", ("own", "coop")), ("cumulative", (base, "previous"))):
            if line in rows and all(part in rows for part in parts):
                first, second = (f"{at}{rows[part]}" for part in parts)
                known = [read.cells.get((rows[part], column)) for part in (line, *parts)]
                figures = [one for one in known if isinstance(one, Decimal)]
                told = wanted.get(f"{at}{rows[line]}", "")
                right = Decimal(told) if _FIGURE.fullmatch(told) else figures[0] if figures else None
                if len(figures) == len(known) and right != sum(figures[1:]):
                    continue
                formula(sheet, f"{at}{rows[line]}", f"={first}+{second}", font=font(), border=BOX)
