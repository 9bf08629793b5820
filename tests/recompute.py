"""Recompute every figure of what a round's files say from the files that were received, and compare.

Knows nothing of the project: it reads `index.json`, opens each received file with another library, finds the figures by their
labels, and lets the newest accepted version of every report count, by its own row only. What is owed and by when it takes from
the forms that were sent out; formulas, targets and rules of scoring from the definition in the campaign's archive, where there is
one, else every figure is a sum. Checked are the workbook, sheet by sheet, the ledger workbook, report, bulletin and leader's
page, what the commands say as data, and the archive.

    python tests/recompute.py demo
"""

import hashlib
import json
import re
import sys
import unicodedata
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone
from decimal import ROUND_HALF_UP, Decimal, InvalidOperation
from email import policy
from email.parser import BytesParser
from fractions import Fraction
from functools import cached_property
from io import BytesIO
from math import ceil, floor
from pathlib import Path
from statistics import mean
from typing import Any

from docx import Document
from python_calamine import CalamineError, CalamineWorkbook

Grid = list[list[Any]]
Figures = dict[str, Decimal]
Key = tuple[str, ...]
Cell = tuple[int, str]  # a duty and the name of a department
Inside = Callable[[Cell], bool]
SHEETS = {"汇总(按任务)": ("任务",), "按单位": ("单位",), "任务单位明细": ("任务", "单位")}
SO_FAR = {"累计(按任务)": ("任务",), "累计(按单位)": ("单位",)}
OWN_ROWS = ("本期", "本单位本期")
MOMENT = r"(\d+)年(\d+)月(\d+)日（..）(\d+):(\d+)"
STATES = {"按时": "已报送", "零报告": "零报告", "迟报": "迟报", "逾期未报": "逾期未报"}
WHOLE = "合计"
CHINA = timezone(timedelta(hours=8))
EVERYWHERE: Inside = lambda _: True  # noqa: E731


@dataclass
class Block:
    """What a workbook says for one duty of a department: its own figures by header, its cases, whether 零报告, when due."""

    duty: int
    unit: str
    due: datetime | None = None
    figures: Figures = field(default_factory=dict)
    cases: dict[str, Figures] = field(default_factory=dict)
    nil: bool = False
    year: int = 0


@dataclass
class Formula:
    """How the figures under one header come together; `parts` are the headers of a ratio."""

    over_periods: str = "sum"
    over_places: str = "sum"
    parts: tuple[str, ...] = ()
    scale: int = 1
    decimals: int = 0


@dataclass
class Asked:
    """What the definition of the campaign says, read as data; without one every figure is a sum and nothing else is asked."""

    text: Mapping[str, Any] = field(default_factory=lambda: {"forms": [], "targets": [], "rules": [], "scoring": None})
    units: Mapping[str, str] = field(default_factory=dict)  # name -> code

    @classmethod
    def of(cls, out: Path) -> "Asked":
        """Return what stands in the archive that lies in a folder, if one does."""
        notice = out / "归档" / "通知"
        if not notice.is_dir():
            return cls()
        organs = json.loads((notice / "通讯录.json").read_text("utf-8"))["organs"]
        text = json.loads((notice / "专项行动定义.json").read_text("utf-8"))
        return cls(text, {one["name"]: one["id"] for one in organs})

    @cached_property
    def heads(self) -> dict[str, str]:
        """Return the header of every figure by its code."""
        found = {}
        for form in self.text["forms"]:
            for one in form["indicators"]:
                if form["layout"] != "list" and one["kind"] == "number":
                    found[one["id"]] = f"{one['label']}（{one['unit']}）"
        return found

    @cached_property
    def formulas(self) -> dict[str, Formula]:
        """Return the formula of every header, in the order of the forms."""
        found = {}
        for form in self.text["forms"]:
            for one in form["indicators"]:
                if form["layout"] != "list" and one["kind"] == "number":
                    scale = {"%": 100, "‰": 1000}.get(one["unit"], 1)
                    parts = tuple(self.heads[code] for code in one["ratio_of"])
                    found[self.heads[one["id"]]] = Formula(one["over_periods"], one["over_places"], parts, scale, one["decimals"])
        return found

    @cached_property
    def listed(self) -> dict[str, tuple[str, str]]:
        """Return of every list, by its title, the header of its key and the header under which its cases are counted."""
        found = {}
        for form in self.text["forms"]:
            if form["layout"] == "list":
                key = next(one["label"] for one in form["indicators"] if one["id"] == form["key"])
                found[form["title"]] = key, f"{form['each']}（{form['unit']}）"
        return found

    def formula(self, head: str) -> Formula:
        """Return how the figures under a header come together."""
        return self.formulas.get(head, Formula())


@dataclass
class Round:
    """What a round comes to, from the files alone."""

    id: str
    label: str
    figures: dict[Cell, Figures]
    states: dict[Cell, str]
    received: dict[Cell, datetime]
    envelopes: dict[Cell, int]
    cases: dict[Cell, dict[str, Figures]] = field(default_factory=dict)
    returned: dict[str, set[int]] = field(default_factory=lambda: defaultdict(set))  # by department: envelopes
    warned: dict[str, set[int]] = field(default_factory=lambda: defaultdict(set))
    year: int = 0
    asked: Asked = field(default_factory=Asked)

    def count(self, key: Any = None) -> Counter[str]:
        """Return how many reports are in which state: of a duty, a department, or all."""
        return Counter(state for cell, state in self.states.items() if key is None or key in cell)

    @cached_property
    def heads(self) -> list[str]:
        """Return every header that has a figure: as typed, of lists, and of ratios."""
        typed = (mine for mine in self.figures.values())
        listed = (case for cases in self.cases.values() for case in cases.values())
        ratios = [head for head, formula in self.asked.formulas.items() if formula.parts]
        return list(dict.fromkeys([*(head for one in (*typed, *listed) for head in one), *ratios]))

    def totals(self, inside: Inside = EVERYWHERE) -> Figures:
        """Return what the figures of some reports come to in this round alone."""
        return come_to([self], inside)

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
        """Return the mean share, over the figures that add up, that those who have reported now had in the round before."""
        shares = []
        for head in before.heads:
            formula = self.asked.formula(head)
            mine = {cell: one[head] for cell, one in before.figures.items() if head in one}
            whole = sum(mine.values(), Decimal(0))
            if whole and formula.over_places == "sum" and not formula.parts:
                there = [value for cell, value in mine.items() if self.states[cell] != "逾期未报"]
                shares.append(sum(there, Decimal(0)) / whole)
        return mean(shares)


def come_to(rounds: Sequence[Round], inside: Inside = EVERYWHERE) -> Figures:
    """Return what the figures of some reports come to over rounds, given in their order, each by its own formula."""
    last = rounds[-1]
    exact: dict[str, Fraction] = {}
    for head in dict.fromkeys(head for one in rounds for head in one.heads):
        formula = last.asked.formula(head)
        cases: dict[str, Decimal] = {}  # over places a case counts once, by the larger amount; over periods the newest holds
        for cell in dict.fromkeys(cell for one in rounds for cell in one.cases if inside(cell)):
            mine = {key: case[head] for one in rounds for key, case in one.cases.get(cell, {}).items() if head in case}
            cases |= {key: max(value, cases.get(key, value)) for key, value in mine.items()}
        series = [
            [one.figures[cell][head] for one in rounds if head in one.figures.get(cell, {})]
            for cell in dict.fromkeys(cell for one in rounds for cell in one.figures if inside(cell))
        ]
        periods = [_over_periods(formula, values) for values in series if values]
        if cases:
            exact[head] = Fraction(sum(cases.values(), Decimal(0)))
        elif periods:
            exact[head] = max(periods) if formula.over_places == "max" else sum(periods, Fraction(0))
    for head, formula in last.asked.formulas.items():
        if formula.parts and all(part in exact for part in formula.parts) and exact[formula.parts[1]]:
            exact[head] = exact[formula.parts[0]] / exact[formula.parts[1]] * formula.scale
    return {head: _rounded(value, last.asked.formula(head)) for head, value in exact.items()}


def _over_periods(formula: Formula, values: list[Decimal]) -> Fraction:
    if formula.over_periods == "average":
        return Fraction(sum(values, Decimal(0))) / len(values)
    return Fraction({"latest": values[-1], "max": max(values), "sum": sum(values, Decimal(0))}[formula.over_periods])


def _rounded(value: Fraction, formula: Formula) -> Decimal:
    """Return what divides rounded half up to its decimals, and everything else as it is."""
    places = formula.decimals if formula.parts or formula.over_periods == "average" else 4
    return Decimal(floor(value * 10**places + Fraction(1, 2))).scaleb(-places)


def recompute(out: Path, round_id: str) -> Round:
    """Return what a round comes to, from the newest accepted file of each report and the forms that asked for them."""
    index, asked = json.loads((out / "index.json").read_text("utf-8"))["files"], Asked.of(out)
    due: dict[Cell, datetime] = {}
    label, year = "", 0
    for one in (one for one in index if one["kind"] == "form" and one["round"] == round_id):
        label = Path(one["path"]).parent.name
        for block in blocks_in((out / one["path"]).read_bytes(), asked):
            year = block.year
            if block.due:
                due[block.duty, block.unit] = block.due
    found = Round(round_id, label, {}, dict.fromkeys(due, "逾期未报"), {}, {}, year=year, asked=asked)
    received = sorted((one for one in index if one["kind"] == "received"), key=lambda one: one["order"])
    for one in received:
        if one.get("outcome") == "returned" and one["round"] == round_id:
            found.returned[one["department"]].add(one["order"])
        wanted = {int(report.split("/")[2]) for report in one.get("accepted", ()) if report.startswith(f"{round_id}/")}
        for block in _by_duty(blocks_in((out / one["path"]).read_bytes(), asked)) if wanted else ():
            cell = block.duty, block.unit
            if block.duty in wanted and cell in due:
                found.figures[cell], found.cases[cell], found.envelopes[cell] = block.figures, block.cases, one["order"]
                came = found.received.setdefault(cell, _moment(r"(\d{4})(\d\d)(\d\d)-(\d\d)(\d\d)", Path(one["path"]).name))
                late, nil = came > due[cell], block.nil
                found.states[cell] = ("迟报（零报告）" if nil else "迟报") if late else ("零报告" if nil else "已报送")
                if _doubted(asked, block):
                    found.warned[block.unit].add(one["order"])
    return found


def _doubted(asked: Asked, block: Block) -> bool:
    """Return whether what a department says of the period breaks a rule that only warns."""
    rules = [one["check"] for one in asked.text["rules"] if one["severity"] == "warning" and one["over"] == "period"]
    return any(_worked_out(asked, rule, block.figures) == 0 for rule in rules)


def _worked_out(asked: Asked, expression: str, figures: Figures) -> Fraction | None:
    """Return what an expression over codes comes to, a relation 0 or 1; None where a figure it names is not there."""
    values = {code: Fraction(figures[head]) for code, head in asked.heads.items() if head in figures}
    try:
        return Fraction(eval(expression, {"__builtins__": {}}, values))
    except NameError:
        return None


def blocks_in(data: bytes, asked: Asked) -> Iterator[Block]:
    """Yield every block in a workbook, or in a mail that carries one."""
    for book in _workbooks(data):
        for name in book.sheet_names:
            yield from _blocks(book.get_sheet_by_name(name).to_python(skip_empty_area=False), asked)


def _by_duty(blocks: Iterable[Block]) -> Iterable[Block]:
    """Return the blocks of a file, what it says of one duty in several tables taken together."""
    found: dict[Cell, Block] = {}
    for one in blocks:
        mine = found.setdefault((one.duty, one.unit), Block(one.duty, one.unit))
        mine.figures, mine.cases, mine.nil = mine.figures | one.figures, mine.cases | one.cases, mine.nil or one.nil
    return found.values()


def _workbooks(data: bytes) -> Iterator[CalamineWorkbook]:
    if data[:2] == b"PK" or data[:4] == b"\xd0\xcf\x11\xe0":
        attachments = [data]
    else:
        mail = BytesParser(policy=policy.default).parsebytes(data)
        attachments = [part.get_payload(decode=True) for part in mail.iter_attachments() if part.get_filename("")]
    for one in attachments:
        try:
            yield CalamineWorkbook.from_filelike(BytesIO(one))
        except CalamineError:
            continue  # a document or a scan


def _blocks(grid: Grid, asked: Asked) -> Iterator[Block]:
    unit, year, headers, block, key_head, counted = "", 0, {}, None, "", ""
    for row in grid:
        texts = {at: str(value).strip() for at, value in enumerate(row) if str(value).strip()}
        for at, text in texts.items():
            if dated := re.match(r"报送期：.+至(\d+)年\d+月\d+日）$", text):
                year = int(dated[1])
            if named := re.match(r"填报单位：(\S+)", text):
                unit = named[1]
            elif unit == "" and (title := next((one for one in asked.listed if text.endswith(one)), "")):
                key_head, counted = asked.listed[title]
            elif at and (titled := re.match(r"任务(\d+)\s", text)):
                if block:
                    yield block
                block = Block(int(titled[1]), unit, year=year)
            elif block and "截止：" in text:
                block.due = _moment(f"截止：{MOMENT}", text)
            elif text in ("填报项", "序号"):
                headers = {column: label for column, label in texts.items() if column > at}
            elif block and text in OWN_ROWS:
                values = {label: row[column] for column, label in headers.items() if column < len(row)}
                block.figures = {head: number for head, value in values.items() if (number := _number(value)) is not None}
            elif block and text == "零报告":
                block.nil = "是" in texts.values()
                if block.nil and key_head:  # says that nothing is to be listed
                    amounts = (f"{counted.partition('（')[0]}·{head}" for head in headers.values() if head.endswith("）"))
                    block.figures = dict.fromkeys((counted, *amounts), Decimal(0))
                elif block.nil:  # says that what is blank is zero
                    block.figures = dict.fromkeys(headers.values(), Decimal(0)) | block.figures
        if block and key_head and key_head in headers.values() and key_head not in texts.values():
            label = {head: str(row[column]) for column, head in headers.items()}
            if label[key_head] and label["类别"]:
                each = re.sub(r"\d+$", "", label["类别"])
                amounts = {f"{each}·{head}": _number(value) for head, value in label.items() if head.endswith("）")}
                known = {head: value for head, value in amounts.items() if value is not None}
                block.cases[folded(label[key_head])] = {counted: Decimal(1)} | known
    if block:
        yield block


def folded(key: str) -> str:
    """Return the number of a case as it is compared: full-width forms, brackets, spaces and capitals make no difference."""
    plain = unicodedata.normalize("NFKC", key).translate(str.maketrans("〔〕【】[]", "()()()"))
    return "".join(plain.split()).upper()


def _moment(pattern: str, text: str) -> datetime:
    found = re.search(pattern, text)
    assert found, text
    return datetime(*map(int, found.groups()), tzinfo=CHINA)


def _number(value: Any) -> Decimal | None:
    try:
        return Decimal(str(value))
    except InvalidOperation:
        return None  # blank, or a text in a block that was not accepted


def _table(book: CalamineWorkbook, name: str, keys: tuple[str, ...]) -> dict[Key, Figures]:
    """Return what a sheet with figures says, by duty, department or both; the last row is its total."""
    grid = book.get_sheet_by_name(name).to_python(skip_empty_area=False)
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


def expected(rounds: Sequence[Round], keys: tuple[str, ...]) -> dict[Key, Figures]:
    """Return what a sheet should say of rounds: what each duty, department or both comes to, and the whole."""
    found = {(WHOLE,): come_to(rounds)}
    for cell in dict.fromkeys(cell for one in rounds for cell in one.states):
        values = {"任务": str(cell[0]), "单位": cell[1]}
        key = tuple(values[one] for one in keys)
        if key not in found:
            found[key] = come_to(
                rounds, lambda one, key=key: tuple({"任务": str(one[0]), "单位": one[1]}[k] for k in keys) == key
            )
    return found


def differences(out: Path) -> list[str]:
    """Return one line for every figure of a roll-up, a document, an archive or data that the recomputation does not confirm."""
    index = json.loads((out / "index.json").read_text("utf-8"))["files"]
    received = {one["order"]: out / one["path"] for one in index if one["kind"] == "received"}
    versions: dict[str, list[Path]] = defaultdict(list)
    for one in sorted((one for one in index if one["kind"] == "rollup"), key=lambda one: _version(one["path"])):
        versions[one["round"]].append(out / one["path"])
    lines = [] if versions else ["there is no roll-up"]
    earlier: list[Round] = []
    for round_id, paths in sorted(versions.items()):
        found = recompute(out, round_id)
        if not found.figures:
            lines.append(f"{found.id}: no figures were found")
        books = [CalamineWorkbook.from_path(str(path)) for path in paths]
        said = [*_workbook(books[-1], [*earlier, found], received), *_changed(books)]
        newest: dict[str, Path] = {}
        for one in (one for one in index if one["kind"] == "document" and one["round"] == found.id):
            kind = re.sub(r"_第\d+版$", "", Path(one["path"]).stem)
            newest[kind] = max((out / one["path"], newest.get(kind, out / one["path"])), key=_version)
        for path in newest.values():
            if path.suffix == ".docx":
                said += [f"{path.name}: {text}" for text in _told(Document(str(path)), [*earlier, found])]
            elif path.suffix == ".xlsx":
                said += [f"{path.name}: {text}" for text in _ledger(CalamineWorkbook.from_path(str(path)), found)]
        earlier.append(found)
        lines += [f"{found.id} {text}" for text in said]
    for one in index:
        if one["kind"] in DATA:
            told = json.loads((out / one["path"]).read_text("utf-8"))
            lines += [f"{one['path']}: {text}" for text in DATA[one["kind"]](told, earlier, received)]
        elif one["kind"] == "archive":
            lines += [f"{one['path']}: {text}" for text in _archived(out / one["path"], [out / each["path"] for each in index])]
    return lines


def _version(path: Path | str) -> int:
    found = re.search(r"_(?:v|第)(\d+)版?$", Path(path).stem)
    return int(found[1]) if found else 0


def _workbook(book: CalamineWorkbook, rounds: Sequence[Round], received: Mapping[int, Path]) -> Iterator[str]:
    """Yield what the roll-up workbook of the last of some rounds says otherwise, sheet by sheet."""
    *earlier, found = rounds
    so_far = SO_FAR if any(one.figures for one in earlier) else {}
    for name, keys in (SHEETS | so_far).items():
        wanted = expected(rounds if name in so_far else [found], keys)
        if name in so_far:  # a department that owes nothing now has no row of its own
            shown = _table(book, name, keys)
            wanted = {key: mine for key, mine in wanted.items() if key in shown or mine}
        yield from (f"{name}: {text}" for text in _compare(_table(book, name, keys), wanted))
    yield from _standing(book, found)
    yield from _sources(book, found, received)
    yield from _stated(book, found, earlier[-1] if earlier else None)
    yield from _joint(book, rounds)
    yield from _aims(_sheet_lines(book, "目标完成"), rounds)
    yield from _scored(_sheet_lines(book, "考核"), rounds, [found])


def _sheet_lines(book: CalamineWorkbook, name: str) -> list[dict[str, str]]:
    return list(_lines(book, name)) if name in book.sheet_names else []


def _compare(shown: dict[Key, Figures], wanted: dict[Key, Figures]) -> Iterator[str]:
    for key in sorted(shown.keys() | wanted.keys()):
        left, right = shown.get(key, {}), wanted.get(key, {})
        for header in sorted(left.keys() | right.keys()):
            if left.get(header) != right.get(header):  # blank is not zero
                yield f"{'/'.join(key)} {header}: {left.get(header)} != {right.get(header)}"


def _lines(book: CalamineWorkbook, name: str) -> Iterator[dict[str, str]]:
    """Yield the rows of a sheet below its head, as texts by the texts of the head."""
    grid = book.get_sheet_by_name(name).to_python(skip_empty_area=False)
    at = next(number for number, row in enumerate(grid) if row[0] in ("序号", "任务", "指标", "单位"))
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
    said: dict[tuple[Cell, str, str], Decimal] = {}
    for one in _lines(book, "来源"):
        cell, key = (int(one["任务"]), one["单位"]), folded(one.get("识别号", ""))
        said[cell, one["指标"], key] = Decimal(one["数值"])
        order = int(one["来件编号"].rsplit("-", 1)[1])
        if order != found.envelopes.get(cell) or not stands(received[order], one["工作表"], one["单元格"], one["数值"], key):
            yield f"来源 {one['序号']}: {one['来件编号']} {one['工作表']}!{one['单元格']} is not {one['数值']}"
    yield from _unlike("来源", said, facts_of(found))
    if "数据疑问" in book.sheet_names:
        for one in _lines(book, "数据疑问"):
            for cited in f"{one['本期数所在']}\n{one['对照数所在']}".splitlines():
                place = re.match(r"R-\d+-(\d+) .* (\S+)!([A-Z]+\d+)＝(\S+)$", cited)
                if place and not stands(received[int(place[1])], place[2], place[3], place[4]):
                    yield f"数据疑问 {one['序号']}: {cited}"


def facts_of(found: Round) -> dict[tuple[Cell, str, str], Decimal]:
    """Return every figure of a round by report, header and the case it is about."""
    facts = {(cell, head, ""): value for cell, mine in found.figures.items() for head, value in mine.items()}
    for cell, cases in found.cases.items():
        facts |= {(cell, head, key): value for key, case in cases.items() for head, value in case.items()}
    return facts


_READ: dict[Path, list[tuple[str, Grid]]] = {}


def stands(path: Path, sheet: str, cell: str, value: str, key: str = "") -> bool:
    """Return whether a figure stands in a cell of a received file.

    What counts a case stands where its number does; that there is none, where it is said that there is nothing to report.
    """
    if path not in _READ:
        books = list(_workbooks(path.read_bytes()))
        grids = [(name, one.get_sheet_by_name(name)) for one in books for name in one.sheet_names]
        _READ[path] = [(name, grid.to_python(skip_empty_area=False)) for name, grid in grids]
    there = [_in(grid, cell) for name, grid in _READ[path] if name == sheet]
    amounts = [0 if one in (None, "", "是") else one for one in there]
    return Decimal(value) in map(_number, amounts) or (bool(key) and value == "1" and key in map(folded, map(str, there)))


def _in(grid: Grid, cell: str) -> Any:
    """Return what is in a cell; nothing is zero here, for that a blank is no figure elsewhere has been compared already."""
    letters, row = re.match(r"([A-Z]+)(\d+)", cell).groups()
    column = 0
    for one in letters:
        column = column * 26 + ord(one) - 64
    return grid[int(row) - 1][column - 1] if int(row) <= len(grid) else None


def _stated(book: CalamineWorkbook, found: Round, before: Round | None) -> Iterator[str]:
    """Yield what the sentence at the head of every sheet says otherwise than the files."""
    for name in book.sheet_names:
        sentence = str(book.get_sheet_by_name(name).to_python(skip_empty_area=False)[2][0])
        shown = {pattern: said[1] if (said := re.search(pattern, sentence)) else None for pattern in found.coverage(before)}
        yield from _unlike(name, shown, found.coverage(before))


def _joint(book: CalamineWorkbook, rounds: Sequence[Round]) -> Iterator[str]:
    """Yield what is said otherwise of cases that several departments report, and of the part that each has of all."""
    found = rounds[-1]
    counted = {head for _, head in found.asked.listed.values()}
    wanted: dict[tuple[str, str], tuple[Decimal, str]] = {}
    for key, units in _claims([found]).items():
        every = [case for cases in units.values() for case in cases]
        heads = dict.fromkeys(head for case in every for head in case)
        unlike = [head for head in heads if head not in counted and len({case[head] for case in every if head in case}) > 1]
        if len(units) > 1:
            share = _rounded(Fraction(1, len(units)), Formula("average", decimals=2))
            wanted |= {(key, unit): (share, "、".join(unlike)) for unit in units}
    shown = {
        (folded(one["识别号"]), one["单位"]): (Decimal(one["份额"]), one["所报不同的数（按较大的计）"])
        for one in _sheet_lines(book, "联合成果")
    }
    yield from _unlike("联合成果", shown, wanted)
    for name, of in (("成果分摊", [found]), ("成果分摊(累计)", rounds if len(rounds) > 1 else [])):
        parts = {
            one["单位"] or WHOLE: {head: Decimal(value) for head, value in one.items() if _figure(head, value)}
            for one in _sheet_lines(book, name)
        }
        yield from _unlike(name, parts, _credit(of) if of else {})


def _claims(rounds: Sequence[Round]) -> dict[str, dict[str, list[Figures]]]:
    """Return what each department says of each case in rounds, for a duty what it said last."""
    claims: dict[str, dict[str, list[Figures]]] = defaultdict(lambda: defaultdict(list))
    for cell in dict.fromkeys(cell for one in rounds for cell in one.cases):
        mine: dict[str, Figures] = {}
        for one in rounds:
            for key, case in one.cases.get(cell, {}).items():
                mine[key] = mine.get(key, {}) | case
        for key, case in mine.items():
            claims[key][cell[1]].append(case)
    return claims


def _credit(rounds: Sequence[Round]) -> dict[str, Figures]:
    """Return what each department has of all that counts once, and the whole; nothing where none share a case."""
    shares: dict[str, dict[str, Fraction]] = defaultdict(lambda: defaultdict(Fraction))
    claims = _claims(rounds)
    for units in claims.values():
        every = [case for cases in units.values() for case in cases]
        for head in dict.fromkeys(head for case in every for head in case):
            for unit in units:
                shares[unit][head] += Fraction(max(case[head] for case in every if head in case)) / len(units)
    if all(len(units) == 1 for units in claims.values()):
        return {}
    totals = come_to(rounds)
    mine = {
        unit: {head: _rounded(part, Formula("average", decimals=4)) for head, part in one.items()} for unit, one in shares.items()
    }
    return mine | {WHOLE: {head: totals[head] for one in shares.values() for head in one}}


def attained(rounds: Sequence[Round]) -> dict[tuple[str, str], dict[str, str]]:
    """Return what the targets came to in the last of some rounds: of the whole and of each department that has figures."""
    found, asked = rounds[-1], rounds[-1].asked
    every: dict[tuple[str, str], dict[str, str]] = {}
    for target in asked.text["targets"]:
        within = rounds if target["over"] == "cumulative" else [found]
        for unit in (WHOLE, *dict.fromkeys(unit for one in rounds for _, unit in one.figures)):
            figures = come_to(within, EVERYWHERE if unit == WHOLE else lambda cell, unit=unit: cell[1] == unit)
            above = _worked_out(asked, target["numerator"], figures)
            below = _worked_out(asked, target["denominator"], figures) if target["denominator"] else Fraction(1)
            if above is None or not below:
                continue
            value = above / below * ({"%": 100, "‰": 1000}.get(target["unit"], 1) if target["denominator"] else 1)
            least = target["at_least"] is not None
            bound = Fraction(target["at_least"] or target["at_most"])
            met = value >= bound if least else value <= bound
            cut = Fraction(floor(value * 100) if least else ceil(value * 100), 100)  # what misses never looks as if it met
            waits = not met and target["by"] and found.year < target["by"]
            every[target["title"], unit] = {
                "属性": {"binding": "约束性", "expected": "预期性", None: ""}[target["kind"]],
                "目标": f"{'不低于' if least else '不高于'}{target['at_least'] or target['at_most']}{target['unit']}",
                "分子": _said(above),
                "分母": _said(below) if target["denominator"] else "",
                "完成": f"{_said(cut)}{target['unit']}",
                "情况": "已达到" if met else f"未到目标年（{target['by']}年）" if waits else "未达到",
                "差距": "" if met else f"{_said(abs(cut - bound))}{target['unit']}",
            }
    return every


def _said(value: Fraction) -> str:
    """Return an amount as people write it: no zeros behind."""
    return f"{(Decimal(value.numerator) / Decimal(value.denominator)).normalize():f}"


def _aims(lines: Iterable[Mapping[str, str]], rounds: Sequence[Round]) -> Iterator[str]:
    """Yield what lines about targets say otherwise, of a sheet or of a report's table."""
    wanted = attained(rounds)
    shown = {}
    for one in lines:
        mine = {head: one[head] for head in ("属性", "目标", "分子", "分母", "完成", "情况", "差距")}
        mine["目标"] = re.sub(r"（\d+年）$", "", mine["目标"])
        shown[one["指标"], one["单位"]] = mine
    yield from _unlike("目标完成", shown, wanted)


def scored(rounds: Sequence[Round], of: Sequence[Round]) -> dict[str, Counter[tuple[str, str, str, str]]]:
    """Return the lines by which departments score for some of the rounds: what, in which round, how often, the points."""
    asked = rounds[-1].asked
    rules, units = asked.text["scoring"]["rules"], dict.fromkeys(unit for one in of for _, unit in one.states)
    found: dict[str, Counter[tuple[str, str, str, str]]] = {unit: Counter() for unit in units}
    for unit, rule in ((unit, rule) for unit in units for rule in rules):
        lines, title, points = found[unit], rule["title"], Fraction(rule["points"])
        counts = [one.count(unit) for one in of]
        owed, missing = sum(sum(one.values()) for one in counts), sum(one["逾期未报"] for one in counts)
        if rule["each"] == "rate":
            lines[title, "全部报送期", "1", _said(_half_up(points * (owed - missing) / owed))] += 1
        for at, (one, count) in enumerate(zip(of, counts, strict=True), start=len(rounds) - len(of)):
            happened = {
                "late": min(1, count["迟报"] + count["迟报（零报告）"]),
                "missing": min(1, count["逾期未报"]),
                "returned": len(one.returned[asked.units[unit]]),
                "warned": len(one.warned[unit]),
            }
            if times := happened.get(rule["each"], 0):
                lines[title, one.label, str(times), _said(points * times)] += 1
            if rule["each"] in ("met", "missed"):
                words = {"met": "已达到", "missed": "未达到"}[rule["each"]]
                mine = [told for (_, of_unit), told in attained(rounds[: at + 1]).items() if of_unit == unit]
                lines[title, one.label, "1", _said(points)] += sum(told["情况"] == words for told in mine)
    return {unit: +lines for unit, lines in found.items()}


def _half_up(value: Fraction) -> Fraction:
    """Return points of a share, rounded half up to hundredths; halves of negative points go away from zero."""
    sign = -1 if value < 0 else 1
    return sign * Fraction(floor(abs(value) * 100 + Fraction(1, 2)), 100)


def _scored(lines: Iterable[Mapping[str, str]], rounds: Sequence[Round], of: Sequence[Round]) -> Iterator[str]:
    """Yield what lines about scores say otherwise: each line, and that what it starts at and all lines are the total."""
    scoring = rounds[-1].asked.text["scoring"]
    if scoring is None:
        return
    shown: dict[str, Counter[tuple[str, str, str, str]]] = defaultdict(Counter)
    sums: dict[str, Decimal] = defaultdict(Decimal)
    totals: dict[str, Decimal] = {}
    for one in lines:
        if one["计分事项"] == "得分":
            totals[one["单位"]] = Decimal(one["分值"])
            continue
        sums[one["单位"]] += Decimal(one["分值"])
        if one["计分事项"] != "基础分":
            shown[one["单位"]][one["计分事项"], one["报送期"], one["次数"], one["分值"]] += 1
    wanted = scored(rounds, of)
    yield from _unlike("考核", shown, wanted)
    yield from _unlike("得分", totals, sums)
    start = Decimal(scoring["starts_at"])
    whole = {unit: start + sum((Decimal(line[3]) * n for line, n in mine.items()), Decimal(0)) for unit, mine in wanted.items()}
    yield from _unlike("得分", totals, whole)


def _changed(books: Sequence[CalamineWorkbook]) -> Iterator[str]:
    """Yield what the newest version of a roll-up says otherwise of the figures of its period that the one before had not."""
    if len(books) < 2:
        return
    old, new = books[-2:]
    wanted = {}
    for name, keys in SHEETS.items():
        was, now = _table(old, name, keys), _table(new, name, keys)
        for key in was.keys() | now.keys():
            where = {
                ("任务",): f"任务{key[0]}合计", ("单位",): key[0], ("任务", "单位"): f"任务{key[0]}·{key[-1]}"
            }[keys] if key != (WHOLE,) else "总计"  # fmt: skip
            before, after = was.get(key, {}), now.get(key, {})
            wanted |= {
                (where, head): (before.get(head), after.get(head))
                for head in before.keys() | after.keys()
                if before.get(head) != after.get(head)
            }
    shown = {
        (one["范围"], one["指标"]): tuple(_number(one[head]) for head in ("原数", "现数"))
        for one in _lines(new, "变动说明")
        if one["口径"] == "本期"
    }
    yield from _unlike("变动说明", shown, wanted)


def _told(document: Any, rounds: Sequence[Round]) -> Iterator[str]:
    """Yield what a report, a bulletin or a leader's page says otherwise: totals in words, counts, targets, tables."""
    *earlier, found = rounds
    before = earlier[-1] if earlier else None
    text = "\n".join(one.text for one in document.paragraphs)
    for pattern, value in found.coverage(before).items():
        if (said := re.search(pattern, text)) and said[1] != value:
            yield f"{pattern}: {said[1]} != {value}"
    named = 0
    sentences = [(r"据已报单位统计，(.+)。", found.totals())]
    sentences += (
        [(r"自\d+年\d+月\d+日起累计，(.+)。", come_to(rounds)), (r"上一期（.+）：(.+)。", before.totals())] if before else []
    )
    for pattern, wanted in sentences:
        if sentence := re.search(pattern, text):
            shown = dict(re.match(r"(.+?)(-?[\d.]+)(\D*)$", one).group(1, 2) for one in sentence[1].split("，"))
            named += len(shown)
            labels = {re.match(r"(.+)（", head)[1]: value for head, value in wanted.items()}
            yield from _unlike(pattern, {label: Decimal(value) for label, value in shown.items()}, labels)
    for label, value, _, last in re.findall(r"([^，。\n]+?)(-?[\d.]+)([^\d，。]*)（上期(-?[\d.]+)）", text):
        named += 1
        head = next(head for head in found.heads if head.startswith(f"{label}（"))
        wanted = found.totals()[head], before.totals()[head]
        if (Decimal(value), Decimal(last)) != wanted:
            yield f"{head}: {value}, {last} != {wanted}"
    if not named and not re.search(r"\S+项，按时", text):
        yield "no total is told"
    yield from _aimed(text, rounds)
    for table in document.tables:
        rows = [[cell.text for cell in row.cells] for row in table.rows]
        heads = rows[0]
        lines = [dict(zip(heads, one, strict=True)) for one in rows[1:]]
        if "差距" in heads:
            yield from _aims(lines, rounds)
        elif "计分事项" in heads:
            yield from _scored(lines, rounds, [found])
        for row in lines:
            if "报送率" in heads:
                unit = WHOLE if row["序号"] == WHOLE else row["单位"]
                wanted = _counts(found, unit)
                yield from _unlike(unit, {head: row[head] for head in wanted}, wanted)
            elif "已报/应报" in heads:
                yield from _unlike(row["任务"], *_duty(found, row))


def _aimed(text: str, rounds: Sequence[Round]) -> Iterator[str]:
    for (title, unit), one in attained(rounds).items():
        said = re.search(rf"{title}（.*目标(.+)）：完成(.+?)，(.+)。", text)
        if said and unit == WHOLE and said.groups() != (one["目标"], one["完成"], one["情况"]):
            yield f"{title}: {said.groups()} != {one}"


def _duty(found: Round, row: Mapping[str, str]) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return what a row of the report's table by duty says, and what it should."""
    duty = None if row["任务"] == WHOLE else int(row["任务"])
    count = found.count(duty)
    whole = found.totals(lambda cell: duty in (None, cell[0]))
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


def _traced(told: Mapping[str, Any], rounds: Sequence[Round], received: Mapping[int, Path]) -> Iterator[str]:
    """Yield what `trace --json` says otherwise of the last round: totals, places, and every cell they come from."""
    *earlier, found = rounds
    period, cumulative = found.totals(), come_to(rounds)
    for one in told["figures"]:
        head = f"{one['label']}（{one['unit']}）"
        wanted = period.get(head), cumulative.get(head)
        if tuple(None if one[key] is None else Decimal(one[key]) for key in ("period", "cumulative")) != wanted:
            yield f"{head}: {one['period']}, {one['cumulative']} != {wanted}"
        units = {unit: found.totals(lambda cell, unit=unit: cell[1] == unit).get(head) for _, unit in found.states}
        places = {place["name"]: Decimal(place["period"]) for place in one["places"]}
        yield from _unlike(head, places, {unit: value for unit, value in units.items() if value is not None})
        formula = found.asked.formula(head)
        for key, said in (("from", [found]), ("earlier", earlier)):
            facts = Counter(
                (unit, of, key_) for each in said for (_, unit), of, key_ in facts_of(each) if of in (formula.parts or (head,))
            )
            shown = Counter(
                (fact["department"], found.asked.heads.get(fact["indicator"], head), folded(fact["key"])) for fact in one[key]
            )
            yield from _unlike(f"{head} {key}", shown, facts)
        for fact in (*one["from"], *one["earlier"]):
            order = int(fact["envelope"].rsplit("-", 1)[1])
            if not stands(received[order], fact["sheet"], fact["cell"], fact["value"], folded(fact["key"])):
                yield f"{head}: {fact['envelope']} {fact['sheet']}!{fact['cell']} is not {fact['value']}"


def _scores_told(told: Mapping[str, Any], rounds: Sequence[Round], received: Mapping[int, Path]) -> Iterator[str]:
    """Yield what `scores --json` says otherwise: targets of every round, scores over all of them."""
    for at, one in enumerate(rounds, start=1):
        lines = [
            {
                "指标": line["title"], "单位": line["name"], "属性": line["kind"], "目标": line["bound"],
                "分子": line["numerator"], "分母": line["denominator"] or "", "完成": f"{line['value']}{line['unit']}",
                "情况": line["text"], "差距": f"{line['gap']}{line['unit']}" if line["gap"] else "",
            }
            for line in told["targets"] if line["round"] == one.id
        ]  # fmt: skip
        yield from _aims(lines, rounds[:at])
    lines = []
    for mine in told["scores"]:
        lines.append({"单位": mine["name"], "计分事项": "基础分", "分值": mine["starts_at"]})
        for line in mine["lines"]:
            words = {"计分事项": line["title"], "报送期": line["round"], "次数": str(line["times"]), "分值": line["points"]}
            lines.append({"单位": mine["name"], **words})
        lines.append({"单位": mine["name"], "计分事项": "得分", "分值": mine["total"]})
    yield from _scored(lines, rounds, rounds)


def _shown(told: Mapping[str, Any], rounds: Sequence[Round], received: Mapping[int, Path]) -> Iterator[str]:
    """Yield what `show --json` says otherwise of the last round: the state of each report, and the counts."""
    found = rounds[-1]
    states = {(one["duty"], one["department"]): one["state_text"] for one in told["reports"]}
    yield from _unlike("states", states, found.states)
    yield from _unlike("counts", *_counted(told, found))


def _status(told: Mapping[str, Any], rounds: Sequence[Round], received: Mapping[int, Path]) -> Iterator[str]:
    """Yield what `status --json` says otherwise of every round: the counts, in all and by department."""
    said = {one["id"]: one for one in told["campaigns"][0]["rounds"]}
    for one in rounds:
        yield from _unlike(one.id, *_counted(said[one.id], one))
        for mine in said[one.id]["departments"]:
            yield from _unlike(mine["name"], *_counted(mine, one, mine["name"]))


def _counted(told: Mapping[str, Any], found: Round, unit: str | None = None) -> tuple[dict[str, int], dict[str, int]]:
    count = found.count(unit)
    wanted = {
        "expected": sum(count.values()), "received": count["已报送"], "nil": count["零报告"],
        "late": count["迟报"] + count["迟报（零报告）"], "missing": count["逾期未报"],
    }  # fmt: skip
    return {key: told[key] for key in wanted}, wanted


DATA: dict[str, Callable[[Mapping[str, Any], Sequence[Round], Mapping[int, Path]], Iterator[str]]] = {
    "trace": _traced,
    "scores": _scores_told,
    "show": _shown,
    "status": _status,
}


def _archived(folder: Path, files: Iterable[Path]) -> Iterator[str]:
    """Yield what an archive lacks of what was sent, received and made, and every file that is not what its lists say."""
    told = dict(line.split("  ", 1)[::-1] for line in (folder / "SHA256SUMS.txt").read_text("utf-8").splitlines())
    there = {str(path.relative_to(folder)): _digest(path) for path in folder.rglob("*") if path.is_file()}
    for name in ("SHA256SUMS.txt", "目录.xlsx"):
        del there[name]
    yield from _unlike("SHA256SUMS.txt", told, there)
    book = CalamineWorkbook.from_path(str(folder / "目录.xlsx"))
    grids = [book.get_sheet_by_name(name).to_python() for name in book.sheet_names]
    texts = {str(value) for grid in grids for row in grid for value in row}
    yield from (f"目录.xlsx does not list {name}" for name, digest in there.items() if digest not in texts)
    made, kept = {"下发报表", "收到的文件", "汇总", "报告"}, set(there.values())
    yield from (f"{path.name} is not kept" for path in files if made & set(path.parts) and _digest(path) not in kept)


def _digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


if __name__ == "__main__":
    folder = Path(sys.argv[1] if len(sys.argv) > 1 else "demo")
    wrong = differences(folder)
    print("\n".join(wrong) or "the roll-ups equal the recomputation")
    sys.exit(bool(wrong))
