"""What a new holiday notice changes in a running campaign: told, never done."""

from dataclasses import replace
from datetime import UTC, date, datetime

from campaigns.plan import Plan, expand
from campaigns.records import RoundRecord
from campaigns.retiming import Retimed, retimed
from campaigns.states import Standing
from campaigns.workdays import OfficeHours
from tests.builders import FIRST_ROUND, SECOND_ROUND, WORKDAYS, small_definition, small_directory, small_plan

TODAY = date(2020, 11, 2)
NOTICE = replace(WORKDAYS, rest=WORKDAYS.rest | {date(2020, 12, 2)})  # a Wednesday, found to be free


def recorded(plan: Plan, opened: str = "") -> list[RoundRecord]:
    moment = datetime(2020, 10, 20, 1, tzinfo=UTC)
    at = {opened: moment}
    return [
        RoundRecord(one.id, "test-2020", one.report, one.label, one.opens_on, one.due_on, one.closes_on, at.get(one.id), None)
        for one in plan.rounds
    ]


def changes(plan: Plan, standings: dict[str, Standing]) -> tuple[Retimed, ...]:
    return retimed(plan, recorded(small_plan(), FIRST_ROUND), standings, TODAY)


def test_nothing_changes_while_the_calendar_is_the_same() -> None:
    assert changes(small_plan(), {one.id: Standing(one.due_at) for one in small_plan().expected}) == ()


def test_dates_counted_in_working_days_are_told_once_and_the_office_s_own_date_stays() -> None:
    standings = {one.id: Standing(one.due_at) for one in small_plan().expected}
    after = expand(small_definition(), small_directory(), NOTICE, OfficeHours())

    assert changes(after, standings) == (
        Retimed(FIRST_ROUND, "2020年下半年", "配合单位报送", date(2020, 11, 26), date(2020, 11, 25)),
    )


def test_what_a_decision_has_moved_is_left_alone() -> None:
    standings = {one.id: Standing(one.due_at, due_version=2) for one in small_plan().expected}
    after = expand(small_definition(), small_directory(), NOTICE, OfficeHours())

    assert changes(after, standings) == ()


def test_rounds_that_come_and_go_are_told() -> None:
    fewer = replace(small_plan(), rounds=tuple(one for one in small_plan().rounds if one.id != SECOND_ROUND))
    standings = {one.id: Standing(one.due_at) for one in small_plan().expected}
    second = small_plan().round(SECOND_ROUND)

    assert retimed(fewer, recorded(small_plan()), standings, TODAY) == (
        Retimed(SECOND_ROUND, second.label, "取消", second.due_on, None),
    )
    assert retimed(small_plan(), recorded(fewer), standings, TODAY) == (
        Retimed(SECOND_ROUND, second.label, "新增", None, second.due_on),
    )


def test_a_date_that_is_provisional_or_meant_in_principle_says_so() -> None:
    small = small_definition()
    soft = small.reports[0].model_copy(update={"clock": small.reports[0].clock.model_copy(update={"soft": True})})
    unpublished = replace(WORKDAYS, published=frozenset())
    plan = expand(small.model_copy(update={"reports": (soft,)}), small_directory(), unpublished, OfficeHours())

    assert [plan.rounds[0].mark(role) for role, _ in plan.rounds[0].due] == ["（原则上，暂定）", "（原则上）"]
    assert [small_plan().rounds[0].mark(role) for role, _ in small_plan().rounds[0].due] == ["", ""]
