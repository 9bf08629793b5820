"""Facts -> totals of a round, each with its pedigree, and how much of what was owed they cover.

A fact is a department's own figure of the period, so every figure counts once, whether its department leads or cooperates.
Where nothing was reported there is no figure: never a zero.
"""

from collections import defaultdict
from collections.abc import Hashable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import TypeVar

from campaigns.definition import Role
from campaigns.items import Item, figures_of
from campaigns.plan import ExpectedReport, Plan
from campaigns.states import Standing, State, chinese, state, tally

Figures = Mapping[str, Decimal]  # by indicator
Key = TypeVar("Key", bound=Hashable)


@dataclass(frozen=True, slots=True)
class Fact:
    """One figure of a submission in effect, and where it stands."""

    expected: str
    duty: int
    department: str
    role: str
    indicator: str
    value: Decimal
    sheet: str
    cell: str
    submission: str
    envelope: str
    file: str


@dataclass(frozen=True, slots=True)
class Entry:
    """How one expected report stands: who, for which duty, when due, when received, in which version and file."""

    expected: str
    duty: int
    department: str
    department_name: str
    role: Role
    due_at: datetime
    received_at: datetime | None
    state: State
    state_text: str
    nil: bool
    version: int
    file: str

    @property
    def reported(self) -> bool:
        """Return whether something counts for it, in time or late, figures or zero."""
        return self.state in (State.RECEIVED, State.LATE, State.NIL)


@dataclass(frozen=True, slots=True)
class Coverage:
    """How many expected reports are in which state; `missing` says who has not reported what."""

    counts: Mapping[str, int]
    missing: tuple[str, ...]

    @property
    def owed(self) -> int:
        """Return how many had to report: waived and not applicable ones are not owed."""
        return self.counts["expected"] - self.counts["waived"] - self.counts["not_applicable"]

    @property
    def reported(self) -> int:
        """Return how many of them did."""
        return self.counts["received"] + self.counts["late"] + self.counts["nil"]

    @property
    def rate(self) -> Decimal | None:
        """Return the share that reported, None when nothing was owed."""
        return Decimal(self.reported) / self.owed if self.owed else None

    @property
    def text(self) -> str:
        """Return the statement that goes with every total."""
        counts = self.counts
        parts = [f"应报{self.owed}项，已报{self.reported}项"]
        if self.rate is not None:
            parts.append(f"（报送率{percent(self.rate)}）")
        parts.append(
            f"：按时{counts['received']}项，零报告{counts['nil']}项，迟报{counts['late']}项；逾期未报{counts['missing']}项"
        )
        for key, label in (("open", "未到期"), ("waived", "免报"), ("not_applicable", "不适用")):
            if counts[key]:
                parts.append(f"，{label}{counts[key]}项")
        parts.append("。合计只含已报数据，未报的不按零计。" if self.reported < self.owed else "。")
        return "".join(parts)


@dataclass(frozen=True, slots=True)
class RollUp:
    """The totals of a round. Figures are there only where something was reported; `overall` names every indicator."""

    campaign_title: str
    office: str
    round: str
    round_label: str
    covers: str
    as_of: datetime
    indicators: tuple[Item, ...]
    duties: Mapping[int, tuple[str, str]]  # number -> title, leads
    departments: Mapping[str, str]  # code -> name
    facts: tuple[Fact, ...]
    cells: Mapping[tuple[int, str], Figures]  # duty, department
    by_duty: Mapping[int, Figures]
    by_department: Mapping[str, Figures]
    overall: Figures
    entries: tuple[Entry, ...]
    coverage: Coverage
    coverage_of: Mapping[str, Coverage]  # by department


def percent(rate: Decimal) -> str:
    """Return a share in per cent with one decimal; only what is whole is 100%."""
    shown = min(rate * 100, Decimal("99.9")) if rate < 1 else Decimal(100)
    return f"{shown.quantize(Decimal('0.1')).normalize():f}%"


def roll_up(plan: Plan, round_id: str, facts: Iterable[Fact], standings: Mapping[str, Standing], as_of: datetime) -> RollUp:
    """Return the totals of a round from the facts in effect, and the coverage at a moment."""
    a_round, campaign = plan.round(round_id), plan.definition.campaign
    owed = plan.expected_in(round_id)
    ids = {one.id for one in owed}
    indicators = figures_of(plan.definition, plan.directory, a_round.report)
    order = {one.id: at for at, one in enumerate(indicators)}
    known = (fact for fact in facts if fact.expected in ids and fact.indicator in order)
    counted = tuple(sorted(known, key=lambda fact: (fact.duty, fact.department, order[fact.indicator])))
    files = {fact.expected: fact.file for fact in counted}
    entries = tuple(_entry(plan, one, standings[one.id], files.get(one.id, ""), as_of) for one in owed)
    present = {one.department for one in owed}
    names = {organ.id: organ.name for organ in plan.directory.organs if organ.id in present}
    due = {one.duty for one in owed}
    return RollUp(
        campaign_title=campaign.title,
        office=campaign.office,
        round=round_id,
        round_label=a_round.label,
        covers=f"{a_round.covers_from.year}年{a_round.covers_from.month}月{a_round.covers_from.day}日至"
        f"{a_round.covers_until.year}年{a_round.covers_until.month}月{a_round.covers_until.day}日",
        as_of=as_of,
        indicators=indicators,
        duties={duty.number: (duty.title, "、".join(duty.leads)) for duty in plan.definition.duties if duty.number in due},
        departments=names,
        facts=counted,
        cells=_sums(((fact.duty, fact.department), fact) for fact in counted),
        by_duty=_sums((fact.duty, fact) for fact in counted),
        by_department=_sums((fact.department, fact) for fact in counted),
        overall={one.id: sum((f.value for f in counted if f.indicator == one.id), Decimal(0)) for one in indicators},
        entries=entries,
        coverage=_coverage(entries),
        coverage_of={code: _coverage([entry for entry in entries if entry.department == code]) for code in names},
    )


def _entry(plan: Plan, one: ExpectedReport, standing: Standing, file: str, as_of: datetime) -> Entry:
    now = state(standing, as_of)
    return Entry(
        expected=one.id,
        duty=one.duty,
        department=one.department,
        department_name=plan.directory.organ(one.department).name,
        role=one.role,
        due_at=standing.due_at,
        received_at=standing.received_at,
        state=now,
        state_text=chinese(standing, as_of),
        nil=standing.nil,
        version=standing.version,
        file=file,
    )


def _sums(pairs: Iterable[tuple[Key, Fact]]) -> Mapping[Key, Figures]:
    sums: dict[Key, dict[str, Decimal]] = defaultdict(dict)
    for key, fact in pairs:
        sums[key][fact.indicator] = sums[key].get(fact.indicator, Decimal(0)) + fact.value
    return dict(sums)


def _coverage(entries: Iterable[Entry]) -> Coverage:
    entries = tuple(entries)
    missing: dict[str, list[int]] = defaultdict(list)
    for entry in entries:
        if entry.state in (State.MISSING, State.OPEN):
            missing[entry.department_name].append(entry.duty)
    named = tuple(f"{name}（任务{'、'.join(str(duty) for duty in sorted(duties))}）" for name, duties in missing.items())
    return Coverage(tally(entry.state for entry in entries), named)
