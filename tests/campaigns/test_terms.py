"""Dates that follow from a clock: every form of deadline that notices use, and what holds for all of them."""

from datetime import date, time, timedelta
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from campaigns import clocks
from campaigns.clocks import WEEKDAYS, Clock
from campaigns.definition import Hop, Role
from campaigns.findings import Severity
from campaigns.plan import Plan, expand
from campaigns.terms import Span, Term, terms
from campaigns.workdays import OfficeHours, Workdays, instant
from integrations.calendar import workdays
from tests.builders import WORKDAYS, small_definition, small_directory

CALENDAR = workdays(2008, 2027)
PHASES = {"first": Span(date(2026, 3, 1), date(2026, 4, 30), "部署阶段")}


def laid(begins: str, ends_on: str, calendar: Workdays = CALENDAR, **said: object) -> tuple[Term, ...]:
    """Return the terms of a clock in a campaign between two dates."""
    return terms(Clock.model_validate(said), Span(date.fromisoformat(begins), date.fromisoformat(ends_on)), PHASES, calendar)


def told(found: tuple[Term, ...]) -> list[tuple[str, str, str]]:
    return [(one.code, one.label, one.day.isoformat()) for one in found]


TITLE = small_definition().reports[0].title
ONE = [("1", "", "2026-10-04")]

# What the notice says, the campaign, the clock -> code, label and date of each term.
ROWS: tuple[tuple[str, tuple[str, str], dict[str, object], list[tuple[str, str, str]]], ...] = (
    ("2009年4月15日前", ("2009-01-01", "2009-12-31"), {"date": "2009-04-15"}, [("1", "", "2009-04-15")]),
    (
        "12月27日前报全年",
        ("2007-12-20", "2007-12-31"),
        {"date": "2007-12-27", "starts": "2007-01-01", "ends": "2007-12-31"},
        [("1", "", "2007-12-27")],
    ),
    ("10月7日下午5点前", ("2026-09-20", "2026-10-07"), {"date": "10-07", "hour": "17:00"}, [("1", "", "2026-10-07")]),
    (
        "每月10日前报上月月报",
        ("2015-11-01", "2015-12-31"),
        {"monthly": [10]},
        [("2015-11", "2015年11月", "2015-12-10"), ("2015-12", "2015年12月", "2016-01-10")],
    ),
    ("6月20日18:00前", ("2026-05-06", "2026-12-31"), {"date": "06-20", "hour": "18:00"}, [("1", "", "2026-06-20")]),
    (
        "分别于2009年1月12日和2009年3月12日前",
        ("2008-12-20", "2009-04-30"),
        {"dates": ["2009-01-12", "2009-03-12"], "called": ["阶段总结", "总结"]},
        [("1", "阶段总结", "2009-01-12"), ("2", "总结", "2009-03-12")],
    ),
    (
        "每年6月20日、12月3日前",
        ("2020-10-20", "2021-12-31"),
        {"yearly": ["06-20", "12-03"]},
        [
            ("2020-2", "2020年下半年", "2020-12-03"),
            ("2021-1", "2021年上半年", "2021-06-20"),
            ("2021-2", "2021年下半年", "2021-12-03"),
        ],
    ),
    (
        "每年1月15日、7月15日前",
        ("2025-01-02", "2025-12-31"),
        {"yearly": ["01-15", "07-15"]},
        [("2025-1", "2025年1月15日前", "2025-01-15"), ("2025-2", "2025年7月15日前", "2025-07-15")],
    ),
    (
        "每年3月31日、5月31日前",
        ("2026-01-01", "2026-12-31"),
        {"yearly": ["03-31", "05-31"]},
        [("2026-1", "2026年3月31日前", "2026-03-31"), ("2026-2", "2026年5月31日前", "2026-05-31")],
    ),
    (
        "每年6月底、年底前",
        ("2026-01-01", "2026-12-31"),
        {"yearly": ["06-30", "12-31"]},
        [("2026-1", "2026年上半年", "2026-06-30"), ("2026-2", "2026年下半年", "2026-12-31")],
    ),
    (
        "每月5日、20日前",
        ("2026-03-01", "2026-03-31"),
        {"monthly": [5, 20]},
        [("2026-03-1", "2026年3月5日前", "2026-03-05"), ("2026-03-2", "2026年3月20日前", "2026-03-20")],
    ),
    (
        "每月15日、月底前",
        ("2026-03-01", "2026-03-31"),
        {"monthly": [15, "end"]},
        [("2026-03-1", "2026年3月上半月", "2026-03-15"), ("2026-03-2", "2026年3月下半月", "2026-03-31")],
    ),
    (
        "每月10日、20日、月底前",
        ("2026-03-01", "2026-03-31"),
        {"monthly": [10, 20, "end"]},
        [
            ("2026-03-1", "2026年3月上旬", "2026-03-10"),
            ("2026-03-2", "2026年3月中旬", "2026-03-20"),
            ("2026-03-3", "2026年3月下旬", "2026-03-31"),
        ],
    ),
    (
        "每月1日、5日、月底前",
        ("2026-02-01", "2026-02-28"),
        {"monthly": [1, 5, "end"]},
        [
            ("2026-02-1", "2026年2月1日前", "2026-02-01"),
            ("2026-02-2", "2026年2月5日前", "2026-02-05"),
            ("2026-02-3", "2026年2月底前", "2026-02-28"),
        ],
    ),
    (
        "6月27日、9月27日和12月12日前",
        ("2018-04-01", "2018-12-31"),
        {"dates": ["2018-06-27", "2018-09-27", "2018-12-12"]},
        [
            ("1", "2018年6月27日前", "2018-06-27"),
            ("2", "2018年9月27日前", "2018-09-27"),
            ("3", "2018年12月12日前", "2018-12-12"),
        ],
    ),
    (
        "每个月2日前",
        ("2018-10-15", "2018-12-31"),
        {"monthly": [2]},
        [
            ("2018-10", "2018年10月", "2018-11-02"),
            ("2018-11", "2018年11月", "2018-12-02"),
            ("2018-12", "2018年12月", "2019-01-02"),
        ],
    ),
    (
        "每月25日前，截至当日",
        ("2018-11-01", "2018-12-31"),
        {"monthly": [25], "covers": "since"},
        [("2018-11", "2018年11月", "2018-11-25"), ("2018-12", "2018年12月", "2018-12-25")],
    ),
    (
        "每月底前",
        ("2024-02-01", "2024-03-31"),
        {"monthly": ["end"]},
        [("2024-02", "2024年2月", "2024-02-29"), ("2024-03", "2024年3月", "2024-03-31")],
    ),
    (
        "每季度10日前报上季季报",
        ("2015-04-01", "2015-09-30"),
        {"quarterly": 10},
        [("2015-q2", "2015年第二季度", "2015-07-10"), ("2015-q3", "2015年第三季度", "2015-10-10")],
    ),
    (
        "每季度末",
        ("2026-01-01", "2026-06-30"),
        {"quarterly": "end"},
        [("2026-q1", "2026年第一季度", "2026-03-31"), ("2026-q2", "2026年第二季度", "2026-06-30")],
    ),
    (
        "每半年10日前报上半年",
        ("2026-01-01", "2026-12-31"),
        {"half_yearly": 10},
        [("2026-h1", "2026年上半年", "2026-07-10"), ("2026-h2", "2026年下半年", "2027-01-10")],
    ),
    (
        "每半年末",
        ("2026-03-01", "2026-06-30"),
        {"half_yearly": "end"},
        [("2026-h1", "2026年上半年", "2026-06-30")],
    ),
    (
        "每月结束后5个工作日内",
        ("2026-09-01", "2026-10-31"),
        {"monthly": ["end"], "working_days": 5},
        [
            ("2026-09", "2026年9月", "2026-10-13"),
            ("2026-10", "2026年10月", "2026-11-06"),
        ],  # after the holiday; the 10th is worked
    ),
    (
        "每季度结束后10日内",
        ("2026-01-01", "2026-06-30"),
        {"quarterly": "end", "days": 10},
        [("2026-q1", "2026年第一季度", "2026-04-10"), ("2026-q2", "2026年第二季度", "2026-07-10")],
    ),
    (
        "每年度结束后20个工作日内",
        ("2024-01-01", "2025-12-31"),
        {"yearly": ["12-31"], "covers": "this", "working_days": 20},
        [("2024-1", "2024年", "2025-02-05"), ("2025-1", "2025年", "2026-01-29")],
    ),
    (
        "每月15日前报下月宣传计划",
        ("2011-01-25", "2011-04-30"),
        {"monthly": [15], "covers": "next"},
        [("2011-03", "2011年3月", "2011-02-15"), ("2011-04", "2011年4月", "2011-03-15")],
    ),
    (
        "每周五报下周安排",
        ("2026-10-12", "2026-10-25"),
        {"weekly": ["周五"], "covers": "next"},
        [("2026-w43", "2026年第43周", "2026-10-16")],
    ),
    (
        "每日下班前报次日安排",
        ("2026-10-12", "2026-10-14"),
        {"daily": "every_day", "covers": "next"},
        [("2026-10-13", "2026年10月13日", "2026-10-12"), ("2026-10-14", "2026年10月14日", "2026-10-13")],
    ),
    (
        "每月最后一个工作日",
        ("2026-10-01", "2026-10-31"),
        {"monthly": ["end"], "rest_days": "before"},
        [("2026-10", "2026年10月", "2026-10-30")],
    ),
    (
        "每季度最后一个月25日前",
        ("2026-01-01", "2026-03-31"),
        {"quarterly": 25, "covers": "this"},
        [("2026-q1", "2026年第一季度", "2026-03-25")],
    ),
    (
        "每个月12日、27日",
        ("2018-10-01", "2018-10-31"),
        {"monthly": [27, 12]},
        [("2018-10-1", "2018年10月上半月", "2018-10-12"), ("2018-10-2", "2018年10月下半月", "2018-10-27")],
    ),
    (
        "每周三下午15:00前",
        ("2026-10-08", "2026-10-21"),
        {"weekly": ["周三"], "hour": "15:00"},
        [("2026-w42", "2026年第42周", "2026-10-14"), ("2026-w43", "2026年第43周", "2026-10-21")],
    ),
    (
        "每周一报上周",
        ("2026-10-12", "2026-10-18"),
        {"weekly": ["周一"], "covers": "last"},
        [("2026-w42", "2026年第42周", "2026-10-19")],
    ),
    (
        "每两周报告一次",
        ("2009-01-01", "2009-02-10"),
        {"every_weeks": 2, "first": "2009-01-09"},
        [
            ("2009-w02", "2009年第2周", "2009-01-09"),
            ("2009-w04", "2009年第4周", "2009-01-23"),
            ("2009-w06", "2009年第6周", "2009-02-06"),
        ],
    ),
    (
        "每3天报告一次",
        ("2026-03-01", "2026-03-10"),
        {"every_days": 3, "first": "2026-03-03"},
        [(f"2026-03-{n:02d}", f"2026年3月{n}日前", f"2026-03-{n:02d}") for n in (3, 6, 9)],
    ),
    (
        "每两个月25日前报送",
        ("2026-01-15", "2026-07-31"),
        {"every_months": 2, "first": "2026-02-25"},
        [(f"2026-0{n}", f"2026年{n}月", f"2026-0{n}-25") for n in (2, 4, 6)],
    ),
    (
        "每两个月月底前报送",
        ("2025-12-01", "2026-07-31"),
        {"every_months": 2, "first": "2025-12-31"},
        [
            ("2025-12", "2025年12月", "2025-12-31"),
            ("2026-02", "2026年2月", "2026-02-28"),
            ("2026-04", "2026年4月", "2026-04-30"),
            ("2026-06", "2026年6月", "2026-06-30"),
        ],
    ),
    (
        "每年1月、7月每半月一报",
        ("2026-01-10", "2026-12-31"),
        {"monthly": [15, "end"], "months": [1, 7]},
        [
            ("2026-01-1", "2026年1月上半月", "2026-01-15"),
            ("2026-01-2", "2026年1月下半月", "2026-01-31"),
            ("2026-07-1", "2026年7月上半月", "2026-07-15"),
            ("2026-07-2", "2026年7月下半月", "2026-07-31"),
        ],
    ),
    (
        "采暖期11月至次年1月，次月5日前报上月",
        ("2025-12-10", "2026-11-30"),
        {"monthly": [5], "covers": "last", "months": [1, 11, 12]},
        [
            ("2025-12", "2025年12月", "2026-01-05"),
            ("2026-01", "2026年1月", "2026-02-05"),
            ("2026-11", "2026年11月", "2026-12-05"),
        ],
    ),
    (
        "汛期每日",
        ("2026-05-30", "2027-06-02"),
        {"daily": "working_days", "months": [6], "ends": "2027-06-02"},
        [
            (f"{day}", f"{day.year}年{day.month}月{day.day}日", f"{day}")
            for day in (
                *(date(2026, 6, n) for n in range(1, 31) if n not in (6, 7, 13, 14, 19, 20, 21, 27, 28)),
                date(2027, 6, 1),
                date(2027, 6, 2),
            )
        ],
    ),
    (
        "假期每日上午11点前",
        ("2026-09-01", "2026-10-31"),
        {"daily": "every_day", "holiday": "国庆节", "hour": "11:00"},
        [(f"2026-10-0{n}", f"2026年10月{n}日", f"2026-10-0{n}") for n in range(1, 8)],
    ),
    (
        "两个日期之间的工作日",
        ("2026-10-01", "2026-12-31"),
        {"daily": "working_days", "starts": "2026-10-09", "ends": "2026-10-12"},
        [(f"2026-10-{n}", f"2026年10月{int(n)}日", f"2026-10-{n}") for n in ("09", "10", "12")],
    ),
    ("2012年10月底前", ("2012-01-01", "2012-12-31"), {"month_end": "2012-10"}, [("1", "", "2012-10-31")]),
    ("2012年底前", ("2012-01-01", "2012-12-31"), {"year_end": 2012}, [("1", "", "2012-12-31")]),
    ("第一阶段结束前", ("2026-03-01", "2026-12-31"), {"phase_end": "first"}, [("1", "", "2026-04-30")]),
    ("10月16日至31日", ("2017-10-01", "2017-12-31"), {"range": ["2017-10-16", 31]}, [("1", "", "2017-10-31")]),
    (
        "自即日起到专项行动结束，每周五",
        ("2026-10-20", "2026-10-31"),
        {"weekly": ["周五"]},
        [("2026-w43", "2026年第43周", "2026-10-23"), ("2026-w44", "2026年第44周", "2026-10-30")],
    ),
    ("活动结束后及时", ("2026-03-01", "2026-12-31"), {"after": "活动结束"}, []),
    ("活动结束后3日内，日期还不知道", ("2026-03-01", "2026-12-31"), {"after": "活动结束", "days": 3}, []),
    (
        "活动结束后3日内",
        ("2026-03-01", "2026-12-31"),
        {"after": "活动结束", "days": 3, "on": "2026-10-01"},
        [("1", "", "2026-10-04")],
    ),
    ("随时、第一时间", ("2026-03-01", "2026-12-31"), {"event": "发现重大案件"}, []),
    ("原则上应当于11月10日前完成", ("2026-03-01", "2026-12-31"), {"date": "2026-11-10", "soft": True}, [("1", "", "2026-11-10")]),
    (
        "全年汇总2021年1月15日前",
        ("2020-04-01", "2020-12-31"),
        {"yearly": ["01-15"], "covers": "last"},
        [("2020-1", "2020年", "2021-01-15")],
    ),
    (
        "二十个工作日内",
        ("2026-09-30", "2026-12-31"),
        {"after": "launch", "working_days": 20},
        [("1", "", "2026-11-03")],  # 1 to 7 October off, Saturday the 10th a working day
    ),
    (
        "国庆节前3个工作日",
        ("2026-09-01", "2026-12-31"),
        {"before_holiday": "国庆", "working_days": 3},
        [("2026", "2026年国庆节前", "2026-09-28")],
    ),
    (
        "春节后1个工作日内",
        ("2026-01-01", "2026-12-31"),
        {"after_holiday": "春节", "working_days": 1},
        [("2026", "2026年春节", "2026-02-24")],
    ),
)


@pytest.mark.parametrize(("_", "campaign", "said", "expected"), ROWS, ids=[row[0] for row in ROWS])
def test_a_deadline_as_notices_write_it(
    _: str, campaign: tuple[str, str], said: dict[str, object], expected: list[tuple[str, str, str]]
) -> None:
    assert told(laid(*campaign, **said)) == expected
    assert [
        one for one in clocks.check(Clock.model_validate(said), "报表", (), {"first": "部署阶段"}) if one.severity == "error"
    ] == []


def test_what_a_report_covers() -> None:
    def covered(**said: object) -> list[tuple[str, str]]:
        found = laid("2026-03-10", "2026-05-31", **said)
        return [(one.covers.first.isoformat(), one.covers.last.isoformat()) for one in found]

    assert covered(monthly=[4]) == [("2026-03-10", "2026-03-31"), ("2026-04-01", "2026-04-30"), ("2026-05-01", "2026-05-31")]
    assert covered(monthly=[25], covers="since")[:2] == [("2026-03-10", "2026-03-25"), ("2026-03-26", "2026-04-25")]
    assert covered(quarterly=10) == [("2026-03-10", "2026-03-31"), ("2026-04-01", "2026-05-31")]
    assert covered(after_holiday="五一", days=2) == [("2026-05-01", "2026-05-05")]
    assert covered(range=["2026-04-16", "30"]) == [("2026-04-16", "2026-04-30")]
    assert covered(after="end", working_days=5) == [("2026-03-10", "2026-05-31")]
    assert covered(after="first", days=5) == covered(phase_end="first", days=5)
    assert covered(after="launch", days=5) == [("2026-03-10", "2026-03-15")]


def test_a_report_that_runs_in_some_months_covers_nothing_of_the_others() -> None:
    def covered(**said: object) -> list[str]:
        return [f"{one.covers.first}/{one.covers.last}" for one in laid("2026-01-15", "2027-03-31", **said)]

    assert covered(monthly=[25], covers="since", months=[11, 12, 1, 2]) == [
        "2026-01-15/2026-01-25",
        "2026-01-26/2026-02-25",
        "2026-11-01/2026-11-25",
        "2026-11-26/2026-12-25",
        "2026-12-26/2027-01-25",
        "2027-01-26/2027-02-25",
    ]
    assert covered(weekly=["周五"], months=[2], ends="2026-12-31")[0] == "2026-02-01/2026-02-06"
    assert covered(every_days=10, first="2026-03-10", starts="2026-03-01", ends="2026-03-25") == [
        "2026-03-01/2026-03-10",
        "2026-03-11/2026-03-20",
    ]
    assert covered(every_months=2, first="2026-02-25", ends="2026-06-30") == [
        "2026-01-15/2026-02-25",
        "2026-02-26/2026-04-25",
        "2026-04-26/2026-06-25",
    ]


def test_a_date_moves_from_a_rest_day_only_when_the_clock_says_so() -> None:
    def day(rest_days: str) -> str:
        return laid("2026-09-01", "2026-12-31", date="2026-10-03", rest_days=rest_days)[0].day.isoformat()

    assert [day(word) for word in ("stay", "before", "after")] == ["2026-10-03", "2026-09-30", "2026-10-08"]


def test_what_rests_on_a_notice_that_is_not_out_is_provisional() -> None:
    unpublished = Workdays(festivals=frozenset({("国庆", date(2030, 10, 1))}))
    assert laid("2030-01-01", "2030-12-31", unpublished, before_holiday="国庆", days=1)[0].tentative
    assert laid("2030-01-01", "2030-12-31", unpublished, after="launch", working_days=5)[0].tentative
    assert not laid("2030-01-01", "2030-12-31", unpublished, date="2030-06-20")[0].tentative
    assert not laid("2026-01-01", "2026-12-31", before_holiday="国庆", days=1)[0].tentative


def with_clock(hour: str | None = None, **said: object) -> Plan:
    small = small_definition()
    clock = Clock.model_validate({**said, "hour": hour})
    report = small.reports[0].model_copy(update={"clock": clock})
    return expand(small.model_copy(update={"reports": (report,)}), small_directory(), WORKDAYS, OfficeHours())


def test_the_hour_is_that_of_the_last_date_and_the_first_hop_is_counted_back_from_it() -> None:
    plan = with_clock("15:00", date="2020-12-03")
    due = {one.role.value: one.due_at for one in plan.expected}
    assert due == {
        "lead": instant(date(2020, 12, 3), time(15)),
        "cooperating": instant(date(2020, 11, 26), time(17, 30)),
    }
    midnight = with_clock("24:00", date="2020-12-03").rounds[0]
    assert midnight.when(Role.LEAD) == "2020年12月3日（周四）24:00"
    assert midnight.when(Role.COOPERATING) == "2020年11月26日（周四）"
    assert midnight.due_at(Role.LEAD, OfficeHours()) == instant(date(2020, 12, 4), time(0)) - timedelta(microseconds=1)


def with_hops(hour: str | None, *hops: Hop, **said: object) -> Plan:
    small = small_definition()
    clock = Clock.model_validate({**(said or {"daily": "working_days"}), "hour": hour})
    report = small.reports[0].model_copy(update={"clock": clock, "hops": hops, "opens_working_days_before": None})
    return expand(small.model_copy(update={"reports": (report,)}), small_directory(), WORKDAYS, OfficeHours())


FIRST, LAST = Hop(role=Role.COOPERATING, to="lead", hour="09:00"), Hop(role=Role.LEAD, to="office")


def test_two_hops_of_one_day_have_hours_of_their_own() -> None:
    plan = with_hops("11:00", FIRST, LAST)
    assert not [one for one in plan.problems if one.rule in ("no-time-left", "hop-hour")]
    round_of_a_day = plan.round("test-2020/summary-2020-10-21")
    assert round_of_a_day.due == ((Role.COOPERATING, date(2020, 10, 21)), (Role.LEAD, date(2020, 10, 21)))
    assert {(one.role, one.due_at) for one in plan.expected_in(round_of_a_day.id)} == {
        (Role.COOPERATING, instant(date(2020, 10, 21), time(9))),
        (Role.LEAD, instant(date(2020, 10, 21), time(11))),
    }
    assert round_of_a_day.when(Role.COOPERATING) == "2020年10月21日（周三）09:00"


def test_a_hop_keeps_its_hour_on_a_day_before_and_where_the_last_ends_with_office_hours() -> None:
    before = FIRST.model_copy(update={"working_days_before": 1, "hour": "16:00"})
    noon = FIRST.model_copy(update={"hour": "12:00"})
    for first, moment in ((before, instant(date(2020, 12, 2), time(16))), (noon, instant(date(2020, 12, 3), time(12)))):
        plan = with_hops(None, first, LAST, date="2020-12-03")
        assert not [one for one in plan.problems if one.rule in ("no-time-left", "hop-hour")]
        assert {one.due_at for one in plan.expected if one.role is Role.COOPERATING} == {moment}


@pytest.mark.parametrize(
    ("hour", "first", "last", "path", "told"),
    [
        (
            "11:00",
            "12:00",
            None,
            (0,),
            "的配合单位当天12:00前才报牵头单位，牵头单位当天11:00前就要报办公室，请改早配合单位的时刻",
        ),
        (
            "11:00",
            "11:00",
            None,
            (0,),
            "的配合单位当天11:00前才报牵头单位，牵头单位当天11:00前就要报办公室，请改早配合单位的时刻",
        ),
        (None, "18:00", None, (0,), "的配合单位当天18:00前才报牵头单位，牵头单位当天17:30前就要报办公室，请改早配合单位的时刻"),
        ("11:00", "09:00", "10:00", (1,), "的牵头单位何时报办公室由报送时限决定，请把时刻移到 clock 里，写作 hour"),
    ],
)
def test_hours_that_leave_the_lead_no_time_or_stand_twice_are_told_at_their_line(
    hour: str | None, first: str, last: str | None, path: tuple[int], told: str
) -> None:
    plan = with_hops(hour, FIRST.model_copy(update={"hour": first}), LAST.model_copy(update={"hour": last}))
    (problem,) = [one for one in plan.problems if one.rule == "hop-hour"]
    assert (problem.severity, problem.path) == (Severity.ERROR, ("reports", 0, "hops", *path, "hour"))
    assert problem.message == f"“工作总结及统计表”{told}"


def test_an_hour_of_a_hop_says_nothing_of_what_is_reported_at_any_time() -> None:
    plan = with_hops(None, FIRST, LAST, event="发现重大案件")
    (problem,) = [one for one in plan.problems if one.rule == "hop-hour"]
    assert problem.path == ("reports", 0, "hops", 0, "hour") and "随时报送，没有截止日，时刻（hour）不起作用" in problem.message


CASES: tuple[tuple[dict[str, object], str, str], ...] = (
    (
        {"monthly": ["end"], "starts": "2020-10-01"},
        "outside",
        "从2020年10月1日（周四）起报，早于专项行动开始，按2020年10月20日（周二）起算，请核对",
    ),
    ({"weekly": ["周五"], "ends": "2022-10-01"}, "outside", "报到2022年10月1日（周六）为止，晚于专项行动结束，按"),
    ({}, "clock", "“工作总结及统计表”没有写何时报送"),
    ({"date": "2020-12-03", "weekly": ["周五"]}, "clock", "同时写了 date、weekly，只能留一个"),
    ({"dates": ["2020-11-06"], "starts": "2020-11-01"}, "clock", "“自”（starts）不能和 dates 一起用，请删去"),
    ({"date": "2020-11-06", "starts": "2020-11-09"}, "dates-reversed", "统计时间的起始（starts）晚于结束，请核对"),
    ({"weekly": ["周五"], "first": "2020-11-06"}, "clock", "“首次日期”（first）不能和 weekly 一起用，请删去"),
    ({"every_weeks": 2}, "no-first", "每2周报送一次，要写明从哪一天算起，请补上首次日期（first）"),
    ({"every_months": 2}, "no-first", "每2个月报送一次，要写明从哪一天算起，请补上首次日期（first）"),
    (
        {"every_days": 10},
        "no-first",
        "每10天报送一次，要写明从哪一天算起，请补上首次日期（first）；每旬报送写成 monthly: [10, 20, end]",
    ),
    ({"quarterly": 10, "months": [4, 7]}, "clock", "“月份”（months）不能和 quarterly 一起用，请删去"),
    ({"monthly": [15], "covers": "next", "months": [4]}, "clock", "报下期计划的不能写月份（months），请写 starts 和 ends"),
    ({"monthly": [15, "end"], "months": [4, 5, 4]}, "duplicate", "月份 4 重复，前面第1条已经用过，请改成不同的"),
    ({"monthly": [5], "months": [4, 12]}, "guessed-period", "按上月统计，所写月份（months）是统计的月份，4月的在5月报，请核对"),
    ({"after": "活动结束"}, "unknown-amount", "没有写几日内，暂不计时"),
    ({"after": "活动结束", "days": 3}, "unknown-date", "从“活动结束”起计时，日期还不知道，暂不计时"),
    ({"date": "12-03"}, "guessed-year", "“12-03”没有写年份，按2020年12月3日（周四）理解，请核对后写全"),
    ({"range": ["2020-11-16", "30"]}, "guessed-year", "按2020年11月16日（周一）至2020年11月30日（周一）理解"),
    ({"quarterly": 25, "working_days": 3}, "clock", "从期末往后数几日的，日期写 end（每年的写 12-31 和 covers: this）"),
    ({"half_yearly": 20}, "guessed-period", "每半年的20日报送，没有写统计时间，按上一个半年统计，请核对并写明 covers"),
    ({"range": ["2020-11-16", "10"]}, "dates-reversed", "“2020-11-16至10”读不成起止日期"),
    ({"monthly": [25]}, "guessed-period", "每月的25日报送，没有写统计时间，按上月统计，请核对并写明 covers"),
    (
        {"dates": ["2021-03-27", "2021-06-27", "2021-09-27", "2021-12-12"]},
        "not-quarter-end",
        "看起来是每季度报送，但3月27日、6月27日、9月27日、12月12日不是季末，请核对；日期本身不变",
    ),
    (
        {"dates": ["2021-09-01", "2021-06-01"]},
        "dates-reversed",
        "“2021-06-01”不晚于前一个日期2021年9月1日（周三），几个日期请按先后顺序写",
    ),
    ({"date": "2022-01-10"}, "outside", "在专项行动结束（2021年12月31日（周五））之后，请核对"),
    ({"date": "2020-10-01"}, "outside", "在专项行动开始（2020年10月20日（周二））之前，请核对"),
    ({"date": "2020-12-05"}, "rest-day", "不是工作日，当天催报改在2020年12月4日（周五）发出；日期本身不变"),
    ({"date": "2020-10-22"}, "no-time", "可到2020年10月20日（周二）才下发"),
    ({"phase_end": "first"}, "unknown-phase", "阶段“first”没有定义，请先写 phases"),
    ({"daily": "every_day", "rest_days": "after"}, "clock", "每天都报送的，遇休息日不移动"),
    ({"after": "launch", "days": 3, "working_days": 3}, "clock", "只能写一个"),
    ({"monthly": [2, 12], "covers": "last"}, "clock", "一期内有几个日期时不能写统计时间"),
    ({"dates": ["2020-11-12", "2020-12-03"], "called": ["总结"]}, "clock", "日期有2个，名称却有1个，应一一对应"),
)


@pytest.mark.parametrize(("said", "rule", "message"), CASES, ids=[f"{case[1]}-{n}" for n, case in enumerate(CASES)])
def test_a_date_that_looks_wrong_is_told(said: dict[str, object], rule: str, message: str) -> None:
    assert any(message in one.message for one in with_clock(**said).problems if one.rule == rule)


@pytest.mark.parametrize(
    "said",
    [{"after": "end", "working_days": 5}, {"quarterly": 10}, {"yearly": ["01-15"], "covers": "last"}],
    ids=["so long after the end", "the last quarter", "the last year"],
)
def test_a_date_that_is_meant_to_lie_after_the_end_is_no_doubt(said: dict[str, object]) -> None:
    plan = with_clock(**said)
    assert max(one.due_on for one in plan.rounds) > plan.definition.campaign.ends
    assert not any(one.rule == "outside" for one in plan.problems)


def test_a_rest_day_is_told_of_whoever_owes_on_it() -> None:
    def said(clock: dict[str, object], **before: int) -> list[str]:
        plan = with_clock(**clock)
        report = plan.definition.reports[0]
        hops = (Hop(role=Role.COOPERATING, to="lead", **before), Hop(role=Role.LEAD, to="office"))
        definition = plan.definition.model_copy(update={"reports": (report.model_copy(update={"hops": hops}),)})
        problems = expand(definition, plan.directory, WORKDAYS, OfficeHours()).problems
        return [one.message for one in problems if one.rule == "rest-day"]

    assert said({"date": "2020-12-10"}, days_before=4) == [
        f"{TITLE}的配合单位的报送日2020年12月6日（周日）不是工作日，当天催报改在2020年12月4日（周五）发出；日期本身不变"
    ]
    assert said({"date": "2020-12-12"}, days_before=6) == [
        f"{TITLE}的配合单位的报送日2020年12月6日（周日）、截止日2020年12月12日（周六）都不是工作日"
        "，当天催报改在2020年12月4日（周五）、2020年12月11日（周五）发出；日期本身不变"
    ]
    assert said({"date": "2020-12-12"}) == [
        f"{TITLE}的截止日2020年12月12日（周六）不是工作日，当天催报改在2020年12月11日（周五）发出；日期本身不变"
    ]
    assert said({"date": "2020-12-10"}, working_days_before=4) == []


def test_a_hop_before_the_days_that_are_reported_on_is_told() -> None:
    def said(clock: dict[str, object], **before: int) -> list[str]:
        plan = with_hops(None, Hop(role=Role.COOPERATING, to="lead", **before), LAST, **clock)
        return [one.message for one in plan.problems if one.rule == "too-early"]

    holiday = {"weekly": ["周一", "周四"], "starts": "2021-06-11", "ends": "2021-06-14"}  # Monday the 14th is a holiday
    assert said(holiday, days_before=4) == [
        "2021年第24周周一的配合单位应在2021年6月10日（周四）前报送，可要报的是2021年6月11日（周五）起的情况，请核对提前的日数"
    ]
    assert said(holiday, days_before=3) == []
    assert said({"monthly": [15], "covers": "next"}, days_before=3) == []


def test_of_many_alike_three_are_told_and_the_rest_is_counted() -> None:
    plan = with_clock(weekly=["周六"])
    rest = [one.message for one in plan.problems if one.rule == "rest-day"]
    assert len(rest) == 4
    assert rest[-1] == f"像上面这样的还有{len([r for r in plan.rounds if not WORKDAYS.is_working(r.due_on)]) - 3}期"


periods = st.sampled_from([None, "since", "last", "this", "next"])


def listed(key: str, values: list[object]) -> st.SearchStrategy[dict[str, object]]:
    """Return clocks with one to three dates a period; what is covered is said for one only."""
    several = st.lists(st.sampled_from(values), min_size=1, max_size=3, unique=True)
    return st.builds(lambda days, covers: {key: days, "covers": covers if len(days) == 1 else None}, several, periods)


some_months = st.fixed_dictionaries({"months": st.lists(st.integers(1, 12), min_size=1, unique=True)})
recurring = st.one_of(
    listed("monthly", [1, 2, 12, 27, "end"]),
    st.builds(dict.__or__, listed("monthly", [1, 12, "end"]), some_months),
    st.builds(dict.__or__, listed("weekly", list(WEEKDAYS)), some_months),
    listed("weekly", list(WEEKDAYS)),
    listed("yearly", ["01-15", "06-20", "02-29", "12-31"]),
    st.fixed_dictionaries({"quarterly": st.sampled_from([1, 10, 25, "end"]), "covers": st.sampled_from([None, "last", "this"])}),
    st.fixed_dictionaries({"half_yearly": st.sampled_from([1, 25, "end"]), "covers": st.sampled_from([None, "this", "next"])}),
    st.fixed_dictionaries({"quarterly": st.just("end"), "working_days": st.integers(0, 20)}),
    st.fixed_dictionaries({"every_weeks": st.integers(2, 6), "first": st.dates(date(2019, 1, 1), date(2021, 1, 1))}),
    st.fixed_dictionaries({"every_days": st.integers(2, 20), "first": st.dates(date(2019, 1, 1), date(2021, 1, 1))}),
    st.fixed_dictionaries({"every_months": st.integers(2, 6), "first": st.dates(date(2019, 1, 1), date(2021, 1, 1))}),
    st.fixed_dictionaries({"daily": st.sampled_from(["every_day", "working_days"])}),
    st.fixed_dictionaries({"before_holiday": st.sampled_from(["春节", "国庆"]), "working_days": st.integers(0, 9)}),
)
starts = st.dates(date(2019, 1, 1), date(2021, 12, 31))


@settings(max_examples=120, deadline=None)
@given(recurring, starts, st.integers(0, 500), st.integers(0, 500), st.sampled_from(["stay", "before", "after"]))
def test_a_longer_campaign_keeps_every_term_and_adds_later_ones(
    said: dict[str, object], first: date, length: int, more: int, rest_days: str
) -> None:
    clock = Clock.model_validate({key: value for key, value in said.items() if value is not None})
    if clock.daily != "every_day":
        clock = clock.model_copy(update={"rest_days": rest_days})
    last = first + timedelta(days=length)
    short = terms(clock, Span(first, last), {}, CALENDAR)
    longer = terms(clock, Span(first, last + timedelta(days=more)), {}, CALENDAR)

    assert [(one.code, one.label, one.day) for one in longer[: len(short)]] == [(one.code, one.label, one.day) for one in short]
    assert len({one.code for one in longer}) == len(longer)
    assert len({one.label for one in longer}) == len(longer)
    assert [one.day for one in longer] == sorted(one.day for one in longer)
    assert all(one.covers.first <= one.covers.last for one in longer)
    assert all(first <= one.covers.first for one in longer)
    for before, after in pairwise(longer):
        assert before.covers.last < after.covers.first
    if clock.period == "since" and rest_days == "stay":
        assert all(first <= one.day <= last for one in short)
