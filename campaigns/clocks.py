"""When a report is due, as a notice says it: one form (`yearly`, `monthly`, `weekly` …) and what the notice adds to it.

A clock only says; the dates that follow from it are laid out by `campaigns.terms`.
"""

from collections import Counter
from collections.abc import Iterator
from datetime import date, time
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, StringConstraints

from campaigns.findings import Problem, Severity
from campaigns.organs import Name, Record

Month = Annotated[str, StringConstraints(pattern=r"^\d{4}-(0[1-9]|1[0-2])$")]
MonthDay = Annotated[str, StringConstraints(pattern=r"^(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])$")]
Identifier = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]*$", max_length=40)]
AnyDay = Annotated[str, StringConstraints(pattern=r"^(\d{4}-)?(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])$")]
_DayNumber = Annotated[int, Field(ge=1, le=31)]
_RANGE_DAY = StringConstraints(pattern=r"^((\d{4}-)?(0[1-9]|1[0-2])-)?(0[1-9]|[12]\d|3[01])$")
_MONTHLY_DAY = StringConstraints(pattern=r"^([1-9]|[12]\d|3[01]|end)$")


def _number_or_text(said: Any, digits: int = 1) -> BeforeValidator:
    """Return what takes a number for its text; `said` is what editors take for right."""
    return BeforeValidator(lambda value: f"{value:0{digits}}" if type(value) is int else value, json_schema_input_type=said)


RangeDay = Annotated[str, _number_or_text(_DayNumber | Annotated[str, _RANGE_DAY], digits=2), _RANGE_DAY]
MonthlyDay = Annotated[str, _number_or_text(_DayNumber | Annotated[str, _MONTHLY_DAY]), _MONTHLY_DAY]
MonthOfYear = Annotated[str, _number_or_text(Annotated[int, Field(ge=1, le=12)]), StringConstraints(pattern=r"^([1-9]|1[0-2])$")]
Hour = Annotated[str, StringConstraints(pattern=r"^(([01]\d|2[0-3]):[0-5]\d|24:00)$")]
Weekday = Literal["周一", "周二", "周三", "周四", "周五", "周六", "周日"]
_FULL_NAMES = {"清明节": "清明", "劳动节": "五一", "五一节": "五一", "端午节": "端午", "中秋节": "中秋", "国庆节": "国庆"}
_Festival = Literal["元旦", "春节", "清明", "五一", "端午", "中秋", "国庆"]
Festival = Annotated[
    _Festival,
    BeforeValidator(
        lambda name: _FULL_NAMES.get(str(name), name),
        json_schema_input_type=_Festival | Literal["清明节", "劳动节", "五一节", "端午节", "中秋节", "国庆节"],
    ),
]
WEEKDAYS: tuple[Weekday, ...] = ("周一", "周二", "周三", "周四", "周五", "周六", "周日")
_Date = date  # inside Clock, `date` is a field

# Form -> what else may be said with it; `hour`, `rest_days` and `soft` go with every form that has a date.
_FORMS: dict[str, set[str]] = {
    "date": {"called", "starts", "ends"},
    "dates": {"called"},
    "month_end": {"called", "starts", "ends"},
    "year_end": {"called", "starts", "ends"},
    "phase_end": {"called", "working_days", "days"},
    "range": {"called", "working_days", "days"},
    "yearly": {"covers", "starts", "ends", "called", "working_days", "days"},
    "half_yearly": {"covers", "starts", "ends", "working_days", "days"},
    "quarterly": {"covers", "starts", "ends", "working_days", "days"},
    "monthly": {"covers", "starts", "ends", "months", "working_days", "days"},
    "weekly": {"covers", "starts", "ends", "months"},
    "every_months": {"first", "starts", "ends"},
    "every_weeks": {"first", "starts", "ends", "months"},
    "every_days": {"first", "starts", "ends", "months"},
    "daily": {"covers", "starts", "ends", "months", "holiday"},
    "after": {"on", "working_days", "days", "called"},
    "before_holiday": {"working_days", "days"},
    "after_holiday": {"working_days", "days"},
    "event": set(),
}
_DATED = {"hour", "rest_days", "soft"}
_MORE = ("covers", "starts", "ends", "months", "called", "holiday", "first", "on", "working_days", "days", *sorted(_DATED))
ONCE = ("date", "month_end", "year_end")  # one date; `starts` and `ends` say what its figures are about
SPACED = ("every_months", "every_weeks", "every_days")  # what comes again so long after the date before, from a first one
PERIODIC = ("yearly", "half_yearly", "quarterly", "monthly")  # what falls due in or after a period of months


class Clock(Record):
    """When a report is due: exactly one of the forms, the rest says more about it."""

    date: AnyDay | None = Field(None, title="日期")
    dates: tuple[AnyDay, ...] = Field((), title="多个日期")
    month_end: Month | None = Field(None, title="某月底")
    year_end: int | None = Field(None, title="某年底", ge=2000, le=2100)
    phase_end: Identifier | None = Field(None, title="阶段结束")
    range: tuple[RangeDay, ...] = Field((), title="起止日期", max_length=2)
    yearly: tuple[MonthDay, ...] = Field((), title="每年")
    half_yearly: MonthlyDay | None = Field(None, title="每半年")
    quarterly: MonthlyDay | None = Field(None, title="每季度")
    monthly: tuple[MonthlyDay, ...] = Field((), title="每月")
    weekly: tuple[Weekday, ...] = Field((), title="每周")
    every_months: int | None = Field(None, title="每几个月", ge=2, le=12)
    every_weeks: int | None = Field(None, title="每几周", ge=2, le=26)
    every_days: int | None = Field(None, title="每几天", ge=2, le=60)
    daily: Literal["every_day", "working_days"] | None = Field(None, title="每日")
    after: Name | None = Field(None, title="事后")
    before_holiday: Festival | None = Field(None, title="节前")
    after_holiday: Festival | None = Field(None, title="节后")
    event: Name | None = Field(None, title="随时")

    hour: Hour | None = Field(None, title="时刻")
    rest_days: Literal["stay", "before", "after"] = Field("stay", title="遇休息日")
    soft: bool = Field(False, title="原则上")
    covers: Literal["since", "last", "this", "next"] | None = Field(None, title="统计时间")
    starts: _Date | None = Field(None, title="自")
    ends: _Date | None = Field(None, title="至")
    months: tuple[MonthOfYear, ...] = Field((), title="月份")
    holiday: Festival | None = Field(None, title="假期内")
    first: _Date | None = Field(None, title="首次日期")
    on: _Date | None = Field(None, title="事件日期")
    working_days: int | None = Field(None, title="几个工作日", ge=0, le=250)
    days: int | None = Field(None, title="几日", ge=0, le=366)
    called: tuple[Name, ...] = Field((), title="各期名称")

    @property
    def forms(self) -> tuple[str, ...]:
        """Return the forms given, by key: a sound clock has one."""
        return tuple(key for key in _FORMS if getattr(self, key) not in (None, ()))

    @property
    def form(self) -> str:
        """Return the form, by key; `event`, which has no dates, when none is given."""
        return next(iter(self.forms), "event")

    @property
    def dues(self) -> int:
        """Return how many dates a period (year, month or week) has; 1 for the other forms."""
        return max(1, len(self.yearly), len(self.monthly), len(self.weekly))

    @property
    def period(self) -> Literal["since", "last", "this", "next"]:
        """Return what a report covers: since the one before, the last whole period, the one the date lies in, or the next.

        When `covers` does not say: a date in the month after is about the last month, quarter or half year, its end about
        this one, everything else goes on where the report before left off.
        """
        if self.covers is not None:
            return self.covers
        one = self.of_month
        if one is None:
            return "since"
        return "this" if one == "end" else "last"

    @property
    def of_month(self) -> str | None:
        """Return the one day of a month on which a monthly, quarterly or half-yearly report is due; None for all others."""
        return self.half_yearly or self.quarterly or (self.monthly[0] if len(self.monthly) == 1 else None)

    @property
    def lead(self) -> tuple[int, int]:
        """Return the usual working days before a date at which letters go out, and after it until the roll-up."""
        if self.daily or self.weekly:
            return (1, 1) if self.daily else (3, 1)
        if len(self.monthly) > 3:  # the letters of the next go out when the one before is due
            return 3, 1
        if self.every_days and self.every_days < 7:
            return 1, 1
        if self.monthly or self.every_weeks or self.every_days:
            return (10, 3) if len(self.monthly) == 1 else (5, 2)
        return (15, 5) if self.quarterly or self.every_months else (30, 5)


def time_of(hour: str) -> time:
    """Return the time of day (Asia/Shanghai) of an hour as definitions write it; 24:00 is the last instant of the day."""
    return time.max if hour == "24:00" else time.fromisoformat(hour)


def month_day(text: str, year: int) -> date | None:
    """Return the date of `06-20` in a year; None where the year has no such day."""
    month, day = map(int, text.split("-"))
    try:
        return date(year, month, day)
    except ValueError:
        return None


def check(clock: Clock, title: str, path: tuple[str | int, ...], phases: dict[str, str]) -> Iterator[Problem]:
    """Return what is wrong with a clock by itself; `title` is the report's, `path` where it stands, `phases` code -> title."""
    forms = clock.forms
    if len(forms) != 1:
        known = "、".join(_FORMS)
        told = f"同时写了 {'、'.join(forms)}，只能留一个" if forms else f"没有写何时报送，请写明其中一个：{known}"
        yield _error("clock", path, f"“{title}”{told}")
        return
    form = clock.form
    fields = type(clock).model_fields
    allowed = _FORMS[form] | (_DATED if form != "event" else set())
    for key in _MORE:
        if key not in allowed and getattr(clock, key) != fields[key].default:
            yield _error("clock", (*path, key), f"“{fields[key].title}”（{key}）不能和 {form} 一起用，请删去")
    yield from _check_days(clock, path)
    if form == "range" and len(clock.range) != 2:
        yield _error("clock", (*path, "range"), "起止日期应是两个日期，例如 [10-16, 31]")
    if form == "phase_end" and clock.phase_end not in phases:
        known = f"可用的有：{'、'.join(phases)}" if phases else "请先写 phases"
        yield _error("unknown-phase", (*path, "phase_end"), f"阶段“{clock.phase_end}”没有定义，{known}")
    if form in SPACED and clock.first is None:
        unit = {"every_months": "个月", "every_weeks": "周", "every_days": "天"}[form]
        told = f"每{getattr(clock, form)}{unit}报送一次，要写明从哪一天算起，请补上首次日期（first）"
        often = "；每旬报送写成 monthly: [10, 20, end]" if clock.every_days == 10 else ""
        yield _error("no-first", (*path, form), f"{told}{often}")
    if clock.covers is not None and clock.dues > 1:
        yield _error("clock", (*path, "covers"), "一期内有几个日期时不能写统计时间（covers），各期自上次报送之后算起")
    if clock.months and clock.period == "next":
        yield _error("clock", (*path, "months"), "报下期计划的不能写月份（months），请写 starts 和 ends")
    if form in PERIODIC and (clock.working_days or clock.days) and clock.period != "this":
        told = "从期末往后数几日的，日期写 end（每年的写 12-31 和 covers: this），例如 {quarterly: end, working_days: 10}"
        yield _error("clock", (*path, "days" if clock.working_days is None else "working_days"), told)
    if clock.daily == "every_day" and clock.rest_days != "stay":
        yield _error("clock", (*path, "rest_days"), "每天都报送的，遇休息日不移动，请删去 rest_days 或改为 daily: working_days")
    if clock.starts and clock.ends and clock.ends < clock.starts:
        yield _error("dates-reversed", (*path, "ends"), f"“{title}”报送的结束日期早于开始日期，请核对两个日期")
    if clock.working_days is not None and clock.days is not None:
        yield _error("clock", (*path, "days"), "几个工作日（working_days）和几日（days）只能写一个")
    count = len(clock.dates) or len(clock.yearly) or 1
    if clock.called and len(clock.called) != count:
        yield _error("clock", (*path, "called"), f"日期有{count}个，名称却有{len(clock.called)}个，应一一对应")
    yield from _questions(clock, title, path)


def _questions(clock: Clock, title: str, path: tuple[str | int, ...]) -> Iterator[Problem]:
    """Return what the notice leaves open: a person has to ask before a date can stand."""
    if clock.form in ("after", "before_holiday", "after_holiday") and clock.working_days is None and clock.days is None:
        told = f"“{title}”没有写几日内，暂不计时，请问清后补上 working_days（工作日）或 days（自然日）"
        yield _warning("unknown-amount", (*path, clock.form), told)
    by_months = clock.months and clock.form == "monthly"
    if clock.period == "last" and clock.covers is None and (one := clock.of_month) and (int(one) > 15 or by_months):
        name = "半年" if clock.half_yearly else "季度" if clock.quarterly else "月"
        told = f"每{name}的{one}日报送，没有写统计时间，按上{'一个' if clock.half_yearly else ''}{name}统计"
        if by_months:
            month = int(clock.months[0])
            told = f"{told}，所写月份（months）是统计的月份，{month}月的在{month % 12 + 1}月报"
        yield _warning("guessed-period", (*path, clock.form), f"{told}，请核对并写明 covers")


def _check_days(clock: Clock, path: tuple[str | int, ...]) -> Iterator[Problem]:
    listed: list[tuple[tuple[str | int, ...], str]] = [(("date",), clock.date)] if clock.date else []
    listed += [((key, at), text) for key in ("dates", "range", "yearly") for at, text in enumerate(getattr(clock, key))]
    for where, text in listed:
        if len(text) < 5:
            continue  # a bare day, whose month comes from the other end of the range
        if month_day(text[-5:], int(text[:4]) if len(text) > 5 else 2020) is None:
            yield _error("no-such-date", (*path, *where), f"“{text}”不是真实的日期，请核对月和日")
        elif text == "02-29" and clock.yearly:
            yield _warning("leap-day", (*path, *where), "2月29日只有闰年才有，其余年份将没有这一期")
    late = [text for text in clock.monthly if text == "end" or int(text) > 28]
    if len(set(late)) > 1:
        told = f"{'、'.join(late)}在有的月份是同一天，只能留一个"
        yield _error("duplicate", (*path, "monthly"), told)
    for key in ("dates", "yearly", "monthly", "weekly", "months"):
        given, name = getattr(clock, key), "月份" if key == "months" else "报送日期"
        for text, count in Counter(given).items():
            if count > 1:
                first = given.index(text)
                again = given.index(text, first + 1)
                told = f"{name} {text} 重复，前面第{first + 1}条已经用过，请改成不同的"
                yield _error("duplicate", (*path, key, again), told)


def _error(rule: str, path: tuple[str | int, ...], message: str) -> Problem:
    return Problem(rule, Severity.ERROR, path, message)


def _warning(rule: str, path: tuple[str | int, ...], message: str) -> Problem:
    return Problem(rule, Severity.WARNING, path, message)
