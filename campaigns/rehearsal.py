"""A campaign rehearsed before launch, purely: who would get how many letters on which day if nobody reported until rounds close.

That is the most that can go out: whoever reports in time hears less. Letters with forms and reminders are counted; receipts,
bundles for leads and roll-ups answer to what comes in, and are not.
"""

from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime

from campaigns.definition import Rung
from campaigns.ladder import moment_of
from campaigns.organs import Organ
from campaigns.plan import OFFICE, ExpectedReport, Plan, Round
from campaigns.workdays import Slots, office_date


@dataclass(frozen=True, slots=True)
class Day:
    """One day of the rehearsal: how many letters go out, to how many people, to one of them at most; how many reports are due."""

    on: date
    letters: int
    people: int
    most: int
    due: int


@dataclass(frozen=True, slots=True)
class Load:
    """What one department gets: letters over the whole campaign, and the most reports it owes in one week (from its Monday)."""

    department: str
    letters: int
    week: date
    due: int


@dataclass(frozen=True, slots=True)
class Rehearsal:
    """The campaign day by day and department by department; what is due on rest days, and departments without a mailbox."""

    days: tuple[Day, ...]
    loads: tuple[Load, ...]
    on_rest_days: tuple[tuple[str, date], ...]
    without_mailbox: tuple[str, ...]

    @property
    def letters(self) -> int:
        """Return how many letters would go out at most."""
        return sum(day.letters for day in self.days)


def rehearse(plan: Plan, slots: Slots) -> Rehearsal:
    """Return what launching a plan would bring, by the same ladder and the same daily rounds that the office really uses."""
    organs = {organ.id: organ for organ in plan.directory.organs}
    rounds = {one.id: one for one in plan.rounds}
    letters: Counter[tuple[date, str]] = Counter()  # one letter with the form a round, one digest of reminders a day
    reminded: set[tuple[date, str]] = set()
    heard: dict[str, set[tuple[date, str]]] = defaultdict(set)
    due: Counter[date] = Counter()
    weeks: Counter[tuple[str, date]] = Counter()
    moments: dict[tuple[str, datetime, str], date | None] = {}
    for round_id, department in dict.fromkeys((one.round, one.department) for one in plan.expected):
        key = (office_date(slots.first_of(rounds[round_id].opens_on)), _mailbox(organs[department], "liaison"))
        letters[key] += 1
        heard[department].add((key[0], round_id))
    for one in plan.expected:
        day = office_date(one.due_at)
        due[day] += 1
        weeks[one.department, date.fromordinal(day.toordinal() - day.weekday())] += 1
        for rung in plan.definition.ladder:
            known = (one.round, one.due_at, rung.id)
            if known not in moments:
                moments[known] = _day_of(rung, one, rounds[one.round], slots)
            when = moments[known]
            if when is None:
                continue
            for department, audience in _heard_by(rung, one):
                mailbox = OFFICE if department == OFFICE else _mailbox(organs[department], audience)
                reminded.add((when, mailbox))
                heard[department].add((when, f"digest:{mailbox}"))
    letters.update(reminded)
    people: dict[date, set[str]] = defaultdict(set)
    total: Counter[date] = Counter()
    most: Counter[date] = Counter()
    for (day, mailbox), count in letters.items():
        people[day].add(mailbox)
        total[day] += count
        most[day] = max(most[day], count)
    busiest: dict[str, tuple[date, int]] = {}
    for (department, week), count in sorted(weeks.items(), key=lambda item: item[0][1]):
        if count > busiest.get(department, (week, 0))[1]:
            busiest[department] = (week, count)
    return Rehearsal(
        days=tuple(Day(day, total[day], len(people[day]), most[day], due[day]) for day in sorted({*total, *due})),
        loads=tuple(Load(code, len(heard[code]), *busiest[code]) for code in busiest),
        on_rest_days=tuple((one.label, one.due_on) for one in plan.rounds if not slots.workdays.is_working(one.due_on)),
        without_mailbox=tuple(code for code in busiest if not (organs[code].liaison or organs[code].deputy)),
    )


def _day_of(rung: Rung, one: ExpectedReport, a_round: Round, slots: Slots) -> date | None:
    """Return the day on which a rung speaks while its round is open and the report is still owed; None when it does not."""
    day = office_date(moment_of(rung, one.due_at, slots))
    late = rung.working_days > 0 or (rung.office_hours or 0) > 0
    if rung.times > 1 or (rung.states and ("missing" if late else "open") not in rung.states):
        return None
    return day if a_round.opens_on < day <= a_round.closes_on else None


def _heard_by(rung: Rung, one: ExpectedReport) -> Iterator[tuple[str, str]]:
    for audience in rung.audiences:
        if audience == "lead":
            yield from ((code, "liaison") for code in one.receivers if code not in (OFFICE, one.department))
        else:
            yield (OFFICE, OFFICE) if audience == OFFICE else (one.department, audience)


def _mailbox(organ: Organ, audience: str) -> str:
    contact = getattr(organ, audience, None) or organ.liaison or organ.deputy
    return contact.email if contact else OFFICE
