"""The workbook of one department for one round: what stands in which cell, before any file is written.

It is stored as JSON when it is sent, so that a workbook coming back months later is read by the layout it was sent with.
A figure stands where a row and a column meet: `Block.place` says which, and that alone tells the layouts apart.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from functools import cache
from typing import Literal

from pydantic import BaseModel, ConfigDict

from campaigns import definition
from campaigns.definition import Indicator, Role, Rule
from campaigns.formulas import cumulated, over_periods, shown, total
from campaigns.items import Item, items_of
from campaigns.plan import OFFICE, ExpectedReport, Plan
from campaigns.rules import instances, parse, scope_of
from campaigns.workdays import moment_in_chinese

COVER, LEAD_SHEET, COOPERATING_SHEET, TOKEN_SHEET = "填报说明", "牵头任务", "配合任务", "_ld"
TAG_COLUMN, LABEL_COLUMN, FIRST_COLUMN = 1, 2, 3
FIRST_BLOCK_ROW = 4  # the title, the department and a narrow gap stand above
SIGNATURES = ("填报人", "联系电话", "审核人", "填报日期")
HEADER_LABEL, COOPERATING_NOTE, NIL_LABEL, NIL_NOTE = "填报项", "配合单位情况", "零报告", "本期各项均为零、确无情况时选“是”"
NUMBER_LABEL, ITEM_LABEL = "序号", "类别"  # the heads of the two label columns of a matrix or a vertical form

# the lines of figures: own is typed in, total is own with coop, cumulative is total (or own) with previous, by their formulas
_ALONE, _WITH_OTHERS = ("own", "previous", "cumulative"), ("own", "coop", "total", "previous", "cumulative")
_LABELS: Mapping[str, str] = {"own": "本期", "previous": "上期累计", "cumulative": "累计"}
_LEAD_LABELS: Mapping[str, str] = {**_LABELS, "own": "本单位本期", "coop": "配合单位小计", "total": "本期合计"}
_ILLEGAL_IN_NAMES, _LONGEST_NAME = "[]:*?/\\'", 31


class _Value(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Block(_Value):
    """One form filled in for one duty: `rows` and `columns` by their keys, and what is filled in beforehand, by figure.

    `last` holds the figures of the round before; it stands nowhere on the sheet and serves the rules.
    """

    expected: str
    key: str
    form: str
    layout: Literal["duties", "matrix", "vertical", "list"]
    duty: int
    duty_title: str
    clause: str = ""
    role: Role
    receiver: str
    due: str
    sheet: str
    lines: tuple[str, ...]
    rows: dict[str, int]
    columns: dict[str, str]
    nil_cell: str
    narrative_cell: str
    previous: dict[str, Decimal]
    coop: dict[str, Decimal]
    last: dict[str, Decimal]
    coop_note: str
    averaged: dict[str, tuple[Decimal, int]] = {}  # of an average: what the rounds before add up to, and how many they are

    def tag(self, row: str) -> str:
        """Return the tag that column A carries on a row, such as `15:own`."""
        return f"{self.key}:{row}"

    def place(self, line: str, item: str) -> tuple[str, str]:
        """Return the keys of the row and of the column in which a line of a figure stands."""
        if self.layout == "vertical":
            return f"row.{item}", line
        if self.layout in ("matrix", "list"):
            row, _, column = item.partition(".")
            return f"{line}.{row}", column
        return line, item

    def cell(self, line: str, item: str) -> str:
        """Return the cell in which a line of a figure stands, as the form was sent."""
        row, column = self.place(line, item)
        return f"{self.columns[column]}{self.rows[row]}"

    def line_label(self, line: str) -> str:
        """Return what officers call a line: `本期`, for a lead with cooperating units `本单位本期`."""
        return (_LEAD_LABELS if "coop" in self.lines else _LABELS)[line]

    def total(self, item: Item, own: Decimal) -> Decimal:
        """Return a figure with those of the cooperating departments, as the form shows it."""
        code = item.id
        return total(item, (own, self.coop[code])) if code in self.coop else own

    def cumulated(self, item: Item, own: Decimal) -> Decimal:
        """Return a figure with those of the cooperating departments and of earlier rounds, as the form shows it."""
        return cumulated(item, self.previous[item.id], self.average_of(item.id), self.total(item, own))

    def average_of(self, item: str) -> tuple[Decimal, int]:
        """Return what the earlier figures of an average add up to, and how many these are."""
        return self.averaged.get(item, (Decimal(0), 0))

    @property
    def first_column(self) -> str:
        """Return the letter of the first column of figures, where the text and the zero report stand too."""
        return self.nil_cell.rstrip("0123456789")

    @property
    def title(self) -> str:
        """Return `任务15　全面提高标准化水平`."""
        return f"任务{self.duty}　{self.duty_title}"

    @property
    def named(self) -> str:
        """Return the duty's title, and in a line of its own where it stands in the document."""
        return f"{self.duty_title}\n条款：{self.clause}" if self.clause else self.duty_title

    @property
    def info(self) -> str:
        """Return the line below the title: role, receiver and date."""
        return f"本单位角色：{self.role.chinese}　　报送：{self.receiver}　　截止：{self.due}"


class Instruction(_Value):
    """A rule as the form states it; `red` gives, by key of a block, formulas that hold in a cell where the rule fails."""

    text: str
    red: dict[str, tuple[tuple[str, str], ...]]


class Table(_Value):
    """One form of the definition as it is asked of this department."""

    code: str
    title: str
    layout: Literal["duties", "matrix", "vertical", "list"]
    items: tuple[Item, ...]
    row_labels: dict[str, str]  # of a matrix and of a list
    columns: tuple[Item, ...]  # what heads the columns of figures, unless these are the lines
    narrative: str
    notes: tuple[str, ...]
    rules: tuple[Instruction, ...]
    key: str = ""  # of a list: the column that says which case a row is

    def item(self, code: str) -> Item:
        """Return the figure with that code; KeyError when there is none."""
        for one in self.items:
            if one.id == code:
                return one
        raise KeyError(code)

    def heads(self, block: Block) -> dict[str, str]:
        """Return the text that heads each column of figures, by its key."""
        if self.layout == "vertical":
            return {line: block.line_label(line) for line in block.lines}
        return {one.id: header(one) for one in self.columns}


class Form(_Value):
    """One envelope workbook: everything one department owes in one round."""

    serial: str
    version: int
    office: str
    campaign: str
    campaign_title: str
    round: str
    round_label: str
    covers: str
    department: str
    department_name: str
    title: str
    tables: tuple[Table, ...]
    blocks: tuple[Block, ...]

    @property
    def identity(self) -> dict[str, str | int]:
        """Return what the signed token of the workbook says."""
        return {
            "office": self.office,
            "campaign": self.campaign,
            "round": self.round,
            "department": self.department,
            "version": self.version,
            "serial": self.serial,
        }

    @property
    def indicators(self) -> tuple[Item, ...]:
        """Return everything that is asked, in all tables."""
        return tuple(item for table in self.tables for item in table.items)

    @property
    def notes(self) -> tuple[str, ...]:
        """Return what the tables say on how to fill them in."""
        return tuple(dict.fromkeys(note for table in self.tables for note in table.notes))

    @property
    def rules(self) -> tuple[str, ...]:
        """Return the texts of the rules that hold for this department."""
        return tuple(dict.fromkeys(rule.text for table in self.tables for rule in table.rules))

    def table(self, block: Block) -> Table:
        """Return the table that a block is filled in for."""
        return next(table for table in self.tables if table.code == block.form)

    def of(self, expected: str) -> tuple[Block, ...]:
        """Return the blocks of an expected report: one for each table."""
        return tuple(block for block in self.blocks if block.expected == expected)

    def block_of(self, expected: str, item: str) -> Block:
        """Return the block of an expected report that holds a figure; KeyError when none does."""
        for block in self.of(expected):
            if any(one.id == item for one in self.table(block).items):
                return block
        raise KeyError(item)

    def label(self, block: Block, row: str) -> str:
        """Return what an officer reads at the head of a row."""
        table, (line, _, rest) = self.table(block), row.partition(".")
        if line == "row":
            one = table.item(rest)
            return header(one) if one.label.startswith(one.group) else f"{one.group}：{header(one)}"
        if line == "section":
            return f"【{block.line_label(rest)}】"
        if rest:
            label = table.row_labels[rest]
            return label if table.layout == "list" else f"{block.line_label(line)}·{label}"
        if line in block.lines:
            return block.line_label(line)
        head = HEADER_LABEL if self.table(block).layout == "duties" else ITEM_LABEL
        return {
            "title": "任务标题", "info": "任务信息", "group": "上级表头", "header": head,
            "narrative": table.narrative, "coopnote": COOPERATING_NOTE, "nil": NIL_LABEL,
        }[line]  # fmt: skip

    @property
    def sheets(self) -> tuple[str, ...]:
        """Return the data sheets in their order."""
        return tuple(dict.fromkeys(block.sheet for block in self.blocks))

    @property
    def filename(self) -> str:
        """Return the name under which the workbook is sent."""
        return f"{self.department_name}_{self.round_label}_{self.title}.xlsx"

    def headed(self, title: str) -> str:
        """Return what stands above a table: the round, apart from what the table is called, where that does not begin so."""
        return title if title.startswith(self.round_label) else f"{self.round_label}　{title}"


def header(item: Item | Indicator) -> str:
    """Return how a figure is headed: `出动执法人员（人次）`."""
    return f"{item.label}（{item.unit}）" if item.unit else item.label


@cache
def letter(column: int) -> str:
    """Return the letters of a column, 1 being A."""
    letters = ""
    while column:
        column, rest = divmod(column - 1, 26)
        letters = chr(65 + rest) + letters
    return letters


def design(
    plan: Plan,
    round_id: str,
    department: str,
    *,
    serial: str,
    version: int,
    previous: Mapping[str, Mapping[str, Sequence[Decimal]]],
    coop: Mapping[str, Mapping[str, Decimal]],
    coop_notes: Mapping[str, str],
    last: Mapping[str, Mapping[str, Decimal]] | None = None,
    due: Mapping[str, datetime] | None = None,
    only: Collection[str] | None = None,
) -> Form:
    """Return the form of a department for a round: all tables that its report asks of it, for all its duties.

    `previous`, `coop`, `last`, `due` and `coop_notes` are by id of the expected report; what is not given stands as zero, in
    `last` as unknown, in `due` as the plan has it. `previous` gives the figures of each round before, the earliest first. `only`
    limits the form to some of the expected reports.
    """
    campaign, a_round = plan.definition.campaign, plan.round(round_id)
    report = plan.definition.report(a_round.report)
    owed = [one for one in plan.expected_of(round_id, department) if only is None or one.id in only]
    owed.sort(key=lambda e: (e.role is not Role.LEAD, e.duty))
    asked = [(plan.definition.form(code), _asked(plan, code, department)) for code in report.forms]
    asked = [(form, items) for form, items in asked if items]
    known = tuple(item for _, items in asked for item in items)
    next_row: dict[str, int] = {}
    blocks: list[Block] = []
    for position, (form, items) in enumerate(asked):
        for one in owed:
            sheet = _sheet(form, one, alone=len(asked) == 1, single=len(owed) == 1)
            if form.layout != "duties" or position:
                sheet = _unused(sheet, {block.sheet for block in blocks if block.form != form.id or form.layout != "duties"})
            top = next_row.get(sheet, FIRST_BLOCK_ROW)
            cooperating = _cooperating(plan, one)
            lines: tuple[str, ...] = ("own",)
            if form.layout != "list":
                lines = _WITH_OTHERS if one.role is Role.LEAD and (cooperating or form.layout == "duties") else _ALONE
            rows = {row: top + offset for offset, row in enumerate(_rows(form, items, lines))}
            next_row[sheet] = max(rows.values()) + 2  # a blank row between blocks
            first, across = (FIRST_COLUMN, [i.id for i in items]) if form.layout == "duties" else (FIRST_COLUMN + 1, list(lines))
            if form.layout in ("matrix", "list"):
                across = list(dict.fromkeys(item.column for item in items))
            blocks.append(
                Block(
                    expected=one.id,
                    key=str(one.duty) if position == 0 else f"{one.duty}-{position + 1}",
                    form=form.id,
                    layout=form.layout,
                    duty=one.duty,
                    duty_title=plan.definition.duty(one.duty).title,
                    clause=plan.definition.duty(one.duty).clause or "",
                    role=one.role,
                    receiver=_receiver(plan, one),
                    due=moment_in_chinese((due or {}).get(one.id, one.due_at)),
                    sheet=sheet,
                    lines=lines,
                    rows=rows,
                    columns={key: letter(first + offset) for offset, key in enumerate(across)},
                    nil_cell=f"{letter(first)}{rows['nil']}",
                    narrative_cell=f"{letter(first)}{rows['narrative']}",
                    previous=_filled(items, _come_to(items, previous.get(one.id, {}))) if "previous" in lines else {},
                    coop=_filled(items, coop.get(one.id, {})) if "coop" in lines else {},
                    last={code: value for code, value in (last or {}).get(one.id, {}).items() if code in {i.id for i in items}},
                    averaged=_averaged(items, previous.get(one.id, {})) if "previous" in lines else {},
                    coop_note=(coop_notes.get(one.id) or _awaited(cooperating)) if "coopnote" in rows else "",
                )
            )
    holders = {item.id: form.id for form, items in reversed(asked) for item in items}
    tables = tuple(_table(plan, form, items, known, blocks, holders) for form, items in asked)
    return Form(
        serial=serial,
        version=version,
        office=campaign.office,
        campaign=campaign.id,
        campaign_title=campaign.title,
        round=round_id,
        round_label=a_round.label,
        covers=f"{_day(a_round.covers_from)}至{_day(a_round.covers_until)}",
        department=department,
        department_name=plan.directory.organ(department).name,
        title=tables[0].title if len(tables) == 1 else report.title,
        tables=tables,
        blocks=tuple(blocks),
    )


def _asked(plan: Plan, form: str, department: str) -> tuple[Item, ...]:
    return items_of(plan.definition.form(form), department, plan.definition, plan.directory)


def _sheet(form: definition.Form, one: ExpectedReport, *, alone: bool, single: bool) -> str:
    """Return the sheet on which a form stands for an expected report: leads and others apart, a matrix on its own."""
    if form.layout == "duties":
        role = LEAD_SHEET if one.role is Role.LEAD else COOPERATING_SHEET
        return role if alone else _sheet_name(form.title, f"_{role}")
    return _sheet_name(form.title, "" if single else f"_任务{one.duty}")


def _unused(sheet: str, taken: Collection[str]) -> str:
    """Return the name of a sheet, numbered when there is one of that name."""
    name, number = sheet, 2
    while name in taken:
        name, number = f"{sheet[: _LONGEST_NAME - 2]}{number}", number + 1
    return name


def _sheet_name(title: str, end: str) -> str:
    kept = "".join(char for char in title if char not in _ILLEGAL_IN_NAMES)
    return f"{kept[: _LONGEST_NAME - len(end)]}{end}"


def _rows(form: definition.Form, items: tuple[Item, ...], lines: tuple[str, ...]) -> Iterator[str]:
    """Return the keys of a block's rows, from top to bottom."""
    yield from ("title", "info")
    if form.layout != "vertical" and any(one.group for one in items):
        yield "group"
    yield "header"
    if form.layout == "vertical":
        yield from (f"row.{item.id}" for item in items)
    elif form.layout == "list":
        yield from (f"own.{row}" for row in dict.fromkeys(item.row for item in items))
    elif form.layout == "matrix":
        for line in lines:
            yield f"section.{line}"
            yield from (f"{line}.{row}" for row in dict.fromkeys(item.row for item in items))
            if line == "own":  # all that is filled in stands together, on the first page
                yield from ("narrative", "nil")
    else:
        yield from lines
    if "coop" in lines:
        yield "coopnote"
    if form.layout != "matrix":
        yield from ("narrative", "nil")


def _table(
    plan: Plan,
    form: definition.Form,
    items: tuple[Item, ...],
    known: tuple[Item, ...],
    blocks: list[Block],
    holders: Mapping[str, str],
) -> Table:
    columns = items
    if form.layout in ("matrix", "list"):
        heads = {item.column: item.model_copy(update={"id": item.column, "label": item.head}) for item in items}
        columns = tuple(heads.values())
    asked = {**holders, **dict.fromkeys((item.id for item in items), form.id)}  # its own come first
    rules = [rule for rule in plan.definition.rules if rule.form == form.id and rule.stage != "shadow"]
    told = [_instruction(rule, known, asked, blocks) for rule in rules]
    return Table(
        code=form.id,
        title=form.title,
        layout=form.layout,
        items=items,
        row_labels={item.row: item.row_label for item in items if item.row},
        columns=columns,
        narrative=form.narrative,
        notes=form.notes,
        rules=tuple(one for one in told if one is not None),
        key=form.key or "",
    )


def _instruction(rule: Rule, known: tuple[Item, ...], holders: Mapping[str, str], blocks: list[Block]) -> Instruction | None:
    """Return how a rule is told, None when nothing it names is asked of the department; `holders` says on which form a code is.

    What stands on no sheet is only checked when the form comes back: a cell cannot turn red for it.
    """
    relation = parse(rule.check)
    readings = list(instances(relation, known))
    if not readings:
        return None
    red: dict[str, list[tuple[str, str]]] = {}
    for block in (block for block in blocks if block.form == rule.form):
        beside = {other.form: other for other in blocks if other.expected == block.expected}
        holding = {code: beside[form] for code, form in holders.items() if form in beside}
        for reading in readings:
            cells = {name: _shown(block, holding, full, rule.over) for name, full in reading.items()}
            there = {name: cell for name, cell in cells.items() if cell}
            subject = reading[relation.subject]
            if len(there) < len(cells) or holders.get(subject) != rule.form:
                continue
            codes = [code for scope, code in map(scope_of, reading.values()) if not scope]
            typed = [_seen_from(block, holding[code], "own", code) for code in codes]
            failed = f"AND(COUNT({','.join(dict.fromkeys(typed))})={len(set(typed))},NOT({relation.formula(there)}))"
            red.setdefault(block.key, []).append((block.cell("own", subject), failed))
    return Instruction(text=rule.text, red={key: tuple(found) for key, found in red.items()})


def _shown(block: Block, holding: Mapping[str, Block], name: str, over: str) -> str:
    """Return where a block sees a figure of a rule, a number where it is known but not shown, or nothing."""
    scope, code = scope_of(name)
    if code not in holding:
        return ""
    there = holding[code]
    if not scope:
        return _seen_from(block, there, "cumulative" if over == "cumulative" else "own", code)
    if scope == "coop":
        return _seen_from(block, there, "coop", code) if "coop" in there.lines else ""
    if over == "cumulative":
        return _seen_from(block, there, "previous", code)
    return f"{there.last[code]:f}" if code in there.last else ""


def _seen_from(block: Block, there: Block, line: str, code: str) -> str:
    """Return the cell of a figure as a formula beside a block names it: `C7`, or with its sheet, `'表二'!C7`."""
    cell = there.cell(line, code)
    return cell if there.sheet == block.sheet else "'" + there.sheet.replace("'", "''") + f"'!{cell}"


def _filled(items: tuple[Item, ...], figures: Mapping[str, Decimal]) -> dict[str, Decimal]:
    return {one.id: figures.get(one.id, Decimal(0)) for one in items if one.counts}


def _come_to(items: tuple[Item, ...], series: Mapping[str, Sequence[Decimal]]) -> dict[str, Decimal]:
    return {one.id: shown(over_periods(one, series[one.id]), one.decimals) for one in items if series.get(one.id)}


def _averaged(items: tuple[Item, ...], series: Mapping[str, Sequence[Decimal]]) -> dict[str, tuple[Decimal, int]]:
    """Return what the averages of a form are made of: their mean alone has been rounded."""
    averages = [one.id for one in items if one.over_periods == "average" and series.get(one.id)]
    return {code: (sum(series[code], Decimal(0)), len(series[code])) for code in averages}


def _receiver(plan: Plan, one: ExpectedReport) -> str:
    office = plan.definition.campaign.office
    return "、".join(office if code == OFFICE else plan.directory.organ(code).name for code in one.receivers)


def _cooperating(plan: Plan, lead: ExpectedReport) -> list[str]:
    helping = (one for one in plan.owed_to(lead.round, lead.department) if one.duty == lead.duty)
    return [plan.directory.organ(one.department).name for one in helping]


def _awaited(names: list[str]) -> str:
    return f"应报{len(names)}家，尚未收到：{'、'.join(names)}" if names else "本任务没有配合单位"


def _day(day: date) -> str:
    return f"{day.year}年{day.month}月{day.day}日"
