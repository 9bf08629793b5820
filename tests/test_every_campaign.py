"""Every campaign that ships runs in virtual time from its launch to its roll-ups, and the roll-ups say what was typed."""

from pathlib import Path

import pytest

from integrations.definition_files.reuse import parameters, shown
from integrations.definition_files.text import read
from integrations.definition_files.writing import derived
from tasks.definitions import folders, load
from tasks.office import Office
from tests.builders import iron_plan
from tests.virtual_campaign import Habit, walk

FOLDER = Path(__file__).parent.parent / "campaigns" / "definitions"
DEFINITIONS = sorted(path.stem for path in FOLDER.glob("*.yaml"))


def launchable(office: Office, campaign: str) -> str:
    """Return the name of what can be launched: the campaign, or a definition that fills a template with its own examples."""
    tree = read(FOLDER / f"{campaign}.yaml").tree
    assert tree is not None
    examples = {one.name: shown(one.example) for one, _ in parameters(tree)}
    if not examples:
        return campaign
    own = office.settings.home / "definitions" / f"{campaign}-example.yaml"
    own.parent.mkdir(exist_ok=True)
    own.write_text(derived(campaign, own.stem, examples, folders()), encoding="utf-8")
    return own.stem


@pytest.mark.parametrize("campaign", DEFINITIONS)
def test_it_runs_to_its_rollup(office: Office, campaign: str) -> None:
    plan = load(launchable(office, campaign))
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
