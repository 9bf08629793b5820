"""Recompute every figure of what a round's files say from the files that were received, and compare.

Knows nothing of the project: it reads `index.json`, opens each received file with another library, finds the figures by their
labels, and lets the newest accepted version of every report count, by its own row only. What is owed and by when it takes from
the forms that were sent out. Checked are the workbook, sheet by sheet, the ledger workbook, report, bulletin and leader's page.

    python tests/recompute.py demo
"""

import json
import re
import sys
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone
from decimal import ROUND_HALF_UP, Decimal, InvalidOperation
from email import policy
from email.parser import BytesParser
from io import BytesIO
from itertools import product
from pathlib import Path
from statistics import mean
from typing import Any

from docx import Document
from python_calamine import CalamineError, CalamineWorkbook

Grid = list[list[Any]]
Figures = dict[str, Decimal]
Key = tuple[str, ...]
Cell = tuple[int, str]  # a duty and the name of a department
DATA_SHEETS = ("牵头任务", "配合任务")
SHEETS = {"汇总(按任务)": ("任务",), "按单位": ("单位",), "任务单位明细": ("任务", "单位")}
OWN_ROWS = ("本期", "本单位本期")
MOMENT = r"(\d+)年(\d+)月(\d+)日（..）(\d+):(\d+)"
STATES = {"按时": "已报送", "零报告": "零报告", "迟报": "迟报", "逾期未报": "逾期未报"}
WHOLE = "合计"
CHINA = timezone(timedelta(hours=8))


@dataclass
class Block:
    """What a workbook says for one duty of a department: its own figures by their headers, whether 零报告 is ticked, when due."""

    duty: int
    unit: str
    due: datetime | None = None
    figures: Figures = field(default_factory=dict)
    nil: bool = False


@dataclass
class Round:
    """What a round comes to, from the files alone."""

    id: str
    label: str
    figures: dict[Cell, Figures]
    states: dict[Cell, str]
    received: dict[Cell, datetime]
    envelopes: dict[Cell, int]

    def count(self, key: Any = None) -> Counter[str]:
        """Return how many reports are in which state: of a duty, a department, or all."""
        return Counter(state for cell, state in self.states.items() if key is None or key in cell)

    def totals(self) -> Figures:
        """Return what all figures come to."""
        whole: Figures = defaultdict(Decimal)
        for mine in self.figures.values():
            for head, value in mine.items():
                whole[head] += value
        return whole

    def coverage(self, before: "Round | None") -> dict[str, str]:
        """Return the numbers of the sentence that goes with every total, and the patterns it says them by."""
        count, owed, units = self.count(), len(self.states), {unit for _, unit in self.states}
        reported = owed - count["逾期未报"]
        said = {
            r"应报(\S+?)项": f"{owed}",
            r"已报(\S+?)项": f"{reported}",
            r"(?<!，)报送率(\S+?%)": _percent(Decimal(reported) / owed),
            r"按时(\d+)项": f"{count['已报送']}",
            r"零报告(\d+)项": f"{count['零报告']}",
            r"迟报(\d+)项": f"{count['迟报'] + count['迟报（零报告）']}",
            r"逾期未报(\d+)项": f"{count['逾期未报']}",
        }
        if reported < owed:
            whole = len([unit for unit in units if not self.count(unit)["逾期未报"]])
            said |= {r"(\d+)个单位中": f"{len(units)}", r"单位中(\d+)个已报齐": f"{whole}"}
            if before:
                said[r"占上期数值的(\S+?%)"] = _percent(self.weight(before))
        return said

    def weight(self, before: "Round") -> Decimal:
        """Return the mean share, over the figures, that those who have reported now had in the round before."""
        shares = []
        for head, whole in before.totals().items():
            there = [mine[head] for cell, mine in before.figures.items() if head in mine and self.states[cell] != "逾期未报"]
            shares += [sum(there, Decimal(0)) / whole] if whole else []
        return mean(shares)


def recompute(out: Path, round_id: str) -> Round:
    """Return what a round comes to, from the newest accepted file of each report and the forms that asked for them."""
    index = json.loads((out / "index.json").read_text("utf-8"))["files"]
    due: dict[Cell, datetime] = {}
    label = ""
    for one in (one for one in index if one["kind"] == "form" and one["round"] == round_id):
        label = Path(one["path"]).parent.name
        due |= {(block.duty, block.unit): block.due for block in blocks_in((out / one["path"]).read_bytes()) if block.due}
    found = Round(round_id, label, {}, dict.fromkeys(due, "逾期未报"), {}, {})
    accepted = [one for one in index if one["kind"] == "received" and one.get("accepted")]
    for one in sorted(accepted, key=lambda one: one["order"]):
        wanted = {int(report.split("/")[2]) for report in one["accepted"] if report.startswith(f"{round_id}/")}
        for block in blocks_in((out / one["path"]).read_bytes()):
            cell = block.duty, block.unit
            if block.duty in wanted and cell in due:
                found.figures[cell], found.envelopes[cell] = block.figures, one["order"]
                came = found.received.setdefault(cell, _moment(r"(\d{4})(\d\d)(\d\d)-(\d\d)(\d\d)", Path(one["path"]).name))
                late, nil = came > due[cell], block.nil
                found.states[cell] = ("迟报（零报告）" if nil else "迟报") if late else ("零报告" if nil else "已报送")
    return found


def blocks_in(data: bytes) -> Iterator[Block]:
    """Yield every block in a workbook, or in a mail that carries one."""
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


def _blocks(grid: Grid) -> Iterator[Block]:
    unit, headers, block = "", {}, None
    for row in grid:
        texts = {at: str(value).strip() for at, value in enumerate(row) if str(value).strip()}
        for at, text in texts.items():
            if named := re.match(r"填报单位：(\S+)", text):
                unit = named[1]
            elif at and (titled := re.match(r"任务(\d+)\s", text)):
                if block:
                    yield block
                block = Block(int(titled[1]), unit)
            elif block and "截止：" in text:
                block.due = _moment(f"截止：{MOMENT}", text)
            elif text == "填报项":
                headers = {column: label for column, label in texts.items() if column > at}
            elif block and text in OWN_ROWS:
                values = {label: row[column] for column, label in headers.items() if column < len(row)}
                block.figures = {head: number for head, value in values.items() if (number := _number(value)) is not None}
            elif block and text == "零报告":
                block.nil = "是" in texts.values()
                if block.nil:  # says that what is blank is zero
                    block.figures = dict.fromkeys(headers.values(), Decimal(0)) | block.figures
    if block:
        yield block


def _moment(pattern: str, text: str) -> datetime:
    found = re.search(pattern, text)
    assert found, text
    return datetime(*map(int, found.groups()), tzinfo=CHINA)


def _number(value: Any) -> Decimal | None:
    try:
        return Decimal(str(value))
    except InvalidOperation:
        return None  # blank, or a text in a block that was not accepted


def published(book: CalamineWorkbook) -> dict[str, dict[Key, Figures]]:
    """Return what each sheet of a roll-up workbook with figures says, by duty, department or both; the last row is its total."""
    return {name: _table(book.get_sheet_by_name(name).to_python(skip_empty_area=False), keys) for name, keys in SHEETS.items()}


def _table(grid: Grid, keys: tuple[str, ...]) -> dict[Key, Figures]:
    at = next(number for number, row in enumerate(grid) if all(key in row for key in keys))
    columns = {str(label): column for column, label in enumerate(grid[at])}
    shown: dict[Key, Figures] = {}
    for row in grid[at + 1 :]:
        key = (WHOLE,) if WHOLE in row else tuple(_plain(row[columns[key]]) for key in keys)
        shown[key] = {label: Decimal(str(row[column])) for label, column in columns.items() if _figure(label, row[column])}
    return shown


def _figure(label: str, value: Any) -> bool:
    return label.endswith("）") and value != ""


def _plain(value: Any) -> str:
    return str(value).removesuffix(".0") if isinstance(value, float) else str(value)


def expected(cells: dict[Cell, Figures]) -> dict[str, dict[Key, Figures]]:
    """Return what the sheets should say: every figure once in each of them, and once in the total."""
    sheets: dict[str, dict[Key, Figures]] = {name: defaultdict(lambda: defaultdict(Decimal)) for name in SHEETS}
    for (duty, unit), figures in cells.items():
        for (name, keys), (header, value) in product(SHEETS.items(), figures.items()):
            values = {"任务": str(duty), "单位": unit}
            for key in (tuple(values[one] for one in keys), (WHOLE,)):
                sheets[name][key][header] += value
    return sheets


def differences(out: Path) -> list[str]:
    """Return one line for every figure of a roll-up, a document or a ledger workbook that the recomputation does not confirm."""
    index = json.loads((out / "index.json").read_text("utf-8"))["files"]
    received = {one["order"]: out / one["path"] for one in index if one["kind"] == "received"}
    rollups = [one for one in index if one["kind"] == "rollup"]
    lines = [] if rollups else ["there is no roll-up"]
    before = None
    for one in rollups:
        found = recompute(out, one["round"])
        if not found.figures:
            lines.append(f"{found.id}: no figures were found")
        book = CalamineWorkbook.from_filelike(BytesIO((out / one["path"]).read_bytes()))
        shown, wanted = published(book), expected(found.figures)
        said = [f"{name}: {text}" for name in SHEETS for text in _compare(shown[name], wanted[name])]
        said += [*_standing(book, found), *_sources(book, found, received), *_stated(book, found, before)]
        for path in (out / other["path"] for other in index if other["kind"] == "document" and other["round"] == found.id):
            if path.suffix == ".docx":
                said += [f"{path.name}: {text}" for text in _told(Document(str(path)), found, before)]
            elif path.suffix == ".xlsx":
                said += [f"{path.name}: {text}" for text in _ledger(CalamineWorkbook.from_path(str(path)), found)]
        lines += [f"{found.id} {text}" for text in said]
        before = found
    return lines


def _compare(shown: dict[Key, Figures], wanted: dict[Key, Figures]) -> Iterator[str]:
    for key in sorted(shown.keys() | wanted.keys()):
        left, right = shown.get(key, {}), wanted.get(key, {})
        for header in sorted(left.keys() | right.keys()):
            if left.get(header, Decimal(0)) != right.get(header, Decimal(0)):
                yield f"{'/'.join(key)} {header}: {left.get(header)} != {right.get(header)}"


def _lines(book: CalamineWorkbook, name: str) -> Iterator[dict[str, str]]:
    """Yield the rows of a sheet below its head, as texts by the texts of the head."""
    grid = book.get_sheet_by_name(name).to_python(skip_empty_area=False)
    at = next(number for number, row in enumerate(grid) if row[0] in ("序号", "任务"))
    for row in grid[at + 1 :]:
        yield {str(head): _plain(value) for head, value in zip(grid[at], row, strict=True)}


def _unlike(where: str, shown: Mapping[Any, Any], wanted: Mapping[Any, Any]) -> Iterator[str]:
    for key in sorted(shown.keys() | wanted.keys(), key=str):
        if shown.get(key) != wanted.get(key):
            yield f"{where} {key}: {shown.get(key)} != {wanted.get(key)}"


def _standing(book: CalamineWorkbook, found: Round) -> Iterator[str]:
    """Yield what the sheets about who reported say otherwise than the files: state, arrival, counts, shares, who is missing."""
    rows = {(int(one["任务"]), one["单位"]): one for one in _lines(book, "报送情况")}
    yield from _unlike("报送情况", {key: one["状态"] for key, one in rows.items()}, found.states)
    came = {key: _moment(MOMENT, one["收到时间"]) for key, one in rows.items() if one["收到时间"]}
    yield from _unlike("报送情况", came, found.received)
    missing = {(int(one["任务"]), one["单位"]): one["状态"] for one in _lines(book, "未报名单") if one["任务"]}
    yield from _unlike("未报名单", missing, {key: one for key, one in found.states.items() if one == "逾期未报"})
    counted = {WHOLE if one["序号"] == WHOLE else one["单位"]: one for one in _lines(book, "覆盖率")}
    heads = {"按时报送": "按时", "零报告": "零报告", "迟报": "迟报", "逾期未报": "逾期未报"}
    for unit, one in counted.items():
        yield from _unlike(
            f"覆盖率 {unit}", {heads.get(head, head): one[head] for head in (*heads, "应报", "报送率")}, _counts(found, unit)
        )
    for name, key in (("汇总(按任务)", "任务"), ("按单位", "单位")):
        for one in _lines(book, name):
            mine = found.count(None if WHOLE in one.values() else int(one[key]) if key == "任务" else one[key])
            owed, reported = sum(mine.values()), sum(mine.values()) - mine["逾期未报"]
            yield from _unlike(
                f"{name} {one[key]}", {"应报": one["应报"], "已报": one["已报"]}, {"应报": f"{owed}", "已报": f"{reported}"}
            )


def _counts(found: Round, unit: str) -> dict[str, str]:
    mine = found.count(None if unit == WHOLE else unit)
    owed = sum(mine.values())
    counts = {head: mine[state] + (mine["迟报（零报告）"] if head == "迟报" else 0) for head, state in STATES.items()}
    rate = _percent(Decimal(owed - mine["逾期未报"]) / owed)
    return {head: str(value) for head, value in counts.items()} | {"应报": str(owed), "报送率": rate}


def _percent(share: Decimal) -> str:
    """Return a share as the office writes it: only what is whole is 100%."""
    hundredths = (share * 100).quantize(Decimal("0.1"), ROUND_HALF_UP)
    return f"{min(hundredths, Decimal('99.9')) if share < 1 else Decimal(100):.1f}".removesuffix(".0") + "%"


def _sources(book: CalamineWorkbook, found: Round, received: Mapping[int, Path]) -> Iterator[str]:
    """Yield every figure that does not stand in the file and cell it is said to come from; and every one without a source."""
    sheets: dict[int, list[tuple[str, Grid]]] = {}

    def stands(order: int, sheet: str, cell: str, value: str) -> bool:
        if order not in sheets:
            books = list(_workbooks(received[order].read_bytes()))
            grids = [(name, one.get_sheet_by_name(name)) for one in books for name in one.sheet_names]
            sheets[order] = [(name, grid.to_python(skip_empty_area=False)) for name, grid in grids]
        return any(name == sheet and _at(grid, cell) == Decimal(value) for name, grid in sheets[order])

    said: dict[Cell, Figures] = defaultdict(dict)
    for one in _lines(book, "来源"):
        cell = int(one["任务"]), one["单位"]
        said[cell][one["指标"]] = Decimal(one["数值"])
        order = int(one["来件编号"].rsplit("-", 1)[1])
        if order != found.envelopes.get(cell) or not stands(order, one["工作表"], one["单元格"], one["数值"]):
            yield f"来源 {one['序号']}: {one['来件编号']} {one['工作表']}!{one['单元格']} is not {one['数值']}"
    yield from _unlike("来源", said, {cell: mine for cell, mine in found.figures.items() if mine})
    if "数据疑问" in book.sheet_names:
        for one in _lines(book, "数据疑问"):
            for cited in f"{one['本期数所在']}\n{one['对照数所在']}".splitlines():
                place = re.match(r"R-\d+-(\d+) .* (\S+)!([A-Z]+\d+)＝(\S+)$", cited)
                if place and not stands(int(place[1]), place[2], place[3], place[4]):
                    yield f"数据疑问 {one['序号']}: {cited}"


def _at(grid: Grid, cell: str) -> Decimal | None:
    """Return the figure in a cell; nothing is zero here, for that a blank is no figure elsewhere has been compared already."""
    letters, row = re.match(r"([A-Z]+)(\d+)", cell).groups()
    column = 0
    for one in letters:
        column = column * 26 + ord(one) - 64
    return _number(grid[int(row) - 1][column - 1] or 0) if int(row) <= len(grid) else None


def _stated(book: CalamineWorkbook, found: Round, before: Round | None) -> Iterator[str]:
    """Yield what the sentence at the head of every sheet says otherwise than the files."""
    for name in book.sheet_names:
        sentence = str(book.get_sheet_by_name(name).to_python(skip_empty_area=False)[2][0])
        shown = {pattern: said[1] if (said := re.search(pattern, sentence)) else None for pattern in found.coverage(before)}
        yield from _unlike(name, shown, found.coverage(before))


def _told(document: Any, found: Round, before: Round | None) -> Iterator[str]:
    """Yield what a report, a bulletin or a leader's page says otherwise: totals in words, counts, tables."""
    text = "\n".join(one.text for one in document.paragraphs)
    for pattern, value in found.coverage(before).items():
        if (said := re.search(pattern, text)) and said[1] != value:
            yield f"{pattern}: {said[1]} != {value}"
    named = 0
    for head, value in found.totals().items():
        label, unit = re.match(r"(.+)（(.+)）$", head).groups()
        told = re.findall(rf"{label}([\d.]+){unit}(?:（上期([\d.]+)）)?", text)
        named += len(told)
        earlier = before.totals()[head] if before else None
        wanted = [str(one) for one in (value, earlier) if one is not None]
        numbers = [number for pair in told for number in pair if number]
        if numbers and [Decimal(one) for one in numbers] != [Decimal(one) for one in wanted]:
            yield f"{head}: {numbers} != {wanted}"
    if not named:
        yield "no total is told"
    for table in document.tables:
        rows = [[cell.text for cell in row.cells] for row in table.rows]
        heads = rows[0]
        for row in (dict(zip(heads, one, strict=True)) for one in rows[1:]):
            if "报送率" in heads:
                unit = WHOLE if row["序号"] == WHOLE else row["单位"]
                wanted = _counts(found, unit)
                yield from _unlike(unit, {head: row[head] for head in wanted}, wanted)
            elif "已报/应报" in heads:
                yield from _unlike(row["任务"], *_duty(found, row))


def _duty(found: Round, row: Mapping[str, str]) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return what a row of the report's table by duty says, and what it should."""
    duty = None if row["任务"] == WHOLE else int(row["任务"])
    count = found.count(duty)
    whole: Figures = defaultdict(Decimal)
    for cell, mine in found.figures.items():
        for head, value in mine.items() if duty in (None, cell[0]) else ():
            whole[head] += value
    wanted = {**whole, "已报/应报": f"{sum(count.values()) - count['逾期未报']}/{sum(count.values())}"}
    return {head: Decimal(row[head]) if head in whole else row[head] for head in wanted}, wanted


def _ledger(book: CalamineWorkbook, found: Round) -> Iterator[str]:
    """Yield what the ledger workbook says of a round otherwise: each cell of its sheet, and the counts in front."""
    states: dict[Cell, str] = {}
    for row in _lines(book, found.label):
        for head, value in row.items():
            if value and (duty := re.match(r"(\d+)\n", head)):
                states[int(duty[1]), row["单位"]] = value
    yield from _unlike(found.label, states, found.states)
    for row in _lines(book, book.sheet_names[0]):
        if row["单位"]:
            told = {word: int(number) for word, number in re.findall(r"([^\d\s、，]+?)(\d+)", row[found.label])}
            yield from _unlike(row["单位"], told, found.count(row["单位"]))
        else:
            counts = _counts(found, WHOLE)
            yield from _unlike(WHOLE, dict(re.findall(r"(应报|按时|零报告|迟报|报送率)([\d.]+%?)", row[found.label])), {
                head: counts[head] for head in ("应报", "按时", "零报告", "迟报", "报送率")
            })  # fmt: skip


if __name__ == "__main__":
    folder = Path(sys.argv[1] if len(sys.argv) > 1 else "demo")
    wrong = differences(folder)
    print("\n".join(wrong) or "the roll-ups equal the recomputation")
    sys.exit(bool(wrong))
