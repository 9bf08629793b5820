"""Every campaign that ships runs in virtual time from its launch to its roll-ups, and the roll-ups say what was typed."""

from pathlib import Path

import pytest

from tasks.definitions import load
from tasks.office import Office
from tests.builders import iron_plan
from tests.virtual_campaign import Habit, walk

DEFINITIONS = sorted(path.stem for path in (Path(__file__).parent.parent / "campaigns" / "definitions").glob("*.yaml"))


@pytest.mark.parametrize("campaign", DEFINITIONS)
def test_it_runs_to_its_rollup(office: Office, campaign: str) -> None:
    plan = load(campaign)
    assert plan.usable, [one.message for one in plan.problems if one.severity == "error"]
    walked = walk(office, plan)
    assert all(walked.told[one] for one in walked.rounds)
    assert list(walked.differences()) == []
    for habit, outcome in walked.outcomes:
        assert outcome is not None and outcome.startswith("returned" if habit is Habit.WRONG else "accepted"), outcome


def test_a_figure_that_was_not_typed_is_noticed(office: Office) -> None:
    walked = walk(office, iron_plan())
    assert list(walked.differences()) == []
    next(iter(walked.told[walked.rounds[0]].values())).popitem()
    assert len(list(walked.differences())) == 1
