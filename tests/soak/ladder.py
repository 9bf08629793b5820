"""Months of reminders in virtual time, with runs that were skipped and a mail server that was down: each rung once, or by name.

    python -m tests.soak.ladder                10,000 expected reports over 180 days
    python -m tests.soak.ladder 100 60 7       a hundred over sixty days, with seed 7

The tick's own tasks run on a real SQLite ledger. What they said is judged afterwards from its letters and notices alone, against
what befell each report: when it came, when it was waived, when its date was moved.
"""

import os
import random
import sqlite3
import sys
import tempfile
from bisect import bisect_left
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass, field
from datetime import UTC, datetime, time, timedelta
from pathlib import Path

from campaigns.clocks import Clock
from campaigns.definition import USUAL_LADDER
from campaigns.events import Event
from campaigns.ladder import moment_of
from campaigns.plan import OFFICE, Plan
from campaigns.records import MessageRecord, RoundRecord
from campaigns.workdays import Slots, instant, office_date, office_time
from tasks.campaign import live_campaigns
from tasks.closing import close_rounds
from tasks.dispatch import open_rounds
from tasks.office import Office
from tasks.remind import remind
from tasks.sending import deliver
from tests.flows.test_tick import CAMPAIGN, LAUNCHED
from tests.integrations.mailboxes import free_port
from tests.soak.offices import large_plan, new_office

DUTIES = 20
_DAY = timedelta(days=1)
_CAMPAIGN_EVENTS = {"came": "submission.accepted", "waived": "report.waived", "moved": "due.moved"}
_NAMED = {"opened", "moved", "date", "nobody"}


@dataclass(slots=True)
class Befell:
    """What befell one expected report: until when it was owed, and each date with the instant from which it was in force."""

    dates: list[tuple[datetime, datetime]]
    ended: datetime | None = None


@dataclass(slots=True)
class Months:
    """What was lived through: the ticks, of which some could reach no mail server, and what befell the reports."""

    plan: Plan
    slots: Slots
    reports: dict[str, Befell] = field(default_factory=dict)
    ticks: dict[datetime, bool] = field(default_factory=dict)  # whether letters could leave


def run(reports: int, days: int, seed: int) -> tuple[list[str], str]:
    """Return what went wrong over so many days with about so many expected reports, and what was lived through."""
    with tempfile.TemporaryDirectory(prefix="ld") as name:
        rounds = max(1, days // 30)
        dates = (office_date(LAUNCHED) + (30 * number - 5) * _DAY for number in range(1, rounds + 1))
        duties = min(DUTIES, max(1, reports // (10 * rounds)))
        plan = large_plan(max(2, round(reports / rounds / duties)), duties, Clock(dates=tuple(map(str, dates))))
        office = new_office(Path(name) / "office", plan)
        months = _live(office, plan, days, random.Random(seed))
        with office.ledger() as ledger:
            sent = sum(one.kind in ("reminder", "overdue") and one.status == "sent" for one in ledger.messages())
        lived = f"{len(plan.expected)} expected reports, {days} days, {len(months.ticks)} ticks, {sent} letters of reminders"
        return list(_judge(office, months)), lived


def _live(office: Office, plan: Plan, days: int, chance: random.Random) -> Months:
    """Return what happened: departments answer, the office decides, ticks go or are skipped."""
    months = Months(plan, office.slots(plan))
    months.reports = {one.id: Befell([(LAUNCHED, one.due_at)]) for one in plan.expected}
    coming = _fates(plan, months, chance)
    idle, down = 0, 0
    for number in range(days):
        day = office_date(LAUNCHED) + number * _DAY
        idle = max(0, idle - 1) or (chance.randint(1, 6) if chance.random() < 0.05 else 0)
        down = max(0, down - 1) or (chance.randint(1, 4) if chance.random() < 0.08 else 0)
        hours = [time(hour, chance.randrange(60)) for hour in (8, 9, 12, 14, 15, 17, 22) if chance.random() < 0.45]
        for moment in sorted(instant(day, one) for one in hours) if not idle else ():
            while coming and coming[-1][0] <= moment:
                _happen(office, months, *coming.pop())
            lost = bool(down) and chance.random() < 0.8
            if lost:
                os.environ |= {"LIANDONG_SMTP__HOST": "127.0.0.1", "LIANDONG_SMTP__PORT": str(free_port())}
            else:
                for one in ("HOST", "PORT"):
                    os.environ.pop(f"LIANDONG_SMTP__{one}", None)
            for _ in range(chance.choice((1, 1, 1, 2))):
                _tick(moment)
            months.ticks[moment] = not lost
    return months


def _tick(moment: datetime) -> None:
    """Do what a tick does about letters; what it writes about forms and pages is not looked at here."""
    for campaign in live_campaigns():
        open_rounds(campaign, moment)
    remind(moment)
    for campaign in live_campaigns():
        close_rounds(campaign, moment)
    deliver(moment)


def _fates(plan: Plan, months: Months, chance: random.Random) -> list[tuple[datetime, str, str]]:
    """Return what will befall the reports, the last first: most come around their date, some never, some are moved or waived."""
    opens = {one.id: one.opens_on for one in plan.rounds}
    found = []
    for one in plan.expected:
        start = instant(opens[one.round], time(9)) + _DAY
        if chance.random() < 0.1:
            found.append((start + chance.random() * timedelta(days=12), one.id, "moved"))
        if chance.random() < 0.03:
            found.append((start + chance.random() * timedelta(days=12), one.id, "waived"))
        if chance.random() < 0.8:
            found.append((one.due_at + chance.triangular(-15, 8, -1) * _DAY, one.id, "came"))
    return sorted(found, reverse=True)


def _happen(office: Office, months: Months, moment: datetime, report: str, what: str) -> None:
    mine = months.reports[report]
    with office.ledger() as ledger:
        standing = ledger.standing(report)
        if standing.opened_at is None or standing.closed_at or not standing.owed or moment < standing.opened_at:
            return
        data = {
            "came": {"nil": False, "version": 1, "submission": report},
            "waived": {"basis": "试验"},
            "moved": {"to": (standing.due_at + 3 * _DAY).isoformat()},
        }[what]
        ledger.record(Event(CAMPAIGN, _CAMPAIGN_EVENTS[what], report, moment, "office", f"{what}:{report}", data))
    if what == "moved":
        mine.dates.append((moment, standing.due_at + 3 * _DAY))
    else:
        mine.ended = moment


@dataclass(frozen=True, slots=True)
class Said:
    """A notice as the ledger's file holds it."""

    about: str
    rung: str
    version: int
    audience: str
    made_at: datetime
    by: str
    letter: str | None


def _judge(office: Office, months: Months) -> Iterator[str]:
    """Yield one line for everything that was said too often, too late, at a wrong hour, or not at all."""
    with office.ledger() as ledger:
        letters = {one.key: one for one in ledger.messages() if one.kind in ("reminder", "overdue")}
        rounds = {one.id: one for one in ledger.rounds(CAMPAIGN)}
    yield from _hours(list(letters.values()), months.slots)
    said = _notices(office)
    twice = Counter((one.about, one.rung, one.version, one.audience) for one in said)
    yield from (f"{count} times: {key}" for key, count in twice.items() if count > 1)
    sent_about: dict[str, list[str]] = defaultdict(list)
    for one in said:
        fate = months.reports[one.about]
        named = one.by in _NAMED or one.by in {rung.id for rung in months.plan.definition.ladder}
        if (one.letter is None) != named or (one.letter is not None and one.letter not in letters):
            yield f"neither said nor superseded by name: {one}"
        if fate.ended and one.made_at >= fate.ended:
            yield f"after its receipt at {fate.ended}: {one}"
        if one.letter:
            sent_about[one.letter].append(one.about)
    for key, about in sent_about.items():
        sent = letters[key].sent_at
        ends = [months.reports[one].ended for one in about]
        if sent and all(end is not None and end <= sent for end in ends):
            yield f"sent at {sent}, when all that it speaks of had come: {key}"
    yield from _unsaid(months, rounds, twice)


def _hours(letters: list[MessageRecord], slots: Slots) -> Iterator[str]:
    """Yield what left on one day twice, or at night or on a rest day."""
    for what in ("made_at", "sent_at"):
        said = [(one.to_email, moment) for one in letters if (moment := getattr(one, what))]
        per_day = Counter((to, office_date(moment)) for to, moment in said)
        yield from (f"{count} letters {what} on one day: {to} {day}" for (to, day), count in per_day.items() if count > 1)
        yield from (f"{what} at a wrong hour: {to} {office_time(moment)}" for to, moment in said if not _working(moment, slots))


def _working(moment: datetime, slots: Slots) -> bool:
    local = office_time(moment)
    return slots.workdays.is_working(local.date()) and slots.hours.start <= local.time() <= slots.hours.end


def _notices(office: Office) -> list[Said]:
    """Return the notices about reports, read from the file itself."""
    rungs = {one.id for one in USUAL_LADDER}
    query = "SELECT key, about, rung, due_version, made_at, by, message_key FROM notice ORDER BY key"
    with closing(sqlite3.connect(office.home / "liandong.db")) as file:
        found = file.execute(query).fetchall()
    return [
        Said(about, rung, version, key.split(":")[-2], datetime.fromisoformat(made).replace(tzinfo=UTC), by, letter)
        for key, about, rung, version, made, by, letter in found
        if rung in rungs  # the others are about a round
    ]


def _unsaid(months: Months, rounds: Mapping[str, RoundRecord], said: Mapping[tuple[str, str, int, str], int]) -> Iterator[str]:
    """Yield the rungs due at a tick, and at one of a later day, while the report was owed, of which nothing is known.

    Of a later day, because a person who gets a letter at the first hears the rest on the next day; while a letter waits for the
    mail server, nothing else is said to its reader.
    """
    speaking = [one for one in sorted(months.ticks) if _working(one, months.slots)]
    for report in months.plan.expected:
        fate, a_round = months.reports[report.id], rounds[report.round]
        if a_round.opened_at is None:
            continue
        version, (since, due_at) = len(fate.dates), fate.dates[-1]
        until = min(one for one in (fate.ended, a_round.closed_at, max(months.ticks) + _DAY) if one)
        for rung in months.plan.definition.ladder:
            start = max(moment_of(rung, due_at, months.slots), a_round.opened_at, since)
            due = speaking[bisect_left(speaking, start) : bisect_left(speaking, until)]
            first = next((one for one in due if months.ticks[one]), None)
            if first is None or office_date(first) == office_date(due[-1]) or rung.times > 1:
                continue  # how often a department was late is counted elsewhere
            for audience in rung.audiences:
                whom = [code for code in report.receivers if code not in (OFFICE, report.department)]
                names = [f"lead-{code}" for code in whom] if audience == "lead" else [audience]
                yield from (
                    f"never said: {report.id} {rung.id} {one} v{version}"
                    for one in names
                    if (report.id, rung.id, version, one) not in said
                )


if __name__ == "__main__":
    given = [int(one) for one in sys.argv[1:]]
    reports, days, seed = (*given, *(10_000, 180, 1)[len(given) :])
    problems, told = run(reports, days, seed)
    print(f"{told}, seed {seed}: {len(problems)} violations", *problems[:50], sep="\n")
    sys.exit(bool(problems))
