"""What a returned workbook says: book + form -> per expected report accepted, returned or blank, with every finding at once."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from enum import StrEnum

from campaigns.definition import Indicator, Role, Rule
from campaigns.findings import Finding, Severity
from campaigns.forms import COVER, FIRST_COLUMN, SIGNATURES, TOKEN_SHEET, Block, Form, header, letter
from campaigns.organs import plain
from campaigns.rules import parse

ERROR_SHEET = "错误清单"  # what we add to a copy we send back; never read
Value = str | Decimal
At = tuple[int, int]  # row, column, counted from 1

_LIMIT = Decimal(10) ** 12
_FULL_WIDTH = {code: code - 0xFEE0 for code in range(0xFF01, 0xFF5F)} | {0x3000: 0x20}
_NUMBER = re.compile(r"[+-]?([0-9]+|[0-9]{1,3}(,[0-9]{3})+)(\.[0-9]+)?")
_INVISIBLE = re.compile("[\\s\u200b-\u200f\u2060\ufeff]+")
_OPTIONAL_LINES = ("title", "info", "coopnote")  # nothing is read from them


@dataclass(frozen=True, slots=True)
class Sheet:
    """The cells of one sheet by (row, column): values, formulas, formulas without a value, error values."""

    name: str
    cells: Mapping[At, Value]
    formulas: frozenset[At] = frozenset()
    uncalculated: frozenset[At] = frozenset()
    errors: frozenset[At] = frozenset()


@dataclass(frozen=True, slots=True)
class Book:
    """A workbook as read: its kind (xlsx, xls, ods) and its sheets in order."""

    kind: str
    sheets: tuple[Sheet, ...]

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


@dataclass(frozen=True, slots=True)
class CheckedBlock:
    """What a workbook says for one expected report. `figures` are the department's own of this period, complete when accepted."""

    expected: str
    outcome: Outcome
    nil: bool = False
    figures: Mapping[str, Figure] = field(default_factory=dict)
    narrative: str = ""
    findings: tuple[Finding, ...] = ()


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


def check(book: Book, form: Form, rules: Sequence[Rule]) -> Checked:
    """Return what a workbook says against the form it was sent as, and the rules of the campaign."""
    sheets = [sheet for sheet in book.sheets if sheet.name not in (ERROR_SHEET, TOKEN_SHEET)]
    lines = _lines(sheets, form)
    findings = tuple(_whole_file(book, form, sheets, lines))
    lost = any(finding.severity is Severity.BLOCK for finding in findings)
    applicable = [rule for rule in rules if rule.form == form.code]
    blocks = tuple(_Reading(form, block, lines, applicable).checked(lost=lost) for block in form.blocks)
    return Checked(blocks, _signatures(book), findings)


@dataclass(frozen=True, slots=True)
class _Line:
    sheet: Sheet
    row: int


def _lines(sheets: Sequence[Sheet], form: Form) -> dict[str, list[_Line]]:
    """Return where each tag stands, wherever rows, columns or sheets were moved to."""
    tags = {block.tag(line) for block in form.blocks for line in block.rows}
    found: dict[str, list[_Line]] = {}
    for sheet in sheets:
        for (row, _), value in sorted(sheet.cells.items(), key=lambda item: item[0]):
            if isinstance(value, str) and value in tags:
                found.setdefault(value, []).append(_Line(sheet, row))
    return found


def _whole_file(book: Book, form: Form, sheets: Sequence[Sheet], lines: Mapping[str, list[_Line]]) -> Iterator[Finding]:
    if not lines:
        yield Finding(
            "tags-missing", Severity.BLOCK, "表中A列的隐藏标识已被删除，无法对应各项任务，请在原下发报表上重新填报",
            expected="保留隐藏的A列",
        )  # fmt: skip
    cover = book.sheet(COVER)
    if cover is None:
        yield Finding("cover-missing", Severity.WARNING, f"“{COVER}”工作表已被删除，未能读到填报人等信息，下次请保留")
    for sheet in (cover, *sheets) if cover and cover not in sheets else sheets:
        yield from _other_department(sheet, form)


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
        if label in SIGNATURES and (signed := _text(cover.cells.get((row, column + 1)) if cover else None)):
            found[label] = signed
    return found


class _Reading:
    """One block being read: gathers findings on the way, so that all of them come at once."""

    def __init__(self, form: Form, block: Block, lines: Mapping[str, list[_Line]], rules: Sequence[Rule]) -> None:
        self.form, self.block, self.rules = form, block, rules
        self.indicators = {one.id: one for one in form.indicators}
        self.findings: list[Finding] = []
        self.found = {line: lines[block.tag(line)] for line in block.rows if block.tag(line) in lines}
        self.lines = {line: at[0] for line, at in self.found.items()}
        self.columns = self._columns()

    def checked(self, *, lost: bool) -> CheckedBlock:
        block = self.block
        if not self.lines:
            if not lost:
                message = f"{block.title}的各行均已被删除，按未报处理；如需报送，请在原下发报表上填报"
                self._add("block-missing", message, line="title", severity=Severity.WARNING)
            return CheckedBlock(block.expected, Outcome.RETURNED if lost else Outcome.BLANK, findings=tuple(self.findings))
        narrative = _text(self._value("narrative", self.first_column))
        nil_text = plain(str(self._value("nil", self.first_column) or ""))
        own = {code: self._value("own", column) for code, column in self.columns.items()}
        touched = narrative or nil_text == "是" or any(self._touched("own", column) for column in self.columns.values())
        readable = {"own", "header", "narrative", "nil"} <= self.lines.keys() and len(self.columns) == len(self.indicators)
        if readable and not touched and nil_text in ("", "否"):
            return CheckedBlock(block.expected, Outcome.BLANK)
        self._structure()
        nil = nil_text == "是"
        if nil_text not in ("", "是", "否"):
            self._add(
                "nil-value", "“零报告”只能选“是”或“否”", line="nil", column=self.first_column, value=nil_text, expected="是或否"
            )
        figures = self._figures(own, nil=nil, written=bool(narrative))
        self._prefilled()
        self._computed(figures)
        self._rules(figures)
        if nil and any(figures.values()):
            for code, value in figures.items():
                if value:
                    message = f"零报告选了“是”，但“{self.indicators[code].label}”不是零；请改选“否”，或把数字改为0"
                    self._add("nil-with-figures", message, line="own", column=self.columns[code], value=str(value), expected="0")
        elif not nil and len(figures) == len(self.indicators) and not any(figures.values()):
            message = "本期各项均填0；如确无情况，请把“零报告”选为“是”"
            self._add("nil-not-ticked", message, line="nil", column=self.first_column, severity=Severity.WARNING, expected="是")
        returned = lost or any(finding.severity is Severity.BLOCK for finding in self.findings)
        return CheckedBlock(
            block.expected,
            Outcome.RETURNED if returned else Outcome.ACCEPTED,
            nil and not any(figures.values()),
            {
                code: Figure(value, self.lines["own"].sheet.name, self._cell("own", self.columns[code]))
                for code, value in figures.items()
            },
            narrative,
            tuple(self.findings),
        )

    @property
    def first_column(self) -> int:
        """Return the column of the first indicator, where the nil and narrative cells stand."""
        return self.columns.get(self.form.indicators[0].id, FIRST_COLUMN)

    def _columns(self) -> dict[str, int]:
        """Return the column of each indicator, found by the header text."""
        line = self.lines.get("header")
        if line is None:
            return {}
        texts: dict[str, int] = {}
        for (row, column), value in line.sheet.cells.items():
            if row == line.row and isinstance(value, str):
                texts.setdefault(plain(value), column)
        wanted = {code: texts.get(plain(header(one))) for code, one in self.indicators.items()}
        return {code: column for code, column in wanted.items() if column is not None}

    def _structure(self) -> None:
        for line, row in self.block.rows.items():
            at = self.found.get(line)
            label = self.form.label(self.block, line)
            severity = Severity.WARNING if line in _OPTIONAL_LINES else Severity.BLOCK
            if at is None:
                message = f"{self.block.title}的“{label}”一行（原第{row}行）已被删除，请在原下发报表上恢复该行后重新填报"
                self._add("row-deleted", message, line=line, severity=severity, expected=label)
            elif len(at) > 1:
                rows = "、".join(f"第{one.row}行" for one in at)
                message = f"{self.block.title}的“{label}”一行出现{len(at)}次（{rows}），请删去多余的行，只保留一行"
                self._add("row-repeated", message, line=line, severity=severity, expected="只有一行")
        if "header" in self.lines:
            for code, one in self.indicators.items():
                if code not in self.columns:
                    message = f"{self.block.title}的表头中找不到“{header(one)}”，请恢复原表头，不要改动或删除列"
                    self._add("column-missing", message, line="header", expected=header(one))

    def _figures(self, own: Mapping[str, Value | None], *, nil: bool, written: bool) -> dict[str, Decimal]:
        if "own" not in self.lines:
            return {}
        figures: dict[str, Decimal] = {}
        blanks: list[str] = []
        for code, value in own.items():
            one, column = self.indicators[code], self.columns[code]
            at = (self.lines["own"].row, column)
            sheet = self.lines["own"].sheet
            if at in sheet.errors:
                self._add(
                    "error-value",
                    f"“{one.label}”是错误值，请改为数字",
                    line="own",
                    column=column,
                    value="错误值",
                    expected=_kind(one),
                )
                continue
            if at in sheet.uncalculated:
                message = f"公式未计算：“{one.label}”是公式但没有结果，请在 WPS 或 Excel 中打开、保存后再报送，或直接填数字"
                self._add("formula-uncalculated", message, line="own", column=column, value="公式", expected=_kind(one))
                continue
            parsed = number(value, one.decimals) if value is not None else None
            if isinstance(parsed, Decimal):
                figures[code] = parsed
            elif parsed is not None:
                self._add(f"number-{parsed}", _fault(one, parsed, _shown(value)), line="own", column=column,
                          value=_shown(value), expected=_kind(one))  # fmt: skip
            elif nil:
                figures[code] = Decimal(0)
            else:
                blanks.append(code)
        if len(blanks) == len(self.indicators):
            if not written:
                return figures  # nothing is filled in at all: what else is wrong is said elsewhere
            message = "只填了文字，各项指标均为空白；空白不是零，请填数字，确无情况的把“零报告”选为“是”"
            self._add("all-blank", message, line="own", column=self.first_column, value="空白", expected="数字，或零报告选“是”")
            return figures
        for code in blanks:
            message = f"“{self.indicators[code].label}”没有填；空白不是零，没有发生的请填0"
            self._add("blank", message, line="own", column=self.columns[code], value="空白", expected="数字，没有发生的填0")
        return figures

    def _prefilled(self) -> None:
        """Find figures that we had filled in and somebody changed."""
        for line, given in (("previous", self.block.previous), ("coop", self.block.coop)):
            for code, expected in given.items():
                if line not in self.lines or code not in self.columns:
                    continue
                one, value = self.indicators[code], self._value(line, self.columns[code])
                if _same(value, expected, one.decimals):
                    continue
                label = self.form.label(self.block, line)
                message = f"“{label}”中的“{one.label}”由本办公室预填，不能改动，请改回{_plain(expected)}；有疑问请另行说明"
                self._add("prefilled-changed", message, line=line, column=self.columns[code],
                          value=_shown(value), expected=_plain(expected))  # fmt: skip

    def _computed(self, figures: Mapping[str, Decimal]) -> None:
        """Find totals that are not the sum of their parts; a formula that nobody has calculated yet says nothing."""
        lead = self.block.role is Role.LEAD
        for code, own in figures.items():
            one, column = self.indicators[code], self.columns[code]
            total = own + self.block.coop.get(code, Decimal(0))
            cumulative = total + self.block.previous[code]
            parts = ("本单位本期＋配合单位小计", "本期合计＋上期累计") if lead else ("", "本期＋上期累计")
            for line, expected, sum_of in (("total", total, parts[0]), ("cumulative", cumulative, parts[1])):
                if line not in self.lines:
                    continue
                at = (self.lines[line].row, column)
                value = self._value(line, column)
                if value is None or at in self.lines[line].sheet.errors or _same(value, expected, one.decimals):
                    continue
                label = self.form.label(self.block, line)
                message = (
                    f"“{one.label}”的“{label}”应等于{sum_of}，应为{_plain(expected)}，现为{_shown(value)}，请改正（恢复公式即可）"
                )
                self._add(f"{line}-differs", message, line=line, column=column, value=_shown(value), expected=_plain(expected))

    def _rules(self, figures: Mapping[str, Decimal]) -> None:
        for rule in self.rules:
            relation = parse(rule.check)
            if not relation.names <= figures.keys():
                continue
            asked = dict(figures)
            if rule.over == "cumulative":
                for code in relation.names:
                    asked[code] = figures[code] + self.block.coop.get(code, Decimal(0)) + self.block.previous[code]
            if relation.holds(asked):
                continue
            subject = relation.subject
            shown, bound = _plain(asked[subject]), relation.expected(asked)
            message = f"逻辑关系：{rule.text}。“{self.indicators[subject].label}”现为{shown}，应{bound}，请核对"
            # a cumulative figure is mended in the cell of this period: the other one is locked
            self._add(f"rule-{rule.id}", message, line="own", column=self.columns[subject],
                      value=shown, expected=bound, severity=rule.severity)  # fmt: skip

    def _value(self, line: str, column: int) -> Value | None:
        at = self.lines.get(line)
        return at.sheet.cells.get((at.row, column)) if at else None

    def _touched(self, line: str, column: int) -> bool:
        at = self.lines.get(line)
        if at is None:
            return False
        cell = (at.row, column)
        return bool(_text(at.sheet.cells.get(cell))) or cell in at.sheet.errors or cell in at.sheet.uncalculated

    def _cell(self, line: str, column: int) -> str:
        at = self.lines.get(line)
        return f"{letter(column)}{at.row}" if at else ""

    def _add(
        self, rule: str, message: str, *, line: str, column: int | None = None, value: str = "", expected: str = "",
        severity: Severity = Severity.BLOCK,
    ) -> None:  # fmt: skip
        # a line that is gone is marked at the first line of its block that is still there
        at = line if line in self.lines else next(iter(self.lines), "")
        cell = self._cell(at, column or FIRST_COLUMN - 1)
        sheet = self.lines[at].sheet.name if at else self.block.sheet
        self.findings.append(Finding(rule, severity, message, sheet, cell, value, expected, self.block.expected))


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


def _kind(one: Indicator) -> str:
    return f"不小于0的数，最多{one.decimals}位小数" if one.decimals else "不小于0的整数"


def _fault(one: Indicator, fault: NumberFault, shown: str) -> str:
    if fault is NumberFault.TEXT:
        return f"“{one.label}”应填数字，现填“{shown}”，请只填数字，不写单位和文字"
    if fault is NumberFault.NEGATIVE:
        return f"“{one.label}”不能是负数，现为{shown}，请填{_kind(one)}"
    if fault is NumberFault.LARGE:
        return f"“{one.label}”过大，现为{shown}，请核对单位是否为{one.unit}"
    if one.decimals:
        return f"“{one.label}”最多{one.decimals}位小数，现为{shown}，请四舍五入"
    return f"“{one.label}”应为整数，现为{shown}，请填整数"
