"""A campaign launched through its deployment, as the button in the UI does it: a process runs it, and then it waits."""

import asyncio
import os
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime, time, timedelta
from pathlib import Path
from uuid import UUID

import httpx
import pytest

from integrations import settings
from liandong.prefect_server import RunningServer
from tasks.campaign import live_campaigns, picture, revive
from tasks.office import Office
from tests.builders import small_definition, small_directory
from tests.liandong.test_window import as_pictured, graph_of, set_state, whole_graph

pytestmark = pytest.mark.prefect
CAMPAIGN = "test-2020"
LAUNCHED = datetime(2020, 10, 28, 2, tzinfo=UTC)
CHECKOUT = Path(__file__).parents[2]


@pytest.fixture
def stopped(office: Office) -> Iterator[None]:
    """An office whose clock stands on the day of the launch; what Prefect holds of the campaign is gone afterwards."""
    settings.initialise(office.settings.office, office.settings.mailbox, time(8, 30), time(17, 30), None, LAUNCHED)
    for folder, one, name in (("definitions", small_definition(), CAMPAIGN), ("directories", small_directory(), "test-city")):
        # JSON is YAML too
        (office.home / folder / f"{name}.yaml").write_text(one.model_dump_json(exclude_none=True), "utf-8")
    yield
    from prefect.client.orchestration import get_client

    from tasks.window import wipe

    async def clear() -> None:
        async with get_client() as client:
            await wipe(client, CAMPAIGN)

    asyncio.run(clear())


def launch() -> UUID:
    """Return the run that a launch makes; a second launch finds the first one's."""
    from liandong.deployments import deploy, launch_in_prefect

    async def deployed() -> str:
        await deploy([(CAMPAIGN, "测试市放心消费专项行动")])
        return await launch_in_prefect(CAMPAIGN, "v1")

    page = asyncio.run(deployed())
    assert asyncio.run(deployed()) == page
    return UUID(page.rsplit("/", 1)[1])


def execute(server: RunningServer, run: UUID) -> None:
    """Run a flow run to its end in a process of its own, as a runner does."""
    command = [sys.executable, "-m", "prefect", "flow-run", "execute", str(run)]
    environment = {**os.environ, **server.variables, "PYTHONPATH": str(CHECKOUT)}
    done = subprocess.run(command, env=environment, cwd=settings.home(), capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def read(server: RunningServer, run: UUID) -> dict[str, object]:
    found: dict[str, object] = httpx.get(f"{server.api_url}/flow_runs/{run}").raise_for_status().json()
    return found


def artifacts(server: RunningServer, prefix: str) -> list[str]:
    found = httpx.post(f"{server.api_url}/artifacts/filter", json={}).raise_for_status().json()
    return [one["data"] for one in found if one["key"].startswith(prefix)]


@pytest.mark.usefixtures("stopped")
def test_a_campaign_runs_suspends_and_can_be_resumed(server: RunningServer) -> None:
    run = launch()
    for turn in range(2):
        execute(server, run)
        found = read(server, run)
        assert found["state_type"] == "PAUSED", (turn, found)
        if turn == 0:
            resumed = httpx.post(f"{server.api_url}/flow_runs/{run}/resume").raise_for_status().json()
            assert resumed["status"] == "ACCEPT"
    (first,) = picture(CAMPAIGN, LAUNCHED).rounds
    graph = whole_graph(server, CAMPAIGN)
    assert graph[first.label] == as_pictured(first)
    assert graph_of(server, run) == {f"报送期 / {first.label}": ("RUNNING", frozenset())}
    assert "应报" in artifacts(server, f"progress-{CAMPAIGN}")[0]


@pytest.mark.usefixtures("stopped")
def test_a_run_copies_no_files(server: RunningServer) -> None:
    """Prefect copies a deployment's folder before each run: of a checkout that would be half a gigabyte every five minutes."""
    launch()
    found = httpx.post(f"{server.api_url}/deployments/filter", json={}).raise_for_status().json()
    assert len(found) == 4
    for one in found:
        assert not list(Path(one["path"]).iterdir()), one["name"]


@pytest.mark.usefixtures("stopped")
def test_without_confirmation_nothing_is_launched_and_every_letter_is_listed(server: RunningServer) -> None:
    from prefect.client.orchestration import get_client

    from liandong.deployments import deploy
    from tasks.window import CAMPAIGN_FLOW

    async def run_from_the_ui() -> UUID:
        await deploy([(CAMPAIGN, "贺州市放心消费专项行动")])
        async with get_client() as client:
            found = await client.read_deployment_by_name(f"{CAMPAIGN_FLOW}/{CAMPAIGN}")
            return (await client.create_flow_run_from_deployment(found.id)).id

    run = asyncio.run(run_from_the_ui())
    execute(server, run)
    assert read(server, run)["state_type"] == "COMPLETED"
    assert live_campaigns() == []
    assert "【联合执法】" in artifacts(server, f"preview-{CAMPAIGN}")[0]


@pytest.mark.usefixtures("stopped")
def test_ticks_draw_what_changed_and_close_what_is_over(server: RunningServer) -> None:
    from flows import tick
    from flows.close_round import close_round
    from flows.daily_round import daily_round

    tick.expand_campaign(CAMPAIGN, LAUNCHED)
    asyncio.run(daily_round(as_of=LAUNCHED))
    overdue = datetime(2020, 12, 4, 2, tzinfo=UTC)
    asyncio.run(daily_round(as_of=overdue))
    (first,) = picture(CAMPAIGN, overdue).rounds
    assert {bar.state for bar in first.bars} == {"逾期未报", "待汇总"}
    assert whole_graph(server, CAMPAIGN)[first.label] == as_pictured(first)
    later = overdue + timedelta(days=14)
    asyncio.run(close_round(as_of=later))
    (first,) = picture(CAMPAIGN, later).rounds
    assert first.closed
    assert whole_graph(server, CAMPAIGN)[first.label] == as_pictured(first)
    assert "立案" in artifacts(server, "rollup-")[0]


@pytest.mark.usefixtures("stopped")
def test_a_cancellation_in_the_ui_pauses_until_the_office_decides(server: RunningServer) -> None:
    from flows import tick
    from flows.daily_round import daily_round
    from tasks.showing import show

    tick.expand_campaign(CAMPAIGN, LAUNCHED)
    window = asyncio.run(show([CAMPAIGN], LAUNCHED))[CAMPAIGN]
    set_state(server, window.run, "CANCELLED")
    asyncio.run(daily_round(as_of=LAUNCHED))
    assert live_campaigns() == []
    revive(CAMPAIGN, "误点", LAUNCHED)
    again = asyncio.run(show([CAMPAIGN], LAUNCHED))[CAMPAIGN]
    assert live_campaigns() == [CAMPAIGN]
    assert not again.cancelled and again.run != window.run
