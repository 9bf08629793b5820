"""How figures come together: over places, from departments to their total, and over periods, from rounds to what they come to.

Over periods comes first: each department's own, then those of all. A ratio is always that of the totals, never of other ratios.
What divides is kept exact until it is shown, so neither the order of arrival nor the shape of the tree changes a figure.
"""

from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from fractions import Fraction

from campaigns.items import Item

Exact = Decimal | Fraction
SCALES = {"%": 100, "％": 100, "‰": 1000}  # of a ratio, by its unit


def over_places(item: Item, values: Iterable[Exact]) -> Exact:
    """Return what departments' figures come to; ValueError when there are none."""
    first, *rest = values
    for value in rest:
        first = together(item, first, value)
    return first


def total(item: Item, values: Iterable[Exact]) -> Decimal:
    """Return the same as it is published."""
    return shown(over_places(item, values), item.decimals)


def together(item: Item, one: Exact, other: Exact) -> Exact:
    """Return what the figures of two departments come to."""
    if item.over_places != "sum":
        return max(one, other)
    return _sum(one, other)


def over_periods(item: Item, values: Sequence[Decimal]) -> Exact:
    """Return what the figures of one department come to, given in the order of the rounds; ValueError when there are none."""
    if item.over_periods == "average":
        return Fraction(sum(values)) / len(values)
    return {"latest": values[-1], "max": max(values), "sum": sum(values, Decimal(0))}[item.over_periods]


def cumulated(item: Item, before: Decimal, averaged: tuple[Decimal, int], now: Decimal) -> Decimal:
    """Return the cumulative line of a form: what it comes to with this round, when the rounds before came to `before`.

    `averaged` is what an average is made of: the sum of the rounds before, and how many they are.
    """
    match item.over_periods:
        case "latest":
            return now
        case "max":
            return max(before, now)
        case "average":
            whole, rounds = averaged
            return shown(Fraction(whole + now) / (rounds + 1), item.decimals)
    return before + now


def ratio(item: Item, figures: Mapping[str, Exact]) -> Exact | None:
    """Return a ratio of totals in its unit, `%` counting in hundredths; None where it is of nothing."""
    above, below = (figures.get(part) for part in item.ratio_of)
    if above is None or not below:
        return None
    return Fraction(above) / Fraction(below) * SCALES.get(item.unit, 1)


def shown(value: Exact, decimals: int) -> Decimal:
    """Return a figure as it is published: what divides is rounded half up to its decimals, everything else stays as it is."""
    if isinstance(value, Decimal):
        return value
    scaled = value * 10**decimals
    whole = (2 * scaled.numerator + scaled.denominator) // (2 * scaled.denominator)
    return Decimal(whole).scaleb(-decimals)


def _sum(one: Exact, other: Exact) -> Exact:
    if isinstance(one, Decimal) and isinstance(other, Decimal):
        return one + other
    return Fraction(one) + Fraction(other)
