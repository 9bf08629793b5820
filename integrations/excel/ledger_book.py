"""The ledger as a workbook: units × rounds in red, yellow and green, and for each round units × duties."""

from collections import Counter
from collections.abc import Sequence

from openpyxl import Workbook
from openpyxl.styles import Alignment
from openpyxl.worksheet.worksheet import Worksheet

from campaigns.forms import letter
from campaigns.ledger_view import Entry, LedgerView, RoundView, Unit
from integrations.excel.workbook import (
    AMBER,
    BLUE,
    BOX,
    CENTRE,
    GREY,
    HEI,
    LEFT,
    PALE,
    RED,
    clean,
    fill,
    font,
    height_of,
    print_setup,
    save,
    write,
)  # fmt: skip

OVERVIEW = "台账"
_GREEN = "C6EFCE"
_COLOURS = {"green": _GREEN, "red": RED, "yellow": AMBER, "grey": GREY}
_LEGEND = "绿：已报送、零报告、迟报；红：逾期未报、逾期退回；黄：退回、临近截止；灰：未到期、免报、不适用。“延”是经批准延期的。"
_FORBIDDEN, _LONGEST_NAME = "[]:*?/\\'", 31
_HEADER_ROW = 4
_A4_DUTIES, _A3 = 18, 8


def write_ledger(view: LedgerView) -> bytes:
    """Return the workbook; the same ledger gives the same bytes."""
    book = Workbook()
    book.remove(book.worksheets[0])
    book.properties.creator, book.properties.title = clean(view.office), "台账"
    _overview(book, view)
    for one in view.opened:
        _round(book, view, one)
    return save(book)


def _overview(book: Workbook, view: LedgerView) -> None:
    rounds = view.opened
    units: dict[str, Unit] = {unit.code: unit for one in rounds for unit in one.units}
    columns = (("序号", 7.0), ("单位", 26.0), ("联络员", 22.0), ("电话", 17.0), *((one.label, 26.0) for one in rounds))
    sheet = _sheet(book, OVERVIEW, f"{view.title}台账", view, columns)
    entries = {(one.id, unit.code): unit.entries for one in rounds for unit in one.units}
    for at, unit in enumerate(units.values(), start=1):
        row = _HEADER_ROW + at
        for column, text in enumerate((at, unit.name, unit.contact, unit.phone), start=1):
            alignment = LEFT if column == 2 else CENTRE
            write(sheet, f"{letter(column)}{row}", text, font=font(), alignment=alignment, border=BOX)
        told = [entries.get((one.id, unit.code), ()) for one in rounds]
        for column, mine in enumerate(told, start=5):
            cell = write(sheet, f"{letter(column)}{row}", _counted(mine), font=font(), alignment=CENTRE, border=BOX)
            if mine:
                cell.fill = fill(_COLOURS[_light(mine)])
        sheet.row_dimensions[row].height = max(
            height_of(unit.name, 26), height_of(unit.contact, 22), *(height_of(_counted(mine), 26) for mine in told)
        )
    row = _HEADER_ROW + len(units) + 1
    for column, text in enumerate(("合计", None, None, None, *(_whole(one) for one in rounds)), start=1):
        write(sheet, f"{letter(column)}{row}", text, font=font(HEI), alignment=CENTRE, border=BOX, fill=fill(PALE))
    sheet.row_dimensions[row].height = 50


def _round(book: Workbook, view: LedgerView, one: RoundView) -> None:
    duties = one.duties
    width = min(26.0, max(8.0, _A4_DUTIES * 8.0 / max(len(duties), 1)))  # a page is filled, however few there are
    columns = (("序号", 7.0), ("单位", 26.0), *((f"{number}\n{title}", width) for number, title in duties))
    name = _unused(one.label, book.sheetnames)
    sheet = _sheet(book, name, f"{view.title}{one.label}台账（{one.status}）", view, columns)
    sheet.row_dimensions[_HEADER_ROW].height = 95
    if len(duties) > _A4_DUTIES:
        sheet.page_setup.paperSize = _A3
    sheet.freeze_panes = f"C{_HEADER_ROW + 1}"
    for at, unit in enumerate(one.units, start=1):
        row = _HEADER_ROW + at
        for column, text in enumerate((at, unit.name), start=1):
            write(sheet, f"{letter(column)}{row}", text, font=font(), alignment=LEFT if column == 2 else CENTRE, border=BOX)
        for column, (number, _) in enumerate(duties, start=3):
            entry = unit.entry(number)
            if entry is None:
                write(sheet, f"{letter(column)}{row}", None, border=BOX)
                continue
            face = font(HEI if entry.role == "牵头" else "宋体", 9)
            colour = fill(_COLOURS[entry.light])
            write(sheet, f"{letter(column)}{row}", _word(entry), font=face, alignment=CENTRE, border=BOX, fill=colour)
        sheet.row_dimensions[row].height = 28


def _word(entry: Entry) -> str:
    return f"{entry.state}{'（延）' if entry.extended else ''}"


def _light(entries: Sequence[Entry]) -> str:
    """Return the worst of some lights: one that is red outshines all others; green only when all are done."""
    lights = {entry.light for entry in entries}
    exempt = all(not entry.owed and entry.light == "grey" for entry in entries if entry.light == "grey")
    if "red" in lights or "yellow" in lights:
        return "red" if "red" in lights else "yellow"
    return "green" if "green" in lights and ("grey" not in lights or exempt) else "grey"


def _counted(entries: Sequence[Entry]) -> str:
    if not entries:
        return ""
    counts = Counter(entry.state for entry in entries)
    told = "，".join(f"{state}{count}" for state, count in counts.items())
    late = sum(entry.extended for entry in entries)
    return f"{told}{f'（延{late}）' if late else ''}"


def _whole(one: RoundView) -> str:
    counts = one.counts
    exempt = f"，另有免报等{counts.exempt}" if counts.exempt else ""
    return (
        f"应报{counts.owed}，按时{counts.received}，零报告{counts.nil}，迟报{counts.late}，逾期{counts.missing}，"
        f"未到期{counts.open}{exempt}；报送率{counts.coverage}"
    )


def _sheet(book: Workbook, name: str, title: str, view: LedgerView, columns: Sequence[tuple[str, float]]) -> Worksheet:
    sheet: Worksheet = book.create_sheet(name)
    last, total = letter(len(columns)), sum(width for _, width in columns)
    sheet.sheet_view.showGridLines = False
    for at, (_, width) in enumerate(columns, start=1):
        sheet.column_dimensions[letter(at)].width = width
    for row, text, height in (
        (1, title, height_of(title, total / 1.6, line=24, least=34)),
        (2, made := f"{view.office}　　截至{view.as_of}", height_of(made, total)),
        (3, _LEGEND, height_of(_LEGEND, total)),
    ):
        sheet.merge_cells(f"A{row}:{last}{row}")
        face = font(HEI, 16, bold=True, colour=BLUE) if row == 1 else font()
        alignment = CENTRE if row == 1 else Alignment(vertical="center", wrap_text=True)
        write(sheet, f"A{row}", text, font=face, alignment=alignment)
        sheet.row_dimensions[row].height = height
    for at, (label, _) in enumerate(columns, start=1):
        write(sheet, f"{letter(at)}{_HEADER_ROW}", label, font=font(HEI, 9), alignment=CENTRE, border=BOX, fill=fill(PALE))
    sheet.row_dimensions[_HEADER_ROW].height = max(height_of(label, width, least=22) for label, width in columns)
    sheet.freeze_panes = f"C{_HEADER_ROW + 1}"
    print_setup(sheet, landscape=True, title_rows=f"{_HEADER_ROW}:{_HEADER_ROW}")
    return sheet


def _unused(label: str, taken: Sequence[str]) -> str:
    """Return a label as the name of a sheet, numbered when there is one of that name."""
    stem = "".join(sign for sign in clean(label) if sign not in _FORBIDDEN)[: _LONGEST_NAME - 3] or "报送期"
    name, number = stem, 2
    while name in taken:
        name, number = f"{stem}_{number}", number + 1
    return name
