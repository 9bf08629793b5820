"""The totals of a round written into the form of the office above: which figure goes into which cell, and what cannot.

A figure that nobody reported stays blank, and a blank is never sent as zero: it is a reason not to send.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal

from campaigns.definition import Upward
from campaigns.forms import Block, Form
from campaigns.formulas import ratio, shown
from campaigns.items import Item, in_all_rows
from campaigns.records import SentUp
from campaigns.rollup import Fact, RollUp
from campaigns.units import MONEY

Value = Decimal | str


@dataclass(frozen=True, slots=True)
class Written:
    """One cell of the superior's form that we fill in."""

    sheet: str
    cell: str
    value: Value


@dataclass(frozen=True, slots=True)
class Line:
    """One figure as people check it: the superior's duty and label, the value, and of which duties of ours it is the total."""

    duty: int
    label: str
    value: Decimal
    ours: tuple[int, ...]
    note: str = ""


@dataclass(frozen=True, slots=True)
class Filled:
    """A superior's form filled in; with `problems` it must not be sent. `left` are its duties that we have nothing for.

    `days` says that it is about other days than our figures are; empty where both are about the same.
    """

    cells: tuple[Written, ...]
    lines: tuple[Line, ...]
    left: tuple[str, ...]
    problems: tuple[str, ...]
    days: str = ""


Words = Mapping[tuple[str, str], Mapping[str, str]]  # of a case in an expected report: its texts by column


def words_of(facts: Iterable[Fact], texts: Mapping[str, Mapping[str, str]]) -> Words:
    """Return what lists say of their cases in words; `facts` are as they were reported, `texts` those of each submission."""
    rows = {(one.submission, one.indicator.partition(".")[0]): (one.expected, one.key) for one in facts if one.key}
    found: dict[tuple[str, str], dict[str, str]] = {}
    for submission, said in texts.items():
        for code, text in said.items():
            if case := rows.get((submission, code.partition(".")[0])):
                found.setdefault(case, {})[in_all_rows(code)] = text
    return found


def fill(form: Form, upward: Upward, rollup: RollUp, words: Words | None = None) -> Filled:
    """Return what a roll-up writes into a superior's form, with every reason why it cannot be sent."""
    writing = _Writing(form, upward, rollup, words or {})
    for block in form.blocks:
        writing.fill(block)
    if not writing.lines and not writing.problems:
        writing.problems.append("上级报表的各项任务都没有可以上报的数，请核对定义中的 upward.duties")
    problems = tuple(dict.fromkeys(writing.problems))
    days = f"上级报表的统计期间是{form.covers}，报出的是{rollup.covers}的数，请核对" if form.covers != rollup.covers else ""
    return Filled(tuple(writing.cells), tuple(writing.lines), tuple(writing.left), problems, days)


class _Writing:
    """A superior's form that is being filled in, block by block."""

    def __init__(self, form: Form, upward: Upward, rollup: RollUp, words: Words) -> None:
        self.form, self.upward, self.rollup, self.words = form, upward, rollup, words
        self.cells: list[Written] = []
        self.lines: list[Line] = []
        self.left: dict[str, None] = {}
        self.known = {item.id: item for item in rollup.indicators}
        strangers = upward.codes.keys() - {in_all_rows(item.id) for item in form.indicators}
        self.problems = [f"上级报表里没有指标“{code}”，请核对定义中的 upward.codes" for code in sorted(strangers)]

    def fill(self, block: Block) -> None:
        ours = _ours(self.form, block, self.upward, self.rollup)
        if not ours:
            self.left[block.title] = None
            return
        values = self._cases(block, ours) if block.layout == "list" else self._figures(block, ours)
        said = f"{self.rollup.office}汇总{self.rollup.round_label}（{self.rollup.covers}）：{self.rollup.coverage.text}"
        self.cells.append(Written(block.sheet, block.narrative_cell, said))
        if values is not None and not any(values) and not self._lacking(ours):
            self.cells.append(Written(block.sheet, block.nil_cell, "是"))

    def _lacking(self, ours: tuple[int, ...]) -> int:
        """Return how many reports on these duties are owed and have not come."""
        return sum(one.owes and not one.reported for one in self.rollup.entries if one.duty in ours)

    def _figures(self, block: Block, ours: tuple[int, ...]) -> list[Decimal] | None:
        """Return the totals, in our units, that were written into a block; None when there are none."""
        # of several duties a ratio, or a case that stands in two of them, is worked out anew
        totals = self.rollup.period.by_duty.get(ours[0], {}) if len(ours) == 1 else self.rollup.of_duties(ours)
        exact = []
        for item in self.form.table(block).items:
            if not item.counts or not item.typed:
                continue
            own = self._own(item)
            if own is None:
                continue
            value, note = _value(totals.get(own.id), own, item)
            if isinstance(value, str):
                self.problems.append(f"{block.title}的“{item.label}”：{value}")
                continue
            whole = ratio(own, totals) if own.ratio_of and own.decimals != item.decimals else None
            if whole is not None:  # rounded once, from its parts: our own figure has been rounded already
                value, note = shown(whole, item.decimals), f"由合计重新计算，四舍五入到{item.decimals}位小数"
            exact.append(totals[own.id])  # what rounds to nothing in the superior's unit is no zero report
            self.cells.append(Written(block.sheet, block.cell("own", item.id), value))
            self.lines.append(Line(block.duty, item.label, value, ours, note))
        return exact or None

    def _cases(self, block: Block, ours: tuple[int, ...]) -> list[Decimal] | None:
        """Return a one for each case that was written into a list, in a row of its own; None when that cannot be done.

        A case is what its number says: reported by several departments it has one row, where they differ with the larger amount.
        """
        table = self.form.table(block)
        rows = list(dict.fromkeys(item.row for item in table.items))
        asked = [item for item in table.items if item.row == rows[0] and (item.column == table.key or item.counts)]
        columns = [(item, own) for item in asked if (own := self._own(item))]
        self.problems += [
            f"{block.title}的“{item.head}”要逐件填写，本办公室的“{own.label}”不是明细表中的，请核对定义中的 upward.codes"
            for item, own in columns
            if own.over_places != "distinct"
        ]
        if len(columns) < len(asked) or any(own.over_places != "distinct" for _, own in columns):
            return None
        cases, heard = self._named(ours, {own.id for _, own in columns})
        if not cases and not self._nothing(block, ours, heard=heard):
            return None
        if len(cases) > len(rows):
            few = f"{block.title}的“{table.title}”只有{len(rows)}行，本期有{len(cases)}件，写不下，请向上级要行数够的报表"
            self.problems.append(few)
            return None
        for item, own in columns:
            total, spelled = Decimal(0), self._told(own.id, ours) if item.column == table.key else {}
            for row, key in zip(rows, sorted(cases), strict=False):
                said: Value = spelled.get(key, [key])[0]  # as it was typed: what a case is known by has its brackets folded
                if item.column != table.key:
                    said, _ = _value(cases[key].get(own.id), own, item)
                    if isinstance(said, str):
                        self.problems.append(f"{block.title}的“{table.title}”{key}的“{item.head}”：{said}")
                        continue
                total += said if isinstance(said, Decimal) else 1
                self.cells.append(Written(block.sheet, block.cell("own", f"{row}.{item.column}"), said))
            label = f"{table.title}·{item.head}" if item.counts else f"{table.title}（件数）"
            self.lines.append(Line(block.duty, label, total, ours, _converted(own, item)))
        own_list = next(own.id.partition(".")[0] for item, own in columns if item.column == table.key)
        for item in (one for one in table.items if one.row == rows[0] and one not in asked):
            told = self._words(item, own_list, ours)
            written = [(row, text) for row, key in zip(rows, sorted(cases), strict=False) if (text := told.get(key))]
            self.cells += [Written(block.sheet, block.cell("own", f"{row}.{item.column}"), text) for row, text in written]
            if written:
                label = f"{table.title}·{item.head}（填写件数）"
                self.lines.append(Line(block.duty, label, Decimal(len(written)), ours))
        return [Decimal(1)] * len(cases)

    def _words(self, item: Item, own_list: str, ours: tuple[int, ...]) -> dict[str, str]:
        """Return what is said of each case in a column of texts, from ours of the same code unless another is named.

        Where several departments say it otherwise, all that they say; nothing where only one answer can be chosen.
        """
        told = self._told(self.upward.codes.get(in_all_rows(item.id), f"{own_list}.{item.column}"), ours)
        if item.options:
            return {key: one for key, (one, *more) in told.items() if not more and one in item.options}
        return {key: "；".join(texts) for key, texts in told.items()}

    def _told(self, code: str, ours: tuple[int, ...]) -> dict[str, list[str]]:
        """Return what these duties say of each case in a column of ours, each wording once."""
        said: dict[str, dict[str, None]] = {}
        for fact in self.rollup.facts:
            if fact.duty in ours and (text := self.words.get((fact.expected, fact.key), {}).get(code)):
                said.setdefault(fact.key, {})[text] = None
        return {key: list(texts) for key, texts in said.items()}

    def _named(self, ours: tuple[int, ...], codes: Collection[str]) -> tuple[dict[str, dict[str, Decimal]], bool]:
        """Return what each case of these duties has of these figures, and whether anybody reported, be it that there is none."""
        cases: dict[str, dict[str, Decimal]] = {}
        heard = False
        for fact in self.rollup.facts:
            if fact.duty in ours and fact.indicator in codes:
                heard = True
                if fact.key:
                    figures = cases.setdefault(fact.key, {})
                    figures[fact.indicator] = max(fact.value, figures.get(fact.indicator, fact.value))
        return cases, heard

    def _nothing(self, block: Block, ours: tuple[int, ...], *, heard: bool) -> bool:
        """Return whether a list may go up empty: all have said that there is nothing, or it stands beside other tables."""
        lacking = self._lacking(ours)
        if (heard and not lacking) or len(self.form.of(block.expected)) > 1:
            return True
        why = f"已报的都是零报告，还有{lacking}项没有报，不能说没有" if heard else "没有单位报送过，空白不是没有，不能上报"
        self.problems.append(f"{block.title}的“{self.form.table(block).title}”：{why}")
        return False

    def _own(self, item: Item) -> Item | None:
        """Return our figure that a figure of the superior's is taken from, none when there is none: then that is a problem."""
        theirs = in_all_rows(item.id)
        code = self.upward.codes.get(theirs, theirs)
        if code not in self.known:
            label = item.label if theirs == item.id else item.head
            told = f"上级报表要“{label}”（{theirs}），本办公室没有这个指标，请在定义的 upward.codes 中写明取自哪一个"
            self.problems.append(told)
        return self.known.get(code)


def _ours(form: Form, block: Block, upward: Upward, rollup: RollUp) -> tuple[int, ...]:
    if upward.duties:
        return tuple(one for one in upward.duties.get(block.duty, ()) if one in rollup.duties)
    if len({one.duty for one in form.blocks}) == 1:
        return tuple(rollup.duties)
    return (block.duty,) if block.duty in rollup.duties else ()


def _value(total: Decimal | None, own: Item, theirs: Item) -> tuple[Decimal | str, str]:
    """Return the figure in the superior's unit and decimals with what there is to say about it, or why there is none."""
    if total is None:
        return "没有单位报送过这个数，空白不是零，不能上报", ""
    if own.unit != theirs.unit and not (own.unit in MONEY and theirs.unit in MONEY):
        return f"上级的单位是“{theirs.unit}”，本办公室是“{own.unit}”，不能换算，请核对定义中的 upward.codes", ""
    note = ""
    if own.unit != theirs.unit:
        note, total = f"由{total.normalize():f}{own.unit}换算", total * MONEY[own.unit] / MONEY[theirs.unit]
    rounded = total.quantize(Decimal(1).scaleb(-theirs.decimals), ROUND_HALF_UP)
    if rounded != total:
        note = f"{note or f'由{total.normalize():f}{theirs.unit}'}，四舍五入到{theirs.decimals}位小数".lstrip("，")
    return rounded, note


def _converted(own: Item, theirs: Item) -> str:
    """Return what there is to say of the figures of a list together."""
    if theirs.counts and own.unit != theirs.unit:
        return f"逐件由{own.unit}换算"
    return f"逐件四舍五入到{theirs.decimals}位小数" if theirs.counts and own.decimals > theirs.decimals else ""


def unsent(newest: int, sent: Sequence[SentUp]) -> str:
    """Return what the office must know of a closed round that the superior has not accepted; empty when all is well.

    `newest` is the newest version of the round's roll-up, `sent` what was handed in, oldest first.
    """
    if any(one.version == newest and one.outcome in ("accepted", "duplicate") for one in sent):
        return ""
    if not sent:
        return "已汇总，还没有上报"
    last = sent[-1]
    if last.version < newest:
        return f"汇总表第{newest}版还没有上报（上次报的是第{last.version}版）"
    if last.outcome is None:
        return "已发给上级，还没有回执" if last.receipt else "没有发到上级"
    words = {"returned": "被上级退回修改", "refused": "上级没有受理", "quarantined": "被上级暂存待核"}
    return f"{words[last.outcome]}（上级回执{last.receipt}，{len(last.findings)}处问题）"
