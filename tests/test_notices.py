"""Notices written down with nothing at hand but the page on the language: each can be launched, and says what it says."""

from pathlib import Path

import pytest

from campaigns.plan import Plan
from campaigns.workdays import OfficeHours
from integrations.calendar import workdays
from integrations.definition_files import load_plan

NOTICES = Path(__file__).parent / "notices"


def plan(name: str) -> Plan:
    return load_plan(NOTICES / f"{name}.yaml", workdays(2010, 2020, NOTICES / "calendar"), OfficeHours(), [NOTICES], [NOTICES])


@pytest.mark.parametrize("name", ["changzhou-2018", "anhui-2011", "chuxiong-2017"])
def test_it_can_be_launched(name: str) -> None:
    assert [f"{one.line} {one.message}" for one in plan(name).problems if one.severity in ("error", "asked")] == []


def test_several_clocks_run_side_by_side() -> None:
    rounds = plan("changzhou-2018").rounds

    assert [one.due_on.isoformat() for one in rounds if one.report == "cases"] == ["2018-06-27", "2018-09-27", "2018-12-12"]
    assert sum(one.report == "news" for one in rounds) == 20
    assert not any(one.report == "major" for one in rounds)


def test_counties_report_before_the_lead_does() -> None:
    laid_out = plan("anhui-2011")
    first = next(one for one in laid_out.rounds if one.report == "monthly")

    owed = {one.department: (one.due_at.date().isoformat(), one.receivers) for one in laid_out.expected_in(first.id)}
    assert owed == {
        "nongji": ("2011-02-08", ("office",)),
        "xian-a": ("2011-02-04", ("nongji",)),
        "xian-b": ("2011-02-04", ("nongji",)),
    }


def test_prices_are_returned_on_every_day_of_the_holiday() -> None:
    daily = [one.due_on.isoformat() for one in plan("chuxiong-2017").rounds if one.report == "daily"]

    assert daily == [f"2017-10-0{day}" for day in range(1, 9)]
