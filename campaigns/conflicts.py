"""Several campaigns together: who is asked twice for the same figure, and whose week holds too many reports (多头、重复)."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import combinations

from campaigns.critical import monday
from campaigns.items import items_of
from campaigns.organs import clashes, plain
from campaigns.plan import Plan, Round
from campaigns.workdays import office_date

MOST = 3  # reports of one liaison in one week; no document read sets a number, so it is an option


@dataclass(frozen=True, slots=True)
class Asked:
    """One of the reports that ask for a figure."""

    campaign: str
    report: str
    round: str
    covers_from: date
    covers_until: date


@dataclass(frozen=True, slots=True)
class Twice:
    """A figure that two reports ask of one department for periods that overlap."""

    department: str
    name: str
    figure: str
    unit: str
    one: Asked
    other: Asked


@dataclass(frozen=True, slots=True)
class Crowded:
    """A week in which one person owes more reports than is reasonable; what is due together in one workbook counts once."""

    person: str
    departments: tuple[str, ...]
    week: date
    reports: tuple[str, ...]


def asked_twice(plans: Sequence[Plan]) -> tuple[Twice, ...]:
    """Return every figure (same label and unit) asked of a department by two reports for overlapping periods.

    Two rounds of one report are no repetition. A department is the same in two campaigns when code and a name agree.
    """
    asked: dict[tuple[str, str, str], list[tuple[int, str, Asked]]] = {}
    for at, plan in enumerate(plans):
        debtors: dict[str, set[str]] = {}
        for one in plan.expected:
            debtors.setdefault(one.round, set()).add(one.department)
        for stands, rounds in _asking_alike(plan):
            report = stands.definition.report(rounds[0].report)
            for department in sorted({code for one in rounds for code in debtors.get(one.id, ())}):
                figures = {
                    (plain(item.label), plain(item.unit))
                    for code in report.forms
                    for item in items_of(stands.definition.form(code), department, stands.definition, stands.directory)
                    if item.counts
                }
                name = plan.organ(department).name
                for figure, unit in sorted(figures):
                    asked.setdefault((department, figure, unit), []).extend(
                        (at, name, _asked(plan, one)) for one in rounds if department in debtors.get(one.id, ())
                    )
    apart = {(a, b): {mine.id for mine, _ in clashes(plans[a].directory, plans[b].directory)} for a, b in _pairs(plans)}
    return tuple(
        Twice(department, name, figure, unit, one, other)
        for (department, figure, unit), all_asked in asked.items()
        for (a, name, one), (b, _, other) in combinations(all_asked, 2)
        if (one.campaign, one.report) != (other.campaign, other.report)
        and one.covers_from <= other.covers_until
        and other.covers_from <= one.covers_until
        and department not in apart.get((a, b), ())
    )


def crowded_weeks(plans: Iterable[Plan], most: int = MOST) -> tuple[Crowded, ...]:
    """Return the weeks in which a liaison owes more than `most` reports, by week; a department without one stands for itself."""
    owed: dict[tuple[str, date], dict[str, set[str]]] = {}
    for plan in plans:
        labels = {one.id: f"{plan.definition.campaign.short_title}·{one.label}" for one in plan.rounds}
        for one in plan.expected:
            organ = plan.organ(one.department)
            person = organ.reporter.email.lower() if organ.reporter else organ.name
            week = owed.setdefault((person, monday(office_date(one.due_at))), {})
            week.setdefault(organ.name, set()).add(labels[one.round])
    found = (
        Crowded(person, tuple(by), week, tuple(sorted(f"{name}：{label}" for name, labels in by.items() for label in labels)))
        for (person, week), by in owed.items()
    )
    return tuple(sorted((one for one in found if len(one.reports) > most), key=lambda one: (one.week, one.person)))


def _asking_alike(plan: Plan) -> Iterable[tuple[Plan, list[Round]]]:
    """Return the rounds of each report with the plan they stand under: those that ended before an amendment apart."""
    found: dict[tuple[str, int], tuple[Plan, list[Round]]] = {}
    for one in plan.rounds:
        stands = plan.of(one.id)
        found.setdefault((one.report, id(stands)), (stands, []))[1].append(one)
    return found.values()


def _asked(plan: Plan, one: Round) -> Asked:
    return Asked(plan.definition.campaign.id, one.report, one.id, one.covers_from, one.covers_until)


def _pairs(plans: Sequence[Plan]) -> Iterable[tuple[int, int]]:
    return combinations(range(len(plans)), 2)
