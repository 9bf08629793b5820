"""What a returned workbook says: book + form -> per expected report accepted, returned or blank, with every finding at once."""

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal
from difflib import get_close_matches
from enum import StrEnum
from functools import lru_cache

from campaigns.definition import Rule
from campaigns.findings import Finding, Severity
from campaigns.forms import COVER, FIRST_COLUMN, SIGNATURES, TOKEN_SHEET, Block, Form, letter
from campaigns.items import Item
from campaigns.organs import plain
from campaigns.prose import numeral
from campaigns.rules import Relation, instances, parse, scope_of
from campaigns.units import MONEY

ERROR_SHEET = "错误清单"  # what we add to a copy we send back; never read
Value = str | Decimal
At = tuple[int, int]  # row, column, counted from 1

_LIMIT = Decimal(10) ** 12
_FULL_WIDTH = {code: code - 0xFEE0 for code in range(0xFF01, 0xFF5F)} | {0x3000: 0x20}
_NUMBER = re.compile(r"[+-]?([0-9]+|[0-9]{1,3}(,[0-9]{3})+)(\.[0-9]+)?")
_WORDED = re.compile(
    r"(?P<before>约|大约|近|超过|超|不足|至少|共|合计|[¥￥<>≈~])?(?P<figure>[0-9][0-9,]*(?:\.[0-9]+)?)"
    r"(?P<unit>[^0-9,.+-]{0,4}?)(?P<after>左右|余|多|以上|以下)?"
)
_INVISIBLE = re.compile("[\\s\u200b-\u200f\u2060\ufeff]+")
_NOTHING = ("无", "没有", "暂无", "未发生", "零", "/", "-", "—", "——", "－", "×")  # typed where nothing happened
_OPTIONAL_ROWS = ("title", "info", "group", "section", "coopnote")  # nothing is read from them


@dataclass(frozen=True, slots=True)
class Sheet:
    """The cells of one sheet by (row, column), and what their values do not tell; hidden rows and columns are read as any.

    `formulas`, and those without a value; `errors`; cells that stand in the file more than once (`repeated`); values nobody sees
    because a merged range lies over them (`covered`); figures whose number format shows something else (`odd`): percent,
    thousands, a unit. `outside` names the first cell beyond the rows and columns that are read at all; `merged` are the ranges
    that are one cell on the page, first and last corner.
    """

    name: str
    cells: Mapping[At, Value]
    formulas: frozenset[At] = frozenset()
    uncalculated: frozenset[At] = frozenset()
    errors: frozenset[At] = frozenset()
    repeated: frozenset[At] = frozenset()
    covered: frozenset[At] = frozenset()
    odd: frozenset[At] = frozenset()
    outside: str = ""
    merged: tuple[tuple[At, At], ...] = ()


@dataclass(frozen=True, slots=True)
class Book:
    """A workbook as read: its kind (xlsx, xls, ods), its sheets in order, and what it carries that is never opened (宏)."""

    kind: str
    sheets: tuple[Sheet, ...]
    carries: tuple[str, ...] = ()

    def sheet(self, name: str) -> Sheet | None:
        """Return the sheet of that name, None when there is none."""
        return next((sheet for sheet in self.sheets if sheet.name == name), None)


@dataclass(frozen=True, slots=True)
class Refusal:
    """A file that cannot be read as a workbook: a code, and a Chinese sentence saying why and how to mend it."""

    code: str
    message: str


class Outcome(StrEnum):
    """What becomes of one expected report in a workbook."""

    ACCEPTED = "accepted"
    RETURNED = "returned"
    BLANK = "blank"  # nothing filled in: not reported, nothing to say


@dataclass(frozen=True, slots=True)
class Figure:
    """A figure and the cell it was read from."""

    value: Decimal
    sheet: str
    cell: str
    key: str = ""  # of a row of a list: which case it is


@dataclass(frozen=True, slots=True)
class CheckedBlock:
    """What a workbook says for one expected report. `figures` are the department's own of this period, complete when accepted.

    `narrative` is all its text, `texts` what was filled in where a text was asked for. `shadow` holds the findings of rules on
    trial: for the office's records, not for the sender.
    """

    expected: str
    outcome: Outcome
    nil: bool = False
    figures: Mapping[str, Figure] = field(default_factory=dict)
    narrative: str = ""
    texts: Mapping[str, str] = field(default_factory=dict)
    findings: tuple[Finding, ...] = ()
    shadow: tuple[Finding, ...] = ()


@dataclass(frozen=True, slots=True)
class Checked:
    """What a workbook says: a block for each expected report of the form, the signatures, and findings about the whole file."""

    blocks: tuple[CheckedBlock, ...]
    signatures: Mapping[str, str]
    findings: tuple[Finding, ...] = ()

    @property
    def all_findings(self) -> tuple[Finding, ...]:
        """Return the findings about the file, then those of each block."""
        return (*self.findings, *(finding for block in self.blocks for finding in block.findings))


class NumberFault(StrEnum):
    """Why a cell is no proper figure."""

    TEXT = "text"
    NEGATIVE = "negative"
    FRACTION = "fraction"
    LARGE = "large"


def token_of(book: Book) -> str | None:
    """Return the signed token in the hidden sheet, None when the sheet or the token is gone."""
    sheet = book.sheet(TOKEN_SHEET)
    token = sheet.cells.get((1, 1)) if sheet else None
    return str(token).strip() if token is not None else None


def number(value: Value, decimals: int) -> Decimal | NumberFault | None:
    """Return the figure a cell holds, the reason it holds none, or None when it is blank.

    Full-width digits, thousands separators and numbers typed as text are taken; what would have to be guessed is not.
    """
    if isinstance(value, str):
        text = _INVISIBLE.sub("", value.translate(_FULL_WIDTH))
        if not text:
            return None
        if not _NUMBER.fullmatch(text) or len(text) > 40:
            return NumberFault.TEXT
        value = Decimal(text.replace(",", ""))
    if not value.is_finite():
        return NumberFault.TEXT
    if abs(value) >= _LIMIT:
        return NumberFault.LARGE
    if value < 0:
        return NumberFault.NEGATIVE
    exact = value.quantize(Decimal(1).scaleb(-decimals))
    return abs(exact) if exact == value else NumberFault.FRACTION


def check(book: Book, form: Form, rules: Sequence[Rule], exempt: Collection[tuple[str, str]] = ()) -> Checked:
    """Return what a workbook says against the form it was sent as, and the rules of the campaign.

    `exempt` are the rules left aside by decision, each with the expected report or department it is left aside for.
    """
    sheets = [sheet for sheet in book.sheets if sheet.name not in (ERROR_SHEET, TOKEN_SHEET)]
    lines = _lines(sheets, form)
    findings = tuple(_whole_file(book, form, sheets, lines))
    lost = any(finding.severity is Severity.BLOCK for finding in findings)
    readings: dict[str, list[_Reading]] = {}
    for block in form.blocks:
        readings.setdefault(block.expected, []).append(_Reading(form, block, lines))
    blocks = tuple(
        _checked(expected, mine, [_left_aside(rule, exempt, {expected, form.department}) for rule in rules], lost=lost)
        for expected, mine in readings.items()
    )
    return Checked(blocks, _signatures(book), findings)


def _left_aside(rule: Rule, exempt: Collection[tuple[str, str]], whose: Collection[str]) -> Rule:
    """Return the rule as it counts for somebody: one that was left aside by decision is told, and returns nothing."""
    if not any((one, rule.id) in exempt for one in whose):
        return rule
    return rule.model_copy(update={"severity": Severity.WARNING, "text": f"（已豁免）{rule.text}"})


@dataclass(frozen=True, slots=True)
class _Line:
    sheet: Sheet
    row: int
    cells: Sequence[tuple[int, Value]]  # from left to right


def _lines(sheets: Sequence[Sheet], form: Form) -> dict[str, list[_Line]]:
    """Return where each tag stands, wherever rows, columns or sheets were moved to."""
    tags = {block.tag(row) for block in form.blocks for row in block.rows}
    found: dict[str, list[_Line]] = {}
    for sheet in sheets:
        tagged = sorted((at, value) for at, value in sheet.cells.items() if isinstance(value, str) and value in tags)
        rows: dict[int, list[tuple[int, Value]]] = {row: [] for (row, _), _ in tagged}
        for (row, column), value in sheet.cells.items() if rows else ():
            if row in rows:
                rows[row].append((column, value))
        for (row, _), tag in tagged:
            found.setdefault(tag, []).append(_Line(sheet, row, sorted(rows[row], key=lambda cell: cell[0])))
    return found


def _whole_file(book: Book, form: Form, sheets: Sequence[Sheet], lines: Mapping[str, list[_Line]]) -> Iterator[Finding]:
    if not lines:
        gone = "、".join(f"“{name}”" for name in form.sheets if book.sheet(name) is None)
        what = f"{gone}工作表已被删除" if gone else "表中A列的隐藏标识已被删除"
        yield Finding(
            "tags-missing", Severity.BLOCK, f"{what}，无法对应各项任务，请在原下发报表上重新填报",
            expected="保留隐藏的A列",
        )  # fmt: skip
    cover = book.sheet(COVER)
    if cover is None:
        yield Finding("cover-missing", Severity.WARNING, f"“{COVER}”工作表已被删除，未能读到填报人等信息，下次请保留")
    for sheet in sheets:
        yield from _other_department(sheet, form)
    yield from _oddities(book, form, sheets, lines)


def _oddities(book: Book, form: Form, sheets: Sequence[Sheet], lines: Mapping[str, list[_Line]]) -> Iterator[Finding]:
    """Yield what is unusual in the file itself: what it carries, what is hidden in it, what stands far from the table."""
    if book.carries:
        what = "、".join(book.carries)
        message = f"文件带有{what}，只读取了单元格中的数值，其余未打开也不会转发；下次请用下发的原报表填报"
        yield Finding("carries", Severity.WARNING, message, value=what)
    tagged = {at.sheet.name for found in lines.values() for at in found}
    for sheet in sheets:
        if sheet.name not in tagged and sheet.name != COVER:
            continue
        for place in sorted(sheet.repeated):
            message = f"单元格{_name(place)}在文件中出现两次，不同软件会读出不同的数，请重新填写这一格并另存"
            shown = _shown(sheet.cells.get(place))
            yield Finding("cell-repeated", Severity.BLOCK, message, sheet.name, _name(place), shown, "只有一个值")
        if sheet.outside:
            yield Finding(
                "cell-outside", Severity.WARNING, f"表格很远处还有内容（{sheet.outside}），没有读取，请删去", sheet.name
            )
    copies = sorted(tagged.difference(form.sheets))
    kept = sorted({at.sheet.name for found in lines.values() if len({one.sheet.name for one in found}) > 1 for at in found})
    for name in copies if len(kept) > 1 else ():
        others = "、".join(f"“{other}”" for other in kept if other != name)
        message = f"工作表“{name}”与{others}内容重复，无法判断以哪一张为准，请删去多余的一张"
        yield Finding("sheet-repeated", Severity.BLOCK, message, name, value=name, expected="只有一张")


def _other_department(sheet: Sheet, form: Form) -> Iterator[Finding]:
    for (row, column), value in sheet.cells.items():
        if row > 4 or not isinstance(value, str) or not value.startswith("填报单位"):
            continue
        where, stated = (row, column), value.partition("：")[2].split("　")[0]
        if not stated:
            where = (row, column + 1)
            stated = str(sheet.cells.get(where, ""))
        if plain(stated) != plain(form.department_name):
            yield Finding(
                "other-department", Severity.BLOCK,
                f"填报单位被改为“{stated or '空白'}”，而这份报表是下发给{form.department_name}的，请用本单位收到的报表填报",
                sheet.name, _name(where), stated, form.department_name,
            )  # fmt: skip


def _signatures(book: Book) -> dict[str, str]:
    cover = book.sheet(COVER)
    found = {}
    for (row, column), value in cover.cells.items() if cover else ():
        label = str(value).strip(" 　：:")
        beside = cover.cells.get((row, column + 1)) if cover else None
        if label in SIGNATURES and (signed := _day(beside) if label.endswith("日期") else _text(beside)):
            found[label] = signed
    return found


def _day(value: Value | None) -> str:
    """Return a date as it was typed; a number a spreadsheet keeps for a day is told as that day."""
    text = _text(value)
    if re.fullmatch("[3-7][0-9]{4}", text):
        return str(date(1899, 12, 30) + timedelta(days=int(text)))
    return text


def _checked(expected: str, readings: "Sequence[_Reading]", rules: Sequence[Rule], *, lost: bool) -> CheckedBlock:
    """Return what a workbook says for one expected report, on however many sheets its tables stand."""
    there = [reading for reading in readings if reading.rows]
    if not there:
        if not lost:
            title = readings[0].block.title
            readings[0].add("block-missing", f"{title}的各行均已被删除，按未报处理；如需报送，请在原下发报表上填报",
                            row="title", severity=Severity.WARNING)  # fmt: skip
        outcome = Outcome.RETURNED if lost else Outcome.BLANK
        return CheckedBlock(expected, outcome, findings=tuple(readings[0].findings))
    if len(there) == len(readings) and all(reading.untouched for reading in readings):
        return CheckedBlock(expected, Outcome.BLANK)
    for reading in readings:
        reading.read(alone=len(readings) == 1)
    for finding, reading in _broken(readings, rules):
        (reading.shadow if finding.severity is Severity.SHADOW else reading.findings).append(finding)
    for reading in readings:
        reading.compare_nil()
    findings = tuple(finding for reading in readings for finding in reading.findings)
    returned = lost or any(finding.severity is Severity.BLOCK for finding in findings)
    nil = any(reading.nil for reading in readings) and all(reading.nothing for reading in readings)
    figures = {code: reading.figure(code) for reading in readings for code in reading.figures}
    return CheckedBlock(
        expected,
        Outcome.RETURNED if returned else Outcome.ACCEPTED,
        nil,
        figures | dict(_none_listed(readings, nil=nil)),
        "\n".join(text for reading in readings for text in (reading.narrative, *reading.told_texts()) if text),
        {code: text for reading in readings for code, text in reading.texts.items()},
        findings,
        tuple(finding for reading in readings for finding in reading.shadow),
    )


def _none_listed(readings: "Sequence[_Reading]", *, nil: bool) -> Iterator[tuple[str, Figure]]:
    """Yield what a zero report says of lists that name nothing: zero in the first row, from the cell that says so."""
    said = [reading for reading in readings if reading.nil]
    for reading in readings:
        if reading.block.layout == "list" and not reading.keys and (reading.nil or nil):
            yield from reading.none_listed(reading if reading.nil else said[0])


def _broken(readings: "Sequence[_Reading]", rules: Sequence[Rule]) -> "Iterator[tuple[Finding, _Reading]]":
    """Return a finding for every rule that fails, with the reading of the table in which its subject stands."""
    codes = {reading.block.form for reading in readings}
    items = [item for reading in readings for item in reading.items.values()]
    holder = {code: reading for reading in readings for code in reading.items}
    for rule in rules:
        if rule.form not in codes:
            continue
        relation = parse(rule.check)
        for reading in instances(relation, items):
            asked: dict[str, Decimal] = {}
            for name, full in reading.items():
                scope, code = scope_of(full)
                value = holder[code].amount(scope, code, cumulative=rule.over == "cumulative")
                if value is not None:
                    asked[name] = value
            if len(asked) < len(reading) or relation.holds(asked):
                continue
            subject = reading[relation.subject]
            at = holder[subject]
            # a cumulative figure is mended in the cell of this period: the other one is locked
            own, one = at.figures[subject], at.items[subject]
            told, bound = _failed(relation, asked, own, one)
            message = f"逻辑关系：{rule.text}。“{one.label}”{told}，请核对"
            yield at.finding(
                f"rule-{rule.id}", message, item=subject, value=_plain(own), expected=bound, severity=rule.effect
            ), at  # fmt: skip


def _failed(relation: Relation, asked: Mapping[str, Decimal], own: Decimal, one: Item) -> tuple[str, str]:
    """Return what is said of a figure for which a relation fails, and what it must be; empty when it cannot mend it alone."""
    before = asked[relation.subject] - own
    stands = f"本期现为{_plain(own)}、累计{_plain(own + before)}" if before else f"现为{_plain(own)}"
    bound = relation.bound(asked, one.decimals, before)
    if bound:
        return f"{stands}，{'本期' if before else ''}应{bound}", bound
    left, right = relation.sides(asked)
    return f"{stands}；按现在各数，一边为{_plain(left)}，另一边为{_plain(right)}，应{relation.sign}", ""


class _Reading:
    """One table for one duty being read: gathers findings on the way, so that all of them come at once."""

    def __init__(self, form: Form, block: Block, lines: Mapping[str, list[_Line]]) -> None:
        self.form, self.block, self.table = form, block, form.table(block)
        self.items = {one.id: one for one in self.table.items}
        self.findings: list[Finding] = []
        self.shadow: list[Finding] = []
        self.found = {row: lines[block.tag(row)] for row in block.rows if block.tag(row) in lines}
        self.rows = {row: at[0] for row, at in self.found.items()}
        self.doubtful: list[tuple[str, str, int]] = []  # a rule, a head, the column it stands in
        self.columns = self._columns()
        self.narrative = _text(self._value("narrative", self.first_column))
        self.nil_text = plain(str(self._value("nil", self.first_column) or ""))
        self.nil = self.nil_text == "是"
        self.figures: dict[str, Decimal] = {}
        self.as_text: set[str] = set()  # the figures that stand as text, and the sums of such
        self.texts: dict[str, str] = {}
        self.keys = self._keys() if block.layout == "list" else {}  # what each row that is filled in names, or nothing

    @property
    def nothing(self) -> bool:
        """Return whether it reports zero: ticked as such, or of a list no row filled in, and no figure."""
        return (self.nil or self.block.layout == "list") and not any(self.figures.values())

    @property
    def untouched(self) -> bool:
        """Return whether everything is where it was and nothing is filled in."""
        places = [self._place("own", item.id) for item in self.items.values() if item.typed]
        readable = {"header", "narrative", "nil"} <= self.rows.keys() and all(places)
        return readable and not self.narrative and self.nil_text in ("", "否") and not any(map(self._touched, places))

    def read(self, *, alone: bool) -> None:
        """Read everything, with all that is wrong in it; rules come after, when all tables are read."""
        if not self.rows:
            self.add("block-missing", f"{self.block.title}的“{self.table.title}”已被删除，请在原下发报表上填报", row="title")
            return
        self._structure()
        if self.nil_text not in ("", "是", "否"):
            self.add(
                "nil-value",
                f"“零报告”只能选“是”或“否”，现填“{self.nil_text}”；本期确无情况的请选“是”，有情况的请选“否”",
                row="nil",
                column=self.first_column,
                value=self.nil_text,
                expected="是或否",
            )
        self._figures(alone=alone)
        if self.block.layout == "list":
            self._rows_of_list(alone=alone)
        self._texts()
        self._prefilled()
        self._computed()

    def amount(self, scope: str, code: str, *, cumulative: bool) -> Decimal | None:
        """Return a figure as a rule asks for it, None when it is not known."""
        block = self.block
        if scope == "coop":
            return block.coop.get(code)
        if scope == "previous":
            return block.previous.get(code) if cumulative else block.last.get(code)
        own = self.figures.get(code)
        if own is None or not cumulative or "cumulative" not in block.lines:
            return own
        return block.cumulated(self.items[code], own)

    def compare_nil(self) -> None:
        """Find a zero report with figures, and figures that are all zero without it."""
        typed = {code: value for code, value in self.figures.items() if self.items[code].typed}
        if self.block.layout == "list":
            return
        if self.nil:
            for code, value in typed.items():
                if value:
                    message = f"零报告选了“是”，但“{self.items[code].label}”不是零；请改选“否”，或把数字改为0"
                    self.add("nil-with-figures", message, item=code, value=str(value), expected="0")
        elif typed and len(typed) == len(self._typed()) and not any(typed.values()):
            message = "本期各项均填0；如确无情况，请把“零报告”选为“是”"
            self.add("nil-not-ticked", message, row="nil", column=self.first_column, severity=Severity.WARNING, expected="是")

    def figure(self, code: str) -> Figure:
        """Return a figure with the cell it stands in."""
        place = self._place("own", code)
        assert place is not None
        return Figure(self.figures[code], place[0].name, _name(place[1]), self.keys.get(self.items[code].row, ""))

    def none_listed(self, by: "_Reading") -> Iterator[tuple[str, Figure]]:
        """Yield a zero for how many a list names and for each of its figures, as another table or itself says it."""
        at, first = by.rows["nil"], next(iter(self.items.values())).row
        for code, item in self.items.items():
            if item.row == first and (item.counts or item.column == self.table.key):
                yield code, Figure(Decimal(0), at.sheet.name, _name((at.row, by.first_column)))

    @property
    def first_column(self) -> int:
        """Return the column of the first figure, where the nil and narrative cells stand."""
        return self.columns.get(next(iter(self.block.columns)), _number_of(self.block.first_column))

    def _typed(self) -> list[Item]:
        """Return the figures that are to be typed in, of a list those of the rows that are filled in."""
        asked = [item for item in self.items.values() if item.typed and item.counts]
        return [item for item in asked if item.row in self.keys] if self.block.layout == "list" else asked

    def _keys(self) -> dict[str, str]:
        """Return what the rows of a list name that are filled in at all, folded so that one case has one name."""
        found: dict[str, str] = {}
        for item in self.items.values():
            if self._touched(self._place("own", item.id)):
                found.setdefault(item.row, "")
        for row in found:
            place = self._place("own", f"{row}.{self.table.key}")
            value = place[0].cells.get(place[1]) if place else None
            found[row] = plain(_plain(value) if isinstance(value, Decimal) else _text(value)).upper()
        return found

    def _rows_of_list(self, *, alone: bool) -> None:
        """Read which cases a list names, each once, and find rows that somebody put in between."""
        first: dict[str, str] = {}
        for row, key in self.keys.items():
            item = self.items[f"{row}.{self.table.key}"]
            if not key:
                told = f"“{item.row_label}”没有填“{item.head}”，无法判断是哪一件，请补填；这一行不用的请清空"
                self.add("key-blank", told, item=item.id, value="空白", expected=item.head)
            elif key in first:
                told = f"“{item.row_label}”与“{first[key]}”的“{item.head}”相同（{key}），同一件只填一行"
                self.add("key-repeated", told, item=item.id, value=key, expected="不重复")
            else:
                first[key] = item.row_label
                self.figures[item.id] = Decimal(1)
        if self.nil and self.keys:
            self.add("nil-with-figures", f"零报告选了“是”，但“{self.table.title}”填了{len(self.keys)}行；请改选“否”，或清空各行",
                     row="nil", column=self.first_column, value="是", expected="否")  # fmt: skip
        elif alone and not self.keys and not self.nil:
            self.add("all-blank", f"“{self.table.title}”没有填；确无情况的把“零报告”选为“是”", row="nil",
                     column=self.first_column, value="空白", expected="至少一行，或零报告选“是”")  # fmt: skip
        for sheet, number_ in self._strange_rows():
            told = f"第{number_}行是后加的，没有编号，读不到；请填在编好号的空行里，行数不够的请与办公室联系"
            where = f"{letter(min(self.columns.values(), default=FIRST_COLUMN))}{number_}"
            expected = self.block.expected
            self.findings.append(Finding("row-added", Severity.BLOCK, told, sheet.name, where, "", "填在编号的行里", expected))

    def _strange_rows(self) -> Iterator[tuple[Sheet, int]]:
        """Yield the rows with something in them that stand among those of a list and are none of them."""
        mine = [at for key, at in self.rows.items() if key.startswith("own.") or key == "header"]
        if "narrative" not in self.rows or not mine:
            return
        sheet, last, known = self.rows["narrative"].sheet, self.rows["narrative"].row, {at.row for at in mine}
        columns = set(self.columns.values())
        yield from (
            (sheet, row)
            for row in sorted({row for (row, column), value in sheet.cells.items() if column in columns and _text(value)})
            if min(known) < row < last and row not in known
        )

    def _columns(self) -> dict[str, int]:
        """Return the column of each head, found by its text."""
        texts: dict[str, list[int]] = {}
        for line in (self.rows[row] for row in ("header", "group") if row in self.rows):
            for column, value in line.cells:
                if isinstance(value, str):
                    texts.setdefault(_folded(value), []).append(column)
        found: dict[str, int] = {}
        for key, text in self.table.heads(self.block).items():
            label, unit = _parts_of(text)
            known = [column for known in (text, label) for column in texts.get(_folded(known), ())]
            other = [column for said, columns in texts.items() if _other_unit(said, label, unit) for column in columns]
            if known or other:
                found[key] = (known or other)[0]
            if len(set(known)) > 1:
                self.doubtful.append(("column-repeated", text, known[1]))
            elif not known and other:
                self.doubtful.append(("unit-header", text, other[0]))
        return found

    def _structure(self) -> None:
        for row, original in self.block.rows.items():
            at = self.found.get(row)
            label = self.form.label(self.block, row)
            severity = Severity.WARNING if row.partition(".")[0] in _OPTIONAL_ROWS else Severity.BLOCK
            if at is None and self.block.layout == "list" and row.startswith("own."):
                continue  # a row that is not needed was taken away
            if at is None:
                message = f"{self.block.title}的“{label}”一行（原第{original}行）已被删除，请在原下发报表上恢复该行后重新填报"
                self.add("row-deleted", message, row=row, severity=severity, expected=label)
            elif len(at) > 1:
                rows = "、".join(f"第{one.row}行" for one in at)
                message = f"{self.block.title}的“{label}”一行出现{len(at)}次（{rows}），请删去多余的行，只保留一行"
                self.add("row-repeated", message, row=row, severity=severity, expected="只有一行")
        if "header" in self.rows:
            for key, text in self.table.heads(self.block).items():
                if key not in self.columns:
                    near, column = self._near(text)
                    column = column or self._unclaimed(key)
                    hint = f"（是否就是“{near}”？）" if near else ""
                    message = f"{self.block.title}的表头中找不到“{text}”{hint}，请恢复原表头，不要改动或删除列"
                    self.add("column-missing", message, row="header", column=column, value=near, expected=text)
        for rule, text, column in self.doubtful:
            shown, unit = _shown(self._value("header", column)), _parts_of(text)[1]
            message = f"表头“{text}”出现两次，无法判断以哪一列为准，请删去多余的一列"
            if rule == "unit-header":
                message = f"表头被改为“{shown}”，而本表的单位是{unit}；请恢复为“{text}”，并把这一列的数换算成{unit}"
            self.add(rule, message, row="header", column=column, value=shown, expected=text)

    def _unclaimed(self, key: str) -> int | None:
        """Return the column a head was sent in, when no other head stands there now."""
        column = _number_of(self.block.columns[key])
        return None if column in self.columns.values() else column

    def _near(self, wanted: str) -> tuple[str, int | None]:
        """Return the head that looks most like a missing one, and its column: to be asked about, never to be taken for it."""
        line, known = self.rows["header"], self.table.heads(self.block).values()
        texts = {
            value: column
            for column, value in line.cells
            if isinstance(value, str) and value not in known and column not in self.columns.values()
        }
        near = next(iter(get_close_matches(wanted, texts, 1, 0.5)), "")
        return near, texts.get(near)

    def _figures(self, *, alone: bool) -> None:
        blanks: list[Item] = []
        for one in self._typed():
            place = self._place("own", one.id)
            if place is None:
                continue
            sheet, at = place
            value = sheet.cells.get(at)
            if at in sheet.errors:
                self.add("error-value", f"“{one.label}”是错误值，请改为数字", item=one.id, value="错误值", expected=_kind(one))
                continue
            if at in sheet.uncalculated:
                message = f"公式未计算：“{one.label}”是公式但没有结果，请在 WPS 或 Excel 中打开、保存后再报送，或直接填数字"
                self.add("formula-uncalculated", message, item=one.id, value="公式", expected=_kind(one))
                continue
            if strange := _not_as_shown(sheet, at, one, _shown(value)):
                rule, message = strange
                self.add(rule, message, item=one.id, value=_shown(value), expected=_kind(one))
                continue
            parsed = number(value, one.decimals) if value is not None else None
            if isinstance(parsed, Decimal):
                self.figures[one.id] = parsed
                if isinstance(value, str):
                    self.as_text.add(one.id)
                if not parsed and at in sheet.formulas:
                    message = f"“{one.label}”是公式，结果为0；如公式尚未计算，请打开保存后再报，或直接填数字"
                    self.add("formula-zero", message, item=one.id, value="0", severity=Severity.WARNING)
            elif parsed is not None:
                self.add(f"number-{parsed}", _fault(one, parsed, _shown(value)), item=one.id,
                         value=_shown(value), expected=_kind(one))  # fmt: skip
            elif self.nil:
                self.figures[one.id] = Decimal(0)
            else:
                blanks.append(one)
        if blanks and len(blanks) == len(self._typed()) and self.block.layout != "list":
            if alone and not self.narrative:
                return  # nothing is filled in at all: what else is wrong is said elsewhere
            said = "只填了文字，各项指标均为空白" if self.narrative else f"“{self.table.title}”没有填"
            message = f"{said}；空白不是零，请填数字，确无情况的把“零报告”选为“是”"
            self.add("all-blank", message, item=blanks[0].id, value="空白", expected="数字，或零报告选“是”")
            return
        for one in blanks:
            message = f"“{one.label}”没有填；空白不是零，没有发生的请填0"
            self.add("blank", message, item=one.id, value="空白", expected="数字，没有发生的填0")

    def _texts(self) -> None:
        for one in self.items.values():
            place = None if one.counts else self._place("own", one.id)
            if place is None:
                continue
            value = place[0].cells.get(place[1])
            text = _plain(value) if isinstance(value, Decimal) else _text(value)
            allowed = {plain(option): option for option in one.options}
            if text and one.options and plain(text) not in allowed:
                choice = "、".join(one.options)
                self.add("option", f"“{one.label}”只能从“{choice}”中选一项，现填“{text[:60]}”，请从下拉列表中选",
                         item=one.id, value=text[:60], expected=choice)  # fmt: skip
            elif text:
                self.texts[one.id] = allowed.get(plain(text), text)

    def told_texts(self) -> list[str]:
        """Return the texts as they are read, each under its label."""
        return [f"{self.items[code].label}：{text}" for code, text in self.texts.items()]

    def _prefilled(self) -> None:
        """Find figures that we had filled in and somebody changed."""
        for line, given in (("previous", self.block.previous), ("coop", self.block.coop)):
            for code, expected in given.items():
                place = self._place(line, code)
                if place is None:
                    continue
                one, value = self.items[code], place[0].cells.get(place[1])
                if _same(value, expected, one.decimals):
                    continue
                label = self.block.line_label(line)
                message = f"“{label}”中的“{one.label}”由本办公室预填，不能改动，请改回{_plain(expected)}；有疑问请另行说明"
                self.add("prefilled-changed", message, line=line, item=code, value=_shown(value), expected=_plain(expected))

    def _computed(self) -> None:
        """Find totals that are not the sum of their parts; a formula that nobody has calculated yet says nothing."""
        for one in self.items.values():
            parts = [self.figures[part] for part in one.sum_of if part in self.figures]
            if one.typed or len(parts) < len(one.sum_of) or not self._place("own", one.id):
                continue
            self.figures[one.id] = sum(parts, Decimal(0))
            if self.as_text.intersection(one.sum_of):
                self.as_text.add(one.id)
            named = [self.items[part] for part in one.sum_of]
            labels = [part.row_label if part.row != one.row else part.head for part in named]
            self._sum("own", one, self.figures[one.id], "＋".join(labels), "sum-differs")
        for code, own in self.figures.items() if "cumulative" in self.block.lines else ():
            one, block = self.items[code], self.block
            label = block.line_label
            base = "own"
            if "total" in block.lines:
                base = "total"
                larger = f"{label('own')}与{label('coop')}中较大的"
                made = larger if one.over_places == "max" else f"{label('own')}＋{label('coop')}"
                self._sum("total", one, block.total(one, own), made, "total-differs")
            made = {
                "sum": f"{label(base)}＋{label('previous')}",
                "latest": label(base),
                "max": f"{label(base)}与{label('previous')}中较大的",
                "average": f"各期{label(base)}的平均数",
            }[one.over_periods]
            self._sum("cumulative", one, block.cumulated(one, own), made, "cumulative-differs")

    def _sum(self, line: str, one: Item, expected: Decimal, parts: str, rule: str) -> None:
        place = self._place(line, one.id)
        if place is None:
            return
        sheet, at = place
        value = sheet.cells.get(at)
        if value is None or at in sheet.errors or _same(value, expected, one.decimals):
            return
        if not value and at in sheet.formulas:
            return  # some programs write zero as the result of every formula they have not worked out
        if one.id in self.as_text and at in sheet.formulas:
            return  # the program left a number that stands as text out of its sum; nobody typed this
        message = (
            f"“{one.label}”的“{self.block.line_label(line)}”应等于{parts}，应为{_plain(expected)}，现为{_shown(value)}，"
            "请改正（恢复公式即可）"
        )
        self.add(rule, message, line=line, item=one.id, value=_shown(value), expected=_plain(expected))

    def _place(self, line: str, item: str) -> tuple[Sheet, At] | None:
        """Return where a line of a figure stands in the workbook that came back, None when its row or column is gone."""
        row, column = self.block.place(line, item)
        if row not in self.rows or column not in self.columns:
            return None
        return self.rows[row].sheet, (self.rows[row].row, self.columns[column])

    def _value(self, row: str, column: int) -> Value | None:
        at = self.rows.get(row)
        return at.sheet.cells.get((at.row, column)) if at else None

    def _touched(self, place: tuple[Sheet, At] | None) -> bool:
        if place is None:
            return False
        sheet, at = place
        return bool(_text(sheet.cells.get(at))) or at in sheet.errors or at in sheet.uncalculated

    def finding(
        self, rule: str, message: str, *, row: str = "", column: int | None = None, line: str = "own", item: str = "",
        value: str = "", expected: str = "", severity: Severity = Severity.BLOCK,
    ) -> Finding:  # fmt: skip
        """Return a finding at a line of a figure, or at a row and column."""
        if item:
            row, key = self.block.place(line, item)
            column = self.columns.get(key)
        # a row that is gone is marked at the first row of its block that is still there
        at = self.rows.get(row) or next(iter(self.rows.values()), None)
        cell = _name((at.row, column or FIRST_COLUMN - 1)) if at else ""
        sheet = at.sheet.name if at else self.block.sheet
        return Finding(rule, severity, message, sheet, cell, value, expected, self.block.expected)

    def add(
        self, rule: str, message: str, *, row: str = "", column: int | None = None, line: str = "own", item: str = "",
        value: str = "", expected: str = "", severity: Severity = Severity.BLOCK,
    ) -> None:  # fmt: skip
        """Add a finding."""
        self.findings.append(self.finding(
            rule, message, row=row, column=column, line=line, item=item, value=value, expected=expected, severity=severity,
        ))  # fmt: skip


def _number_of(letters: str) -> int:
    number_ = 0
    for char in letters:
        number_ = number_ * 26 + ord(char) - 64
    return number_


def _name(at: At) -> str:
    return f"{letter(at[1])}{at[0]}"


def _text(value: Value | None) -> str:
    return "" if value is None else str(value).strip(" \t\r\n　")


def _shown(value: Value | None) -> str:
    if value is None:
        return "空白"
    return _plain(value) if isinstance(value, Decimal) else value[:60]


def _plain(value: Decimal) -> str:
    return f"{value.normalize():f}"


def _same(value: Value | None, expected: Decimal, decimals: int) -> bool:
    if value is None:
        return False
    parsed = number(value, decimals)
    return isinstance(parsed, Decimal) and parsed == expected


@lru_cache(maxsize=10_000)
def _folded(text: str) -> str:
    """Return a head as it is compared: without spaces, brackets and marks, full-width forms folded."""
    return re.sub(r"[()\[\]【】〔〕/:：、,._-]", "", plain(_INVISIBLE.sub("", text)))


def _parts_of(head: str) -> tuple[str, str]:
    """Return the label and the unit of a head such as `案值（万元）`."""
    label, _, unit = head.removesuffix("）").rpartition("（") if head.endswith("）") else (head, "", "")
    return label, unit


def _other_unit(folded: str, label: str, unit: str) -> bool:
    """Return whether a folded head is that of an amount of money, in another unit of money."""
    if unit not in MONEY or not folded.startswith(_folded(label)):
        return False
    rest = folded.removeprefix(_folded(label))
    return rest in MONEY and rest != unit


def _not_as_shown(sheet: Sheet, at: At, one: Item, shown: str) -> tuple[str, str] | None:
    """Return rule and message for a figure that people see otherwise than it stands in the file."""
    if at in sheet.covered:
        return "value-covered", f"“{one.label}”这一格被合并单元格盖住，里面的数（{shown}）在表上看不见，请取消合并后核对填写"
    if at in sheet.odd:
        message = f"“{one.label}”的单元格设成了百分数或带单位的格式，看到的与实际的数（{shown}）不同；"
        return "number-format", f"{message}请把格式改为“数值”，按{one.unit or '本表要求'}核对后填写"
    return None


def _asked(one: Item, shown: str) -> str:
    """Return what to do about a figure with words around it: the figure is named, never taken."""
    said = _INVISIBLE.sub("", shown.translate(_FULL_WIDTH))
    found = _WORDED.fullmatch(said)
    if not found:
        if said.strip() in _NOTHING:
            return "没有发生的请填0"
        if spoken := numeral(said.removesuffix(one.unit)):
            return f"请填阿拉伯数字；如为{spoken}{one.unit}，请填{spoken}"
        return "请只填数字，不写单位和文字"
    figure, unit = found["figure"].replace(",", ""), found["unit"] or ("元" if found["before"] in ("¥", "￥") else "")
    if unit in MONEY and one.unit in MONEY and unit != one.unit:
        value = Decimal(figure) * MONEY[unit] / MONEY[one.unit]
        return f"本表单位是{one.unit}；如确为{figure}{unit}，请填{_plain(value)}"
    if found["before"] or found["after"]:
        return f"请填确切的数；如确为{figure}{one.unit}，请只填{figure}"
    return f"请只填数字；如为{figure}{one.unit}，请填{figure}"


def _kind(one: Item) -> str:
    return f"不小于0的数，最多{one.decimals}位小数" if one.decimals else "不小于0的整数"


def _fault(one: Item, fault: NumberFault, shown: str) -> str:
    if fault is NumberFault.TEXT:
        return f"“{one.label}”应填数字，现填“{shown}”，{_asked(one, shown)}"
    if fault is NumberFault.NEGATIVE:
        return f"“{one.label}”不能是负数，现为{shown}，请填{_kind(one)}"
    if fault is NumberFault.LARGE:
        return f"“{one.label}”过大，现为{shown}，请核对单位是否为{one.unit}"
    if one.decimals:
        yuan = f"；小数这样多，请核对是否把元误作{one.unit}" if one.unit in MONEY and len(shown.partition(".")[2]) > 4 else ""
        return f"“{one.label}”最多{one.decimals}位小数，现为{shown}，请四舍五入{yuan}"
    return f"“{one.label}”应为整数，现为{shown}，请填整数"
