"""The workbook a lead gets: a sheet for each cooperating unit that has reported, its figures and its text, as values."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

from openpyxl import Workbook
from openpyxl.utils import get_column_letter
from openpyxl.worksheet.worksheet import Worksheet

from integrations.excel.workbook import BOX, CENTRE, HEI, LEFT, PALE, fill, font, height_of, print_setup, save, write


@dataclass(frozen=True, slots=True)
class UnitSheet:
    """What one cooperating unit sent: per duty its title, figures by indicator, text on progress, and where it came from."""

    unit: str
    duties: tuple[tuple[str, Mapping[str, Decimal], str, str], ...]


def write_bundle(title: str, columns: Sequence[tuple[str, str]], units: Sequence[UnitSheet]) -> bytes:
    """Return the workbook; with no unit it has one sheet that says so. `columns` are (indicator, header)."""
    book = Workbook()
    book.remove(book.worksheets[0])
    for unit in units:
        _write_unit(book.create_sheet(_sheet_name(unit.unit, book.sheetnames)), title, columns, unit)
    if not units:
        write(book.create_sheet("配合单位材料"), "A1", "截至发信时，尚无配合单位报送材料。", font=font())
    return save(book)


def _write_unit(sheet: Worksheet, title: str, columns: Sequence[tuple[str, str]], unit: UnitSheet) -> None:
    last = len(columns) + 3
    sheet.merge_cells(start_row=1, end_row=1, start_column=1, end_column=last)
    write(sheet, "A1", f"{title}·{unit.unit}", font=font(HEI, 15), alignment=CENTRE)
    sheet.row_dimensions[1].height = 30
    for column, name in enumerate(["任务", *(header for _, header in columns), "工作进展", "来源"], start=1):
        write(sheet, f"{get_column_letter(column)}3", name, font=font(HEI), alignment=CENTRE, border=BOX, fill=fill(PALE))
        width = {1: 34, last - 1: 40, last: 30}.get(column, 13)
        sheet.column_dimensions[get_column_letter(column)].width = width
        sheet.row_dimensions[3].height = max(height_of(name, width), sheet.row_dimensions[3].height or 0)
    for row, (duty, figures, narrative, source) in enumerate(unit.duties, start=4):
        values = [duty, *(figures.get(indicator) for indicator, _ in columns), narrative, source]
        for column, value in enumerate(values, start=1):
            at = CENTRE if isinstance(value, Decimal) else LEFT
            write(sheet, f"{get_column_letter(column)}{row}", value, font=font(), alignment=at, border=BOX)
        sheet.row_dimensions[row].height = max(height_of(narrative, 40), height_of(source, 30), height_of(duty, 34))
    sheet.freeze_panes = "B4"
    print_setup(sheet, landscape=True, title_rows="1:3")


def _sheet_name(unit: str, taken: Sequence[str]) -> str:
    plain = "".join(c for c in unit if c not in r"[]:*?/\'")[:28] or "单位"
    name, count = plain, 2
    while name in taken:
        name, count = f"{plain}{count}", count + 1
    return name
