"""A department's own system is read: what it holds comes in as an ordinary envelope, in that department's name alone."""

import json
from collections.abc import Iterator
from typing import Any

import pytest

from campaigns.errors import WorldError
from flows import tick
from liandong.cli import run
from tasks.campaign import launch
from tasks.office import Office
from tasks.pulling import pull_all
from tests import misbehaving
from tests.builders import FIRST_ROUND, small_plan
from tests.flows.test_tick import LAUNCHED, at
from tests.misbehaving import Server, answers
from tests.tasks.test_doors import NOW, filled, outcomes

FIGURES = {
    "officers": 40, "inspections": 20, "cases_filed": 3, "cases_closed": 2,
    "case_value": 12.5, "penalty": 3.1, "recovered": 0, "transferred": 0,
}  # fmt: skip


@pytest.fixture
def server() -> Iterator[Server]:
    with misbehaving.serving() as found:
        yield found


@pytest.fixture
def opened(office: Office, server: Server) -> Office:
    """Return an office that reads 市公安局's system; its first round is open."""
    with (office.home / "settings.toml").open("a", encoding="utf-8") as file:
        file.write(
            f'\n[[pull]]\ncampaign = "test-2020"\ndepartment = "gaj"\nurl = "{server.url("/{round}")}"\n'
            'token = "secret"\naddresses = ["127.0.0.1"]\n'
        )
    launch(small_plan(), LAUNCHED)
    tick.daily(at(10, 26))
    return office


def told(**figures: Any) -> bytes:
    duty = {"figures": {**FIGURES, **figures}, "text": "系统导出"}
    return json.dumps({"duties": {"3": duty}}, ensure_ascii=False).encode()


def taken(office: Office) -> dict[str, str]:
    with office.ledger() as ledger:
        facts = ledger.figures("test-2020", "own", round_id=FIRST_ROUND)
    return {one.indicator: f"{one.value.normalize():f}" for one in facts if one.department == "gaj"}


def test_a_workbook_is_taken_once_for_the_department_whose_system_it_is(opened: Office, server: Server) -> None:
    server.manners = {"/summary-2020-2": answers(filled(opened))}
    tick.collect(NOW)
    tick.collect(NOW)  # unchanged: not taken again
    assert outcomes(opened) == [("pull", "市公安局_系统取数", "accepted")]
    assert taken(opened)["cases_filed"] == "3"
    assert b"Authorization: Bearer secret" in server.asked[0] and len(server.asked) == 2
    server.manners = {"/summary-2020-2": answers(filled(opened, "wlj", 1))}
    tick.collect(NOW)
    assert outcomes(opened)[-1] == ("pull", "市公安局_系统取数", "quarantined")  # its system speaks for nobody else


def test_figures_are_written_into_its_form_and_kept_beside_it(opened: Office, server: Server) -> None:
    server.manners = {"/summary-2020-2": answers(told(), kind="application/json")}
    tick.collect(NOW)
    tick.collect(NOW)
    assert outcomes(opened) == [("pull", "市公安局_系统取数", "accepted")]
    assert taken(opened) == {**{code: str(value) for code, value in FIGURES.items()}, "case_value": "12.5"}
    with opened.ledger() as ledger:
        ((submission, facts),) = ledger.versions(f"{FIRST_ROUND}/3/gaj")
        digests = [part.sha256 for _, part in ledger.parts(FIRST_ROUND)]
    assert submission.narrative == "系统导出" and {one.sheet for one in facts} == {"配合任务"}
    assert told() in [opened.bytes_of(one) for one in digests]  # what the system said, byte for byte
    server.manners = {"/summary-2020-2": answers(told(cases_filed="三件", penalty=-1))}
    tick.collect(NOW)
    assert outcomes(opened)[-1][2] == "returned"  # checked as anybody's
    server.manners = {"/summary-2020-2": answers(told(cases_filed=5))}
    tick.collect(NOW)
    assert taken(opened)["cases_filed"] == "5"
    server.manners = {"/summary-2020-2": answers(told(), kind="application/json")}
    tick.collect(NOW)
    tick.collect(NOW)
    assert taken(opened)["cases_filed"] == "3"  # what a system says now counts, though it said so before
    assert [one[2] for one in outcomes(opened)] == ["accepted", "returned", "accepted", "accepted"]


def test_a_system_out_of_order_brings_nothing_and_keeps_no_other_door_shut(
    opened: Office, server: Server, capsys: pytest.CaptureFixture[str]
) -> None:
    (opened.settings.watched_folder / "公安局.xlsx").write_bytes(filled(opened))
    wrong = {
        b"<html>login</html>": "网页",
        b"a,b\n1,2\n": "不是报表，也不是约定的 JSON",
        b"[1, 2]": "没有 duties",
        b'{"duties": {"9": {}}}': "给了任务9，本期没有要它报",
        b'{"duties": {"3": []}}': "任务3读不懂",
        b'{"duties": {"3": {"figures": {"x": 1}}}}': "“x”不是要填的数",
        b'{"duties": {"3": {"figures": {"penalty": true}}}}': "“penalty”不是要填的数",
    }
    for body, words in wrong.items():
        server.manners = {"/summary-2020-2": answers(body)}
        with pytest.raises(WorldError, match=f"市公安局：.*{words}"):
            tick.collect(NOW)
    assert outcomes(opened) == [("folder", "公安局.xlsx", "accepted")]
    server.manners = {"/summary-2020-2": answers(b"", "404 Not Found")}
    assert pull_all(NOW) == []
    assert run(["pull", "--as-of", "2020-11-20T10:00"]) == 0
    assert "没有新的数据" in capsys.readouterr().out
    server.manners = {"/summary-2020-2": answers(told(cases_filed=8))}
    assert run(["pull", "--as-of", "2020-11-20T10:00"]) == 0
    assert "R-2020-000002　市公安局　已收到" in capsys.readouterr().out
