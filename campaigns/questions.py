"""Figures that ask to be looked at again: copies, columns that never change, leaps, ratios that cannot be.

A question is put to the office with the figures it compares; it returns nothing and changes nothing. Pure: from the facts of a
round and of the rounds before it, and the bounds of the definition.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal
from statistics import median

from campaigns.definition import Doubts, Ratio
from campaigns.items import Item, in_all_rows
from campaigns.rollup import Fact
from campaigns.rules import expression
from campaigns.sheets import Cell, Sheet

_FEW = 3  # rounds or peers from which on a median says something
_SLIP = Decimal(1000)  # a leap of so much is more likely a slip of the unit
Key = tuple[int, str]  # duty, department


@dataclass(frozen=True, slots=True)
class Question:
    """One question: of which kind, about which figures of this round, compared with which others."""

    kind: str  # copied, constant, jump, ratio
    expected: str
    text: str
    figures: tuple[Fact, ...]
    against: tuple[Fact, ...]

    @property
    def chinese(self) -> str:
        """Return the word officers read."""
        return {"copied": "疑似照抄", "constant": "数值不变", "jump": "突变", "ratio": "比率异常"}[self.kind]


def questions(
    rounds: Sequence[str],
    facts: Iterable[Fact],
    items: Sequence[Item],
    doubts: Doubts,
    labels: Mapping[str, str],
    names: Mapping[str, str],
) -> tuple[Question, ...]:
    """Return the questions about the last of these rounds, which are those of one report in their order.

    `items` are the figures that a roll-up of the report shows, `labels` what the rounds are called, `names` the departments.
    """
    asked = _Asked(rounds, facts, items, doubts, labels, names)
    found = (*asked.copies(), *asked.constants(), *asked.jumps(), *asked.ratios(), *asked.lists())
    return tuple(sorted(found, key=lambda one: (one.expected, one.kind)))


class _Asked:
    """The figures of a report by round, department and duty, and what is asked of them."""

    def __init__(
        self,
        rounds: Sequence[str],
        facts: Iterable[Fact],
        items: Sequence[Item],
        doubts: Doubts,
        labels: Mapping[str, str],
        names: Mapping[str, str],
    ) -> None:
        self.rounds, self.doubts, self.labels, self.names = rounds, doubts, labels, names
        self.items = {one.id: one for one in items if one.typed}
        self.by: dict[str, dict[Key, dict[str, Fact]]] = defaultdict(lambda: defaultdict(dict))
        self.listed: dict[str, dict[tuple[str, Key], dict[tuple[str, str], Fact]]] = defaultdict(lambda: defaultdict(dict))
        for fact in facts:
            of = fact.duty, fact.department
            if fact.key:
                column = in_all_rows(fact.indicator)
                self.listed[fact.round][column.partition(".")[0], of][column, fact.key] = fact
            elif fact.indicator in self.items:
                self.by[fact.round][of][fact.indicator] = fact
        self.now = self.by[rounds[-1]]

    def copies(self) -> Iterator[Question]:
        """Yield reports whose figures are all those of an earlier round, or of another department."""
        seen: dict[tuple[object, ...], Key] = {}
        for key, mine in self.now.items():
            telling = [one for one in mine.values() if one.value >= self.doubts.least]
            if len(telling) < self.doubts.copied or len({one.value for one in telling}) < 3:
                continue
            values = {code: one.value for code, one in mine.items()}
            before = next((a for a in reversed(self.rounds[:-1]) if self._values(a, key) == values), None)
            whole = (key[0], *sorted(values.items()))
            other = seen.setdefault(whole, key)
            if before:
                said = f"全部{len(mine)}个数与{self.labels.get(before, before)}完全相同"
                yield self._question("copied", mine.values(), said, self.by[before][key].values())
            elif other != key:
                said = f"全部{len(mine)}个数与{self.names.get(other[1], other[1])}本期完全相同"
                yield self._question("copied", mine.values(), said, self.now[other].values())

    def _values(self, round_id: str, key: Key) -> dict[str, Decimal] | None:
        found = self.by[round_id].get(key)
        return {code: one.value for code, one in found.items()} if found else None

    def constants(self) -> Iterator[Question]:
        """Yield figures that have been the same for rounds, that many departments share, or that fill a whole report."""
        in_a_row = self.rounds[-self.doubts.constant_rounds :]
        for key, mine in self.now.items():
            values = {one.value for one in mine.values() if one.value}
            if len(values) == 1 and len(mine) >= self.doubts.copied and max(values) >= self.doubts.least:
                yield self._question("constant", mine.values(), f"{len(mine)}项指标都填{max(values).normalize():f}", ())
                continue
            for code, fact in mine.items():
                line = [one for one in self._line(key, code) if one.round in in_a_row]
                same = len(line) == self.doubts.constant_rounds and {one.value for one in line} == {fact.value}
                if same and fact.value >= self.doubts.least and self._flows(code):
                    said = f"“{self._label(code)}”连续{len(line)}期都是{fact.value.normalize():f}"
                    yield self._question("constant", [fact], said, line[:-1])
        yield from self._shared()

    def _shared(self) -> Iterator[Question]:
        columns: dict[tuple[int, str], list[Fact]] = defaultdict(list)
        for (duty, _), mine in self.now.items():
            for code, fact in mine.items():
                columns[duty, code].append(fact)
        for (_, code), column in columns.items():
            groups: dict[Decimal, list[Fact]] = defaultdict(list)
            for fact in column:
                groups[fact.value].append(fact)
            value, same = max(groups.items(), key=lambda pair: len(pair[1]))
            if value >= self.doubts.least and len(same) >= self.doubts.peers and 2 * len(same) > len(column):
                said = f"“{self._label(code)}”{len(column)}家中有{len(same)}家都是{value.normalize():f}"
                for fact in same:
                    yield self._question("constant", [fact], said, [one for one in same[:4] if one is not fact][:3])

    def jumps(self) -> Iterator[Question]:
        """Yield figures far from what the department reported before, measured by how all departments moved in this round."""
        moves = self._moves()
        for key, mine in self.now.items():
            for code, fact in mine.items():
                line = self._line(key, code)[:-1]
                if not line or not self._flows(code):
                    continue
                usual = Decimal(median(one.value for one in line))
                # with one earlier round only, twice as much is needed before a question is put
                bound = self.doubts.jump * (1 if len(line) >= _FEW else 2)
                floor = self.doubts.least
                times = max(fact.value, floor) / max(usual, floor) / moves.get(code, Decimal(1))
                if bound > times > 1 / bound:
                    continue
                often = f"此前{len(line)}期的中位数" if len(line) > 1 else self.labels.get(line[0].round, "上期")
                said = f"“{self._label(code)}”为{fact.value.normalize():f}，{often}为{usual.normalize():f}"
                if max(times, 1 / times) >= _SLIP and self._money(code):
                    said += "，请核对是否写错了金额单位"
                yield self._question("jump", [fact], said, line[-_FEW:])

    def _moves(self) -> dict[str, Decimal]:
        """Return by how many times each figure of all departments has moved, where there are enough of them."""
        found: dict[str, list[Decimal]] = defaultdict(list)
        for key, mine in self.now.items():
            for code, fact in mine.items():
                line = self._line(key, code)[:-1]
                if line:
                    floor = self.doubts.least
                    found[code].append(max(fact.value, floor) / max(Decimal(median(one.value for one in line)), floor))
        return {code: Decimal(median(values)) for code, values in found.items() if len(values) >= self.doubts.peers}

    def ratios(self) -> Iterator[Question]:
        """Yield figures whose ratio to one another is out of bounds."""
        for ratio in self.doubts.ratios:
            above, below = expression(ratio.numerator), expression(ratio.denominator)
            for mine in self.now.values():
                values = {code: one.value for code, one in mine.items()}
                numerator, denominator = above.value(values), below.value(values)
                if numerator is None or denominator is None or _within(ratio, numerator, denominator):
                    continue
                parts = [mine[code] for code in dict.fromkeys((*above.names, *below.names))]
                shown = f"{_cut(ratio, numerator / denominator).normalize():f}" if denominator else "分母为0"
                told = "，".join(f"{self._label(one.indicator)}{one.value.normalize():f}" for one in parts)
                yield self._question("ratio", parts, f"{ratio.title}为{shown}（{told}），应{_bounds(ratio)}", ())

    def lists(self) -> Iterator[Question]:
        """Yield lists whose cases are all those of an earlier round, or that have one amount in a whole column.

        That two departments name the same cases is no question: they count once, with the credit shared.
        """
        for place, mine in self.listed[self.rounds[-1]].items():
            columns: dict[str, list[Fact]] = defaultdict(list)
            for (column, _), fact in mine.items():
                columns[column].append(fact)
            cases = max(len(one) for one in columns.values())
            if cases < self.doubts.copied:
                continue
            values = {case: one.value for case, one in mine.items()}
            for before in reversed(self.rounds[:-1]):
                theirs = self.listed[before].get(place, {})
                if values == {case: one.value for case, one in theirs.items()}:
                    said = f"所列{cases}件与{self.labels.get(before, before)}完全相同"
                    yield self._question("copied", mine.values(), said, theirs.values())
                    break
            for column, filled in columns.items():
                amounts = {one.value for one in filled}
                # as one a case itself is counted
                if len(amounts) == 1 and max(amounts) >= max(self.doubts.least, Decimal(2)) and column in self.items:
                    said = f"“{self._label(column)}”{len(filled)}件都填{max(amounts).normalize():f}"
                    yield self._question("constant", filled, said, ())

    def _line(self, key: Key, code: str) -> list[Fact]:
        """Return a figure's series over the rounds, this one's last."""
        found = (self.by[a].get(key, {}).get(code) for a in self.rounds)
        return [one for one in found if one]

    def _flows(self, code: str) -> bool:
        """Return whether a figure is one of the period: what stands from round to round may stay as it is."""
        return self.items[code].over_periods == "sum"

    def _label(self, code: str) -> str:
        return self.items[code].label

    def _money(self, code: str) -> bool:
        return self.items[code].unit.endswith("元")

    def _question(self, kind: str, figures: Iterable[Fact], said: str, against: Iterable[Fact]) -> Question:
        mine = tuple(figures)
        first = mine[0]
        text = f"{self.names.get(first.department, first.department)}任务{first.duty}：{said}"
        return Question(kind, first.expected, text, mine, tuple(against))


def _within(ratio: Ratio, numerator: Decimal, denominator: Decimal) -> bool:
    """Return whether a ratio keeps its bounds; something of nothing keeps none, nothing of nothing all."""
    if not denominator:
        return not numerator
    low = ratio.at_least is None or numerator >= ratio.at_least * denominator
    return low and (ratio.at_most is None or numerator <= ratio.at_most * denominator)


def _cut(ratio: Ratio, value: Decimal) -> Decimal:
    """Return a value out of bounds to two decimals, so that it never looks as if it kept them."""
    low = ratio.at_least is not None and value < ratio.at_least
    return value.quantize(Decimal("0.01"), ROUND_FLOOR if low else ROUND_CEILING)


def _bounds(ratio: Ratio) -> str:
    low = f"不低于{ratio.at_least.normalize():f}" if ratio.at_least is not None else ""
    high = f"不高于{ratio.at_most.normalize():f}" if ratio.at_most is not None else ""
    return "、".join(one for one in (low, high) if one)


def cited(one: Fact) -> str:
    """Return where a figure stands: `R-2020-000012 公安局.xlsx 配合任务!E12`."""
    return f"{one.envelope} {one.file} {one.sheet}!{one.cell}"


def sheet(found: Iterable[Question]) -> Sheet:
    """Return the questions as a sheet of the roll-up, each with the cells it compares."""
    rows: list[tuple[Cell, ...]] = [
        (at, one.chinese, one.text, _cells(one.figures), _cells(one.against) or "—") for at, one in enumerate(found, start=1)
    ]
    columns = (("序号", 7.0), ("类型", 11.0), ("疑问", 60.0), ("本期数所在", 44.0), ("对照数所在", 44.0))
    return Sheet("数据疑问", "数据疑问（供核对，不影响受理）", columns, tuple(rows), (3, 4, 5))


def _cells(facts: Sequence[Fact]) -> str:
    told = "\n".join(f"{cited(one)}＝{one.value.normalize():f}" for one in facts[:4])
    return told + (f"\n等{len(facts)}个数" if len(facts) > 4 else "")
