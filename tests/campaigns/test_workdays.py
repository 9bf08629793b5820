"""Working days: properties over any holidays, and the few facts letters rest on."""

from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from campaigns.workdays import OfficeHours, Slots, Workdays, in_chinese, instant, office_date, office_time
from integrations import calendar
from tests.builders import WORKDAYS

days = st.dates(date(2020, 1, 1), date(2023, 12, 31))
calendars = st.builds(
    lambda rest, makeup: Workdays(frozenset(rest), frozenset(makeup - rest)),
    st.sets(days, max_size=60),
    st.sets(days, max_size=60),
)
counts = st.integers(1, 40)


@given(calendars, days, counts)
def test_a_shift_lands_on_a_working_day_that_many_away(workdays: Workdays, day: date, count: int) -> None:
    later = workdays.shift(day, count)

    assert workdays.is_working(later)
    assert workdays.between(day, later) == count


@given(calendars, days, counts)
def test_shifting_there_and_back_returns_a_working_day(workdays: Workdays, day: date, count: int) -> None:
    start = workdays.on_or_after(day)

    assert workdays.shift(workdays.shift(start, count), -count) == start


@given(calendars, days, counts, counts)
def test_two_shifts_are_one(workdays: Workdays, day: date, first: int, second: int) -> None:
    assert workdays.shift(workdays.shift(day, first), second) == workdays.shift(day, first + second)


@given(calendars, days, days, days)
def test_between_adds_up_and_never_counts_backwards(workdays: Workdays, one: date, two: date, three: date) -> None:
    first, middle, last = sorted((one, two, three))

    assert workdays.between(first, middle) + workdays.between(middle, last) == workdays.between(first, last)
    assert workdays.between(last, first) == 0


@given(calendars, st.dates(date(2018, 1, 1), date(2025, 12, 31)), st.integers(0, 1500))
def test_between_counts_what_lies_between_where_the_data_ends_too(workdays: Workdays, first: date, count: int) -> None:
    each = [workdays.is_working(first + timedelta(days=n)) for n in range(1, count + 1)]

    assert workdays.between(first, first + timedelta(days=count)) == sum(each)


@given(calendars, days)
def test_the_nearest_working_days_enclose_a_day(workdays: Workdays, day: date) -> None:
    before, after = workdays.on_or_before(day), workdays.on_or_after(day)

    assert before <= day <= after
    assert (before == day == after) == workdays.is_working(day)


def test_a_make_up_saturday_works_and_a_holiday_does_not() -> None:
    assert WORKDAYS.is_working(date(2020, 10, 10))  # a Saturday
    assert not WORKDAYS.is_working(date(2020, 10, 8))  # a Thursday
    assert WORKDAYS.shift(date(2020, 9, 30), 2) == date(2020, 10, 10)


def test_a_deadline_is_the_end_of_the_office_day_in_shanghai() -> None:
    deadline = OfficeHours().deadline(date(2020, 12, 3))

    assert deadline == datetime(2020, 12, 3, 9, 30, tzinfo=UTC)
    assert office_time(deadline).strftime("%H:%M") == "17:30"
    assert in_chinese(office_date(deadline)) == "2020年12月3日（周四）"


def test_a_naive_moment_is_refused() -> None:
    with pytest.raises(ValueError, match="aware"):
        office_time(datetime(2020, 12, 3))  # noqa: DTZ001


def test_letters_go_out_on_working_days_only() -> None:
    slots = Slots(WORKDAYS, OfficeHours())

    assert slots.of(date(2020, 10, 1)) == []
    assert slots.first_of(date(2020, 10, 1)) == instant(date(2020, 10, 9), time(8, 30))
    friday_evening = instant(date(2020, 12, 4), time(18, 0))
    assert slots.at_or_after(friday_evening) - friday_evening == timedelta(days=2, hours=14, minutes=30)


def test_the_quick_count_is_the_one_day_by_day() -> None:
    known = calendar.workdays(2019, 2022, Path("no-such-folder"))
    for place in range(-200, 1700, 3):  # before the first year of the data and after the last too
        day = date(2019, 1, 1) + timedelta(days=place)
        for count in (-31, -5, -1, 0, 1, 2, 22):
            assert known.shift(day, count) == known.shift_by_day(day, count), (day, count)
        last = day + timedelta(days=place % 40)
        assert known.between(day, last) == sum(known.is_working(day + timedelta(days=n)) for n in range(1, place % 40 + 1))
