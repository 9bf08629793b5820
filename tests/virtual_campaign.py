"""Any campaign from its launch to its first roll-ups in virtual time, with departments that fill in whatever form they get.

The departments read the layout that was sent, so no campaign needs code of its own. What they typed is remembered, and the
roll-ups can be compared with it figure by figure.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from enum import StrEnum
from functools import partial
from io import BytesIO
from typing import Any

from openpyxl import Workbook, load_workbook

from campaigns.forms import Form, header
from campaigns.items import Item, figures_of, rolled_of
from campaigns.plan import Plan
from campaigns.records import RollUpRecord, RoundRecord
from campaigns.workdays import instant
from flows import tick
from integrations.excel.rollup_book import AS_FORM, BY_DUTY, ORIGIN
from tasks.campaign import launch
from tasks.closing import closing_slot
from tasks.dispatch import opening_slot
from tasks.office import Office, names
from tests.integrations.excel.filling import edited

HOUR = timedelta(hours=1)
Told = dict[tuple[str, str], dict[str, Decimal]]  # duty and department -> figures by the header they are typed under


class Habit(StrEnum):
    """How a department behaves."""

    ON_TIME = "on time"
    NIL = "nil"
    LATE = "late"
    WRONG = "wrong, then mended"
    SILENT = "silent"


ORDER = (Habit.ON_TIME, Habit.WRONG, Habit.NIL, Habit.LATE, Habit.SILENT)


@dataclass(slots=True)
class Walk:
    """A campaign being walked through: what was typed in each round, and what became of the envelopes."""

    office: Office
    plan: Plan
    rounds: tuple[str, ...]
    told: dict[str, Told] = field(default_factory=lambda: defaultdict(dict))
    outcomes: list[tuple[Habit, str | None]] = field(default_factory=list)

    def rollups(self) -> list[RollUpRecord]:
        """Return the last roll-up of every round that was walked."""
        with self.office.ledger() as ledger:
            return [ledger.rollups(one)[-1] for one in self.rounds]

    def differences(self) -> Iterator[str]:
        """Yield one line for every figure or total of a roll-up that is not what was typed."""
        named = names(self.plan)
        for record in self.rollups():
            wanted: Told = {(duty, named[unit]): told for (duty, unit), told in self.told[record.round].items() if told}
            totals: dict[str, Decimal] = defaultdict(Decimal)
            for figures in wanted.values():
                for head, value in figures.items():
                    totals[head] += value
            shown, sums = _shown(load_workbook(BytesIO(self.office.bytes_of(record.sha256)), data_only=True, read_only=True))
            for key in sorted(wanted.keys() | shown.keys()):
                yield from _compare(f"{record.round} {key}", wanted.get(key, {}), shown.get(key, {}))
            for one in rolled_of(self.plan.definition, self.plan.directory, self.plan.round(record.round).report):
                heads = [header(item) for code in one.ratio_of for item in self._items(record.round) if item.id == code]
                if one.ratio_of and totals.get(heads[1]):
                    times = 100 if one.unit == "%" else 1
                    totals[header(one)] = round(totals[heads[0]] * times / totals[heads[1]], one.decimals)
            in_all = dict.fromkeys(totals.keys() | sums.keys(), Decimal(0))  # what nobody typed adds up to nothing
            yield from _compare(f"{record.round} in all", in_all | totals, in_all | sums)

    def _items(self, round_id: str) -> tuple[Item, ...]:
        return figures_of(self.plan.definition, self.plan.directory, self.plan.round(round_id).report)


def walk(office: Office, plan: Plan, *, rounds_each: int = 1, departments: int = 5) -> Walk:
    """Return a campaign walked from its launch until the first rounds of every report are rolled up."""
    campaign = plan.definition.campaign
    launched = instant(campaign.starts, office.settings.hours.start)
    launch(plan, launched)
    with office.ledger() as ledger:
        records = ledger.rounds(campaign.id)
    first = tuple(_first(records, rounds_each))
    walked = Walk(office, plan, tuple(one.id for one in first))
    answers = sorted(_answers(plan, first, departments))
    slots = office.slots(plan)
    ticks = {slot(one, slots) for one in first for slot in (opening_slot, closing_slot)} | {launched}
    for moment in sorted(ticks | {moment for moment, *_ in answers}):
        _answer(walked, [one for one in answers if one[0] == moment])
        if moment in ticks:
            tick.tick(moment)
    return walked


def _first(records: Iterable[RoundRecord], each: int) -> Iterator[RoundRecord]:
    seen: dict[str, int] = defaultdict(int)
    for one in records:
        seen[one.report] += 1
        if seen[one.report] <= each:
            yield one


def _answers(plan: Plan, rounds: Iterable[RoundRecord], most: int) -> Iterator[tuple[datetime, str, str, Habit]]:
    """Yield when who answers for which round, and how: cooperating departments before the leads they report to."""
    for a_round in rounds:
        owed: dict[str, datetime] = {}
        for one in plan.expected_in(a_round.id):
            owed[one.department] = max(one.due_at, owed.get(one.department, one.due_at))
        for at, (department, due_at) in enumerate(list(owed.items())[:most]):
            habit = ORDER[at % len(ORDER)]
            yield due_at + (HOUR if habit is Habit.LATE else -HOUR), a_round.id, department, habit


def _answer(walked: Walk, answers: list[tuple[datetime, str, str, Habit]]) -> None:
    """Hand in what departments answer at one moment, wrong forms first, then what is right of all."""
    wrong: dict[str, tuple[Habit, bytes]] = {}
    right: dict[str, tuple[Habit, bytes]] = {}
    for number, (_, round_id, department, habit) in enumerate(answers):
        if habit is Habit.SILENT:
            continue
        with walked.office.ledger() as ledger:
            form = ledger.forms(round_id, department)[-1]
        layout, sent = Form.model_validate_json(form.layout), walked.office.bytes_of(form.sha256)
        if habit is Habit.WRONG and _first_figure(layout) is not None:
            wrong[f"{number}-{department}-错.xlsx"] = habit, edited(sent, partial(_break_it, form=layout))
        good = habit if habit is Habit.NIL else Habit.ON_TIME
        right[f"{number}-{department}.xlsx"] = good, edited(sent, partial(_fill, form=layout, habit=good))
        for block in layout.blocks:
            items = layout.table(block).items
            told = walked.told[round_id].setdefault((str(block.duty), department), {})
            if block.layout == "list":
                every = rolled_of(walked.plan.definition, walked.plan.directory, walked.plan.round(round_id).report)
                table = layout.table(block)
                for one in (item for item in every if item.id.startswith(f"{block.form}.")):
                    each = 0 if habit is Habit.NIL else 1 if one.id == f"{block.form}.{table.key}" else 2
                    told[header(one)] = Decimal(len(table.row_labels) * each)
                continue
            told |= {header(one): _figure(one, items, nil=habit is Habit.NIL) for one in items if one.counts}
    for files in (wrong, right):
        if files:
            _drop(walked, files, answers[0][0])


def _drop(walked: Walk, files: Mapping[str, tuple[Habit, bytes]], moment: datetime) -> None:
    for name, (_, data) in files.items():
        (walked.office.settings.watched_folder / name).write_bytes(data)
    tick.collect(moment)
    with walked.office.ledger() as ledger:
        arrived = {one.name: one for one in ledger.envelopes()[-len(files) :]}
    for name, (habit, _) in files.items():
        one = arrived[name]
        walked.outcomes.append((habit, f"{one.outcome} {one.reason} {[told['message'] for told in one.findings][:3]}"))


def _fill(book: Workbook, form: Form, habit: Habit) -> None:
    for block in form.blocks:
        sheet = book[block.sheet]
        if habit is Habit.NIL:
            sheet[block.nil_cell] = "是"
            continue
        sheet[block.narrative_cell] = "本期已按要求开展工作。"
        for item in form.table(block).items:
            if item.typed:
                named = block.layout == "list" and item.column == form.table(block).key
                sheet[block.cell("own", item.id)] = f"{form.department}-{item.row}-{block.duty}" if named else _typed(item)
    cover = book.worksheets[0]
    for row in cover.iter_rows():
        for cell in row:
            if cell.value == "填报人":
                cover.cell(cell.row, cell.column + 1, "张测试")


def _first_figure(form: Form) -> tuple[str, str] | None:
    """Return the sheet and cell of the first figure somebody types; None where a form asks for none."""
    figures = ((block, item) for block in form.blocks for item in form.table(block).items if item.counts and item.typed)
    return next(((block.sheet, block.cell("own", item.id)) for block, item in figures), None)


def _break_it(book: Workbook, form: Form) -> None:
    """Fill a form in with a word where a figure belongs."""
    _fill(book, form, Habit.WRONG)
    if place := _first_figure(form):
        book[place[0]][place[1]] = "若干"


def _typed(item: Item) -> Any:
    if item.options:
        return item.options[0]
    return 2 if item.counts else "0000-示例"


def _figure(item: Item, items: tuple[Item, ...], *, nil: bool) -> Decimal:
    by_id = {one.id: one for one in items}
    if not item.typed:
        return sum((_figure(by_id[part], items, nil=nil) for part in item.sum_of), Decimal(0))
    return Decimal(0 if nil else 2)


def _compare(where: str, typed: Mapping[str, Decimal], shown: Mapping[str, Decimal]) -> Iterator[str]:
    for head in sorted(typed.keys() | shown.keys()):
        if typed.get(head) != shown.get(head):
            yield f"{where} {head}: {typed.get(head)} was typed, {shown.get(head)} is shown"


def _shown(book: Workbook) -> tuple[Told, dict[str, Decimal]]:
    """Return what a roll-up shows: every figure by duty and name of the department, and the totals by header."""
    found: Told = defaultdict(dict)
    for row in _lines(book, ORIGIN):
        mine, head = found[str(row["任务"]), str(row["单位"])], str(row["指标"])
        mine[head] = mine.get(head, Decimal(0)) + Decimal(str(row["数值"]))  # of a list a row for each case
    total = next(row for row in _lines(book, BY_DUTY) if "合计" in row.values())
    sums = {head: Decimal(str(value)) for head, value in list(total.items())[5:] if value is not None}
    if AS_FORM in book.sheetnames:
        for row in _lines(book, AS_FORM):
            cells = {f"{row['类别']}·{head}": value for head, value in row.items() if head not in ("序号", "类别")}
            sums |= {head: Decimal(str(value)) for head, value in cells.items() if value not in (None, "—")}
    return found, sums


def _lines(book: Workbook, sheet: str) -> Iterator[dict[str, Any]]:
    """Yield the rows of a sheet below its head, by the texts of the head."""
    heads: list[str] = []
    for row in book[sheet].iter_rows(values_only=True):
        if heads and any(value is not None for value in row):
            yield dict(zip(heads, row, strict=True))
        elif "任务" in row or "类别" in row:
            heads = [str(value) for value in row]
