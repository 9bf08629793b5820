"""Earliest and latest finish, slack and whose delay moves the end: as counted by hand, and as brute force finds them."""

import random
from datetime import date, timedelta

import pytest

from campaigns.critical import Link, critical_path, schedule, schedule_places, timing
from campaigns.workdays import Workdays
from tests.builders import FIRST_ROUND, WORKDAYS, small_plan

FIRST = date(2020, 9, 28)


def test_a_small_network_as_worked_out_by_hand() -> None:
    work = {"a": 3, "b": 2, "c": 4, "d": 1}
    links: list[Link] = [("a", "c", 1), ("b", "c", 0), ("b", "d", 0)]
    spans = schedule(work, {"d": 4}, links)
    assert {node: (one.wave, one.earliest, one.latest, one.slack) for node, one in spans.items()} == {
        "a": (0, 3, 3, 0),
        "b": (0, 2, 4, 2),
        "c": (1, 8, 8, 0),
        "d": (1, 5, 8, 3),
    }
    assert critical_path(spans, work, links) == ("a", "c")
    assert [spans["b"].moves_end_by(days) for days in (0, 2, 3, 10)] == [0, 0, 1, 8]


def test_a_circle_is_refused() -> None:
    with pytest.raises(ValueError, match="circle"):
        schedule({"a": 1, "b": 1}, {}, [("a", "b", 0), ("b", "a", 0)])


def calendar_of(chance: random.Random) -> Workdays:
    days = [FIRST + timedelta(days=n) for n in range(120)]
    return Workdays(
        rest=frozenset(chance.sample([one for one in days if one.weekday() < 5], 12)),
        makeup=frozenset(chance.sample([one for one in days if one.weekday() > 4], 4)),
    )


def brute(
    work: dict[str, int], ready: dict[str, int], links: list[Link], workdays: Workdays, late: str = "", delay: int = 0
) -> dict[str, date]:
    """Return the finish of every node by following every chain into it, day by day in the calendar."""

    def finish(node: str) -> date:
        starts = [workdays.shift(FIRST, ready[node])]
        starts += [workdays.shift(finish(before), lag) for before, after, lag in links if after == node]
        return workdays.shift(max(starts), work[node] + (delay if node == late else 0))

    return {node: finish(node) for node in work}


def test_ten_thousand_random_plans_as_brute_force_has_them() -> None:
    chance = random.Random(20201020)
    calendars = [calendar_of(chance) for _ in range(40)]
    for number in range(10_000):
        workdays = calendars[number % 40]
        nodes = [f"n{at}" for at in range(chance.randint(1, 6))]
        work = {node: chance.randint(0, 4) for node in nodes}
        ready = {node: chance.choice((0, 0, 0, 3)) for node in nodes}
        links = [
            (before, after, chance.choice((0, 0, 1, 2)))
            for at, after in enumerate(nodes)
            for before in nodes[:at]
            if chance.random() < 0.35
        ]
        spans = schedule(work, ready, links)
        dates = brute(work, ready, links, workdays)
        assert {node: workdays.shift(FIRST, one.earliest) for node, one in spans.items()} == dates
        end = max(dates.values())
        node = chance.choice(nodes)
        slack = spans[node].slack
        assert max(brute(work, ready, links, workdays, node, slack).values()) == end
        days = chance.randint(1, 4)
        moved = max(brute(work, ready, links, workdays, node, slack + days).values())
        assert workdays.between(end, moved) == spans[node].moves_end_by(slack + days) == days
        path = critical_path(spans, work, links)
        assert all(not spans[one].slack for one in path)
        assert workdays.shift(FIRST, spans[path[-1]].earliest) == end


def test_a_plan_in_time() -> None:
    found = timing(small_plan(), WORKDAYS)
    steps = {one.node: one for one in found.steps}
    lead, helper = steps[f"{FIRST_ROUND}/1/scjg"], steps[f"{FIRST_ROUND}/1/swj"]
    assert (lead.due, helper.due) == (date(2020, 12, 3), date(2020, 11, 26))
    assert (helper.wave, lead.wave, steps[f"{FIRST_ROUND}/3/fgw"].wave, steps[f"{FIRST_ROUND}/rollup"].wave) == (0, 1, 2, 3)
    assert helper.slack == lead.slack == 0  # five working days are what the definition leaves the lead
    assert helper.slack_to_end == WORKDAYS.between(date(2020, 12, 10), date(2021, 12, 10)) - 2 * 5  # two roll-ups follow
    assert found.paths[FIRST_ROUND][-1] == f"{FIRST_ROUND}/rollup"
    assert found.load["scjg", date(2020, 11, 23)] == 2 and found.load["scjg", date(2020, 11, 30)] == 1


def test_one_plan_in_many_places_is_as_if_each_were_a_plan_of_its_own() -> None:
    chance = random.Random(2844)
    for _ in range(300):
        nodes = [f"n{at}" for at in range(chance.randint(1, 6))]
        work = {node: chance.randint(0, 4) for node in nodes}
        links = [(a, b, chance.choice((0, 1))) for at, b in enumerate(nodes) for a in nodes[:at] if chance.random() < 0.4]
        places = chance.randint(1, 5)
        exceptions = {place: {chance.choice(nodes): chance.randint(1, 6)} for place in range(places) if chance.random() < 0.4}
        whole = schedule(
            {f"{place}/{node}": days for place in range(places) for node, days in work.items()},
            {f"{place}/{node}": days for place, begins in exceptions.items() for node, days in begins.items()},
            [(f"{place}/{a}", f"{place}/{b}", lag) for place in range(places) for a, b, lag in links],
        )
        spread = schedule_places(work, {}, links, places, exceptions)
        found = zip(
            ((place, node) for place in range(places) for node in spread.nodes), spread.earliest, spread.latest, strict=True
        )
        assert all(
            (whole[f"{place}/{node}"].earliest, whole[f"{place}/{node}"].latest) == (a, b) for (place, node), a, b in found
        )
