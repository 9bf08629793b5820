"""The calendar file: an alarm for each date, and the same event when the date moves."""

from datetime import UTC, datetime

import icalendar

from integrations.mail.dates import DueDate, calendar_file

NOW = datetime(2020, 11, 20, 0, 30, tzinfo=UTC)


def events(*dates: DueDate) -> list[icalendar.Event]:
    return list(icalendar.Calendar.from_ical(calendar_file(dates, "office@example.gov.cn", NOW)).walk("VEVENT"))


def test_a_date_has_alarms_and_moves_by_its_own_uid_and_a_higher_sequence() -> None:
    first = DueDate("c/r/gaj/cooperating", 1, "放心消费2020年下半年报送截止", datetime(2020, 11, 26, 9, 30, tzinfo=UTC))
    moved = DueDate(first.code, 2, first.title, datetime(2020, 12, 1, 9, 30, tzinfo=UTC))
    (before,), (after,) = events(first), events(moved)
    assert before["UID"] == after["UID"] and (before["SEQUENCE"], after["SEQUENCE"]) == (0, 1)
    assert before.decoded("DTEND") == first.due_at and after.decoded("DTEND") == moved.due_at
    assert len(before.walk("VALARM")) == 2 and str(before["SUMMARY"]) == first.title
