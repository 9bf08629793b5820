"""The disposable child process: the only place where a file from outside is parsed.

It may be killed by a hostile file; its parent then says so in one sentence (`nursery.py`, `reader.py`).
"""

import resource
import zipfile
from collections.abc import Iterator, Sequence
from datetime import date, datetime, time, timedelta
from io import BytesIO
from typing import Any

from python_calamine import CalamineWorkbook, PasswordError

from campaigns.findings import Finding
from campaigns.forms import COOPERATING_SHEET, LEAD_SHEET, TOKEN_SHEET
from campaigns.submission import At, Book, Sheet, Value
from integrations.excel.guard import OLE
from integrations.excel.ooxml import clean, covered, decimal, read_xlsx, shown
from integrations.excel.refusals import (
    MOST_CELLS,
    MOST_COLUMNS,
    MOST_ROWS,
    MOST_SHEETS,
    Unreadable,
    locked,
    no_form,
    too_big,
)
from integrations.excel.wire import WRITING, book_to_json, read_copy_order, read_fill_order, refusal_to_json
from integrations.excel.xml_parts import Parts

_MEMORY, _CPU_SECONDS = 512 * 2**20, 15
_OURS = (LEAD_SHEET, COOPERATING_SHEET, TOKEN_SHEET)
_LARGEST_GRID = 2_000_000  # cells of an .xls or .ods sheet, blank ones included: they cannot be read one by one
_ENCRYPTED_PACKAGE, _MACROS = "EncryptedPackage".encode("utf-16-le"), "_VBA_PROJECT".encode("utf-16-le")


def _limit(work: str) -> None:
    """Bound what this process may take: memory, time for this file, no core file, and for reading no file at all."""
    resource.setrlimit(resource.RLIMIT_AS, (_MEMORY, _MEMORY))
    used = resource.getrusage(resource.RUSAGE_SELF)
    until = int(used.ru_utime + used.ru_stime) + _CPU_SECONDS
    resource.setrlimit(resource.RLIMIT_CPU, (until, resource.getrlimit(resource.RLIMIT_CPU)[1]))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    if work not in WRITING:  # openpyxl, which makes the copy, needs files of its own
        resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))


def answer(work: str, data: bytes) -> bytes:
    """Return what this process was started for, within its limits: `read`: a book or refusal as JSON; `table`: the same of a
    workbook that need not be a form; `annotate`: the copy; `fill`: the workbook with some cells filled in.

    The data of `annotate` is a line of JSON, the form as issued, then the workbook; of `fill` a line of JSON, then the workbook.
    """
    _limit(work)
    if work == "fill":
        return _filled(*read_fill_order(data))
    if work == "annotate":
        return _annotated(*read_copy_order(data))
    try:
        return book_to_json(read_book(data, _OURS if work == "read" else ()))
    except Unreadable as error:
        return refusal_to_json(error.refusal)
    except MemoryError:
        return refusal_to_json(too_big().refusal)


def rehearse() -> None:
    """Read a small workbook of our own a few times: a nursery does so before it forks, and its children are twice as fast."""
    cells = '<c t="inlineStr"><is><t>a</t></is></c><c><v>1</v></c>'
    rows = "".join(f'<row r="{row}">{cells}</row>' for row in range(1, 9))
    out = BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("xl/_rels/workbook.xml.rels", '<Relationships><Relationship Id="r" Target="a.xml"/></Relationships>')
        archive.writestr("xl/workbook.xml", f'<workbook><sheets><sheet name="{TOKEN_SHEET}" r:id="r"/></sheets></workbook>')
        archive.writestr("xl/a.xml", f"<worksheet><sheetData>{rows}</sheetData></worksheet>")
    for _ in range(8):
        book_to_json(read_book(out.getvalue()))


def _annotated(findings: list[Finding], issued: bytes, data: bytes) -> bytes:
    from integrations.excel.annotated import mark, rebuild  # openpyxl: a tenth of a second that reading does not need

    book = read_book(data)
    if book.kind == "xlsx":
        try:
            return mark(data, findings, book)
        except Exception:  # openpyxl fails in a dozen ways on files that other readers take
            pass
    return rebuild(book, findings, issued)


def _filled(cells: list[tuple[str, str, Value]], data: bytes) -> bytes:
    from openpyxl import load_workbook

    from integrations.excel.workbook import save, write

    read_book(data)  # what is not safe to read is not opened by openpyxl either
    book = load_workbook(BytesIO(data), keep_links=False)
    for sheet, cell, value in cells:
        write(book[sheet], cell, value)
    return save(book)


def read_book(data: bytes, ours: Sequence[str] = _OURS) -> Book:
    """Return the cells of a workbook; Unreadable when no sheet has one of these names, if there are any, or it is not safe."""
    if data.startswith(OLE):
        _refuse_locked(data)
        return Book("xls", tuple(_sheets(data, ours)), ("宏",) if _MACROS in data else ())
    with zipfile.ZipFile(BytesIO(data)) as archive:
        names = set(archive.namelist())
    if "content.xml" not in names or "mimetype" not in names:
        return read_xlsx(data, ours)
    parts = Parts(data)
    parts.refuse_declarations()
    if "META-INF/manifest.xml" in parts and b"encryption-data" in parts.read("META-INF/manifest.xml"):
        raise locked()
    return Book("ods", tuple(_sheets(data, ours)), ("宏",) if any(name.startswith("basic/") for name in parts) else ())


def _sheets(data: bytes, ours: Sequence[str]) -> Iterator[Sheet]:
    """Yield the sheets of an .xls or .ods file."""
    try:
        book = CalamineWorkbook.from_filelike(BytesIO(data))
    except PasswordError:
        raise locked() from None
    names = book.sheet_names
    if ours and not set(ours) & set(names):
        raise no_form()
    if len(names) > MOST_SHEETS:
        raise too_big()
    left = MOST_CELLS
    for name in names:
        sheet = book.get_sheet_by_name(name)
        cells: dict[At, Value] = {}
        errors: set[At] = set()
        bottom, right = sheet.end or (0, 0)
        if (bottom + 1) * (right + 1) > _LARGEST_GRID:
            raise too_big()
        outside = ""
        for row, values in enumerate(sheet.to_python(skip_empty_area=False), start=1):
            for column, value in enumerate(values, start=1):
                if value == "" or value is None:
                    continue
                if row > MOST_ROWS or column > MOST_COLUMNS:
                    outside = outside or "表格下方或右方"
                    continue
                left -= 1
                if left < 0:
                    raise too_big()
                kept = _value(value)
                if kept is None:
                    errors.add((row, column))
                elif kept != "":
                    cells[row, column] = kept
        merged = [((top + 1, start + 1), (end + 1, last + 1)) for (top, start), (end, last) in sheet.merged_cell_ranges or ()]
        merged = merged[:5_000]
        hidden = covered(cells, merged)
        yield Sheet(clean(name)[:100], cells, errors=frozenset(errors), covered=hidden, outside=outside, merged=tuple(merged))


def _value(value: Any) -> Value | None:
    """Return a value as text or figure, None for a number that is none."""
    if isinstance(value, bool):
        return "是" if value else "否"
    if isinstance(value, int | float):
        return decimal(value)
    if isinstance(value, datetime):
        return shown(value)
    if isinstance(value, date | time):
        return value.isoformat()
    if isinstance(value, timedelta):
        return str(value)
    return clean(str(value))


def _refuse_locked(data: bytes) -> None:
    import msoffcrypto
    from msoffcrypto.format.xls97 import Xls97File

    if _ENCRYPTED_PACKAGE in data:
        raise locked()
    try:
        document = msoffcrypto.OfficeFile(BytesIO(data))
        is_locked = document.is_encrypted()
    except Exception:  # it knows only some OLE files; whether this one can be read is for the reader to say
        return
    if is_locked:
        raise locked()
    if not isinstance(document, Xls97File):
        raise Unreadable("other-kind", "这不是表格文件，请在下发的报表上填写，另存为 .xlsx 后重新报送")
