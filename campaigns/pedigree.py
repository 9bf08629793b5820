"""Where a figure of a roll-up comes from, down to the cell, and what changed from one version of a roll-up to the next."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from hashlib import sha256
from typing import Any

from campaigns.forms import header
from campaigns.items import Item, rolled_of
from campaigns.plan import Plan
from campaigns.rollup import Fact, Figures, RollUp, totals
from campaigns.sheets import Sheet

PERIOD, CUMULATIVE = "本期", "累计"


@dataclass(frozen=True, slots=True)
class Opened:
    """One figure opened: what it comes to in the period and with the rounds before, and the facts it is made of.

    A ratio is made of the facts of both its parts. `below` gives what each place just below comes to.
    """

    item: Item
    period: Decimal | None
    cumulative: Decimal | None
    facts: tuple[Fact, ...]
    earlier: tuple[Fact, ...]
    below: tuple[tuple[str, Decimal], ...]  # name of the place, what it comes to in the period


def opened(rollup: RollUp, indicators: Collection[str] = (), duty: int | None = None, place: str = "") -> Iterator[Opened]:
    """Yield the figures of a roll-up that are meant, all without a selection: of a duty, of a place with all below it."""
    inside = _inside(rollup, place)
    facts, earlier = (
        tuple(one for one in every if one.department in inside and duty in (None, one.duty))
        for every in (rollup.facts, rollup.earlier)
    )
    above = {one.code: one.above if one.above in inside else "" for one in rollup.places if one.code in inside}
    period = totals(facts, rollup.indicators, above)
    cumulative = totals((*earlier, *facts), rollup.indicators, above)
    for item in rollup.indicators:
        if indicators and item.id not in indicators:
            continue
        parts = item.ratio_of or (item.id,)
        yield Opened(
            item,
            period.overall.get(item.id),
            cumulative.overall.get(item.id),
            tuple(fact for fact in facts if fact.indicator in parts),
            tuple(fact for fact in earlier if fact.indicator in parts),
            tuple(
                (one.name, period.by_place[one.code][item.id])
                for one in rollup.places
                if one.above == place and item.id in period.by_place.get(one.code, {})
            ),
        )


def _inside(rollup: RollUp, place: str) -> frozenset[str]:
    """Return a place and all below it; every place when none is named."""
    found = {place} if place else {one.code for one in rollup.places}
    for one in rollup.places:  # from the top down
        if one.above in found:
            found.add(one.code)
    return frozenset(found)


@dataclass(frozen=True, slots=True)
class Change:
    """A figure that is not what the version before said; None where there is or was none."""

    where: str
    figure: str
    line: str
    before: Decimal | None
    after: Decimal | None
    because: str = ""

    @property
    def text(self) -> str:
        """Return what an officer reads: `任务1·市商务局　立案（件）本期：3 → 5（第1版 → 第2版）`."""
        old, new = ("未报" if one is None else f"{one.normalize():f}" for one in (self.before, self.after))
        return f"{self.where}　{self.figure}{self.line}：{old} → {new}" + f"（{self.because}）" * bool(self.because)


def published(rollup: RollUp, more: Sequence[Sheet] = ()) -> dict[str, Any]:
    """Return the figures of a roll-up as they are kept with its workbook: all totals, and each fact with where it stands.

    `shown` is the SHA-256 of all else that the workbook says with `more` sheets, names and dates.
    """

    def of(figures: Figures) -> dict[str, str]:
        return {code: f"{value:f}" for code, value in figures.items()}

    def lines(line: str) -> dict[str, dict[str, str]]:
        said = rollup.period if line == PERIOD else rollup.cumulative
        found = {"": of(said.overall)}
        found |= {f"duty/{duty}": of(figures) for duty, figures in said.by_duty.items()}
        found |= {f"place/{code}": of(figures) for code, figures in said.by_place.items()}
        return found | {f"cell/{duty}/{code}": of(figures) for (duty, code), figures in said.cells.items()}

    return {
        "round": rollup.round,
        "coverage": rollup.coverage.text,
        "states": {fact.expected: ["", fact.version] for fact in rollup.earlier}
        | {entry.expected: [entry.state.value, entry.version] for entry in rollup.entries},
        "shown": _digest(rollup, more),
        PERIOD: lines(PERIOD),
        CUMULATIVE: lines(CUMULATIVE),
        "facts": [
            [fact.expected, fact.indicator, f"{fact.value:f}", fact.sheet, fact.cell, fact.submission, fact.key]
            for fact in rollup.facts
        ],
    }


def _digest(rollup: RollUp, more: Sequence[Sheet]) -> str:
    heads = [rollup.campaign_title, rollup.office, rollup.round_label, rollup.covers, rollup.since]
    names = [header(one) for one in rollup.indicators], [*rollup.all_duties.items()], [*rollup.all_departments.items()]
    said = repr([heads, names, rollup.entries, rollup.places, rollup.coverage, [*more]])
    return sha256(said.encode(errors="backslashreplace")).hexdigest()


def headings(plan: Plan, report: str) -> Mapping[str, str]:
    """Return what the figures of a report are called, by code, also those that an amendment has taken out."""
    return {
        item.id: header(item)
        for one in (*(former.plan for former in plan.earlier), plan)
        if any(each.id == report for each in one.definition.reports)
        for item in rolled_of(one.definition, one.directory, report)
    }


def changes(
    before: Mapping[str, Any],
    after: Mapping[str, Any],
    rollup: RollUp,
    named: Mapping[str, str],
    headed: Mapping[str, str],
) -> tuple[Change, ...]:
    """Return every figure that differs between two versions of a roll-up as `published` gives them, in the newer one's words.

    `named` are the names of all departments by code, `headed` those of all figures, also of those that it no longer asks.
    """
    items = {item.id: item for item in rollup.indicators}
    order = {code: at for at, code in enumerate(items)}
    found = []
    for line in (PERIOD, CUMULATIVE):
        old, new = before[line], after[line]
        for where in dict.fromkeys([*new, *old]):
            was, now = old.get(where, {}), new.get(where, {})
            for code in sorted(was.keys() | now.keys(), key=lambda one: order.get(one, len(order))):
                if was.get(code) != now.get(code):
                    figure = header(items[code]) if code in items else headed[code]
                    told = _because(where, line, before, after, rollup)
                    found.append(Change(_named(where, rollup, named), figure, line, _amount(was, code), _amount(now, code), told))
    return tuple(found)


def _amount(figures: Mapping[str, str], code: str) -> Decimal | None:
    return Decimal(figures[code]) if code in figures else None


def _named(where: str, rollup: RollUp, named: Mapping[str, str]) -> str:
    """Return how an officer names what a figure belongs to."""
    kind, _, rest = where.partition("/")
    match kind:
        case "duty":
            return f"任务{rest}合计"
        case "place":
            return named[rest] + "（含下级）" * any(one.above == rest for one in rollup.places)
        case "cell":
            duty, _, code = rest.partition("/")
            return f"任务{duty}·{named[code]}"
    return "总计"


def _because(where: str, line: str, before: Mapping[str, Any], after: Mapping[str, Any], rollup: RollUp) -> str:
    """Return which versions of the reports behind a single figure were exchanged; nothing for a total."""
    kind, _, rest = where.partition("/")
    told = []
    for code in rollup.labels if kind == "cell" else ():
        old, new = (said["states"].get(f"{code}/{rest}", ["", 0])[1] for said in (before, after))
        if old != new and (line == CUMULATIVE or code == rollup.round):
            versions = [f"第{number}版" if number else "未报" for number in (old, new)]
            told.append(rollup.labels[code] * (code != rollup.round) + " → ".join(versions))
    return "；".join(told)
