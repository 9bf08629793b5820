"""Every figure of every output of a campaign with one of everything, recomputed from the files that were received."""

import json
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests import recompute
from tests.every_formula import run_through
from tests.flows.test_tick import new_office

Change = Callable[[Any], None]
DEFINITION = Path("归档", "通知", "专项行动定义.json")


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Yield the folder with everything that the campaign made and received."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("LIANDONG_HOME", "")
        out = tmp_path_factory.mktemp("every")
        run_through(new_office(out / "office"), out)
        yield out


def test_every_figure_of_every_output_follows_from_the_received_files(made: Path) -> None:
    assert recompute.differences(made) == []


def indicator(at: int, **changed: Any) -> Change:
    return lambda text: text["forms"][0]["indicators"][at].update(changed)


CHANGES: dict[str, Change] = {
    "what is there is added up": indicator(2, over_periods="sum"),
    "the most is added up": indicator(3, over_places="sum"),
    "the mean is added up": indicator(4, over_periods="sum"),
    "a ratio is turned over": indicator(6, ratio_of=["filed", "closed"]),
    "a target is of the period": lambda text: text["targets"][0].update(over="period"),
    "to be late costs more": lambda text: text["scoring"]["rules"][1].update(points="-7.5"),
}


@pytest.mark.parametrize("name", CHANGES)
def test_it_would_be_seen_if_it_were_worked_out_otherwise(made: Path, name: str, tmp_path: Path) -> None:
    out = tmp_path / "out"
    shutil.copytree(made, out, ignore=shutil.ignore_patterns("office", "信件"))
    text = json.loads((out / DEFINITION).read_text("utf-8"))
    CHANGES[name](text)
    (out / DEFINITION).write_text(json.dumps(text), "utf-8")
    assert [line for line in recompute.differences(out) if "SHA256SUMS" not in line and "目录" not in line]
