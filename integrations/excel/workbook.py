"""What every workbook we write has in common: fonts and colours, clean text, print set-up, the same bytes each time."""

import re
import zipfile
from collections.abc import Iterable, Mapping, Sequence
from copy import copy
from decimal import Decimal
from functools import cache, lru_cache
from io import BytesIO
from math import ceil
from typing import Any
from xml.sax.saxutils import escape

from openpyxl import Workbook
from openpyxl.cell.cell import Cell
from openpyxl.styles import Alignment, Border, Font, PatternFill, Protection, Side
from openpyxl.styles.styleable import StyleableObject
from openpyxl.worksheet.header_footer import HeaderFooterItem, _HeaderFooterPart
from openpyxl.worksheet.hyperlink import Hyperlink
from openpyxl.worksheet.properties import PageSetupProperties
from openpyxl.worksheet.worksheet import Worksheet

from campaigns.forms import letter
from campaigns.plain import legible

# Names of fonts that WPS and Excel have; where they are missing (Kylin), both fall back to a Chinese font of their own.
SONG, HEI, KAI = "宋体", "黑体", "楷体"
_LINE = Side(style="thin", color="8C8C8C")
BOX = Border(left=_LINE, right=_LINE, top=_LINE, bottom=_LINE)
CENTRE = Alignment(horizontal="center", vertical="center", wrap_text=True)
LEFT = Alignment(horizontal="left", vertical="center", wrap_text=True, indent=1)
TOP = Alignment(horizontal="left", vertical="top", wrap_text=True)
RIGHT = Alignment(horizontal="right", vertical="center", indent=1)
OPEN = Protection(locked=False)

BLUE, PALE, GREY, CREAM, RED, AMBER = "1F4E78", "DDEBF7", "F2F2F2", "FFFBE6", "FFC7CE", "FFEB9C"
_FIXED_TIME = (1980, 1, 1, 0, 0, 0)  # the earliest a zip can say: bytes must not depend on when they were written
_LONGEST = 32_000  # Excel cuts at 32,767 without a word


@cache
def fill(colour: str) -> PatternFill:
    """Return a solid fill."""
    return PatternFill("solid", start_color=colour, end_color=colour)


@cache
def font(name: str = SONG, size: float = 10.5, *, bold: bool = False, colour: str = "000000") -> Font:
    """Return a font."""
    return Font(name=name, size=size, bold=bold, color=colour)


def clean(text: str) -> str:
    """Return a text without what no workbook can hold, cut where Excel would cut it in silence."""
    kept = legible(text)
    return kept if len(kept) <= _LONGEST else kept[:_LONGEST] + "……（内容过长，已截断）"


def _dress(cell: Any, styles: Mapping[str, Any]) -> None:
    """Give a cell its styles. openpyxl compares a style with all others each time, so a set of them once worn is copied."""
    worn = cell.parent.parent.__dict__.setdefault("_worn", {})
    key = tuple((name, style if isinstance(style, str) else id(style)) for name, style in styles.items())
    if key in worn and not cell.has_style:
        cell._style = copy(worn[key][0])
        return
    new = not cell.has_style
    for name, style in styles.items():
        setattr(cell, name, style)
    if new:
        worn[key] = (copy(cell._style), tuple(styles.values()))  # the styles are kept, so that no id is used again


def write(sheet: Worksheet, cell: str, value: Any, **styles: Any) -> Cell:
    """Return the cell after writing a value that is never taken for a formula, and its styles."""
    at: Cell = sheet[cell]
    if isinstance(value, str):
        at.value = clean(value)
        at.data_type = "s"
    else:
        at.value = value
    _dress(at, styles)
    return at


def formula(sheet: Worksheet, cell: str, text: str, **styles: Any) -> Cell:
    """Return the cell after writing one of our own formulas."""
    at: Cell = sheet[cell]
    at.value = text
    _dress(at, styles)
    return at


def style_id(sheet: Worksheet, **styles: Any) -> int:
    """Return the number of a style in a sheet's workbook, for `row_xml`."""
    worn = StyleableObject(sheet)
    for name, style in styles.items():
        setattr(worn, name, style)
    number: int = worn.style_id
    return number


def row_xml(at: int, height: float, cells: Iterable[tuple[str | int | Decimal | None, int]]) -> str:
    """Return a row of a long sheet as it stands in the file, from values and style numbers; no text of it is a formula."""
    made = [f'<row r="{at}" ht="{height:g}" customHeight="1">']
    for column, (value, style) in enumerate(cells, start=1):
        place = f'<c r="{letter(column)}{at}" s="{style}"'
        if value is None:
            made.append(f"{place}/>")
        elif isinstance(value, str):
            made.append(f'{place} t="inlineStr"><is><t xml:space="preserve">{_escaped(value)}</t></is></c>')
        else:
            made.append(f"{place}><v>{value}</v></c>")
    made.append("</row>")
    return "".join(made)


@lru_cache(maxsize=4096)
def _escaped(text: str) -> str:
    return escape(clean(text))


def link(cell: Cell, sheet: str, address: str) -> None:
    """Make a cell lead to another one of the same workbook."""
    quoted = sheet.replace("'", "''")
    cell.hyperlink = Hyperlink(ref=cell.coordinate, location=f"'{quoted}'!{address}")
    cell.font = font(colour="0563C1")


def number_format(decimals: int) -> str:
    """Return the number format of an indicator: at least two decimals are shown of an amount, none of a count."""
    return "#,##0." + "0" * min(decimals, 2) + "#" * (decimals - 2) if decimals else "#,##0"


@lru_cache(maxsize=4096)
def height_of(text: str, width: float, *, line: float = 15, least: float = 20) -> float:
    """Return the height a wrapped text needs in a width: merged cells do not grow by themselves."""
    lines = sum(
        max(1, ceil(sum(2 if ord(char) > 255 else 1 for char in part) / max(width - 1.5, 1))) for part in text.split("\n")
    )
    return min(max(least, lines * line + 5), 400)


def print_setup(sheet: Worksheet, *, landscape: bool, title_rows: str | None = None) -> None:
    """Set a sheet up for A4, one page wide, with page numbers."""
    sheet.page_setup.paperSize = 9
    sheet.page_setup.orientation = "landscape" if landscape else "portrait"
    sheet.page_setup.fitToWidth, sheet.page_setup.fitToHeight = 1, 0
    sheet.sheet_properties.pageSetUpPr = PageSetupProperties(fitToPage=True)
    sheet.page_margins.left = sheet.page_margins.right = 0.5
    sheet.page_margins.top = sheet.page_margins.bottom = 0.5
    sheet.page_margins.header = sheet.page_margins.footer = 0.3
    sheet.print_options.horizontalCentered = True
    sheet.oddFooter = HeaderFooterItem(center=_HeaderFooterPart("第 &P 页　共 &N 页", size=9))
    if title_rows:
        sheet.print_title_rows = title_rows


def save(
    book: Workbook,
    cached: Mapping[str, Mapping[str, str]] | None = None,
    rows: Mapping[str, Sequence[str]] | None = None,
) -> bytes:
    """Return the bytes of a workbook, the same each time.

    `cached` gives, by sheet title, the results of its formulas: openpyxl writes them without, so readers that do not calculate
    would see nothing. `rows` gives what `row_xml` made for the end of a long sheet: ten times as fast as cell by cell.
    """
    raw = BytesIO()
    book.save(raw)
    parts = {f"xl/worksheets/sheet{n}.xml": sheet.title for n, sheet in enumerate(book.worksheets, 1)}
    out = BytesIO()
    with zipfile.ZipFile(raw) as source, zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as target:
        for name in source.namelist():
            data = source.read(name)
            if name == "docProps/core.xml":
                data = re.sub(rb"<dcterms:(created|modified).*?</dcterms:\1>", b"", data)
            elif results := (cached or {}).get(parts.get(name, "")):
                data = _with_results(data, results)
            elif more := (rows or {}).get(parts.get(name, "")):
                data = _with_rows(data, more)
            entry = zipfile.ZipInfo(name, _FIXED_TIME)
            entry.compress_type = zipfile.ZIP_DEFLATED
            entry.external_attr = 0o600 << 16
            target.writestr(entry, data)
    return out.getvalue()


def _with_results(xml: bytes, results: Mapping[str, str]) -> bytes:
    def put(match: re.Match[str]) -> str:
        return f"{match[1]}<v>{results[match[2]]}</v>" if match[2] in results else match[0]

    text = xml.decode("utf-8")
    return re.sub(r'(<c r="([A-Z]+[0-9]+)"[^>]*><f>[^<]*</f>)<v\s*(?:/>|></v>)', put, text).encode("utf-8")


def _with_rows(xml: bytes, rows: Sequence[str]) -> bytes:
    """Return a sheet with rows below those it has; readers that trust the stated dimension are told the new one."""
    head, end, tail = xml.decode("utf-8").partition("</sheetData>")
    last = re.search(r'<row r="([0-9]+)"', rows[-1])
    assert last is not None
    head = re.sub(r'(<dimension ref="[A-Z]+[0-9]+:[A-Z]+)[0-9]+"', rf'\g<1>{last[1]}"', head)
    return "".join((head, *rows, end, tail)).encode("utf-8")
