"""A campaign launched through its deployment, as the button in the UI does it: a process runs it, and then it waits."""

import asyncio
import os
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime, time, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import UUID

import httpx
import pytest

from integrations import settings
from integrations.clock import now
from liandong.prefect_server import RunningServer
from tasks.campaign import cancel, live_campaigns, picture, revive
from tasks.office import Office
from tests.builders import small_definition, small_directory
from tests.liandong.test_automations import until
from tests.liandong.test_window import as_pictured, graph_of, rounds_of, set_state, whole_graph
from tests.prefect_api import call

if TYPE_CHECKING:
    from prefect.client.schemas.objects import State

pytestmark = pytest.mark.prefect
CAMPAIGN = "test-2020"
LAUNCHED, OVERDUE = datetime(2020, 10, 28, 2, tzinfo=UTC), datetime(2020, 12, 4, 2, tzinfo=UTC)
CHECKOUT = Path(__file__).parents[2]


@pytest.fixture
def stopped(office: Office) -> Iterator[None]:
    """An office whose clock stands on the day of the launch; what Prefect holds of the campaign is gone afterwards."""
    stop_clock(LAUNCHED)
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


def stop_clock(moment: datetime) -> None:
    settings.initialise("测试市消费者联席办", "office@example.gov.cn", time(8, 30), time(17, 30), None, moment)


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
    found: dict[str, object] = call(server, "GET", f"flow_runs/{run}")
    return found


def artifacts(server: RunningServer, prefix: str) -> list[str]:
    found = call(server, "POST", "artifacts/filter", {})
    return [one["data"] for one in found if one["key"].startswith(prefix)]


@pytest.mark.usefixtures("stopped")
def test_a_campaign_runs_suspends_and_can_be_resumed(server: RunningServer) -> None:
    run = launch()
    for turn in range(2):
        execute(server, run)
        found = read(server, run)
        assert found["state_type"] == "PAUSED", (turn, found)
        if turn == 0:
            resumed = call(server, "POST", f"flow_runs/{run}/resume")
            assert resumed["status"] == "ACCEPT"
            stop_clock(OVERDUE)
    (first,) = picture(CAMPAIGN, OVERDUE).rounds
    assert rounds_of(whole_graph(server, CAMPAIGN)) == as_pictured(first)
    assert graph_of(server, run) == {f"报送期 / {first.label}": ("RUNNING", frozenset())}
    assert "应报" in artifacts(server, f"progress-{CAMPAIGN}")[0]
    asked = {"logs": {"flow_run_id": {"any_": [str(run)]}}}

    def logged() -> bool:
        found = call(server, "POST", "logs/filter", asked)
        return any("任务3·市公安局（配合）：办理中 → 逾期未报" in one["message"] for one in found)

    until(logged)  # the server takes in a run's log in its own time


@pytest.mark.usefixtures("stopped")
def test_a_run_copies_no_files(server: RunningServer) -> None:
    """Prefect copies a deployment's folder before each run: of a checkout that would be half a gigabyte every five minutes."""
    launch()
    found = call(server, "POST", "deployments/filter", {})
    assert len(found) >= 5  # the campaign, the three ticks, the letter to the office
    for one in found:
        assert not list(Path(one["path"]).iterdir()), one["name"]


@pytest.mark.usefixtures("stopped")
def test_without_confirmation_nothing_is_launched_and_every_letter_is_listed(server: RunningServer) -> None:
    ended = run_here(confirm=False)
    assert (ended.type.value, ended.name) == ("COMPLETED", "预演")
    assert live_campaigns() == []
    assert "【联合执法】" in artifacts(server, f"preview-{CAMPAIGN}")[0]
    assert "2020年12月3日" in artifacts(server, f"dates-{CAMPAIGN}")[0]


def run_here(*, confirm: bool = True) -> "State[Any]":
    """Return how a run of the campaign's flow ended that was started in this process, tagged as its deployment tags it."""
    from prefect import tags

    from flows.run_campaign import run_campaign

    with tags(f"liandong:{CAMPAIGN}"):
        return asyncio.run(run_campaign(CAMPAIGN, confirm=confirm, return_state=True))


@pytest.mark.usefixtures("stopped")
def test_a_second_launch_ends_at_once_and_names_the_first(server: RunningServer) -> None:
    first = shown()
    before = whole_graph(server, CAMPAIGN)
    ended = run_here()
    assert (ended.type.value, ended.name) == ("COMPLETED", "重复启动")
    assert str(first) in str(ended.message) and "测试市放心消费联合执法专项行动" in str(ended.message)
    assert shown() == first  # the second is no window, though it is the newest run
    after = whole_graph(server, CAMPAIGN, but_not="重复启动")
    assert after == before


def shown() -> UUID:
    """Return the run that is the campaign's window, after the campaign was launched and drawn."""
    from flows import tick
    from tasks.showing import show

    tick.expand_campaign(CAMPAIGN, LAUNCHED)
    return asyncio.run(show([CAMPAIGN], LAUNCHED))[CAMPAIGN].run


@pytest.mark.usefixtures("stopped")
def test_launching_again_is_no_answer_to_a_cancellation(server: RunningServer) -> None:
    from tasks.window import find

    first = shown()
    set_state(server, first, "CANCELLED")
    assert run_here().name == "已在界面取消"
    assert live_campaigns() == []
    from prefect.client.orchestration import get_client

    async def found() -> Any:
        async with get_client() as client:
            return await find(client, CAMPAIGN)

    assert asyncio.run(found()).id == first


@pytest.mark.usefixtures("stopped")
def test_what_cannot_be_launched_ends_in_words_and_is_no_fault_of_the_program(server: RunningServer) -> None:
    stop_clock(datetime(2031, 1, 6, 2, tzinfo=UTC))
    ended = run_here()
    assert (ended.type.value, ended.name) == ("FAILED", "不予下发")  # not Failed, which would bring the office a letter
    assert str(ended.message).startswith("“测试市放心消费联合执法专项行动”已于")
    assert "“以哪一刻为准”" in str(ended.message)  # the form's own title, beside the word of the command line
    assert live_campaigns() == []


def test_a_tick_asked_for_far_ahead_ends_in_words_and_does_nothing(server: RunningServer, office: Office) -> None:
    from flows.close_round import close_round
    from flows.collect_submissions import collect_submissions
    from flows.daily_round import daily_round

    for ticking in (daily_round, collect_submissions, close_round):
        ended = asyncio.run(ticking(now() + timedelta(days=40), return_state=True))
        assert (ended.type.value, ended.name) == ("FAILED", "没有执行")  # not Failed, which would bring the office a letter
        assert "比现在晚一天以上" in str(ended.message)


@pytest.mark.usefixtures("stopped")
def test_the_form_speaks_chinese_and_refuses_what_is_wrong(server: RunningServer) -> None:
    from liandong.deployments import deploy

    asyncio.run(deploy([(CAMPAIGN, "测试市放心消费专项行动")]))
    found = call(server, "GET", f"deployments/name/专项行动/{CAMPAIGN}")
    fields = found["parameter_openapi_schema"]["properties"]
    assert {name: one["title"] for name, one in fields.items()} == {
        "campaign": "专项行动代码",
        "confirm": "确认下发",
        "as_of": "以哪一刻为准",
    }
    assert all(one["description"] for one in fields.values())
    told = call(server, "GET", "deployments/name/提醒办公室/tell-office")["parameter_openapi_schema"]["properties"]
    assert [(one["title"], bool(one["description"])) for one in told.values()] == [
        ("事由代码", True),
        ("什么事", True),
        ("详情", True),
    ]
    wrong: tuple[dict[str, Any], ...] = ({"campaign": "another-2020"}, {"confirm": "也许"}, {"as_of": 20})
    for given in wrong:
        body = {"parameters": {"campaign": CAMPAIGN, **given}, "enforce_parameter_schema": True}
        answer = httpx.post(f"{server.api_url}/deployments/{found['id']}/create_flow_run", json=body)
        assert answer.status_code in (409, 422), given


@pytest.mark.usefixtures("stopped")
def test_ticks_draw_what_changed_and_close_what_is_over(server: RunningServer) -> None:
    from flows import tick
    from flows.close_round import close_round
    from flows.daily_round import daily_round
    from tasks.artifacts import key_of

    tick.expand_campaign(CAMPAIGN, LAUNCHED)
    asyncio.run(daily_round(as_of=LAUNCHED))
    asyncio.run(daily_round(as_of=OVERDUE))
    (first,) = picture(CAMPAIGN, OVERDUE).rounds
    assert {bar.state for bar in first.bars} == {"逾期未报", "待汇总"}
    assert rounds_of(whole_graph(server, CAMPAIGN)) == as_pictured(first)
    later = OVERDUE + timedelta(days=14)
    asyncio.run(close_round(as_of=later))
    (first,) = picture(CAMPAIGN, later).rounds
    assert first.closed
    assert rounds_of(whole_graph(server, CAMPAIGN)) == as_pictured(first)
    (totals,) = artifacts(server, key_of("rollup", first.id))
    assert "立案" in totals


@pytest.mark.usefixtures("stopped")
def test_a_cancellation_in_the_ui_pauses_until_the_office_decides(server: RunningServer, office: Office) -> None:
    from flows import tick
    from flows.daily_round import daily_round
    from tasks.showing import show

    tick.expand_campaign(CAMPAIGN, LAUNCHED)
    window = asyncio.run(show([CAMPAIGN], LAUNCHED))[CAMPAIGN]
    set_state(server, window.run, "CANCELLED")
    for _ in range(2):
        asyncio.run(daily_round(as_of=LAUNCHED))
    assert live_campaigns() == []
    with office.ledger() as ledger:
        (told,) = [one for one in ledger.messages() if one.kind == "alert"]
    assert (told.status, told.to_email) == ("sent", office.settings.mailbox)
    assert told.subject == "【运行提醒】“测试市放心消费联合执法专项行动”在 Prefect 界面上被取消，已暂停发信，等办公室决定"
    revive(CAMPAIGN, "误点", LAUNCHED)
    again = asyncio.run(show([CAMPAIGN], LAUNCHED))[CAMPAIGN]
    assert live_campaigns() == [CAMPAIGN]
    assert not again.cancelled and again.run != window.run


@pytest.mark.usefixtures("stopped")
def test_each_cancellation_of_a_run_pauses_also_after_it_was_tried_again(server: RunningServer, office: Office) -> None:
    from flows.daily_round import daily_round

    run = shown()
    for number in (1, 2):
        for state in ("CANCELLING", "CANCELLED"):  # one click: the process is told to end, then it has ended
            set_state(server, run, state)
            asyncio.run(daily_round(as_of=LAUNCHED))
            assert live_campaigns() == []
        with office.ledger() as ledger:
            assert len([one for one in ledger.messages() if one.kind == "alert"]) == number
        set_state(server, run, "PAUSED")  # 重试: it ran and is suspended again
        revive(CAMPAIGN, "误点", LAUNCHED)
        assert shown() == run
        assert live_campaigns() == [CAMPAIGN]


@pytest.mark.usefixtures("stopped")
def test_launching_what_the_office_has_cancelled_ends_in_words_and_without_a_letter(
    server: RunningServer, office: Office
) -> None:
    shown()
    cancel(CAMPAIGN, "某文", LAUNCHED)
    shown()
    ended = run_here()
    assert (ended.type.value, ended.name) == ("FAILED", "不予下发")
    assert "已经撤销" in str(ended.message)
    with office.ledger() as ledger:
        assert [one for one in ledger.messages() if one.kind == "alert"] == []


@pytest.mark.usefixtures("stopped")
def test_a_window_rebuilt_while_the_office_decides_says_so(server: RunningServer) -> None:
    from tasks.showing import redraw

    def rebuilt() -> dict[str, object]:
        return read(server, asyncio.run(redraw([CAMPAIGN], LAUNCHED))[0].run)

    set_state(server, shown(), "CANCELLED")
    window = rebuilt()  # no tick has seen the cancellation: it is not lost with the run
    assert live_campaigns() == []
    assert (window["state_type"], window["state_name"]) == ("PAUSED", "已暂停")
    revive(CAMPAIGN, "误点", LAUNCHED)
    assert shown() == UUID(str(window["id"]))
    assert read(server, shown())["state_name"] == "Suspended"
    cancel(CAMPAIGN, "某文", LAUNCHED)
    assert rebuilt()["state_name"] == "已撤销"
