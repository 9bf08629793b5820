"""A duty table in a file -> the text of a definition for a person to finish."""

import re
from pathlib import Path

from campaigns.duty_table import Cell, drafted, heading, written
from campaigns.errors import UnreadableFile
from campaigns.submission import Book, Refusal
from integrations.excel.reader import read_table
from integrations.word.reader import read_tables

Grid = list[list[Cell]]


def draft(path: Path, code: str, directory: str) -> str:
    """Return the definition drafted from the first duty table of a workbook or document; UnreadableFile when it has none."""
    try:
        data = path.read_bytes()
    except OSError:
        raise UnreadableFile(f"文件 {path} 打不开，请核对路径和权限") from None
    fault: UnreadableFile | None = None
    for grid in _of_document(data) if _is_document(path) else _of_workbook(data):
        try:
            duties = drafted(grid)
        except UnreadableFile as said:
            fault = fault or said
            continue
        title = heading(grid) or Cell(re.sub(r"[\s_]+", "", path.stem), "文件名")
        return written(duties, code, title, path.name, directory)
    raise fault or UnreadableFile(f"{path} 里没有表格")


def _is_document(path: Path) -> bool:
    return path.suffix.lower() in (".docx", ".doc", ".wps", ".docm")


def _of_document(data: bytes) -> list[Grid]:
    tables = read_tables(data)
    if isinstance(tables, Refusal):
        raise UnreadableFile(tables.message)
    return [
        [
            [Cell(text, f"表{number}第{row}行第{column}列", merged) for column, (text, merged) in enumerate(cells, 1)]
            for row, cells in enumerate(rows, 1)
        ]
        for number, rows in enumerate(tables, 1)
    ]


def _of_workbook(data: bytes) -> list[Grid]:
    book = read_table(data)
    if isinstance(book, Refusal):
        raise UnreadableFile(book.message)
    return [_grid(book, place) for place in range(len(book.sheets))]


def _grid(book: Book, place: int) -> Grid:
    sheet = book.sheets[place]
    right = max((column for _, column in sheet.cells), default=0)
    name = f"{sheet.name}!" if len(book.sheets) > 1 else ""
    return [
        [
            Cell(
                "" if (row, column) in sheet.covered else _text(sheet.cells.get((row, column), "")),
                f"{name}{_letters(column)}{row}",
                (row, column) in sheet.covered,
            )
            for column in range(1, right + 1)
        ]
        for row in range(1, max((row for row, _ in sheet.cells), default=0) + 1)
    ]


def _text(value: object) -> str:
    """Return a cell's text; a date that the workbook holds as a date is written as notices write it."""
    text = str(value)
    found = re.fullmatch(r"(\d{4})-(\d\d)-(\d\d)(?: 00:00(?::00)?)?", text)
    return f"{found[1]}年{int(found[2])}月{int(found[3])}日" if found else re.sub(r"^(\d+)\.0$", r"\1", text)


def _letters(column: int) -> str:
    letters = ""
    while column:
        column, rest = divmod(column - 1, 26)
        letters = chr(65 + rest) + letters
    return letters
