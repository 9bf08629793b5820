"""A duty table in a file -> the text of a definition for a person to finish."""

import re
from pathlib import Path

from campaigns.duty_table import Cell, Grid, drafted, written
from campaigns.errors import UnreadableFile
from campaigns.forms import letter
from campaigns.submission import Book, Refusal
from integrations.excel.reader import read_table
from integrations.word.reader import read_tables


def draft(path: Path, code: str, directory: str) -> str:
    """Return the definition drafted from the duty tables of a workbook or document; UnreadableFile when it has none."""
    try:
        data = path.read_bytes()
    except OSError:
        raise UnreadableFile(f"文件 {path} 打不开，请核对路径和权限") from None
    tables, remarks = _of_document(data) if _is_document(path) else _of_workbook(data)
    if not any(map(any, tables)):
        raise UnreadableFile(f"{path} 里没有表格")
    found = drafted(*tables)
    found.remarks += remarks
    title = found.title or Cell(re.sub(r"[\s_]+", "", path.stem), "文件名")
    return written(found, code, title, path.name, directory)


def _is_document(path: Path) -> bool:
    return path.suffix.lower() in (".docx", ".doc", ".wps", ".docm")


def _of_document(data: bytes) -> tuple[list[Grid], list[str]]:
    tables = read_tables(data)
    if isinstance(tables, Refusal):
        raise UnreadableFile(tables.message)
    return [
        [
            [Cell(text, f"表{number}第{row}行第{column}列", up, left) for column, (text, up, left) in enumerate(cells, 1)]
            for row, cells in enumerate(rows, 1)
        ]
        for number, rows in enumerate(tables, 1)
    ], []


def _of_workbook(data: bytes) -> tuple[list[Grid], list[str]]:
    book = read_table(data)
    if isinstance(book, Refusal):
        raise UnreadableFile(book.message)
    unseen = ["从 .ods 读不出合并的单元格，空白的格请对照原表核对，或另存为 .xlsx 后重新起草"] if book.kind == "ods" else []
    return [_grid(book, place) for place in range(len(book.sheets))], unseen


def _grid(book: Book, place: int) -> Grid:
    sheet = book.sheets[place]
    bottom, right = (max((at[axis] for at in sheet.cells), default=0) for axis in (0, 1))
    up, left = set(), set()
    for (first, start), (last, end) in sheet.merged:
        over = [(row, column) for row in range(first, min(last, bottom) + 1) for column in range(start, min(end, right) + 1)]
        up |= {at for at in over if at[0] > first}
        left |= {at for at in over if at[1] > start}
    hidden = up | left
    name = f"{sheet.name}!" if len(book.sheets) > 1 else ""
    return [
        [
            Cell(
                "" if (row, column) in hidden else _text(sheet.cells.get((row, column), "")),
                f"{name}{letter(column)}{row}",
                (row, column) in up,
                (row, column) in left,
            )
            for column in range(1, right + 1)
        ]
        for row in range(1, bottom + 1)
    ]


def _text(value: object) -> str:
    """Return a cell's text; a date that the workbook holds as a date is written as notices write it."""
    text = str(value)
    found = re.fullmatch(r"(\d{4})-(\d\d)-(\d\d)(?: 00:00(?::00)?)?", text)
    return f"{found[1]}年{int(found[2])}月{int(found[3])}日" if found else re.sub(r"^(\d+)\.0$", r"\1", text)
