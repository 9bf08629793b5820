"""What Prefect is told and what hangs on it: events of what happened, automations that act on them, tables on the run's page."""

import asyncio
import json
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import httpx
import pytest

from flows import tick
from integrations.clock import now
from liandong.cli import run
from liandong.prefect_server import RunningServer
from liandong.window import announce_received
from tasks.campaign import picture
from tasks.office import Office
from tests.builders import FIRST_ROUND
from tests.liandong.test_living_window import CAMPAIGN, SENT, drop_report, living
from tests.liandong.test_window import runs_of, set_state, whole_graph
from tests.prefect_api import call, until

__all__ = ["living"]
pytestmark = pytest.mark.prefect
OVERDUE = datetime(2020, 12, 4, 2, tzinfo=UTC)


def ask(server: RunningServer, what: str, asked: dict[str, Any] | None = None) -> Any:
    return call(server, "POST", f"{what}/filter", asked or {})


def events(server: RunningServer, window: str) -> dict[str, list[dict[str, Any]]]:
    """Return the events on the server that are related to a campaign's run, by name."""
    asked = {"filter": {"event": {"prefix": ["liandong."]}}, "limit": 50}
    found: dict[str, list[dict[str, Any]]] = {}
    for one in ask(server, "events", asked)["events"]:
        if f"prefect.flow-run.{window}" in {related["prefect.resource.id"] for related in one["related"]}:
            found.setdefault(one["event"], []).append(one)
    return found


def test_what_happens_is_told_once_with_what_it_is_about(living: Office, server: RunningServer) -> None:
    assert run(["tick", "--as-of", SENT.isoformat()]) == 0
    drop_report(living)
    for _ in range(2):
        assert run(["tick", "--as-of", SENT.isoformat()]) == 0
    assert run(["tick", "--as-of", OVERDUE.isoformat()]) == 0
    window = runs_of(server, CAMPAIGN)["测试市放心消费联合执法专项行动"]["id"]
    told = until(lambda: (found := events(server, window)).get("liandong.submission.overdue") and found)
    (accepted,) = told["liandong.submission.accepted"]
    assert accepted["resource"]["prefect.resource.id"] == f"liandong.{FIRST_ROUND}/3/gaj"
    assert {one["prefect.resource.role"] for one in accepted["related"]} >= {"campaign", "flow-run"}
    (overdue,) = told["liandong.submission.overdue"]
    assert "任务2·市商务局（牵头）" in overdue["payload"]["reports"]
    assert overdue["payload"]["count"] == 9


def test_what_was_drawn_overdue_and_not_told_is_told_by_the_next_tick(living: Office, server: RunningServer) -> None:
    from tasks.window import draw

    assert run(["tick", "--as-of", SENT.isoformat()]) == 0
    asyncio.run(draw(picture(CAMPAIGN, OVERDUE)))  # as by a run that broke off before it told anything
    for _ in range(2):
        assert run(["tick", "--as-of", OVERDUE.isoformat()]) == 0
    window = runs_of(server, CAMPAIGN)["测试市放心消费联合执法专项行动"]["id"]
    (overdue,) = until(lambda: events(server, window).get("liandong.submission.overdue"))
    assert overdue["payload"]["count"] > 1 and overdue["payload"]["due"] < "2020-12-11"


def test_the_runs_page_shows_tables_graph_progress_and_files_one_of_each(living: Office, server: RunningServer) -> None:
    assert run(["tick", "--as-of", SENT.isoformat()]) == 0
    drop_report(living)
    assert run(["tick", "--as-of", SENT.isoformat()]) == 0
    assert run(["tick", "--as-of", OVERDUE.isoformat()]) == 0
    window = runs_of(server, CAMPAIGN)["测试市放心消费联合执法专项行动"]["id"]
    found = ask(server, "artifacts", {"flow_runs": {"id": {"any_": [window]}}})
    shown = {one["key"].removesuffix("-test-2020").removesuffix("-test-2020-summary-2020-2"): one for one in found}
    assert set(shown) == {"done", "progress", "overdue", "matrix", "graph", "files"}
    assert len(found) == len(shown)
    assert 0 < float(shown["done"]["data"]) < 100
    assert len(json.loads(shown["overdue"]["data"])) == 9
    assert "市公安局" in json.loads(shown["matrix"]["data"])[0]
    assert shown["graph"]["data"].startswith("```mermaid\nflowchart LR")
    assert "/files/台账.html" in shown["files"]["data"]


def test_files_are_shown_and_nothing_beside_them(server: RunningServer) -> None:
    home = server.log.parents[1]
    (home / "rollup").mkdir(exist_ok=True)
    (home / "rollup" / "汇总.txt").write_text("汇总", "utf-8")
    (home / "secret.key").write_text("secret", "ascii")
    assert httpx.get(f"{server.url}/files/rollup/汇总.txt").text == "汇总"
    for path in ("secret.key", "rollup/../secret.key", "rollup/%2e%2e/secret.key", "raw/1", "", "prefect/server.log"):
        assert httpx.get(f"{server.url}/files/{path}").status_code == 404, path


@pytest.fixture
def deployed(server: RunningServer, office: Office) -> dict[str, str]:
    """The deployments' ids by name, the automations being installed; twice, as every start of the server does it."""
    from liandong.deployments import deploy

    for _ in range(2):
        asyncio.run(deploy([]))
    return {one["name"]: one["id"] for one in ask(server, "deployments")}


def test_automations_are_installed_once_and_one_switched_off_stays_off(server: RunningServer, deployed: dict[str, str]) -> None:
    from liandong.deployments import deploy

    held = [one for one in ask(server, "automations") if one["name"].startswith("联动·")]
    assert len(held) == len({one["name"] for one in held}) == 5
    off = next(one for one in held if "逾期" in one["name"])
    call(server, "PATCH", f"automations/{off['id']}", {"enabled": False})
    asyncio.run(deploy([]))
    again = {one["id"]: one["enabled"] for one in ask(server, "automations")}
    assert [again[one["id"]] for one in held] == [one["id"] != off["id"] for one in held]
    call(server, "PATCH", f"automations/{off['id']}", {"enabled": True})
    limits = ask(server, "v2/concurrency_limits")
    assert [one["limit"] for one in limits if one["name"] == "liandong-smtp"] == [1]


def runs_made(server: RunningServer, deployment: str, code: str = "") -> list[dict[str, Any]]:
    """Return the runs of a deployment that automations made: all, or those with a code that begins so."""
    found: list[dict[str, Any]] = ask(server, "flow_runs", {"deployments": {"id": {"any_": [deployment]}}})
    made = [one for one in found if one["created_by"] and one["created_by"]["type"] == "AUTOMATION"]
    return [one for one in made if str(one["parameters"].get("code", "")).startswith(code)]


def test_a_submission_by_the_page_is_taken_up_at_once(
    server: RunningServer, deployed: dict[str, str], office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LIANDONG_PREFECT_API_URL", server.api_url)
    announce_received(["R-2020-000001"], FIRST_ROUND, "gaj", SENT)
    assert len(until(lambda: runs_made(server, deployed["collect-submissions"]))) == 1


def test_a_run_that_crashed_becomes_a_letter_to_the_office(
    server: RunningServer, deployed: dict[str, str], office: Office
) -> None:
    from flows.tell_office import tell_office

    flow = call(server, "GET", f"deployments/{deployed['daily-round']}")["flow_id"]
    body = {"flow_id": flow, "name": "每日例行", "tags": ["联合执法"], "state": {"type": "RUNNING"}}
    made = call(server, "POST", "flow_runs/", body)
    set_state(server, made["id"], "CRASHED")
    (told,) = until(lambda: runs_made(server, deployed["tell-office"], "crashed-"))
    assert told["parameters"]["code"] == "crashed-每日例行"
    for _ in range(2):
        asyncio.run(tell_office(**told["parameters"]))
    with office.ledger() as ledger:
        (letter,) = ledger.messages()
    assert (letter.kind, letter.status, letter.to_email) == ("alert", "sent", office.settings.mailbox)
    assert letter.subject == "【运行提醒】“每日例行”运行出错"


def test_what_two_ticks_see_overdue_at_once_becomes_one_letter(server: RunningServer, deployed: dict[str, str]) -> None:
    resource = {"prefect.resource.id": "liandong.twice/1", "prefect.resource.name": "2020年下半年"}
    payload = {
        "campaign": "专项行动",
        "round": "2020年下半年",
        "count": 9,
        "due": "2020-11-26T17:30",
        "reports": "任务2·市商务局（牵头）",
    }
    told = {"event": "liandong.submission.overdue", "resource": resource, "payload": payload}
    both = [{**told, "id": str(uuid4()), "occurred": now().isoformat()} for _ in range(2)]
    call(server, "POST", "events", both)
    made = until(lambda: len(found := runs_made(server, deployed["tell-office"], "overdue-liandong.twice")) > 1 and found)
    assert {one["parameters"]["code"] for one in made} == {"overdue-liandong.twice/1-2020-11-26T17:30"}
    assert {one["parameters"]["said"] for one in made} == {"专项行动2020年下半年有9项逾期未报"}


def test_a_round_cancelled_in_the_ui_is_drawn_as_it_stands(living: Office, server: RunningServer) -> None:
    assert run(["tick", "--as-of", SENT.isoformat()]) == 0
    before = whole_graph(server, CAMPAIGN)
    set_state(server, runs_of(server, CAMPAIGN)["2020年下半年"]["id"], "CANCELLED")
    assert run(["tick", "--as-of", SENT.isoformat()]) == 0
    assert whole_graph(server, CAMPAIGN) == before


def test_a_window_deleted_in_the_ui_is_drawn_anew_by_the_next_tick(living: Office, server: RunningServer) -> None:
    assert run(["tick", "--as-of", SENT.isoformat()]) == 0
    before, first = whole_graph(server, CAMPAIGN), runs_of(server, CAMPAIGN)["测试市放心消费联合执法专项行动"]
    call(server, "DELETE", f"flow_runs/{first['id']}")
    tick.tick(SENT)
    assert run(["tick", "--as-of", SENT.isoformat()]) == 0
    assert whole_graph(server, CAMPAIGN) == before  # and no orphan of the first
