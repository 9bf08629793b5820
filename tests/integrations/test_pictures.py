"""The picture of a round's graph, and its small form for a page."""

import re
from pathlib import Path

import pytest

from integrations.pictures import NO_FONT, chinese_font, graph_picture
from tests.builders import FIRST_ROUND, small_plan

PLAN = small_plan()
STATES = {one.id: "办理中" for one in PLAN.expected_in(FIRST_ROUND)} | {
    f"{FIRST_ROUND}/1/swj": "逾期未报",
    f"{FIRST_ROUND}/1/wlj": "零报告",
    f"{FIRST_ROUND}/2/swj": "已报送",
    f"{FIRST_ROUND}/rollup": "待汇总",
}
needs_font = pytest.mark.skipif(not chinese_font(), reason="needs a Chinese font")


@needs_font
def test_the_picture_names_every_duty_department_and_state(tmp_path: Path) -> None:
    path = tmp_path / "graph.svg"
    assert graph_picture(PLAN, FIRST_ROUND, STATES, path) == ""
    drawn = path.read_text(encoding="utf-8")
    for words in (
        "任务1　全面提高标准化水平",
        "市商务局 逾",
        "市文旅局 零",
        "东山县",
        "汇总",
        "待汇总",
        "逾期未报 1",
        "已报送 1",
    ):
        assert words in drawn
    # a department is drawn once for each of its expected reports
    assert len(re.findall("市市场监管局", re.sub(r"<!--.*?-->", "", drawn))) == 3


@needs_font
def test_the_same_round_gives_the_same_picture_and_a_changed_state_another(tmp_path: Path) -> None:
    drawn = []
    for number, states in enumerate((STATES, STATES, STATES | {f"{FIRST_ROUND}/1/swj": "已报送"})):
        path = tmp_path / f"{number}.png"
        graph_picture(PLAN, FIRST_ROUND, states, path)
        drawn.append(path.read_bytes())
    assert drawn[0].startswith(b"\x89PNG") and drawn[0] == drawn[1] != drawn[2]


def test_without_a_chinese_font_it_says_so_and_draws_codes_not_boxes(tmp_path: Path) -> None:
    path = tmp_path / "graph.svg"
    assert graph_picture(PLAN, FIRST_ROUND, STATES, path, fonts=()) == NO_FONT
    drawn = path.read_text(encoding="utf-8")
    assert "scjg" in drawn and not re.search(r"[\u4e00-\u9fff]", drawn)
