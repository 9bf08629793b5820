"""Working days and deadlines: a value, built elsewhere from published data, that answers without a clock.

Dates are office dates. Instants are aware and in UTC; people see Asia/Shanghai.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from functools import cached_property
from itertools import accumulate, compress
from typing import NamedTuple
from zoneinfo import ZoneInfo

SHANGHAI = ZoneInfo("Asia/Shanghai")
_DAY = timedelta(days=1)
_WEEKDAYS = "一二三四五六日"


class _Table(NamedTuple):
    """`ranks` says of each day from the ordinal `first` on how many working days there were up to it, `days` are those."""

    first: int
    ranks: tuple[int, ...]
    days: tuple[date, ...]


def _weekdays(day: int) -> int:
    """Return how many weekdays there were up to a day, given by its ordinal: the first of all days was a Monday."""
    weeks, rest = divmod(day, 7)
    return 5 * weeks + min(rest, 5)


@dataclass(frozen=True)
class Workdays:
    """The working days of some years: weekdays less the rest days, plus the make-up days (调休上班).

    `published` holds the years whose State Council holiday notice is in the data; a date in any other year is provisional (暂定).
    `festivals` holds the statutory days of the holidays, by name (元旦, 春节, 清明, 五一, 端午, 中秋, 国庆).
    """

    rest: frozenset[date] = frozenset()
    makeup: frozenset[date] = frozenset()
    published: frozenset[int] = frozenset()
    festivals: frozenset[tuple[str, date]] = frozenset()

    def is_working(self, day: date) -> bool:
        """Return whether offices work on that day."""
        return day in self.makeup or (day.weekday() < 5 and day not in self.rest)

    def shift(self, day: date, count: int) -> date:
        """Return the working day `count` working days after `day` (before it when negative); 0 returns `day` itself, as it is."""
        first, ranks, days = self._table
        place = day.toordinal() - first
        if count and 0 <= place < len(ranks):
            found = ranks[place] + count - 1
            if count < 0:
                found += 1 - self.is_working(day)
            if 0 <= found < len(days):
                return days[found]
        return self.shift_by_day(day, count)

    def shift_by_day(self, day: date, count: int) -> date:
        """Return the same by looking at every day on the way: where the data ends, and to hold the quick way against."""
        step, left = (_DAY if count > 0 else -_DAY), abs(count)
        while left:
            day += step
            left -= self.is_working(day)
        return day

    def on_or_before(self, day: date) -> date:
        """Return `day` if it is a working day, else the last one before it."""
        return day if self.is_working(day) else self.shift(day, -1)

    def on_or_after(self, day: date) -> date:
        """Return `day` if it is a working day, else the first one after it."""
        return day if self.is_working(day) else self.shift(day, 1)

    def between(self, first: date, last: date) -> int:
        """Return how many working days lie after `first`, up to and including `last`; 0 when `last` is not later."""
        return max(0, self._rank(last.toordinal()) - self._rank(first.toordinal()))

    def _rank(self, day: int) -> int:
        """Return how many working days there were up to a day, given by its ordinal; beyond the data every weekday is one."""
        first, ranks, _ = self._table
        ends = first + len(ranks)
        if day < first or not ranks:
            return _weekdays(day)
        inside = _weekdays(first - 1) + ranks[min(day, ends - 1) - first]
        return inside + max(0, _weekdays(day) - _weekdays(ends - 1))

    @cached_property
    def _table(self) -> "_Table":
        """Return the days of all years that the data speaks of, counted once."""
        years = [day.year for day in (*self.rest, *self.makeup)]
        if not years:
            return _Table(0, (), ())
        first, last = date(min(years), 1, 1).toordinal(), date(max(years), 12, 31).toordinal()
        days = [date.fromordinal(one) for one in range(first, last + 1)]
        working = [self.is_working(day) for day in days]
        return _Table(first, tuple(accumulate(working)), tuple(compress(days, working)))

    def holiday(self, festival: str, year: int) -> tuple[date, date] | None:
        """Return the first and last day off around a festival of a year; None when the data does not have it."""
        days = [day for name, day in self.festivals if name == festival and day.year == year]
        if not days:
            return None
        first = last = min(days)
        while not self.is_working(first - _DAY):
            first -= _DAY
        while not self.is_working(last + _DAY):
            last += _DAY
        return first, last

    def awaits(self, year: int) -> bool:
        """Return whether the holiday notice of a year is still to come: the year is later than all that the data speaks of."""
        return year > max(self.published, default=0)

    def known(self, *days: date) -> bool:
        """Return whether the holiday notice of every year from the earliest of the days to the latest is out."""
        return all(year in self.published for year in range(min(days).year, max(days).year + 1))


@dataclass(frozen=True, slots=True)
class OfficeHours:
    """When the office starts and ends, and the two moments of a working day at which letters go out (Asia/Shanghai)."""

    start: time = time(8, 30)
    end: time = time(17, 30)
    rounds: tuple[time, ...] = field(default=(time(8, 30), time(14, 30)))

    def deadline(self, day: date, at: time | None = None) -> datetime:
        """Return the instant at which a report due on `day` becomes late, in UTC: the hour given, or the end of office hours.

        That “X日前” includes day X is this project's stated convention; no notice read defines it.
        """
        return instant(day, at or self.end)

    @property
    def convention(self) -> str:
        """Return how “X日前” is understood, in a sentence for people."""
        return f"“某日前”含当日，到{self.end:%H:%M}下班为止"


def instant(day: date, at: time) -> datetime:
    """Return the instant, in UTC, of a wall-clock time at the office (Asia/Shanghai)."""
    return datetime.combine(day, at, SHANGHAI).astimezone(UTC)


def office_time(moment: datetime) -> datetime:
    """Return an aware instant as people at the office see it (Asia/Shanghai); a naive one raises ValueError."""
    if moment.tzinfo is None:
        raise ValueError("an instant must be aware")
    return moment.astimezone(SHANGHAI)


def office_date(moment: datetime) -> date:
    """Return the date at the office of an aware instant."""
    return office_time(moment).date()


def in_chinese(day: date) -> str:
    """Return `2020年12月3日（周四）`."""
    return f"{day.year}年{day.month}月{day.day}日（周{_WEEKDAYS[day.weekday()]}）"


def hour_of(at: time) -> str:
    """Return `17:30`; the last instant of a day, `time.max`, is what notices call `24:00`."""
    return "24:00" if at == time.max else f"{at:%H:%M}"


def moment_in_chinese(moment: datetime) -> str:
    """Return `2020年12月3日（周四）17:30`, as the office's clock has it."""
    local = office_time(moment)
    return f"{in_chinese(local.date())}{hour_of(local.time())}"


@dataclass(frozen=True, slots=True)
class Slots:
    """The moments at which the office speaks: the daily rounds of working days."""

    workdays: Workdays
    hours: OfficeHours

    def of(self, day: date) -> list[datetime]:
        """Return the rounds of one day in order, none on a rest day."""
        return [instant(day, at) for at in self.hours.rounds] if self.workdays.is_working(day) else []

    def first_of(self, day: date) -> datetime:
        """Return the first round on or after a day."""
        return self.of(self.workdays.on_or_after(day))[0]

    def at_or_after(self, moment: datetime) -> datetime:
        """Return the first round at or after an instant."""
        for slot in self._from(office_date(moment)):
            if slot >= moment:
                return slot
        raise AssertionError("unreachable: rounds never end")

    def _from(self, day: date) -> Iterator[datetime]:
        while True:
            yield from self.of(day)
            day += _DAY
