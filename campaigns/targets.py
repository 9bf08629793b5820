"""What indicators were to come to, and what they came to: every attainment with the figures it rests on.

A share is that of the totals, never an average of shares. Where nothing was reported there is no attainment: never a zero.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal
from fractions import Fraction
from typing import TYPE_CHECKING

from campaigns.definition import Definition, Target
from campaigns.formulas import SCALES
from campaigns.items import codes_of
from campaigns.organs import Directory
from campaigns.rules import expression
from campaigns.sheets import Cell, Sheet

if TYPE_CHECKING:
    from campaigns.rollup import Fact

WHOLE = ""  # in place of a department: all of them together
Figures = Mapping[str, Decimal]  # by indicator


@dataclass(frozen=True, slots=True)
class Attainment:
    """What a target came to for a department, or for the whole: `value` is exact to two decimals, cut on the side that misses.

    `met` is None where nothing was reported, or where it is not met and its year is still to come. `facts` are its pedigree.
    """

    target: Target
    department: str
    value: Decimal | None
    numerator: Decimal | None
    denominator: Decimal | None
    met: bool | None
    facts: "tuple[Fact, ...]"

    @property
    def text(self) -> str:
        """Return the word officers read: 已达到, 未达到, 未到目标年, 没有数."""
        if self.value is None:
            return "没有数"
        return {True: "已达到", False: "未达到", None: f"未到目标年（{self.target.by}年）"}[self.met]

    @property
    def gap(self) -> Decimal | None:
        """Return by how much the bound is missed; None where it is not."""
        if self.value is None or self.met:
            return None
        bound = self.target.at_least if self.target.at_least is not None else self.target.at_most
        return abs(self.value - bound) if bound is not None else None


def attained(
    targets: Iterable[Target],
    forms: Sequence[str],
    year: int,
    period: Mapping[str, Figures],
    cumulative: Mapping[str, Figures],
    facts: "Sequence[Fact]",
    round_id: str,
    quotas: Mapping[str, Mapping[str, Decimal]] | None = None,
) -> tuple[Attainment, ...]:
    """Return what the targets of these forms came to in a year: of the whole first, then of each department that has figures.

    `period` and `cumulative` are totals by department, the whole under ""; `facts` are those of this round and the ones before;
    `quotas` the bounds of single departments, by target.
    """
    found = []
    for target in targets:
        if target.form not in forms:
            continue
        totals = period if target.over == "period" else cumulative
        mine: dict[str, list[Fact]] = defaultdict(list)
        names = _names(target)
        for fact in facts:
            if fact.indicator in names and (target.over == "cumulative" or fact.round == round_id):
                mine[fact.department].append(fact)
                mine[WHOLE].append(fact)
        own = (quotas or {}).get(target.id, {})
        for department in (WHOLE, *sorted(code for code in totals if code)):
            if target.of == ("each" if department == WHOLE else "whole") or (department and own and department not in own):
                continue  # the document holds nobody of this kind to it, or has no quota for this one
            aim = target.with_bound(own[department]) if department in own else target
            one = _attained(aim, department, totals.get(department, {}), tuple(mine[department]), year)
            if one.value is not None or department == WHOLE:
                found.append(one)
    return tuple(found)


def quotas_of(definition: Definition, directory: Directory) -> dict[str, dict[str, Decimal]]:
    """Return the bounds of single departments, by target and department: their own, else those of a group they are in."""
    found: dict[str, dict[str, Decimal]] = {}
    for target in definition.targets:
        named = [(codes_of(name, definition, directory), bound) for name, bound in target.quotas.items()]
        for codes, bound in sorted(named, key=lambda one: -len(one[0])):
            found.setdefault(target.id, {}).update(dict.fromkeys(codes, bound))
    return found


def _names(target: Target) -> frozenset[str]:
    """Return the figures a target is made of."""
    return frozenset(name for part in (target.numerator, target.denominator) if part for name in expression(part).names)


def _attained(target: Target, department: str, figures: Figures, mine: "tuple[Fact, ...]", year: int) -> Attainment:
    above = expression(target.numerator)
    below = expression(target.denominator) if target.denominator else None
    numerator, denominator = above.value(figures), below.value(figures) if below else None
    if numerator is None or (below and not denominator):
        return Attainment(target, department, None, numerator, denominator, None, mine)
    exact = Fraction(numerator) / Fraction(denominator or 1) * (SCALES.get(target.unit, 1) if below else 1)
    met: bool | None = _holds(target, exact)
    if not met and target.by is not None and year < target.by:
        met = None
    return Attainment(target, department, _cut(target, exact), numerator, denominator, met, mine)


def _holds(target: Target, value: Fraction) -> bool:
    if target.at_least is not None:
        return value >= Fraction(target.at_least)
    return target.at_most is not None and value <= Fraction(target.at_most)


def _cut(target: Target, value: Fraction) -> Decimal:
    """Return a value to two decimals, so that what misses its bound never looks as if it met it."""
    shown = Decimal(value.numerator) / Decimal(value.denominator)
    return shown.quantize(Decimal("0.01"), ROUND_FLOOR if target.at_least is not None else ROUND_CEILING).normalize() + 0


def sheet(found: Iterable[Attainment], names: Mapping[str, str]) -> Sheet:
    """Return the attainments as a sheet of the roll-up."""
    rows: list[tuple[Cell, ...]] = [
        (
            one.target.title,
            one.target.chinese,
            one.target.bound + (f"（{one.target.by}年）" if one.target.by else ""),
            names.get(one.department, "合计"),
            one.numerator,
            one.denominator,
            None if one.value is None else f"{one.value:f}{one.target.unit}",
            one.text,
            None if one.gap is None else f"{one.gap.normalize():f}{one.target.unit}",
            f"{len(one.facts)}个数" if one.facts else None,
        )
        for one in found
    ]
    columns = (
        ("指标", 34.0), ("属性", 9.0), ("目标", 22.0), ("单位", 22.0), ("分子", 12.0), ("分母", 12.0),
        ("完成", 12.0), ("情况", 20.0), ("差距", 12.0), ("取自", 10.0),
    )  # fmt: skip
    return Sheet("目标完成", "目标完成情况", columns, tuple(rows), (1, 3, 4))
