"""The disposable child process: the only place where a file from outside is parsed.

    python -m integrations.excel.child read      < workbook                 > book as JSON
    python -m integrations.excel.child annotate  < JSON line, then workbook > workbook

It may be killed by a hostile file; its parent then says so in one sentence.
"""

import math
import resource
import sys
import zipfile
from collections.abc import Iterator
from datetime import date, datetime, time, timedelta
from io import BytesIO
from typing import Any
from xml.etree.ElementTree import iterparse

from python_calamine import CalamineWorkbook

from campaigns.findings import Finding
from campaigns.forms import COOPERATING_SHEET, LEAD_SHEET, TOKEN_SHEET
from campaigns.submission import Book, Refusal, Sheet
from integrations.excel.guard import OLE
from integrations.excel.wire import book_to_json, findings_from_json, refusal_to_json

_MEMORY, _CPU_SECONDS = 2**30, 15
_MOST_SHEETS, _MOST_ROWS, _MOST_COLUMNS, _MOST_CELLS = 50, 20_000, 200, 200_000
_DECLARATIONS = tuple(
    word.encode(encoding) for word in ("<!DOCTYPE", "<!ENTITY") for encoding in ("ascii", "utf-16-le", "utf-16-be")
)


class Unreadable(Exception):
    """A file we do not take, with the refusal to give."""

    def __init__(self, code: str, message: str) -> None:
        self.refusal = Refusal(code, message)


def main() -> None:
    """Read standard input, write standard output, as the first argument says."""
    resource.setrlimit(resource.RLIMIT_AS, (_MEMORY, _MEMORY))
    resource.setrlimit(resource.RLIMIT_CPU, (_CPU_SECONDS, _CPU_SECONDS))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    if sys.argv[1] == "annotate":
        findings = findings_from_json(sys.stdin.buffer.readline())
        answer = _annotated(sys.stdin.buffer.read(), findings)
    else:
        resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))  # reading writes no file; openpyxl, for the copy, needs its own
        answer = _read(sys.stdin.buffer.read())
    sys.stdout.buffer.write(answer)


def _read(data: bytes) -> bytes:
    try:
        return book_to_json(read_book(data))
    except Unreadable as error:
        return refusal_to_json(error.refusal)


def _annotated(data: bytes, findings: list[Finding]) -> bytes:
    from integrations.excel.annotated import mark, rebuild  # openpyxl: a tenth of a second that reading does not need

    book = read_book(data)
    if book.kind == "xlsx":
        try:
            return mark(data, findings)
        except Exception:  # openpyxl fails in a dozen ways on files that other readers take
            pass
    return rebuild(book, findings)


def read_book(data: bytes) -> Book:
    """Return the cells of a workbook; Unreadable when it is none of our forms, or not safe to read."""
    kind, marks = "xlsx", {}
    if data.startswith(OLE):
        kind = "xls"
        _refuse_locked(data)
    else:
        archive = zipfile.ZipFile(BytesIO(data))
        names = set(archive.namelist())
        _refuse_declarations(archive)
        if "content.xml" in names and "mimetype" in names:
            kind = "ods"
            if b"encryption-data" in archive.read("META-INF/manifest.xml"):
                raise _locked()
        else:
            marks = _marks(archive)
    return Book(kind, tuple(_sheets(data, marks)))


def _sheets(data: bytes, marks: dict[str, Sheet]) -> Iterator[Sheet]:
    book = CalamineWorkbook.from_filelike(BytesIO(data))
    names = book.sheet_names
    if not {LEAD_SHEET, COOPERATING_SHEET, TOKEN_SHEET} & set(names):
        raise Unreadable(
            "no-form",
            f"未找到报送表：文件中没有“{LEAD_SHEET}”或“{COOPERATING_SHEET}”工作表，请在收到的原报表上填报，不要另建表格",
        )
    if len(names) > _MOST_SHEETS:
        raise Unreadable("too-many", "工作表过多，请删去与报表无关的工作表后再报送")
    left = _MOST_CELLS
    for name in names:
        cells: dict[tuple[int, int], Any] = {}
        sheet_marks = marks.get(name) or Sheet(name, {})
        errors = set(sheet_marks.errors)
        for row, values in enumerate(book.get_sheet_by_name(name).to_python(skip_empty_area=False), start=1):
            for column, value in enumerate(values, start=1):
                if value == "" or value is None:
                    continue
                left -= 1
                if row > _MOST_ROWS or column > _MOST_COLUMNS or left < 0:
                    raise _too_big()
                kept = _value(value)
                if kept is None:
                    errors.add((row, column))
                else:
                    cells[row, column] = kept
        yield Sheet(name, cells, sheet_marks.formulas, sheet_marks.uncalculated, frozenset(errors))


def _value(value: Any) -> Any:
    """Return a value as text or Decimal, None for a number that is none; Excel keeps fifteen digits, the rest is noise."""
    from decimal import Decimal

    if isinstance(value, bool):
        return "是" if value else "否"
    if isinstance(value, int | float):
        return Decimal(format(value, ".15g")) if math.isfinite(value) else None
    if isinstance(value, datetime | date | time):
        return value.isoformat(sep=" ") if isinstance(value, datetime) else value.isoformat()
    if isinstance(value, timedelta):
        return str(value)
    return "".join(char for char in str(value) if char in "\n\t" or ord(char) >= 32)


def _refuse_locked(data: bytes) -> None:
    import msoffcrypto
    from msoffcrypto.format.xls97 import Xls97File

    try:
        document = msoffcrypto.OfficeFile(BytesIO(data))
        locked = document.is_encrypted()
    except Exception:  # it knows only some OLE files; whether this one can be read is for the reader to say
        return
    if locked:
        raise _locked()
    if not isinstance(document, Xls97File):
        raise Unreadable("other-kind", "这不是表格文件，请在下发的报表上填写，另存为 .xlsx 后重新报送")


def _refuse_declarations(archive: zipfile.ZipFile) -> None:
    for entry in archive.infolist():
        if not entry.filename.lower().endswith((".xml", ".rels", ".vml")):
            continue
        tail = b""
        with archive.open(entry) as part:
            while chunk := part.read(1 << 20):
                if any(word in tail + chunk for word in _DECLARATIONS):
                    raise Unreadable("declaration", "文件中含有不允许的外部声明，未予打开；请用下发的报表重新填报")
                tail = chunk[-32:]


def _marks(archive: zipfile.ZipFile) -> dict[str, Sheet]:
    """Return, by sheet, what calamine does not tell: which cells hold formulas, formulas without a result, and errors."""
    names = set(archive.namelist())
    if not {"xl/workbook.xml", "xl/_rels/workbook.xml.rels"} <= names:
        return {}
    targets: dict[str, str] = {}
    for _, element in iterparse(BytesIO(archive.read("xl/_rels/workbook.xml.rels"))):
        if "Id" in element.attrib:
            target = element.attrib.get("Target", "")
            targets[element.attrib["Id"]] = target.lstrip("/") if target.startswith("/") else f"xl/{target}"
    marks: dict[str, Sheet] = {}
    for _, element in iterparse(BytesIO(archive.read("xl/workbook.xml"))):
        if _local(element.tag) != "sheet":
            continue
        code = next((value for key, value in element.attrib.items() if _local(key) == "id"), "")
        if targets.get(code) in names:
            with archive.open(targets[code]) as part:
                marks[element.attrib.get("name", "")] = _scan(element.attrib.get("name", ""), part)
    return marks


def _scan(name: str, part: Any) -> Sheet:
    formulas: set[tuple[int, int]] = set()
    uncalculated: set[tuple[int, int]] = set()
    errors: set[tuple[int, int]] = set()
    filled: set[tuple[int, int]] = set()
    row = column = 0
    for event, element in iterparse(part, events=("start", "end")):
        tag = _local(element.tag)
        if event == "start":
            if tag == "row":
                row, column = int(element.attrib.get("r", row + 1)), 0
            elif tag == "c":
                row, column = _at(element.attrib.get("r", ""), row, column + 1)
            continue
        if tag == "c":
            children = {_local(child.tag): child for child in element}
            valued = bool("v" in children and children["v"].text) or "is" in children
            at = (row, column)
            if valued and at in filled:
                raise Unreadable("damaged", "文件结构异常（同一单元格出现两次），请在 WPS 或 Excel 中打开后另存为 .xlsx 再报送")
            if valued or "f" in children:
                filled.add(at)
                if row > _MOST_ROWS or column > _MOST_COLUMNS or len(filled) > _MOST_CELLS:
                    raise _too_big()
            if "f" in children:
                formulas.add(at)
                if not valued:
                    uncalculated.add(at)
            if element.attrib.get("t") == "e":
                errors.add(at)
        if tag in ("c", "row"):
            element.clear()
    return Sheet(name, {}, frozenset(formulas), frozenset(uncalculated), frozenset(errors))


def _at(reference: str, row: int, column: int) -> tuple[int, int]:
    letters = reference.rstrip("0123456789")
    if not letters:
        return row, column
    number = 0
    for char in letters:
        number = number * 26 + ord(char) - 64
    return int(reference[len(letters) :]), number


def _local(tag: str) -> str:
    return tag.rpartition("}")[2]


def _locked() -> Unreadable:
    return Unreadable("password", "文件设有打开密码，无法读取，请取消打开密码后重新报送")


def _too_big() -> Unreadable:
    return Unreadable("too-big", "表格的行列过多，请删去与报表无关的内容，用下发的报表重新填报")


if __name__ == "__main__":
    main()
