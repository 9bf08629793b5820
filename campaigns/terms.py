"""Clock + campaign + working days -> terms: the dates of a report, each with a code that stays when the campaign is extended.

A code names a date by what the clock says (`2026-q3`, `2026-10-1`, `2026-w42`, `2026-10-03`, `1`), never by counting from the
campaign's start; a term that a longer campaign adds comes after the ones there were.
"""

from calendar import monthrange
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from itertools import count

from campaigns.clocks import ONCE, WEEKDAYS, Clock, month_day
from campaigns.workdays import Workdays

_DAY = timedelta(days=1)
_NUMBERS = "一二三四五六七八九十"


@dataclass(frozen=True, slots=True)
class Span:
    """From when to when something lasts, both days included, and what it is called."""

    first: date
    last: date
    title: str = ""


@dataclass(frozen=True, slots=True)
class Term:
    """One date of a report: its code, its label, the date itself, what the report covers, and whether the date is provisional.

    `label` is empty where the report's title says it all; `named` labels say it without the report's title.
    """

    code: str
    label: str
    day: date
    covers: Span
    tentative: bool = False
    named: bool = False


def terms(clock: Clock, campaign: Span, phases: Mapping[str, Span], workdays: Workdays) -> tuple[Term, ...]:
    """Return the terms of a sound clock in the order of their dates; none for an event, or while a question is open.

    The date of a term never moves from a rest day unless the clock says `rest_days`.
    """
    if len(clock.forms) != 1:
        return ()
    if clock.form in ONCE:
        found = [
            replace(term, covers=Span(clock.starts or term.covers.first, clock.ends or term.covers.last))
            for term in _FORMS[clock.form](clock, campaign, phases, workdays)
        ]
    else:
        window = Span(max(campaign.first, clock.starts or campaign.first), min(campaign.last, clock.ends or campaign.last))
        runs = list(_runs(window, clock.months)) if clock.months else [window]
        found = [term for run in runs for term in _FORMS[clock.form](clock, run, phases, workdays)]
    if clock.called and len(clock.called) == len(found) and clock.form != "yearly":
        found = [replace(term, label=name, named=True) for term, name in zip(found, clock.called, strict=True)]
    return tuple(_on_a_working_day(term, clock, workdays) for term in found)


def full_date(text: str, not_before: date) -> date | None:
    """Return the date a clock gives; one without a year (`06-20`) is the first on or after a day. None where there is none."""
    if len(text) > 5:
        return month_day(text[5:], int(text[:4]))
    days = (month_day(text, year) for year in range(not_before.year, not_before.year + 9))
    return next((day for day in days if day and day >= not_before), None)


def span_of(clock: Clock, campaign_starts: date) -> Span | None:
    """Return the days of a `range`; the later end inherits the month or the year that it does not say."""
    text = clock.range[0]
    first = full_date(text, campaign_starts) if len(text) > 2 else None
    if first is None or len(clock.range) != 2:
        return None
    end = clock.range[1]
    last = month_day(f"{first:%m}-{end}", first.year) if len(end) == 2 else full_date(end, first)
    return Span(first, last) if last and last >= first else None


def _runs(window: Span, months: Sequence[str]) -> Iterator[Span]:
    """Return the stretches of a window that lie in these months; those next to one another are one, over the year's end too."""
    first = None
    for number in range(_MONTH.of(window.first), _MONTH.of(window.last) + 2):
        month = _MONTH.span(number)
        inside = str(month.first.month) in months and month.first <= window.last
        if inside and first is None:
            first = max(month.first, window.first)
        elif first is not None and not inside:
            yield Span(first, min(month.first - _DAY, window.last))
            first = None


def _on_a_working_day(term: Term, clock: Clock, workdays: Workdays) -> Term:
    if clock.rest_days == "stay":
        return term
    day = workdays.on_or_before(term.day) if clock.rest_days == "before" else workdays.on_or_after(term.day)
    return replace(term, day=day, tentative=term.tentative or not workdays.known(term.day, day))


def _shifted(clock: Clock, base: date, workdays: Workdays, sign: int = 1) -> tuple[date, bool]:
    """Return a date so many days from another, as the clock says, and whether it is provisional."""
    if clock.working_days is None:
        return base + _DAY * sign * (clock.days or 0), False
    day = workdays.shift(base, sign * clock.working_days)
    return day, not workdays.known(base, day)


# --- single dates ------------------------------------------------------------------------------------------------------------


def _date(clock: Clock, window: Span, phases: Mapping[str, Span], workdays: Workdays) -> Iterator[Term]:
    day = full_date(clock.date or "", window.first)
    if day:
        yield _single(day, window.first)


def _dates(clock: Clock, window: Span, phases: Mapping[str, Span], workdays: Workdays) -> Iterator[Term]:
    covered = window.first
    for at, text in enumerate(clock.dates, start=1):
        day = full_date(text, covered)
        if day:
            yield Term(str(at), f"{day.year}年{day.month}月{day.day}日前", day, Span(min(covered, day), day))
            covered = day + _DAY


def _month_end(clock: Clock, window: Span, phases: Mapping[str, Span], workdays: Workdays) -> Iterator[Term]:
    year, month = map(int, (clock.month_end or "").split("-"))
    yield _single(date(year, month, monthrange(year, month)[1]), window.first)


def _year_end(clock: Clock, window: Span, phases: Mapping[str, Span], workdays: Workdays) -> Iterator[Term]:
    yield _single(date(clock.year_end or 0, 12, 31), window.first)


def _phase_end(clock: Clock, window: Span, phases: Mapping[str, Span], workdays: Workdays) -> Iterator[Term]:
    phase = phases.get(clock.phase_end or "")
    if phase:
        day, tentative = _shifted(clock, phase.last, workdays)
        yield Term("1", "", day, phase, tentative)


def _range(clock: Clock, window: Span, phases: Mapping[str, Span], workdays: Workdays) -> Iterator[Term]:
    span = span_of(clock, window.first)
    if span:
        day, tentative = _shifted(clock, span.last, workdays)
        yield Term("1", "", day, span, tentative)


def _after(clock: Clock, window: Span, phases: Mapping[str, Span], workdays: Workdays) -> Iterator[Term]:
    ended = {"end": window, **phases}.get(clock.after or "")  # what is over is reported on, and nothing that comes after it
    base = clock.on or (window.first if clock.after == "launch" else ended and ended.last)
    if base and not (clock.working_days is None and clock.days is None):
        day, tentative = _shifted(clock, base, workdays)
        term = replace(_single(day, window.first), tentative=tentative)
        yield replace(term, covers=ended) if ended else term


def _event(clock: Clock, window: Span, phases: Mapping[str, Span], workdays: Workdays) -> Iterator[Term]:
    yield from ()


def _single(day: date, covered: date) -> Term:
    return Term("1", "", day, Span(min(covered, day), day))


# --- holidays ----------------------------------------------------------------------------------------------------------------


def _before_holiday(clock: Clock, window: Span, phases: Mapping[str, Span], workdays: Workdays) -> Iterator[Term]:
    if clock.working_days is None and clock.days is None:
        return
    covered = window.first
    for year in range(window.first.year, window.last.year + 2):
        holiday = workdays.holiday(clock.before_holiday or "", year)
        if holiday:
            day, _ = _shifted(clock, holiday[0], workdays, -1)
            if window.first <= day <= window.last:
                label = f"{year}年{clock.before_holiday}节前"
                yield Term(str(year), label, day, Span(covered, day), not workdays.known(day, *holiday))
                covered = day + _DAY


def _after_holiday(clock: Clock, window: Span, phases: Mapping[str, Span], workdays: Workdays) -> Iterator[Term]:
    if clock.working_days is None and clock.days is None:
        return
    for year in range(window.first.year, window.last.year + 1):
        holiday = workdays.holiday(clock.after_holiday or "", year)
        if holiday and holiday[0] >= window.first and holiday[0] <= window.last:
            day, _ = _shifted(clock, holiday[1], workdays)
            label = f"{year}年{clock.after_holiday}"
            yield Term(str(year), label, day, Span(*holiday), not workdays.known(day, *holiday))


def _daily(clock: Clock, window: Span, phases: Mapping[str, Span], workdays: Workdays) -> Iterator[Term]:
    for day in _days_of(clock, window, workdays):
        working = clock.daily == "working_days"
        if working and not workdays.is_working(day):
            continue
        tentative = (working or clock.holiday is not None) and not workdays.known(day)
        due = day
        if clock.period in ("last", "next"):
            step = 1 if clock.period == "last" else -1
            due = workdays.shift(day, step) if working else day + _DAY * step
        if due < window.first:
            continue
        yield Term(f"{day}", f"{day.year}年{day.month}月{day.day}日", due, Span(day, day), tentative)


def _days_of(clock: Clock, window: Span, workdays: Workdays) -> Iterator[date]:
    spans = [window]
    if clock.holiday:
        years = range(window.first.year, window.last.year + 1)
        spans = [Span(*holiday) for year in years if (holiday := workdays.holiday(clock.holiday, year))]
    for span in spans:
        first, last = max(span.first, window.first), min(span.last, window.last)
        yield from (first + _DAY * n for n in range((last - first).days + 1))


# --- what comes again: periods, and the dates within or after them -----------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Kind:
    """A kind of period: the number of the one a day lies in, its days, its code and its label."""

    of: Callable[[date], int]
    span: Callable[[int], Span]
    code: Callable[[int], str]
    label: Callable[[int], str]


def _months(number: int, count: int) -> Span:
    """Return `count` months that end with a month, numbered from the year 0."""
    first, last = number - count + 1, number
    end = date(last // 12, last % 12 + 1, monthrange(last // 12, last % 12 + 1)[1])
    return Span(date(first // 12, first % 12 + 1, 1), end)


def _week_label(number: int) -> str:
    year, week, _ = date.fromordinal(number * 7 + 1).isocalendar()
    return f"{year}年第{week}周"


def _week_code(number: int) -> str:
    year, week, _ = date.fromordinal(number * 7 + 1).isocalendar()
    return f"{year}-w{week:02d}"


# 1 January of the year 1, ordinal 1, is a Monday.
_WEEK = _Kind(
    lambda day: (day.toordinal() - 1) // 7,
    lambda n: Span(date.fromordinal(n * 7 + 1), date.fromordinal(n * 7 + 7)),
    _week_code,
    _week_label,
)
_MONTH = _Kind(
    lambda day: day.year * 12 + day.month - 1,
    lambda n: _months(n, 1),
    lambda n: f"{n // 12}-{n % 12 + 1:02d}",
    lambda n: f"{n // 12}年{n % 12 + 1}月",
)
_QUARTER = _Kind(
    lambda day: day.year * 4 + (day.month - 1) // 3,
    lambda n: _months(n // 4 * 12 + n % 4 * 3 + 2, 3),
    lambda n: f"{n // 4}-q{n % 4 + 1}",
    lambda n: f"{n // 4}年第{_NUMBERS[n % 4]}季度",
)
_HALF_YEAR = _Kind(
    lambda day: day.year * 2 + (day.month - 1) // 6,
    lambda n: _months(n // 2 * 12 + n % 2 * 6 + 5, 6),
    lambda n: f"{n // 2}-h{n % 2 + 1}",
    lambda n: f"{n // 2}年{'上下'[n % 2]}半年",
)
_YEAR = _Kind(
    lambda day: day.year,
    lambda n: Span(date(n, 1, 1), date(n, 12, 31)),
    str,
    lambda n: f"{n}年",
)

Due = tuple[str, str, Callable[[Span], date | None]]  # what a date adds to code and label, and the date within a period


def _recurring(clock: Clock, window: Span, kind: _Kind, dues: list[Due], after: _Kind, workdays: Workdays) -> Iterator[Term]:
    """Return the terms of all periods that touch the window.

    `since`: the dates themselves lie in the window, and each covers what came since the one before. `last`, `this` and `next`:
    the periods touch it, each covers its own days, and the date lies in the period `after` it, at its end, or in the one before
    it; from its end the clock may count on by days.
    """
    covered = window.first
    for number in range(kind.of(window.first), kind.of(window.last) + 1):
        whole = kind.span(number)
        for code, label, day_in in dues:
            inside = {"last": whole.last + _DAY, "next": whole.first - _DAY}.get(clock.period, whole.last)
            day = day_in(after.span(after.of(inside)))
            if day is None or day < window.first or (clock.period == "since" and day > window.last):
                continue
            if clock.period == "since":
                span, covered = Span(covered, day), day + _DAY
            else:
                span = Span(max(whole.first, window.first), min(whole.last, window.last))
            day, tentative = _shifted(clock, day, workdays)
            yield Term(kind.code(number) + code, kind.label(number) + label, day, span, tentative)


def _yearly(clock: Clock, window: Span, phases: Mapping[str, Span], workdays: Workdays) -> Iterator[Term]:
    days = sorted(clock.yearly)
    names = _names_in_year(days)
    called = dict(zip(clock.yearly, clock.called, strict=False))
    dues: list[Due] = []
    for n, text in enumerate(days):
        dues.append((f"-{n + 1}", called.get(text, names[n]), lambda year, text=text: month_day(text, year.first.year)))  # type: ignore[misc]
    yield from _recurring(clock, window, _YEAR, dues, _YEAR, workdays)


def _names_in_year(days: list[str]) -> list[str]:
    """Return what tells the dates of a year apart: its halves where the dates lie at the ends of those, else the date."""
    if len(days) != 2:
        return [""] if len(days) == 1 else [f"第{n}期" for n in range(1, len(days) + 1)]
    if "06-01" <= days[0] <= "07-15" and days[1] >= "12-01":
        return ["上半年", "下半年"]
    return [f"{int(text[:2])}月{int(text[3:])}日前" for text in days]


def _half_yearly(clock: Clock, window: Span, phases: Mapping[str, Span], workdays: Workdays) -> Iterator[Term]:
    text = clock.half_yearly or ""
    yield from _recurring(clock, window, _HALF_YEAR, [("", "", lambda month: _day_of_month(text, month))], _MONTH, workdays)


def _quarterly(clock: Clock, window: Span, phases: Mapping[str, Span], workdays: Workdays) -> Iterator[Term]:
    text = clock.quarterly or ""
    yield from _recurring(clock, window, _QUARTER, [("", "", lambda month: _day_of_month(text, month))], _MONTH, workdays)


def _monthly(clock: Clock, window: Span, phases: Mapping[str, Span], workdays: Workdays) -> Iterator[Term]:
    days = sorted(clock.monthly, key=lambda text: 32 if text == "end" else int(text))
    names = _names_in_month(days)
    dues: list[Due] = []
    for n, text in enumerate(days):
        code = f"-{n + 1}" if len(days) > 1 else ""
        dues.append((code, names[n], lambda month, text=text: _day_of_month(text, month)))  # type: ignore[misc]
    yield from _recurring(clock, window, _MONTH, dues, _MONTH, workdays)


def _names_in_month(days: list[str]) -> list[str]:
    """Return the same for the dates of a month: its halves or its thirds where the dates lie at their ends, else the date."""
    if len(days) == 1:
        return [""]
    if len(days) > 3:
        return [f"第{n}期" for n in range(1, len(days) + 1)]
    at = [31 if text == "end" else int(text) for text in days]
    if len(days) == 2 and 10 <= at[0] <= 16 and at[1] >= 25:
        return ["上半月", "下半月"]
    if len(days) == 3 and 8 <= at[0] <= 12 and 18 <= at[1] <= 22 and at[2] >= 28:
        return ["上旬", "中旬", "下旬"]
    return ["底前" if text == "end" else f"{text}日前" for text in days]


def _day_of_month(text: str, month: Span) -> date:
    """Return the day of a month; the last one for `end`, and where the month is shorter."""
    return month.last if text == "end" else min(month.first + _DAY * (int(text) - 1), month.last)


def _weekly(clock: Clock, window: Span, phases: Mapping[str, Span], workdays: Workdays) -> Iterator[Term]:
    days = sorted(WEEKDAYS.index(name) for name in clock.weekly)
    several = len(days) > 1
    dues: list[Due] = []
    for n, index in enumerate(days):
        code, label = (f"-{n + 1}", f"{WEEKDAYS[index]}") if several else ("", "")
        dues.append((code, label, lambda week, index=index: week.first + _DAY * index))  # type: ignore[misc]
    yield from _recurring(clock, window, _WEEK, dues, _WEEK, workdays)


def _spaced(clock: Clock, window: Span, phases: Mapping[str, Span], workdays: Workdays) -> Iterator[Term]:
    covered = window.first
    for n in count():
        day = _nth(clock, n)
        if day is None or day > window.last:
            return
        if day >= window.first:
            code, label = f"{day}", f"{day.year}年{day.month}月{day.day}日前"
            if not clock.every_days:
                kind = _MONTH if clock.every_months else _WEEK
                code, label = kind.code(kind.of(day)), kind.label(kind.of(day))
            yield Term(code, label, day, Span(covered, day))
            covered = day + _DAY


def _nth(clock: Clock, n: int) -> date | None:
    """Return the date so many steps after the first; of months the same day, the last where it is, or where there is none."""
    if clock.first is None:
        return None
    if not clock.every_months:
        return clock.first + _DAY * n * (clock.every_days or 7 * (clock.every_weeks or 1))
    begun = _MONTH.of(clock.first)
    day = "end" if clock.first == _MONTH.span(begun).last else str(clock.first.day)
    return _day_of_month(day, _MONTH.span(begun + n * clock.every_months))


_FORMS: dict[str, Callable[[Clock, Span, Mapping[str, Span], Workdays], Iterator[Term]]] = {
    "date": _date,
    "dates": _dates,
    "month_end": _month_end,
    "year_end": _year_end,
    "phase_end": _phase_end,
    "range": _range,
    "yearly": _yearly,
    "half_yearly": _half_yearly,
    "quarterly": _quarterly,
    "monthly": _monthly,
    "weekly": _weekly,
    "every_months": _spaced,
    "every_weeks": _spaced,
    "every_days": _spaced,
    "daily": _daily,
    "after": _after,
    "before_holiday": _before_holiday,
    "after_holiday": _after_holiday,
    "event": _event,
}
