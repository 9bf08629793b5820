"""Who must hear something, when, and the key that makes it happen once.

A notice is due when its slot (a daily round of a working day) has come and it has not been made yet: never when a date equals
today. So a tick that is doubled, late or skipped changes nothing but the hour at which a letter leaves.
"""

import hashlib
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from campaigns.definition import Role, Rung
from campaigns.plan import OFFICE, ExpectedReport
from campaigns.states import Standing, State, state
from campaigns.workdays import Slots, Workdays, office_date


@dataclass(frozen=True, slots=True)
class Notice:
    """That someone must hear something about an expected report or a round.

    `department` and `audience` say who: the liaison or leader of a department, or the office itself.
    """

    key: str
    about: str
    rung: str
    due_version: int
    slot: datetime
    department: str
    audience: str
    after: bool = False


@dataclass(frozen=True, slots=True)
class Selection:
    """The notices to make now, and those nobody needs to hear any more."""

    due: tuple[Notice, ...]
    superseded: tuple[Notice, ...]


def rung_day(due_on: date, rung: Rung, workdays: Workdays) -> date:
    """Return the working day of a rung: counted from the due date, which itself counts as 0 and falls back from a rest day."""
    return workdays.shift(due_on, rung.working_days) if rung.working_days else workdays.on_or_before(due_on)


def reminders(
    owed: Iterable[tuple[ExpectedReport, Standing]],
    opened_at: datetime,
    ladder: Sequence[Rung],
    made: Collection[str],
    slots: Slots,
    as_of: datetime,
) -> Selection:
    """Return what is due on the ladder and not yet made, for the expected reports of one opened round.

    Who has reported hears nothing. A rung before the date is superseded once the date has passed, and one whose slot lies before
    the round was opened is superseded by the letter that opened it.
    """
    due: list[Notice] = []
    superseded: list[Notice] = []
    for expected, standing in owed:
        if state(standing, as_of) not in (State.OPEN, State.MISSING):
            continue
        due_on = office_date(standing.due_at)
        for rung in ladder:
            slot = slots.first_of(rung_day(due_on, rung, slots.workdays))
            if slot > as_of:
                continue
            for audience in rung.to:
                key = f"{expected.id}:{rung.id}:{audience}:v{standing.due_version}"
                if key in made:
                    continue
                department = OFFICE if audience == "office" else expected.department
                after = rung.working_days > 0
                notice = Notice(key, expected.id, rung.id, standing.due_version, slot, department, audience, after)
                stale = slot < opened_at or (not after and as_of > standing.due_at)
                (superseded if stale else due).append(notice)
    return Selection(tuple(due), tuple(superseded))


def gather(notices: Iterable[Notice]) -> Mapping[tuple[str, str, date], tuple[Notice, ...]]:
    """Return the notices of each person and day, by (department, audience, day): each group is one message."""
    groups: dict[tuple[str, str, date], list[Notice]] = {}
    for notice in notices:
        groups.setdefault((notice.department, notice.audience, office_date(notice.slot)), []).append(notice)
    return {key: tuple(group) for key, group in sorted(groups.items(), key=lambda item: (item[0][2], item[0][0], item[0][1]))}


def bundle_slots(hop_due_at: datetime, arrivals: Iterable[datetime], slots: Slots, as_of: datetime) -> tuple[datetime, ...]:
    """Return when a lead is sent what its units reported: after the first hop's date, then after each later arrival."""
    first = slots.at_or_after(hop_due_at)
    wanted = {first, *(slots.at_or_after(moment) for moment in arrivals if moment > first)}
    return tuple(sorted(slot for slot in wanted if slot <= as_of))


def cooperating_of(lead: str, owed: Iterable[ExpectedReport]) -> tuple[ExpectedReport, ...]:
    """Return what cooperating units owe to a lead department, of the expected reports of one round."""
    return tuple(one for one in owed if one.role is Role.COOPERATING and lead in one.receivers)


def message_id(key: str, mailbox: str) -> str:
    """Return the Message-ID a message has for ever, derived from its key."""
    return f"<{hashlib.sha256(key.encode()).hexdigest()[:32]}@{mailbox.rpartition('@')[2]}>"
