"""The ladder: each rung once or superseded by name, one letter a person and day, none to those who reported or at rest."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from datetime import date, datetime, time, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from campaigns.definition import USUAL_LADDER, Paper, Rung
from campaigns.ladder import Owed, climb, go_round, may_speak, moment_of, office_hours_from
from campaigns.notices import Notice
from campaigns.states import Standing
from campaigns.workdays import OfficeHours, Slots, instant, office_date, office_time
from tests.builders import WORKDAYS

SLOTS = Slots(WORKDAYS, OfficeHours())
DUE = instant(date(2020, 12, 3), time(17, 30))  # a Thursday
OPENED = instant(date(2020, 10, 20), time(8, 30))


def at(month: int, day: int, hour: int = 8, minute: int = 30, year: int = 2020) -> datetime:
    return instant(date(year, month, day), time(hour, minute))


def owed(due_at: datetime = DUE, *, code: str = "1", campaign: str = "c", **more: object) -> Owed:
    standing = replace(Standing(due_at, opened_at=OPENED), **more)  # type: ignore[arg-type]
    return Owed(f"{campaign}/r/{code}/dong", campaign, f"{campaign}/r", 1, "dong", "cooperating", ("scjg",), standing)


def heard(found: tuple[Notice, ...]) -> set[tuple[str, str]]:
    return {(one.rung, one.audience) for one in found}


@pytest.mark.parametrize(
    ("rung", "moment"),
    [
        ({"working_days": -3}, at(11, 30)),
        ({"working_days": 0}, at(12, 3)),
        ({"working_days": 0, "hour": "15:00"}, at(12, 3, 15, 0)),
        ({"working_days": 2}, at(12, 7)),  # over the weekend
        ({"office_hours": -2}, at(12, 3, 15, 30)),
        ({"office_hours": -10}, at(12, 2, 16, 30)),  # nine hours are a working day
        ({"office_hours": 1}, at(12, 4, 9, 30)),
    ],
)
def test_a_rung_stands_at_its_day_hour_or_office_hours(rung: dict[str, object], moment: datetime) -> None:
    assert moment_of(Rung(id="r", title="r", to=("liaison",), **rung), DUE, SLOTS) == moment  # type: ignore[arg-type]


def test_office_hours_pass_over_the_holiday_and_count_the_saturday_that_is_worked() -> None:
    before_the_holiday = at(9, 30, 17, 0)
    assert office_hours_from(before_the_holiday, 1, SLOTS) == at(10, 9, 9, 0)
    assert office_hours_from(before_the_holiday, 10, SLOTS) == at(10, 10, 9, 0)  # 10 October is a Saturday, worked


def test_the_usual_ladder_told_day_by_day() -> None:
    made: set[str] = set()
    said = {}
    day = date(2020, 11, 27)
    while day < date(2020, 12, 12):
        for slot in SLOTS.of(day):
            found = climb(owed(), USUAL_LADDER, made, SLOTS, slot)
            assert not found.superseded
            made |= {one.key for one in found.due}
            if found.due:
                said[office_time(slot).date().isoformat()] = heard(found.due)
        day += timedelta(days=1)
    assert said == {
        "2020-11-30": {("before3", "liaison")},
        "2020-12-02": {("before1", "liaison"), ("before1", "deputy")},
        "2020-12-03": {("due", "liaison"), ("due", "lead"), ("due", "office")},
        "2020-12-04": {("after1", "liaison"), ("after1", "lead"), ("after1", "leader"), ("after1", "office")},
        "2020-12-08": {("after3", "office")},
    }
    again = climb(owed(), USUAL_LADDER, made, SLOTS, at(12, 9), lateness=2)
    assert heard(again.due) == {("again", "office")} and USUAL_LADDER[-1].paper is Paper.INTERVIEW


def test_after_an_outage_only_the_newest_speaks_and_the_others_say_what_was_said_instead() -> None:
    found = climb(owed(), USUAL_LADDER, (), SLOTS, at(12, 8))
    assert heard(found.due) == {("after1", "liaison"), ("after1", "lead"), ("after1", "leader"), ("after3", "office")}
    assert {(one.rung, one.audience): one.by for one in found.superseded} == {
        ("before3", "liaison"): "date",
        ("before1", "liaison"): "date",
        ("before1", "deputy"): "date",
        ("due", "liaison"): "date",
        ("due", "lead"): "date",
        ("due", "office"): "date",
        ("after1", "office"): "after3",
    }


def test_what_is_moved_or_opened_late_has_its_earlier_rungs_superseded() -> None:
    moved = owed(at(12, 8, 17, 30), due_version=2, earlier=((at(12, 4, 10, 0), DUE),))
    found = climb(moved, USUAL_LADDER, (), SLOTS, at(12, 4, 14, 30))
    assert not found.due and [(one.rung, one.by) for one in found.superseded] == [("before3", "moved")]
    assert found.next_at == at(12, 7)
    opened = owed(opened_at=at(12, 2, 10, 0))
    assert {one.by for one in climb(opened, USUAL_LADDER, (), SLOTS, at(12, 2, 14, 30)).superseded} == {"opened"}


def test_a_rung_speaks_to_the_state_it_names_and_a_telephone_rung_to_the_office() -> None:
    back = Rung(id="back", title="退回后", working_days=-1, states=("returned",), to=("liaison",))
    call = Rung(id="call", title="电话", working_days=-1, to=("liaison",), channel="phone")
    now = at(12, 2)
    assert heard(climb(owed(), (back, call), (), SLOTS, now).due) == {("call", "office")}
    assert heard(climb(owed(returned=True), (back,), (), SLOTS, now).due) == {("back", "liaison")}


def test_nobody_who_has_reported_hears_anything_and_it_is_never_looked_at_again() -> None:
    for settled in ({"received_at": at(12, 1)}, {"waived": True}, {"not_applicable": True}, {"closed_at": at(12, 1)}):
        found = climb(owed(**settled), USUAL_LADDER, (), SLOTS, at(12, 8))  # type: ignore[arg-type]
        assert (found.due, found.superseded, found.next_at) == ((), (), None)


def ticks(start: date, days: int, skipped: set[int], outage: tuple[int, int], late: list[int]) -> Iterator[datetime]:
    """Yield ticks of two a day, nights and rest days too, some skipped, some late, none during an outage."""
    for number in range(days * 2):
        day, half = divmod(number, 2)
        if number in skipped or outage[0] <= day < sum(outage):
            continue
        yield instant(start + timedelta(days=day), time(8, 30) if half == 0 else time(14, 30)) + timedelta(
            minutes=late[number % len(late)]
        )


@settings(max_examples=150, deadline=None)
@given(
    dues=st.lists(st.integers(5, 50), min_size=1, max_size=8),
    received=st.lists(st.none() | st.integers(0, 130), min_size=8, max_size=8),
    skipped=st.sets(st.integers(0, 140), max_size=60),
    outage=st.tuples(st.integers(0, 60), st.integers(0, 20)),
    late=st.lists(st.sampled_from([0, 0, 1, 45, 180, 700]), min_size=1, max_size=7),
    start=st.sampled_from([date(2020, 9, 21), date(2020, 11, 2), date(2021, 5, 20)]),
)
def test_every_rung_is_climbed_once_or_superseded_by_name(
    dues: list[int],
    received: list[int | None],
    skipped: set[int],
    outage: tuple[int, int],
    late: list[int],
    start: date,
) -> None:
    days, made, next_at, letters = 80, {}, {}, Counter()  # type: ignore[var-annotated]
    opened = instant(start, time(8, 30))
    reports = {}
    for number, due in enumerate(dues):
        code, campaign = str(number), "ab"[number % 2]
        one = owed(instant(start + timedelta(days=due), time(17, 30)), code=code, campaign=campaign, opened_at=opened)
        reports[one.id] = one
        next_at[one.id] = opened
    came = dict(zip(reports, received, strict=False))
    last = opened
    for now in ticks(start, days, skipped, outage, late):
        for code, half in came.items():
            if half is not None and reports[code].standing.received_at is None:
                moment = opened + timedelta(hours=12 * half)
                if moment <= now:
                    reports[code] = replace(reports[code], standing=replace(reports[code].standing, received_at=moment))
                    next_at[code] = None
        if not may_speak(now, SLOTS):
            continue
        today = office_date(now)
        looked_at = [reports[code] for code, moment in next_at.items() if moment is not None and moment <= now]
        told = {mailbox for mailbox, day in letters if day == today}
        found = go_round(
            looked_at, dict.fromkeys("ab", USUAL_LADDER), made, dict.fromkeys("ab", SLOTS), now,
            lambda campaign, department, audience: f"{department}-{audience}@x", told, {},
        )  # fmt: skip
        next_at.update(found.next_at)
        for mailbox, notices in found.digests.items():
            letters[mailbox, today] += 1
            for one in notices:
                assert one.key not in made
                made[one.key] = "made"
                assert reports[one.about].standing.received_at is None
                assert one.slot <= now
        for one in found.superseded:
            assert one.key not in made and one.by
            made[one.key] = one.by
        last = now
    assert all(count == 1 for count in letters.values())
    assert all(WORKDAYS.is_working(day) for _, day in letters)
    for one in reports.values():
        if one.standing.received_at is not None:
            continue
        for rung in USUAL_LADDER[:-1]:
            # a rung may wait for one working morning where its reader had a letter that day; two more have passed by then
            if SLOTS.first_of(SLOTS.workdays.shift(office_date(moment_of(rung, one.standing.due_at, SLOTS)), 2)) <= last:
                for audience in rung.audiences:
                    lead = "-scjg" if audience == "lead" else ""
                    assert f"{one.id}:{rung.id}:{audience}{lead}:v1" in made
