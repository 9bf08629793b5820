"""`liandong graph` and `conflicts` as officers and programs see them."""

import json
from pathlib import Path

import pytest

from integrations.pictures import chinese_font
from liandong.calendar import show_calendar
from liandong.cli import run


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("LIANDONG_HOME", str(tmp_path / "home"))
    return tmp_path


def test_graph_tells_paths_and_load(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["graph", "hezhou-2020"]) == 0
    said = capsys.readouterr().out
    assert (
        "关键路径：任务1·市住建局（配合）（11-26） → 任务1·市投资促进和商务局（牵头）（12-03） → 汇总·2020年下半年（12-10）"
        in said
    )
    assert run(["graph", "hezhou-2020", "--json"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert len(document["steps"]) == 407 * 5
    assert sum(one["reports"] for one in document["load"]) == 406 * 5


@pytest.mark.skipif(not chinese_font(), reason="needs a Chinese font")
def test_graph_draws_both_pictures(home: Path) -> None:
    assert run(["graph", "hezhou-2020", "--svg", str(home / "a.svg")]) == 0
    gantt = (home / "a-gantt.svg").read_text("utf-8")
    assert "进度图" in gantt and "1. 打造高品质消费商圈" in gantt and "第二阶段工作" in gantt and "2021年7月" in gantt
    assert "任务1　打造高品质消费商圈" in (home / "a.svg").read_text("utf-8")


def test_a_round_that_is_not_there(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["graph", "hezhou-2020", "--round", "x"]) != 0
    assert "没有报送期“x”，可用的有：hezhou-2020/summary-2020-2" in capsys.readouterr().err


def test_conflicts_between_a_campaign_and_its_copy(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    from integrations.definition_files import DEFINITIONS

    text = (DEFINITIONS / "hezhou-2020.yaml").read_text("utf-8")
    copy = home / "copy.yaml"
    copy.write_text(
        text.replace("id: hezhou-2020", "id: hezhou-copy").replace("short_title: 优化", "short_title: 再优化"), "utf-8"
    )
    assert run(["conflicts", "hezhou-2020", str(copy), "--most", "1"]) == 0
    said = capsys.readouterr().out
    assert "重复要数　市市场监管局：“优化放心消费环境·工作总结及统计表”与“再优化放心消费环境·工作总结及统计表”都要 " in said
    assert "一周过多　liaison.scjg@example.gov.cn　2020-11-30 起的一周 2 份" in said
    assert run(["conflicts", "hezhou-2020", "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == {"campaigns": ["hezhou-2020"], "asked_twice": [], "crowded_weeks": []}


@pytest.fixture
def running(home: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a file that amends a running campaign: its duty 1 is given to another lead."""
    monkeypatch.setenv("LIANDONG_FIXED_CLOCK", "2020-10-21T09:00:00+08:00")
    for words in (
        ["init", "--office", "市消费者联席办", "--mailbox", "office@example.gov.cn"],
        ["launch", "hezhou-2020", "--confirm"],
    ):
        assert run(words) == 0
    file = home / "amended.yaml"
    file.write_text(
        "extends: hezhou-2020\ncampaign: {id: hezhou-2020}\nduties:\n  - {number: 1, lead: [市住建局], cooperating: []}\n",
        "utf-8",
    )
    return file


_SIGNED = ["--by", "经办人甲", "--authority", "联席会议", "--basis", "补充通知1号"]


def test_graph_and_conflicts_are_of_what_is_in_force(running: Path, capsys: pytest.CaptureFixture[str]) -> None:
    capsys.readouterr()
    assert run(["graph", "hezhou-2020"]) == 0
    said = capsys.readouterr().out
    assert "：正在执行的安排，下发后没有调整过\n" in said and "任务1·市投资促进和商务局（牵头）" in said
    assert run(["apply", str(running), *_SIGNED, "--confirm"]) == 0
    capsys.readouterr()

    assert run(["graph", "hezhou-2020"]) == 0
    said = capsys.readouterr().out
    assert "：正在执行的安排，已按1次补充通知调整\n" in said
    assert "任务1·市住建局（牵头）" in said and "任务1·市投资促进和商务局" not in said
    assert run(["graph", str(running), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["standing"] == "定义文件所写的安排"
    assert run(["conflicts", "hezhou-2020", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["campaigns"] == ["hezhou-2020"]
    assert run(["plan", "hezhou-2020", "--json"]) == 0
    plan = json.loads(capsys.readouterr().out)
    assert plan["standing"] == "正在执行的安排，已按1次补充通知调整" and plan["duties"][0]["lead"] == ["市住建局"]


def test_apply_shows_everything_and_what_is_still_missing_to_do_it(running: Path, capsys: pytest.CaptureFixture[str]) -> None:
    capsys.readouterr()
    assert run(["plan", str(running), "--against", "hezhou-2020"]) == 0
    compared = capsys.readouterr().out
    assert run(["apply", str(running)]) == 0
    shown = capsys.readouterr().out
    missing = "还缺　没有写明经办人（--by）\n还缺　没有写明批准人（--authority）\n还缺　没有写明依据（--basis）\n"
    assert missing in shown and shown.replace(missing, "") == compared and "1 打造高品质消费商圈" in shown
    assert run(["apply", str(running), "--confirm"]) == 1
    assert "没有写明经办人（--by）" in capsys.readouterr().err


LATER = """
campaign:
  id: later-2038
  title: 示例市放心消费专项行动
  short_title: 放心消费
  office: 市消费者联席办
  starts: 2038-03-01
  ends: 2039-12-31
  source: {title: 关于开展放心消费专项行动的通知, body: 示例市市场监督管理局, issued_on: 2038-03-01}
directory: shilishi
duties:
  - {number: 1, title: 查处案件, lead: [市市场监管局]}
reports:
  - {id: summary, title: 统计表, form: statistics, clock: {yearly: [12-03]}, hops: [{role: lead, to: office}]}
forms:
  - {id: statistics, title: 查处案件统计表, indicators: [{id: cases_filed, label: 立案, unit: 件}]}
"""


def test_a_holiday_notice_still_to_come_is_told_apart_from_one_the_data_lacks(
    home: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("LIANDONG_FIXED_CLOCK", "2038-03-02T09:00:00+08:00")
    later = home / "later.yaml"
    later.write_text(LATER, "utf-8")
    for words in (
        ["init", "--office", "市消费者联席办", "--mailbox", "office@example.gov.cn"],
        ["launch", str(later), "--confirm"],
    ):
        assert run(words) == 0
    capsys.readouterr()

    assert run(["calendar", "--json"]) == 0
    (told,) = json.loads(capsys.readouterr().out)
    assert (told["provisional_years"], told["awaited_years"]) == ([2038, 2039], [2038, 2039])
    assert run(["calendar"]) == 0
    assert "：2038年放假安排尚未公布，2039年放假安排尚未公布，有关日期暂定\n" in capsys.readouterr().out
    show_calendar([{**told, "provisional_years": [2000, 2038], "awaited_years": [2038]}])
    assert "：2038年放假安排尚未公布，没有2000年的放假安排数据，有关日期暂定\n" in capsys.readouterr().out
