"""Climbing the ladder: who must be reminded of what, now, and when to look again.

A rung is due when its moment has come and it was not climbed yet: never when a date equals today. So a tick that is doubled, late
or skipped changes nothing but the hour at which a letter leaves. What nobody needs to hear any more is recorded, with what was
said instead:

* a rung before the date once the date has passed (`date`), and one whose moment lies before the round was opened or the date was
  moved (`opened`, `moved`);
* of several rungs that a person missed, on either side of the date, all but the newest (its code).
"""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, time, timedelta
from functools import lru_cache

from campaigns.definition import Rung
from campaigns.notices import Notice
from campaigns.plan import OFFICE
from campaigns.states import Standing, state
from campaigns.workdays import Slots, Workdays, instant, office_date, office_time

_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Owed:
    """An expected report as the ladder sees it; `receivers` are the leads it goes to, or the office."""

    id: str
    campaign: str
    round: str
    duty: int
    department: str
    role: str
    receivers: tuple[str, ...]
    standing: Standing


@dataclass(frozen=True, slots=True)
class Climb:
    """What one expected report brings now, and when to look at it again: never, when the ladder is climbed."""

    due: tuple[Notice, ...] = ()
    superseded: tuple[Notice, ...] = ()
    next_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Round:
    """What a tick brings: for each mailbox the notices of its one letter, those superseded, and when to look again at what."""

    digests: Mapping[str, tuple[Notice, ...]] = field(default_factory=dict)
    superseded: tuple[Notice, ...] = ()
    next_at: Mapping[str, datetime | None] = field(default_factory=dict)


@lru_cache(maxsize=4096)
def _moment(working_days: int, hour: str | None, office_hours: int | None, due_at: datetime, slots: Slots) -> datetime:
    """Return the instant of a rung; thousands of reports share a few dates."""
    due_on = office_date(due_at)
    day = slots.workdays.shift(due_on, working_days) if working_days else slots.workdays.on_or_before(due_on)
    if hour is not None:
        return instant(day, time.fromisoformat(hour))
    if office_hours is not None:
        from_date = due_at if not working_days else instant(day, office_time(due_at).time())
        return office_hours_from(from_date, office_hours, slots)
    return slots.first_of(day)


def rung_day(due_on: date, rung: Rung, workdays: Workdays) -> date:
    """Return the working day of a rung: counted from the due date, which itself counts as 0 and falls back from a rest day."""
    return workdays.shift(due_on, rung.working_days) if rung.working_days else workdays.on_or_before(due_on)


def moment_of(rung: Rung, due_at: datetime, slots: Slots) -> datetime:
    """Return the instant of a rung: its hour on its day, so many office hours from the date, else its day's first round."""
    return _moment(rung.working_days, rung.hour, rung.office_hours, due_at, slots)


def office_hours_from(moment: datetime, hours: int, slots: Slots) -> datetime:
    """Return the instant so many office hours after a moment (before it when negative): nights and rest days do not count."""
    left, forward = timedelta(hours=abs(hours)), hours >= 0
    day = office_date(moment)
    while True:
        if slots.workdays.is_working(day):
            start, end = instant(day, slots.hours.start), instant(day, slots.hours.end)
            first, last = (max(start, moment), end) if forward else (start, min(end, moment))
            room = max(last - first, timedelta())
            if room >= left and last >= first:
                return first + left if forward else last - left
            left -= room
        day += _DAY if forward else -_DAY


def may_speak(as_of: datetime, slots: Slots) -> bool:
    """Return whether people may be reminded now: in the office hours of a working day, never at night."""
    local = office_time(as_of)
    return slots.workdays.is_working(local.date()) and slots.hours.start <= local.time() <= slots.hours.end


def climb(owed: Owed, ladder: Sequence[Rung], made: Collection[str], slots: Slots, as_of: datetime, lateness: int = 1) -> Climb:
    """Return what one expected report of an opened round brings now.

    `made` holds the keys of the notices that were made or superseded; `lateness` says the how-manieth round it is in which the
    department is late, this one included.
    """
    standing = owed.standing
    if not standing.owed or standing.opened_at is None or standing.closed_at is not None:
        return Climb()
    stands = "returned" if standing.returned else str(state(standing, as_of))
    moved = max((until for until, _ in standing.earlier), default=standing.opened_at)
    due: dict[tuple[str, bool], list[Notice]] = {}
    superseded: list[Notice] = []
    coming: list[datetime] = []
    for rung in ladder:
        moment = moment_of(rung, standing.due_at, slots)
        if moment > as_of:
            coming.append(moment)
            continue
        after = moment >= standing.due_at
        for audience, department in _heard_by(rung, owed):
            key = f"{owed.id}:{rung.id}:{audience}{f'-{department}' if audience == 'lead' else ''}:v{standing.due_version}"
            if key in made:
                continue
            notice = Notice(key, owed.id, rung.id, standing.due_version, moment, department, audience, after)
            if moment < standing.opened_at:
                superseded.append(replace(notice, by="opened"))
            elif moment < moved:
                superseded.append(replace(notice, by="moved"))
            elif not after and as_of > standing.due_at:
                superseded.append(replace(notice, by="date"))
            elif (not rung.states or stands in rung.states) and (rung.times == 1 or rung.times <= lateness):
                due.setdefault((f"{audience}-{department}", after), []).append(notice)
    newest: list[Notice] = []
    for notices in due.values():
        *older, last = sorted(notices, key=lambda one: one.slot)
        newest.append(last)
        superseded += (replace(one, by=last.rung) for one in older)
    return Climb(tuple(newest), tuple(superseded), min(coming, default=None))


def after_taken_back(ladder: Sequence[Rung], due_at: datetime, slots: Slots, as_of: datetime) -> datetime:
    """Return when the ladder looks again at what was taken back after its date: who had reported has time to report again.

    It is as long after that as the first rung after the date comes after the date.
    """
    after = [rung for rung in ladder if moment_of(rung, due_at, slots) >= due_at]
    return min((moment_of(rung, as_of, slots) for rung in after), default=as_of)


def _heard_by(rung: Rung, owed: Owed) -> Iterable[tuple[str, str]]:
    """Yield who hears a rung: audience and department; what a lead owes the office itself has no lead to hear of it."""
    for audience in rung.audiences:
        if audience == "lead":
            yield from (("lead", code) for code in owed.receivers if code not in (OFFICE, owed.department))
        else:
            yield audience, OFFICE if audience == "office" else owed.department


def go_round(
    owed: Iterable[Owed],
    ladders: Mapping[str, Sequence[Rung]],
    made: Collection[str],
    slots: Mapping[str, Slots],
    as_of: datetime,
    mailbox: Callable[[str, str, str], str],
    heard: Collection[str],
    lateness: Mapping[tuple[str, str], int],
) -> Round:
    """Return what all that is to be looked at brings now: one letter a person and day, whatever campaigns it speaks of.

    `ladders` and `slots` are by campaign; `mailbox` gives the address of an audience of a department in a campaign, empty where
    there is none; `heard` holds the mailboxes that had their letter today: the next waits for the next working morning.
    """
    digests: dict[str, list[Notice]] = {}
    superseded: list[Notice] = []
    next_at: dict[str, datetime | None] = {}
    for one in owed:
        found = climb(
            one, ladders[one.campaign], made, slots[one.campaign], as_of, lateness.get((one.campaign, one.department), 1)
        )
        superseded += found.superseded
        again = found.next_at
        for notice in found.due:
            address = mailbox(one.campaign, notice.department, notice.audience)
            if not address:
                superseded.append(replace(notice, by="nobody"))
            elif address in heard:
                morning = slots[one.campaign].first_of(office_date(as_of) + _DAY)
                again = morning if again is None else min(again, morning)
            else:
                digests.setdefault(address, []).append(notice)
        next_at[one.id] = again
    return Round({name: tuple(found) for name, found in sorted(digests.items())}, tuple(superseded), next_at)


def digest_key(day: date, mailbox: str) -> str:
    """Return the key of a person's letter of reminders on a day."""
    return f"digest:{day}:{mailbox}"
