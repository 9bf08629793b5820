"""Recompute a round's totals from the files that were received, and compare them with the published roll-up.

Knows nothing of the project: it reads `index.json`, opens each received file with another library, finds the figures by their
labels, and lets the newest accepted version of every report count, by its own row only.

    python tests/recompute.py demo
"""

import json
import re
import sys
from collections import defaultdict
from collections.abc import Iterator
from decimal import Decimal, InvalidOperation
from email import policy
from email.parser import BytesParser
from io import BytesIO
from itertools import product
from pathlib import Path
from typing import Any

from python_calamine import CalamineError, CalamineWorkbook

Grid = list[list[Any]]
Figures = dict[str, Decimal]
Key = tuple[str, ...]
Cell = tuple[int, str]  # a duty and the name of a department
DATA_SHEETS = ("牵头任务", "配合任务")
SHEETS = {"汇总(按任务)": ("任务",), "按单位": ("单位",), "任务单位明细": ("任务", "单位")}
OWN_ROWS = ("本期", "本单位本期")


def recompute(out: Path, round_id: str) -> dict[Cell, Figures]:
    """Return the figures of every duty and department of a round, from the newest accepted file each."""
    index = json.loads((out / "index.json").read_text("utf-8"))
    files = [one for one in index["files"] if one["kind"] == "received" and one.get("accepted")]
    found: dict[Cell, Figures] = {}
    for one in sorted(files, key=lambda one: one["order"]):
        wanted = {int(report.split("/")[2]) for report in one["accepted"] if report.startswith(f"{round_id}/")}
        for duty, unit, figures in figures_in((out / one["path"]).read_bytes()):
            if duty in wanted:
                found[duty, unit] = figures
    return found


def figures_in(data: bytes) -> Iterator[tuple[int, str, Figures]]:
    """Yield (duty, department, own figures by column header) of every block in a workbook, or in a mail that carries one."""
    for book in _workbooks(data):
        for name in book.sheet_names:
            if name in DATA_SHEETS:
                yield from _blocks(book.get_sheet_by_name(name).to_python(skip_empty_area=False))


def _workbooks(data: bytes) -> Iterator[CalamineWorkbook]:
    if data[:2] == b"PK" or data[:4] == b"\xd0\xcf\x11\xe0":
        attachments = [data]
    else:
        mail = BytesParser(policy=policy.default).parsebytes(data)
        attachments = [part.get_payload(decode=True) for part in mail.iter_attachments() if part.get_filename("")]
    for one in attachments:
        try:
            book = CalamineWorkbook.from_filelike(BytesIO(one))
        except CalamineError:
            continue  # a document or a scan
        if set(DATA_SHEETS) & set(book.sheet_names):
            yield book


def _blocks(grid: Grid) -> Iterator[tuple[int, str, Figures]]:
    unit, duty, headers = "", 0, {}
    for row in grid:
        texts = {at: str(value).strip() for at, value in enumerate(row) if str(value).strip()}
        for at, text in texts.items():
            if named := re.match(r"填报单位：(\S+)", text):
                unit = named[1]
            elif at and (titled := re.match(r"任务(\d+)\s", text)):
                duty = int(titled[1])
            elif text == "填报项":
                headers = {column: label for column, label in texts.items() if column > at}
            elif text in OWN_ROWS:
                values = {label: row[column] for column, label in headers.items() if column < len(row)}
                yield duty, unit, {label: number for label, value in values.items() if (number := _number(value)) is not None}


def _number(value: Any) -> Decimal | None:
    try:
        return Decimal(str(value))
    except InvalidOperation:
        return None  # blank, or a text in a block that was not accepted


def published(workbook: bytes) -> dict[str, dict[Key, Figures]]:
    """Return what each sheet of a roll-up workbook with figures says, by duty, department or both; the last row is its total."""
    book = CalamineWorkbook.from_filelike(BytesIO(workbook))
    return {name: _table(book.get_sheet_by_name(name).to_python(skip_empty_area=False), keys) for name, keys in SHEETS.items()}


def _table(grid: Grid, keys: tuple[str, ...]) -> dict[Key, Figures]:
    at = next(number for number, row in enumerate(grid) if all(key in row for key in keys))
    columns = {str(label): column for column, label in enumerate(grid[at])}
    shown: dict[Key, Figures] = {}
    for row in grid[at + 1 :]:
        key = ("合计",) if "合计" in row else tuple(_plain(row[columns[key]]) for key in keys)
        shown[key] = {label: Decimal(str(row[column])) for label, column in columns.items() if _figure(label, row[column])}
    return shown


def _figure(label: str, value: Any) -> bool:
    return label.endswith("）") and value != ""


def _plain(value: Any) -> str:
    return str(int(value)) if isinstance(value, float) else str(value)


def expected(cells: dict[Cell, Figures]) -> dict[str, dict[Key, Figures]]:
    """Return what the sheets should say: every figure once in each of them, and once in the total."""
    sheets: dict[str, dict[Key, Figures]] = {name: defaultdict(lambda: defaultdict(Decimal)) for name in SHEETS}
    for (duty, unit), figures in cells.items():
        for (name, keys), (header, value) in product(SHEETS.items(), figures.items()):
            values = {"任务": str(duty), "单位": unit}
            for key in (tuple(values[one] for one in keys), ("合计",)):
                sheets[name][key][header] += value
    return sheets


def differences(out: Path) -> list[str]:
    """Return one line for every figure of a roll-up that the recomputation does not confirm."""
    index = json.loads((out / "index.json").read_text("utf-8"))
    rollups = [one for one in index["files"] if one["kind"] == "rollup"]
    lines = [] if rollups else ["there is no roll-up"]
    for one in rollups:
        cells = recompute(out, one["round"])
        shown, wanted = published((out / one["path"]).read_bytes()), expected(cells)
        if not cells:
            lines.append(f"{one['round']}: no figures were found")
        for name in SHEETS:
            lines += [f"{one['round']} {name}: {text}" for text in _compare(shown[name], wanted[name])]
    return lines


def _compare(shown: dict[Key, Figures], wanted: dict[Key, Figures]) -> Iterator[str]:
    for key in sorted(shown.keys() | wanted.keys()):
        left, right = shown.get(key, {}), wanted.get(key, {})
        for header in sorted(left.keys() | right.keys()):
            if left.get(header, Decimal(0)) != right.get(header, Decimal(0)):
                yield f"{'/'.join(key)} {header}: {left.get(header)} != {right.get(header)}"


if __name__ == "__main__":
    folder = Path(sys.argv[1] if len(sys.argv) > 1 else "demo")
    wrong = differences(folder)
    print("\n".join(wrong) or "the roll-ups equal the recomputation")
    sys.exit(bool(wrong))
