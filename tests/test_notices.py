"""Notices written down with nothing at hand but the page on the language: each can be launched, and says what it says."""

from datetime import date
from pathlib import Path

import pytest

from campaigns.errors import DefinitionError
from campaigns.plan import Plan
from campaigns.workdays import SHANGHAI, OfficeHours
from integrations.calendar import workdays
from integrations.definition_files import load_plan

NOTICES = Path(__file__).parent / "notices"


def plan(name: str) -> Plan:
    return load_plan(NOTICES / f"{name}.yaml", workdays(2001, 2026), OfficeHours(), [NOTICES], [NOTICES])


def open_points(name: str) -> list[str]:
    try:
        found = plan(name).problems
    except DefinitionError as unfinished:
        found = unfinished.problems
    return [f"{one.line} {one.message}" for one in found if one.severity in ("error", "asked")]


def dues(laid_out: Plan, report: str) -> list[str]:
    return [one.due_on.isoformat() for one in laid_out.rounds if one.report == report]


ASKED = {"guangyuan-2024", "fuyu-2017"}  # what the notice leaves open keeps them from being launched


@pytest.mark.parametrize("name", sorted({path.stem for path in NOTICES.glob("*-*.yaml")} - ASKED))
def test_it_can_be_launched(name: str) -> None:
    assert open_points(name) == []


def test_several_clocks_run_side_by_side() -> None:
    rounds = plan("changzhou-2018").rounds

    assert [one.due_on.isoformat() for one in rounds if one.report == "cases"] == ["2018-06-27", "2018-09-27", "2018-12-12"]
    assert sum(one.report == "news" for one in rounds) == 20
    assert not any(one.report == "major" for one in rounds)


def test_cities_report_to_the_station_that_sums_for_the_office() -> None:
    laid_out = plan("anhui-2011")
    first = next(one for one in laid_out.rounds if one.report == "seeds" and one.due_on.month == 2)

    owed = {one.department: (one.due_at.date().isoformat(), one.receivers) for one in laid_out.expected_in(first.id)}
    assert owed == {
        "zhongzi": ("2011-02-25", ("office",)),
        "nongwei-a": ("2011-02-20", ("zhongzi",)),
        "nongwei-b": ("2011-02-20", ("zhongzi",)),
    }


def test_a_plan_for_the_next_month_is_due_in_this_one() -> None:
    planned = [one for one in plan("anhui-2011").rounds if one.report == "publicity"]

    assert [(one.due_on.isoformat(), f"{one.covers_from:%m-%d}", f"{one.covers_until:%m-%d}") for one in planned] == [
        ("2011-02-15", "03-01", "03-31")
    ]


def test_ten_working_days_after_each_quarter() -> None:
    assert dues(plan("yimei-2021"), "quarterly") == ["2021-07-14", "2021-10-20", "2022-01-17"]


def test_a_weekly_date_on_a_holiday_moves_on_while_the_week_before_stays_covered() -> None:
    moved = next(one for one in plan("guanlang-2016").rounds if one.due_on.isoformat() == "2016-10-08")

    assert (moved.covers_from.isoformat(), moved.covers_until.isoformat()) == ("2016-09-26", "2016-10-02")


def test_phases_follow_one_another() -> None:
    definition = plan("hefei-2022").definition

    assert [definition.needs_of(duty) for duty in definition.duties] == [(), (1,), (2,), (3,)]


def test_what_a_notice_leaves_open_is_asked_and_nothing_else() -> None:
    assert open_points("guangyuan-2024") == ["26 “每季度”待定，请核对原文后填写", "32 “每半年”待定，请核对原文后填写"]
    asked = open_points("fuyu-2017")
    assert len(asked) == 2 and all("是牵头还是配合，原文没有写明" in one for one in asked)


def test_prices_are_returned_on_every_day_of_the_holiday() -> None:
    daily = [one.due_on.isoformat() for one in plan("chuxiong-2017").rounds if one.report == "daily"]

    assert daily == [f"2017-10-0{day}" for day in range(1, 9)]


def test_the_day_before_is_returned_at_ten_every_day_from_before_the_holiday_to_after_it() -> None:
    laid_out = plan("jiance-2011")
    daily = [one for one in laid_out.rounds if one.report == "necessities"]

    assert len(daily) == 19 and (daily[0].due_on.isoformat(), daily[-1].due_on.isoformat()) == ("2011-01-24", "2011-02-11")
    assert all((one.due_on - one.covers_until).days == 1 for one in daily)
    assert {f"{one.due_at.astimezone(SHANGHAI):%H:%M}" for one in laid_out.expected_in(daily[3].id)} == {"10:00"}


def test_two_summaries_are_due_on_one_day_and_dates_lie_outside_the_phases() -> None:
    laid_out = plan("huanbao-2005")

    assert [(one.report, one.due_on.isoformat()) for one in laid_out.rounds] == [
        ("checked", "2005-07-15"),
        ("cases", "2005-09-25"),
        ("year", "2005-11-10"),
        ("three_years", "2005-11-10"),
    ]


def test_a_standing_report_covers_the_month_before_and_an_event_has_no_date() -> None:
    rounds = plan("chengdu-2001").rounds
    monthly = [one for one in rounds if one.report == "monthly"]

    assert [(f"{one.covers_until:%m-%d}", f"{one.due_on:%m-%d}") for one in monthly][:2] == [
        ("04-30", "05-10"),
        ("05-31", "06-10"),
    ]
    assert not any(one.report == "done" for one in rounds)


def test_one_return_may_be_about_other_days_than_those_up_to_its_date() -> None:
    assert [(one.due_on, one.covers_from, one.covers_until) for one in plan("lucheng-2007").rounds] == [
        (date(2007, 12, 27), date(2007, 1, 1), date(2007, 12, 31))
    ] * 2
    spring, autumn = (one.clock for one in plan("anhui-feiliao").definition.reports)
    assert (spring.starts, spring.ends, autumn.starts, autumn.ends) == (
        date(2008, 3, 11),
        date(2008, 4, 15),
        date(2008, 8, 15),
        None,
    )


def test_the_month_of_the_notice_is_reported_on_at_the_beginning_of_the_next_and_the_last_after_the_end() -> None:
    found = plan("suining-2015")
    assert dues(found, "monthly") == ["2015-03-03", "2015-04-03", "2015-05-03", "2015-06-03", "2015-07-03"]
    first, last = (one for one in found.rounds if one.due_on in (date(2015, 3, 3), date(2015, 7, 3)))
    assert (first.covers_from, last.covers_until) == (date(2015, 2, 1), date(2015, 6, 30))
    assert {one.department for one in found.assignments} == {"jingxin-a", "jingxin-b", "jingmao", "jingfa"}


def test_departments_of_a_county_report_to_the_lead_of_their_county() -> None:
    assert {one.department: one.receivers for one in plan("jinyu-2026").expected if one.role == "cooperating"} == {
        "gongan-a": ("nongye-a",),
        "gongan-b": ("nongye-b",),
        "jiaotong-a": ("nongye-a",),
    }
