"""The faults people make in forms, injected on purpose: each must be named at its cell, and mending those cells be enough.

    python tests/faults.py              all kinds of fault in all forms, saved by three programs; a summary line at the end
    python tests/faults.py --forms 5    fewer forms; --by libreoffice for one of the programs

A kind of fault is a function: it changes a filled workbook and returns the cells that must be named; none, and there is no such
fault in that form.
The harmless changes at the end must be accepted without a word that blocks. The forms are of every layout and of many campaigns.
"""

import argparse
import random
import shutil
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from copy import copy
from dataclasses import dataclass
from datetime import datetime, time
from decimal import Decimal
from functools import cache, lru_cache
from io import BytesIO
from itertools import islice, pairwise, zip_longest
from pathlib import Path
from typing import Any

import xlsxwriter
from openpyxl import Workbook, load_workbook
from openpyxl.utils import range_boundaries
from openpyxl.worksheet.worksheet import Worksheet

if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).parent.parent))

from campaigns.definition import Rule
from campaigns.findings import Severity
from campaigns.forms import COVER, Block, Form, design
from campaigns.items import Item
from campaigns.plan import Plan
from campaigns.submission import Book, Checked, Outcome, check
from campaigns.workdays import OfficeHours
from integrations.calendar import workdays
from integrations.definition_files import DEFINITIONS, find_definition, load_plan
from integrations.excel.child import read_book
from integrations.excel.forms_out import write_form
from integrations.signing import sign
from tests.builders import FIRST_ROUND, SECOND_ROUND, iron_plan, small_plan

Cells = set[tuple[str, str]]
OWN: dict[str, Any] = {"officers": 40, "inspections": 20, "cases_filed": 3, "cases_closed": 2, "case_value": Decimal("12.5"),
       "penalty": Decimal("3.1"), "recovered": Decimal("0.25"), "transferred": 1}  # fmt: skip


@dataclass(frozen=True)
class Sample:
    """A form of a department, filled in without a fault."""

    name: str
    form: Form
    rules: tuple[Rule, ...]
    clean: bytes

    def typed(self, block: Block) -> list[Item]:
        """Return the figures of a table that are typed in."""
        return [one for one in self.form.table(block).items if one.typed and one.counts]


class Target:
    """The place of a fault: a workbook, one of its blocks, a count and an amount in it."""

    def __init__(self, sample: Sample, book: Workbook, luck: random.Random) -> None:
        self.form, self.book, self.luck = sample.form, book, luck
        self.block = luck.choice([block for block in sample.form.blocks if sample.typed(block)])
        self.sheet: Worksheet = book[self.block.sheet]
        self.items = sample.typed(self.block)
        self.count = luck.choice([one for one in self.items if not one.decimals] or self.items)
        self.money = luck.choice([one for one in self.items if one.decimals] or self.items)

    def at(self, line: str, item: Item) -> str:
        return self.block.cell(line, item.id)

    def put(self, line: str, item: Item, value: Any, number_format: str | None = None) -> Cells:
        """Write a value into a line of a figure, and return its cell."""
        cell = self.sheet[self.at(line, item)]
        cell.value = value
        if isinstance(value, str):
            cell.data_type = "f" if value in ("=1+2", "=三件()") else "e" if value.startswith("#") else "s"
        if number_format:
            cell.number_format = number_format
        return {(self.sheet.title, cell.coordinate)}

    def row(self, line: str) -> int:
        """Return the row of a line: where its figures are rows or in rows, that of the count."""
        return self.block.rows[line if line in self.block.rows else self.block.place(line, self.count.id)[0]]

    def head(self, item: Item) -> str:
        """Return the cell that heads a figure; in a head of two levels it may reach over both."""
        at = f"{self.block.columns[self.block.place('own', item.id)[1]]}{self.row('header')}"
        over = next((one for one in self.sheet.merged_cells.ranges if at in one), None)
        return str(over).partition(":")[0] if over else at

    def adjacent(self) -> tuple[str, str] | None:
        """Return two cells to be filled in that stand side by side."""
        for one, other in pairwise(self.items):
            first, second = (self.sheet[self.at("own", item)] for item in (one, other))
            down, across = (int(second.row or 0) - int(first.row or 0), int(second.column or 0) - int(first.column or 0))
            if (down, across) in ((0, 1), (1, 0)):
                return first.coordinate, second.coordinate
        return None

    def first_of_block(self) -> Cells:
        return {(self.sheet.title, f"B{min(self.block.rows.values())}")}


Fault = Callable[[Target], Cells]


def _typed(value: Any, of: str = "count", number_format: str | None = None) -> Fault:
    return lambda target: target.put("own", getattr(target, of), value, number_format)


def _line(line: str, value: Any) -> Fault:
    def fault(target: Target) -> Cells:
        return target.put(line if line in target.block.lines else "previous", target.money, value)

    return fault


def _head(text: Callable[[Item], str | None]) -> Fault:
    def fault(target: Target) -> Cells:
        if target.block.layout == "vertical" or not target.money.decimals:
            return set()  # a line heads its column, or there is no other unit
        at = target.head(target.money)
        target.sheet[at] = text(target.money)
        return {(target.sheet.title, at)}

    return fault


def _head_twice(target: Target) -> Cells:
    at = target.sheet.cell(target.sheet[target.head(target.count)].row, target.sheet.max_column + 1)
    at.value = target.sheet[target.head(target.count)].value
    return {(target.sheet.title, at.coordinate)}


def _row_gone(line: str) -> Fault:
    def fault(target: Target) -> Cells:
        target.sheet.delete_rows(target.row(line))
        return target.first_of_block()

    return fault


def _row_twice(target: Target) -> Cells:
    row = target.sheet.max_row + 2
    for column in range(1, 9):
        target.sheet.cell(row, column, target.sheet.cell(target.row("previous"), column).value)
    return {(target.sheet.title, f"B{target.row('previous')}")}


def _column_gone(target: Target) -> Cells:
    if target.block.layout != "duties":
        return set()  # openpyxl leaves merged heads where they were
    column = target.sheet[target.head(target.count)].column or 0
    last = target.sheet[target.head(target.form.table(target.block).items[-1])].column
    target.sheet.delete_cols(column)
    wanted = {block.rows["header"] for block in target.form.blocks if block.sheet == target.sheet.title}
    at = "B" if column < last else target.block.columns[target.count.id]
    return {(target.sheet.title, f"{at}{row}") for row in wanted}


def _nil(value: str) -> Fault:
    def fault(target: Target) -> Cells:
        target.sheet[target.block.nil_cell] = value
        if value != "是":
            return {(target.sheet.title, target.block.nil_cell)}
        return {(target.sheet.title, target.at("own", one)) for one in target.items if target.sheet[target.at("own", one)].value}

    return fault


def _too_many_closed(target: Target) -> Cells:
    if target.block.form != "statistics":
        return set()
    closed = next(one for one in target.items if one.id == "cases_closed")
    return target.put("own", closed, 999)


def _other_name_on_cover(target: Target) -> Cells:
    cover = target.book[COVER]
    cover["C2"] = "另一单位"
    return {(COVER, "C2")}


def _other_name_on_sheet(target: Target) -> Cells:
    target.sheet["B2"] = "填报单位：另一单位"
    return {(target.sheet.title, "B2")}


def _merged_away(target: Target) -> Cells:
    beside = target.adjacent()
    if beside is None:
        return set()
    first, second = beside
    target.sheet.merge_cells(f"{first}:{second}")
    return {(target.sheet.title, second)}


def _only_text(target: Target) -> Cells:
    for one in target.items:
        target.sheet[target.at("own", one)] = None
    return {(target.sheet.title, target.at("own", target.items[0]))}


FAULTS: dict[str, Fault] = {
    "中文数字": _typed("三"),
    "约数": _typed("约12"),
    "左右": _typed("12左右"),
    "带单位": _typed("12件"),
    "带元": _typed("125000元", "money"),
    "带万元": _typed("12.5万元", "money"),
    "人民币符号": _typed("￥31000", "money"),
    "负数": _typed(-1),
    "文本负数": _typed("-3"),
    "全角负数": _typed("－３"),
    "小数": _typed(1.5),
    "文本小数": _typed("1.5"),
    "小数过多": _typed(0.123456, "money"),
    "过大": _typed(10**13),
    "极大": _typed(1e300),
    "非数": _typed("NaN"),
    "无穷": _typed("Infinity"),
    "无": _typed("无"),
    "斜线": _typed("/"),
    "横线": _typed("—"),
    "对勾": _typed("√"),
    "日期": _typed(datetime(2020, 12, 3)),  # noqa: DTZ001
    "时刻": _typed(time(8, 30)),
    "百分数文本": _typed("50%", "money"),
    "百分数格式": _typed(0.5, "money", "0.00%"),
    "以元显示": _typed(35000, "money", '0"元"'),
    "以万显示": _typed(35000, "money", '0!.0,"万"'),
    "除零": _typed("#DIV/0!"),
    "引用错误": _typed("#REF!"),
    "名称错误": _typed("#NAME?"),
    "没有值": _typed("#N/A"),
    "空白": _typed(None),
    "空格": _typed(" 　"),
    "逻辑值": _typed(True),
    "逗号错位": _typed("12,34"),
    "字母": _typed("1O"),
    "两个数": _typed("3/5"),
    "范围": _typed("3-5"),
    "算式文本": _typed("10+5"),
    "科学计数": _typed("1e3"),
    "上标": _typed("3²"),
    "带圈": _typed("①"),
    "长文本": _typed("详见附件" * 50),
    "像公式的文本": _typed("=三件"),
    "上期累计改动": _line("previous", 99),
    "上期累计清空": _line("previous", None),
    "上期累计文本": _line("previous", "见上期"),
    "小计改动": _line("coop", 98),
    "小计清空": _line("coop", None),
    "累计写死": _line("cumulative", 12345),
    "累计差一厘": _line("cumulative", 0.0001),
    "合计写死": _line("total", 54321),
    "结案多于立案": _too_many_closed,
    "未算的公式": _typed("=1+2"),
    "零报告乱填": _nil("无此项"),
    "零报告有数": _nil("是"),
    "表头改名": _head(lambda one: f"{one.label}情况（{one.unit}）"),
    "表头改单位": _head(lambda one: f"{one.label}（元）"),
    "表头清空": _head(lambda one: None),
    "表头重复": _head_twice,
    "删本期行": _row_gone("own"),
    "删上期行": _row_gone("previous"),
    "删零报告行": _row_gone("nil"),
    "重复行": _row_twice,
    "删列": _column_gone,
    "封面改单位": _other_name_on_cover,
    "表上改单位": _other_name_on_sheet,
    "合并丢数": _merged_away,
    "只填文字": _only_text,
}
# a row or column has to be put back, or what was meant is for the department to say
CALCULATED = {"未算的公式", "逻辑值"}  # no fault any more once another program has saved it: worked out, or 1
NOT_BY_CELL = {"删本期行", "删上期行", "删零报告行", "重复行", "删列", "零报告有数", "只填文字"}


def _own_as(change: Callable[[Any], Any], money: bool = False) -> Callable[[Target], None]:
    def harmless(target: Target) -> None:
        cell = target.sheet[target.at("own", target.money if money else target.count)]
        cell.value = change(cell.value)

    return harmless


def _wide(value: Any) -> str:
    return "".join(chr(ord(char) + 0xFEE0) for char in str(value))


def _on_sheet(change: Callable[[Target, Worksheet], object]) -> Callable[[Target], None]:
    def harmless(target: Target) -> None:
        change(target, target.sheet)

    return harmless


def _heads(change: Callable[[str], str]) -> Callable[[Target], None]:
    def harmless(target: Target) -> None:
        for at in {target.head(one) for one in target.items}:
            target.sheet[at] = change(str(target.sheet[at].value))

    return harmless


def _row_put_in(target: Target, sheet: Worksheet) -> None:
    for merged in list(sheet.merged_cells.ranges):
        sheet.unmerge_cells(str(merged))  # openpyxl does not move them along
    for row in sheet.iter_rows():
        for cell in row:
            if isinstance(cell.value, str) and cell.value.startswith("="):
                cell.value = None
    sheet.insert_rows(target.row("own"))


def _column_put_in(target: Target, sheet: Worksheet) -> None:
    _row_put_in(target, sheet)
    sheet.insert_cols(4)


def _signed(target: Target) -> None:
    cover = target.book[COVER]
    cell = next(cell for row in cover.iter_rows() for cell in row if cell.value == "填报日期")
    beside = cover.cell(cell.row, cell.column + 1)
    beside.value, beside.number_format = 44168, "General"


def _hidden(target: Target, sheet: Worksheet) -> None:
    sheet.row_dimensions[target.row("own")].hidden = True
    sheet.column_dimensions["E"].hidden = True
    sheet.sheet_state = "hidden"


HARMLESS: dict[str, Callable[[Target], None]] = {
    "原样": lambda target: None,
    "全角数字": _own_as(_wide),
    "文本数字": _own_as(str),
    "千分位": _own_as(lambda value: f"{int(value):,}"),
    "数字带空格": _own_as(lambda value: f" {value}　"),
    "文本金额": _own_as(str, money=True),
    "插入行": _on_sheet(_row_put_in),
    "插入列": _on_sheet(_column_put_in),
    "表头去单位": _heads(lambda text: text.partition("（")[0]),
    "表头半角": _heads(lambda text: text.replace("（", " (").replace("）", ")")),
    "表头换行": _heads(lambda text: text.replace("（", "\n（")),
    "隐藏行列和表": _on_sheet(_hidden),
    "远处有字": _on_sheet(lambda target, sheet: sheet.__setitem__("XFD1048576", "备注")),
    "表旁有字": _on_sheet(lambda target, sheet: sheet.__setitem__("P5", "以上数字已核对")),
    "工作表改名": _on_sheet(lambda target, sheet: setattr(sheet, "title", "我的表")),
    "工作表换位": lambda target: target.book.move_sheet(target.sheet, -1),
    "多一张表": lambda target: target.book.create_sheet("底稿").append(["工作底稿", 1, 2]),
    "日期序号": _signed,
    "取消保护": _on_sheet(lambda target, sheet: setattr(sheet.protection, "sheet", False)),
}


@cache
def shipped(campaign: str) -> Plan:
    """Return the plan of a shipped campaign; what a template asks for is filled with its examples."""
    return load_plan(find_definition(campaign, [DEFINITIONS]), workdays(2018, 2027, Path("none")), OfficeHours(), [])


def samples(count: int, seed: int = 1) -> Iterator[Sample]:
    """Yield filled forms of the Hezhou departments and of the small city, in turn, with figures of earlier rounds in them."""
    luck = random.Random(seed)
    plan, city = shipped("hezhou-2020"), small_plan()
    rounds = [one.id for one in plan.rounds[:2]]
    departments = sorted({one.department for one in plan.expected_in(rounds[0])})
    luck.shuffle(departments)
    asked = [(plan, rounds[at % 2], department) for at, department in enumerate(departments)]
    asked[1:1] = [(city, SECOND_ROUND, "scjg"), (city, FIRST_ROUND, "gaj"), (city, SECOND_ROUND, "swj")]
    for a_plan, a_round, department in asked[:count]:
        owed = [one.id for one in a_plan.expected_in(a_round) if one.department == department]
        only = luck.sample(owed, min(len(owed), 4))
        given = {code: Decimal(value) for code, value in OWN.items()}
        form = design(
            a_plan, a_round, department, serial=f"T-{department}", version=1, coop_notes={}, only=only,
            previous={one: {code: (value,) for code, value in given.items()} for one in only}, coop=dict.fromkeys(only, given),
        )  # fmt: skip
        yield Sample(f"{a_round}/{department}", form, a_plan.definition.rules, filled(form))


def every_layout(count: int, seed: int = 1) -> Iterator[Sample]:
    """Yield the forms of `samples` and, in turn with them, matrices, vertical forms and others of many shipped campaigns."""
    luck = random.Random(seed)
    plans = [
        iron_plan(),
        *map(shipped, ("iron-fist", "yili-indicators", "wangjian", "binhai-2024", "contract-terms", "wildlife")),
    ]
    asked = [(a_plan, one.round, one.department) for a_plan in plans for one in a_plan.expected]
    luck.shuffle(asked)
    kinds: dict[str, dict[tuple[str, str], tuple[Plan, str, str]]] = {"vertical": {}, "matrix": {}, "duties": {}}
    for a_plan, a_round, department in asked:  # one of each report of each campaign, whoever owes it; layouts in turn
        report = a_plan.definition.report(a_plan.round(a_round).report)
        of_kind = kinds[a_plan.definition.form(report.form).layout]
        of_kind.setdefault((a_plan.definition.campaign.id, report.id), (a_plan, a_round, department))
    turns = zip_longest(*(forms.values() for forms in kinds.values()))
    others = (_one_of(*one) for turn in turns for one in turn if one)
    for at, one in enumerate(samples(count - count // 2, seed)):
        yield one
        yield from islice(others, at < count // 2)


def _one_of(plan: Plan, a_round: str, department: str) -> Sample:
    """Return the form of a department filled in: each count 2, each amount 2.5, so that any is within any other."""

    only = [one.id for one in plan.expected_in(a_round) if one.department == department][:4]

    def designed(**given: Any) -> Form:
        given = {"serial": f"T-{department}", "version": 1, "coop_notes": {}, "previous": {}, "coop": {}, "only": only, **given}
        return design(plan, a_round, department, **given)

    blank = designed()
    own = {one.id: Decimal("2.5") if one.decimals else Decimal(2) for one in blank.indicators if one.counts}
    known = {block.expected: own for block in blank.blocks}
    before = {code: {one: (value,) for one, value in mine.items()} for code, mine in known.items()}
    form = designed(previous=before, coop=known)
    return Sample(f"{a_round}/{department}", form, plan.definition.rules, filled(form))


def filled(form: Form) -> bytes:
    """Return the workbook of a form after every block was filled in and it was signed."""
    book = load_workbook(BytesIO(write_form(form, sign(form.identity, "密钥"))))
    for block in form.blocks:
        for one in form.table(block).items:
            if one.typed:
                value: Any = (*one.options, "甲")[0] if not one.counts else 2.5 if one.decimals else 2
                book[block.sheet][block.cell("own", one.id)] = OWN.get(one.id, value) if block.form == "statistics" else value
        book[block.sheet][block.narrative_cell] = "已开展检查。"
    return saved(book)


def saved(book: Workbook) -> bytes:
    """Return the bytes of a workbook as openpyxl writes them."""
    out = BytesIO()
    book.save(out)
    return out.getvalue()


def by_xlsxwriter(data: bytes) -> bytes:
    """Return a workbook written anew by XlsxWriter: values, formulas without result, merged ranges, number formats."""
    source, out = load_workbook(BytesIO(data)), BytesIO()
    target = xlsxwriter.Workbook(out, {"in_memory": True})
    for sheet in source.worksheets:
        copied = target.add_worksheet(sheet.title)
        if sheet.sheet_state != "visible":
            copied.hide()
        for merged in sheet.merged_cells.ranges:
            left, top, right, bottom = range_boundaries(str(merged))
            copied.merge_range(top - 1, left - 1, bottom - 1, right - 1, "")
        for cell in list(sheet._cells.values()):  # a far cell makes iter_rows walk millions of blank ones
            if cell.value is None:
                continue
            look = target.add_format({"num_format": cell.number_format})
            at = (cell.row - 1, cell.column - 1)
            if cell.data_type == "f":
                copied.write_formula(*at, str(cell.value), look)
            elif cell.data_type == "e":
                copied.write_formula(*at, f"={cell.value}", look, cell.value)
            elif isinstance(cell.value, bool):
                copied.write_boolean(*at, cell.value, look)
            elif isinstance(cell.value, datetime | time):
                copied.write_datetime(*at, cell.value, target.add_format({"num_format": "yyyy-mm-dd hh:mm"}))
            elif isinstance(cell.value, str):
                copied.write_string(*at, cell.value, look)
            else:
                copied.write_number(*at, cell.value, look)
    target.close()
    return out.getvalue()


def by_libreoffice(files: Sequence[bytes], extension: str = "xlsx") -> list[bytes]:
    """Return workbooks as LibreOffice saves them: two at work side by side, each start of it converting many."""
    with tempfile.TemporaryDirectory() as name, ThreadPoolExecutor(2) as pool:
        folder = Path(name)
        for at, data in enumerate(files):
            (folder / f"{at:05}.xlsx").write_bytes(data)

        def convert(start: int) -> None:
            some = [str(folder / f"{at:05}.xlsx") for at in range(start, min(start + 200, len(files)))]
            profile = f"-env:UserInstallation=file://{folder}/profile{start}"
            program = ["soffice", profile, "--headless", "--convert-to", extension, "--outdir", str(folder / "out")]
            subprocess.run([*program, *some], check=True, capture_output=True, timeout=900)

        list(pool.map(convert, range(0, len(files), 200)))
        return [(folder / "out" / f"{at:05}.{extension}").read_bytes() for at in range(len(files))]


def injected(sample: Sample, kind: str, seed: int) -> tuple[bytes, Cells]:
    """Return a sample with one fault, and the cells that must be named."""
    book = load_workbook(BytesIO(sample.clean))
    cells = FAULTS[kind](Target(sample, book, random.Random(f"{seed}{kind}{sample.name}")))
    return saved(book), cells


def changed(sample: Sample, kind: str, seed: int) -> bytes:
    """Return a sample after a harmless change."""
    book = load_workbook(BytesIO(sample.clean))
    HARMLESS[kind](Target(sample, book, random.Random(f"{seed}{kind}{sample.name}")))
    return saved(book)


def checked(sample: Sample, data: bytes, read: Callable[[bytes], Any] = read_book) -> Checked:
    """Return what the check says of a workbook."""
    book = read(data)
    assert isinstance(book, Book), book
    return check(book, sample.form, sample.rules)


def named(found: Checked) -> Cells:
    """Return the cells of everything that stands in the way."""
    return {(one.sheet, one.cell) for one in found.all_findings if one.severity is Severity.BLOCK}


@lru_cache(2)
def _opened(clean: bytes) -> Workbook:
    return load_workbook(BytesIO(clean))


def mended(data: bytes, sample: Sample, cells: Cells) -> bytes:
    """Return a workbook after only these cells were put right, as in the clean one."""
    book, clean = load_workbook(BytesIO(data)), _opened(sample.clean)
    for name, address in cells:
        sheet = book[name]
        for merged in list(sheet.merged_cells.ranges):
            if address in merged and str(merged) not in {str(one) for one in clean[name].merged_cells.ranges}:
                sheet.unmerge_cells(str(merged))
        right = clean[name][address]
        cell = sheet[address]
        cell.value, cell.number_format = right.value, copy(right.number_format)
        if isinstance(right.value, str) and not right.value.startswith("="):
            cell.data_type = "s"
    return saved(book)


def accepted(found: Checked) -> bool:
    """Return whether every report of a workbook is accepted."""
    return {block.outcome for block in found.blocks} == {Outcome.ACCEPTED}


@dataclass
class Tally:
    """What came of a run."""

    injected: int = 0
    missed: int = 0
    extra: int = 0
    unmended: int = 0
    harmless: int = 0
    alarms: int = 0
    kinds: Counter[str] | None = None

    def fault(self, sample: Sample, kind: str, data: bytes, cells: Cells) -> None:
        """Count one injected fault."""
        found = named(checked(sample, data))
        self.injected += 1
        missed = not cells <= found
        self.missed += missed
        self.extra += bool(found - cells)
        unmended = kind not in NOT_BY_CELL and not missed and not accepted(checked(sample, mended(data, sample, found)))
        self.unmended += unmended
        if self.kinds is not None and found - cells:
            self.kinds[f"{kind}多报"] += 1
        if self.kinds is not None and (missed or unmended):
            self.kinds[f"{kind}{'漏' if missed else '改后仍退'}"] += 1

    def change(self, sample: Sample, kind: str, data: bytes) -> None:
        """Count one harmless change."""
        found = checked(sample, data)
        self.harmless += 1
        alarm = not accepted(found) or bool(named(found))
        self.alarms += alarm
        if self.kinds is not None and alarm:
            self.kinds[f"{kind}误报"] += 1

    def __str__(self) -> str:
        right = 100 * (self.injected - self.missed) / max(self.injected, 1)
        return (
            f"faults injected {self.injected}, named at their cell {right:.2f} %, more named than injected {self.extra}, "
            f"not accepted after mending only the named cells {self.unmended}; harmless changes {self.harmless}, "
            f"false alarms {self.alarms}; by kind: {dict(self.kinds or {})}"
        )


def main() -> None:
    """Run everything and print a summary line for each program that saved the files."""
    asked = argparse.ArgumentParser()
    asked.add_argument("--forms", type=int, default=25)
    asked.add_argument("--seed", type=int, default=1)
    asked.add_argument("--by", choices=("openpyxl", "xlsxwriter", "libreoffice"), help="one program only")
    asked.add_argument("--first", type=int, default=0, help="of the forms only those from this one, counted from 0")
    asked.add_argument("--last", type=int, help="to the one before this")
    words = asked.parse_args()
    forms = list(every_layout(words.forms, words.seed))[words.first : words.last]
    kept = [(sample, kind, *injected(sample, kind, words.seed)) for sample in forms for kind in FAULTS]
    faults = [one for one in kept if one[3]]
    changes = [(sample, kind, changed(sample, kind, words.seed)) for sample in forms for kind in HARMLESS]
    programs: dict[str, Callable[[list[bytes]], list[bytes]]] = {
        "openpyxl": lambda files: files,
        "xlsxwriter": lambda files: [by_xlsxwriter(data) for data in files],
    }
    if shutil.which("soffice"):
        programs["libreoffice"] = by_libreoffice
    for program, save in programs.items():
        if words.by not in (None, program):
            continue
        tally = Tally(kinds=Counter())
        some = [one for one in faults if program == "openpyxl" or one[1] not in CALCULATED]
        for (sample, kind, _, cells), data in zip(some, save([data for _, _, data, _ in some]), strict=True):
            tally.fault(sample, kind, data, cells)
        for (sample, kind, _), data in zip(changes, save([data for _, _, data in changes]), strict=True):
            tally.change(sample, kind, data)
        print(f"{program}: {len(FAULTS)} kinds x {len(forms)} forms; {tally}", flush=True)


if __name__ == "__main__":
    main()
