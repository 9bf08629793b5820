"""Dates for a calendar program: one .ics file with an alarm, which moves when the date moves."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache

import icalendar

from campaigns.workdays import SHANGHAI

NAME, ICS = "报送日期.ics", "text/calendar; charset=utf-8; method=PUBLISH"


@dataclass(frozen=True, slots=True)
class DueDate:
    """Something due: `code` is its own for ever, `version` grows when the date moves; instants are aware."""

    code: str
    version: int
    title: str
    due_at: datetime
    words: str = ""


def calendar_file(dates: Iterable[DueDate], mailbox: str, now: datetime) -> bytes:
    """Return the .ics file: an event for each date, half an hour long and ending at it, with alarms a day and two hours before.

    A later file replaces an event by its UID when its SEQUENCE is higher.
    """
    calendar = icalendar.Calendar()
    calendar.add("prodid", "-//liandong//zh-CN")
    calendar.add("version", "2.0")
    calendar.add("method", "PUBLISH")
    calendar.add_component(_china())
    for one in dates:
        event = icalendar.Event()
        event.add("uid", f"{one.code}@{mailbox.rpartition('@')[2]}")
        event.add("sequence", one.version - 1)
        event.add("dtstamp", now)
        event.add("summary", one.title)
        event.add("dtstart", one.due_at.astimezone(SHANGHAI) - timedelta(minutes=30))
        event.add("dtend", one.due_at.astimezone(SHANGHAI))
        event.add("description", one.words)
        for before in (timedelta(days=1), timedelta(hours=2)):
            alarm = icalendar.Alarm()
            alarm.add("action", "DISPLAY")
            alarm.add("trigger", -before)
            alarm.add("description", one.title)
            event.add_component(alarm)
        calendar.add_component(event)
    return bytes(calendar.to_ical())


@cache
def _china() -> icalendar.Timezone:
    """Return the one time zone of every file; it is asked for every fifth of a day since 1970, so it is made once."""
    return icalendar.Timezone.from_tzid(SHANGHAI.key)
