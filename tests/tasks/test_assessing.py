"""Targets, scores and questions of a real campaign: on the command line, in the workbook, on the page."""

import json
from datetime import datetime
from decimal import Decimal
from io import BytesIO
from typing import Any

import pytest
from openpyxl import load_workbook

from campaigns.decisions import Kind, Selection
from campaigns.definition import Doubts, Ratio, ScoreRule, Scoring, Target
from campaigns.plan import Plan, expand
from campaigns.scores import Score
from campaigns.workdays import OfficeHours
from flows import tick
from liandong.cli import run
from tasks.accounts import ledger_sheet_view
from tasks.assessing import assess_campaign
from tasks.campaign import launch
from tasks.closing import publish
from tasks.decide import Order, decide
from tasks.office import Office
from tests.builders import FIRST_ROUND, WORKDAYS, small_definition, small_directory
from tests.flows.test_tick import LAUNCHED, at, drop, newest_form
from tests.integrations.excel.filling import OWN, edited, fill_in
from tests.test_chinese import assert_chinese


def assessed_plan() -> Plan:
    """Return the small campaign with two targets, a scoring and one ratio."""
    more = {
        "targets": (
            Target(
                id="closing", title="结案率", form="statistics", numerator="cases_closed", denominator="cases_filed",
                unit="%", at_least=Decimal(60), kind="binding",
            ),
            Target(
                id="visits", title="累计检查", form="statistics", numerator="inspections", unit="户次",
                at_least=Decimal(1000), over="cumulative", by=2021, kind="expected", quotas={"市文旅局": Decimal(10)},
            ),
        ),
        "scoring": Scoring(
            basis="测试市考核办法",
            rules=(
                ScoreRule(id="rate", title="上报得分", each="rate", points=Decimal(540)),
                ScoreRule(id="late", title="迟报", each="late", points=Decimal(-2)),
                ScoreRule(id="major", title="重大错误", each="returned", points=Decimal(-5)),
            ),
        ),
        "doubts": Doubts(
            ratios=(
                Ratio(
                    id="mean", title="件均罚没（万元）", form="statistics", numerator="penalty",
                    denominator="cases_closed", at_most=Decimal(100),
                ),
            )
        ),
    }  # fmt: skip
    return expand(small_definition().model_copy(update=more), small_directory(), WORKDAYS, OfficeHours())


@pytest.fixture
def city(office: Office) -> Office:
    """Return an office whose first round is open; one department was returned once, one was late, one writes yuan."""
    launch(assessed_plan(), LAUNCHED)
    tick.daily(at(10, 26))
    report(office, "swj", "配合任务", 1, at(11, 20), **{"立案（件）": "三件"})
    report(office, "swj", "配合任务", 1, at(11, 21))
    report(office, "wlj", "配合任务", 1, at(11, 30))
    report(office, "gaj", "配合任务", 3, at(11, 23), **{"罚没款（万元）": 900.5, "结案（件）": 1})
    return office


def report(office: Office, department: str, sheet: str, duty: int, now: datetime, **figures: Any) -> None:
    data = edited(newest_form(office, department), lambda book: fill_in(book, sheet, duty, {**OWN, **figures}))
    drop(office, f"{department}.xlsx", data, now)


def test_targets_and_scores_are_told_line_by_line(city: Office, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["scores", "--json", "--as-of", "2020-12-01T10:00"]) == 0
    document = json.loads(capsys.readouterr().out)
    (whole,) = [one for one in document["targets"] if one["target"] == "closing" and one["department"] is None]
    assert (whole["numerator"], whole["denominator"], whole["value"], whole["text"]) == ("5", "9", "55.55", "未达到")
    assert {one["envelope"] for one in whole["figures"]} == {"R-2020-000002", "R-2020-000003", "R-2020-000004"}
    (visits,) = [one for one in document["targets"] if one["target"] == "visits" and one["department"] is None]
    quotas = [one for one in document["targets"] if one["target"] == "visits" and one["department"]]
    assert [(one["name"], one["bound"], one["text"]) for one in quotas] == [("市文旅局", "不低于10户次", "已达到")]
    assert (visits["value"], visits["met"], visits["text"]) == ("60", None, "未到目标年（2021年）")
    scores = {one["department"]: one for one in document["scores"]}
    assert scores["swj"]["total"] == "535"  # 540 - 5
    assert [(line["title"], line["points"]) for line in scores["wlj"]["lines"]] == [("上报得分", "540"), ("迟报", "-2")]
    assert "任务1：2020年11月26日（周四）17:30截止，2020年11月30日（周一）10:00收到" in scores["wlj"]["lines"][1]["why"]
    assert scores["dong"]["total"] == "0" and "到期应报1项，已报0项" in scores["dong"]["lines"][0]["why"]
    assert run(["scores", "--as-of", "2020-12-01T10:00"]) == 0
    out = capsys.readouterr().out
    assert "考核计分依据：测试市考核办法" in out and "结案率" in out and "来件R-2020-000001退回修改" in out
    assert_chinese(out, "scores")


def test_the_workbook_the_page_and_show_have_them_too(city: Office, capsys: pytest.CaptureFixture[str]) -> None:
    tick.tick(at(12, 1, 9))
    page = (city.home / "台账.html").read_text("utf-8")
    assert "比率异常：件均罚没（万元）为900.5" in page
    assert run(["show", FIRST_ROUND, "--as-of", "2020-12-01T10:00"]) == 0
    out = capsys.readouterr().out
    assert "数据疑问：市公安局任务3：件均罚没（万元）为900.5（罚没款900.5，结案1），应不高于100" in out
    assert "配合任务!" in out  # where the figures stand
    tick.tick(at(12, 11, 9))
    with city.ledger() as ledger:
        rolled = ledger.rollups(FIRST_ROUND)[-1]
        assert all(
            one.outcome != "returned" for one in ledger.envelopes() if one.department == "gaj"
        )  # a question returns nothing
    book = load_workbook(BytesIO(city.bytes_of(rolled.sha256)))
    assert {"目标完成", "考核", "数据疑问"} <= set(book.sheetnames)
    aims = [[cell.value for cell in row] for row in book["目标完成"].iter_rows(min_row=5)]
    assert aims[0][:9] == ["结案率", "约束性", "不低于60%", "合计", 5, 9, "55.55%", "未达到", "4.45%"]
    assert {row[3] for row in aims[1:]} >= {"市商务局", "市文旅局", "市公安局"}
    points = [[cell.value for cell in row] for row in book["考核"].iter_rows(min_row=5)]
    assert ["市商务局", "得分", None, None] in [row[:4] for row in points]
    asked = [[cell.value for cell in row] for row in book["数据疑问"].iter_rows(min_row=5)]
    assert asked[0][1] == "比率异常" and "gaj.xlsx" in asked[0][3]


def test_a_roll_up_as_of_an_earlier_moment_has_the_figures_of_that_moment(
    city: Office, capsys: pytest.CaptureFixture[str]
) -> None:
    report(city, "swj", "配合任务", 1, at(11, 24), **{"立案（件）": 8})
    found = publish("test-2020", FIRST_ROUND, at(11, 23, 9))
    book = load_workbook(BytesIO(city.bytes_of(found.sha256)), data_only=True)
    heads, *rows = book["汇总(按任务)"].iter_rows(min_row=4, values_only=True)
    (first,) = [row for row in rows if row[0] == 1]
    assert (first[4], first[heads.index("立案（件）")]) == (1, 3)  # as sent the day before, not the day after; nobody else yet
    heads, *rows = book["报送情况"].iter_rows(min_row=4, values_only=True)
    told = {row[1]: (row[heads.index("状态")], row[heads.index("版本")]) for row in rows if row[2] == 1}
    assert (told["市商务局"], told["市文旅局"]) == (("已报送", 1), ("办理中", None))
    assert run(["show", f"{FIRST_ROUND}/1/wlj", "--as-of", "2020-11-23T09:00", "--json"]) == 0
    shown = json.loads(capsys.readouterr().out)
    assert (shown["state_text"], shown["received_at"], shown["version"]) == ("办理中", None, 0)
    report(city, "wlj", "配合任务", 1, at(11, 25), **{"立案（件）": "三件"})  # returned, later
    moment = at(11, 23, 9)
    with city.ledger() as ledger:
        view = ledger_sheet_view(city, ledger, "test-2020", moment)
    seen = {unit.name: (one.state, one.version) for unit in view.rounds[0].units for one in unit.entries if one.duty == 1}
    assert (seen["市商务局"], seen["市文旅局"]) == (("已报送", 1), ("办理中", 0))
    scored = {one.department: [line.why for line in one.lines if line.rule == "major"] for one in scores_at(moment)}
    assert scored["wlj"] == [] and "退回" in scored["swj"][0]


def scores_at(moment: datetime) -> tuple[Score, ...]:
    return assess_campaign("test-2020", moment).scores or ()


def test_a_workbook_is_written_anew_when_anything_in_it_differs_and_only_then(city: Office) -> None:
    def extend(to: str) -> None:
        items = Selection((f"{FIRST_ROUND}/1/dong",))
        decide(Order(Kind.EXTEND, items, "张甲", "联席办主任", "来函", granted={"to": to}), at(11, 25), confirm=True)

    extend("2020-12-03")
    first = publish("test-2020", FIRST_ROUND, at(12, 1))
    assert publish("test-2020", FIRST_ROUND, at(12, 2)) == first
    extend("2020-12-04")
    second = publish("test-2020", FIRST_ROUND, at(12, 2))
    assert second.version == 2  # no figure and no state moved, a date did
    assert publish("test-2020", FIRST_ROUND, at(12, 2)) == second
