"""What looks wrong about the dates of a report once they are laid out; a date itself never moves because of it."""

from calendar import monthrange
from collections.abc import Iterable, Iterator, Sequence
from datetime import date
from itertools import pairwise
from typing import TYPE_CHECKING

from campaigns.clocks import ONCE, PERIODIC, Clock
from campaigns.definition import Report, Role
from campaigns.findings import Problem, Severity
from campaigns.terms import Span, Term, span_of
from campaigns.workdays import OfficeHours, Workdays, hour_of, in_chinese, office_time

if TYPE_CHECKING:
    from campaigns.plan import Round

Path = tuple[str | int, ...]
_SHOWN = 3  # of many alike, so many are told one by one


def doubts(
    report: Report, terms: Sequence[Term], rounds: Sequence["Round"], campaign: Span, workdays: Workdays, path: Path
) -> Iterator[Problem]:
    """Return the problems of a report's dates; `path` is the clock's. Of more than three alike the rest is only counted."""
    clock = report.clock
    where: Path = (*path, *clock.forms[:1])
    if len(clock.forms) != 1:
        return
    yield from _open(clock, report.title, bool(terms), where)
    yield from _guessed(clock, terms, where)
    if any(term.covers.last < term.covers.first for term in terms):
        yield Problem("dates-reversed", Severity.ERROR, where, f"“{report.title}”统计时间的起始（starts）晚于结束，请核对")
    yield from _order(clock, terms, where)
    yield from _quarter_ends(clock, terms, where)
    yield from _cut(clock, report.title, campaign, path)
    yield from _few("outside", where, (_outside(clock, one, campaign) for one in rounds))
    if clock.daily is None:
        yield from _few("rest-day", where, (_rest_day(one, workdays) for one in rounds))
    yield from _few("no-time", where, (told for one in rounds for told in _no_time(one)))
    if clock.period != "next":
        yield from _few("too-early", where, (told for one in rounds for told in _too_early(one)))
    yield from _provisional(rounds, workdays, where)


def _open(clock: Clock, title: str, dated: bool, where: Path) -> Iterator[Problem]:
    if dated or clock.form == "event":
        return
    if clock.form in ("after", "before_holiday", "after_holiday") and clock.working_days is None and clock.days is None:
        return  # asked already
    if clock.form == "after" and clock.on is None:
        told = f"“{title}”从“{clock.after}”起计时，日期还不知道，暂不计时；知道后请写上事件日期（on）"
        yield Problem("unknown-date", Severity.WARNING, where, told)
        return
    if clock.form == "phase_end":
        told = f"“{title}”在阶段“{clock.phase_end}”结束时报送，阶段的结束日期还不知道，暂不计时"
        yield Problem("unknown-date", Severity.WARNING, where, told)
        return
    feast = clock.holiday or clock.before_holiday or clock.after_holiday
    told = f"“{title}”在专项行动期间没有任何报送日期{f'：其间没有{feast}假期' if feast else ''}"
    yield Problem("no-round", Severity.ERROR, where, told)


def _guessed(clock: Clock, terms: Sequence[Term], where: Path) -> Iterator[Problem]:
    given = [clock.date] if clock.date else list(clock.dates)
    for text, term in zip(given, terms, strict=False):
        if text is not None and len(text) == 5:
            told = f"“{text}”没有写年份，按{in_chinese(term.day)}理解，请核对后写全"
            yield Problem("guessed-year", Severity.WARNING, where, told)
    if clock.range and terms and any(len(text) < 10 for text in clock.range):
        span = terms[0].covers
        told = f"“{'至'.join(clock.range)}”没有写全，按{in_chinese(span.first)}至{in_chinese(span.last)}理解，请核对"
        yield Problem("guessed-year", Severity.WARNING, where, told)
    elif len(clock.range) == 2 and not terms and span_of(clock, date.min) is None:
        yield Problem("dates-reversed", Severity.ERROR, where, f"“{'至'.join(clock.range)}”读不成起止日期，请核对两个日期")


def _order(clock: Clock, terms: Sequence[Term], where: Path) -> Iterator[Problem]:
    """Return the `dates` that are not after the one before them; one written twice is told as that already."""
    if clock.form != "dates":
        return
    for before, after in pairwise(terms):
        at = int(after.code) - 1
        if after.covers.last <= before.covers.last and clock.dates[at] not in clock.dates[:at]:
            told = f"“{clock.dates[at]}”不晚于前一个日期{in_chinese(before.covers.last)}，几个日期请按先后顺序写"
            yield Problem("dates-reversed", Severity.ERROR, (*where, at), told)


def _quarter_ends(clock: Clock, terms: Sequence[Term], where: Path) -> Iterator[Problem]:
    """Dates in three of the months that end a quarter look quarterly; notices that list such dates may not mean its end."""
    if clock.form not in ("dates", "yearly") or len({term.day.month for term in terms}) < 3:
        return
    if all(term.day.month % 3 == 0 for term in terms):
        days = "、".join(dict.fromkeys(f"{t.day.month}月{t.day.day}日" for t in terms if t.day.day != _last(t.day)))
        if days:
            yield Problem(
                "not-quarter-end", Severity.WARNING, where, f"看起来是每季度报送，但{days}不是季末，请核对；日期本身不变"
            )


def _last(day: date) -> int:
    return monthrange(day.year, day.month)[1]


def _outside(clock: Clock, a_round: "Round", campaign: Span) -> str | None:
    if a_round.due_on > campaign.last and not _meant_later(clock):
        return f"{a_round.label}的截止日{in_chinese(a_round.due_on)}在专项行动结束（{in_chinese(campaign.last)}）之后，请核对"
    if a_round.due_on < campaign.first:
        return f"{a_round.label}的截止日{in_chinese(a_round.due_on)}在专项行动开始（{in_chinese(campaign.first)}）之前，请核对"
    return None


def _cut(clock: Clock, title: str, campaign: Span, path: Path) -> Iterator[Problem]:
    """Return the dates from or until which something is reported again and again that lie outside the campaign."""
    if clock.form in ONCE:  # there they say what the figures are about
        return
    if clock.starts and clock.starts < campaign.first:
        told = f"“{title}”从{in_chinese(clock.starts)}起报，早于专项行动开始，按{in_chinese(campaign.first)}起算，请核对"
        yield Problem("outside", Severity.WARNING, (*path, "starts"), told)
    if clock.ends and clock.ends > campaign.last:
        told = f"“{title}”报到{in_chinese(clock.ends)}为止，晚于专项行动结束，按{in_chinese(campaign.last)}为止，请核对"
        yield Problem("outside", Severity.WARNING, (*path, "ends"), told)


def _meant_later(clock: Clock) -> bool:
    """Return whether a date after the campaign's end is what the notice says: so long after an end, or about the last period."""
    counted_on = clock.form in ("phase_end", "range", "after_holiday", *PERIODIC) or (
        clock.form == "after" and clock.after != "launch"
    )
    return clock.period == "last" or (counted_on and bool(clock.working_days or clock.days))


def _rest_day(a_round: "Round", workdays: Workdays) -> str | None:
    """Return the rest days among a round's dates: its own, and those by which one role owes before it."""
    whose: dict[date, list[str]] = {}
    for role, day in a_round.due:
        if day != a_round.due_on:
            whose.setdefault(day, []).append(role.chinese)
    names = {day: f"{'、'.join(roles)}单位的报送日" for day, roles in whose.items()} | {a_round.due_on: "截止日"}
    resting = {day: name for day, name in sorted(names.items()) if not workdays.is_working(day)}
    if not resting:
        return None
    days = "、".join(f"{name}{in_chinese(day)}" for day, name in resting.items())
    last = "、".join(dict.fromkeys(in_chinese(workdays.on_or_before(day)) for day in resting))
    return f"{a_round.label}的{days}{'都' if len(resting) > 1 else ''}不是工作日，当天催报改在{last}发出；日期本身不变"


def _no_time(a_round: "Round") -> Iterator[str]:
    for role, owed_on in a_round.due:
        if owed_on <= a_round.opens_on:
            late = "当天" if owed_on == a_round.opens_on else f"到{in_chinese(a_round.opens_on)}"
            yield f"{a_round.label}的{role.chinese}单位应在{in_chinese(owed_on)}前报送，可{late}才下发"


def _too_early(a_round: "Round") -> Iterator[str]:
    for role, owed_on in a_round.due:
        if a_round.opens_on < owed_on < a_round.covers_from:
            early = f"{a_round.label}的{role.chinese}单位应在{in_chinese(owed_on)}前报送"
            yield f"{early}，可要报的是{in_chinese(a_round.covers_from)}起的情况，请核对提前的日数"


def late_hops(report: Report, rounds: Sequence["Round"], hours: OfficeHours, path: Path) -> Iterator[Problem]:
    """Return the hours of hops that leave a lead no time on the day of its own date; `path` is that of the hops."""
    for position, hop in enumerate(report.hops):
        where: Path = (*path, position, "hour")
        if hop.hour and report.clock.form == "event":
            told = f"“{report.title}”随时报送，没有截止日，时刻（hour）不起作用，请删去；要求可以写进报表的填写说明（notes）"
            yield Problem("hop-hour", Severity.ERROR, where, told)
        elif hop.hour and hop.role is Role.LEAD:
            told = f"“{report.title}”的牵头单位何时报办公室由报送时限决定，请把时刻移到 clock 里，写作 hour"
            yield Problem("hop-hour", Severity.ERROR, where, told)
        elif hop.hour and hop.to != "office" and Role.LEAD in {one.role for one in report.hops}:
            same_day = [one for one in rounds if one.due_of(hop.role) == one.due_of(Role.LEAD)]
            if same_day and same_day[0].due_at(hop.role, hours) >= (ends := same_day[0].due_at(Role.LEAD, hours)):
                told = f"“{report.title}”的配合单位当天{hop.hour}前才报牵头单位，牵头单位当天"
                told = f"{told}{hour_of(office_time(ends).time())}前就要报办公室，请改早配合单位的时刻"
                yield Problem("hop-hour", Severity.ERROR, where, told)


def _provisional(rounds: Sequence["Round"], workdays: Workdays, where: Path) -> Iterator[Problem]:
    years: dict[int, list[str]] = {}
    for one in rounds:
        if one.due_on.year not in workdays.published:
            years.setdefault(one.due_on.year, []).append(one.label)
    for year, labels in years.items():
        more = f"等{len(labels)}期" if len(labels) > 1 else ""
        why = f"{year}年放假安排尚未公布" if workdays.awaits(year) else f"没有{year}年的放假安排数据"
        told = f"{why}，{labels[0]}{more}的工作日推算为暂定"
        yield Problem("provisional", Severity.WARNING, where, told)


def _few(rule: str, where: Path, told: Iterable[str | None]) -> Iterator[Problem]:
    said = [one for one in told if one]
    shown = said if len(said) <= _SHOWN + 1 else said[:_SHOWN]
    yield from (Problem(rule, Severity.WARNING, where, one) for one in shown)
    if len(said) > len(shown):
        yield Problem(rule, Severity.WARNING, where, f"像上面这样的还有{len(said) - len(shown)}期")
