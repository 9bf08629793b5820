"""The window of a living office: a dropped file changes its bar after a tick; wiped in mid-round, it comes back the same."""

import asyncio
from collections.abc import Iterator
from datetime import UTC, datetime

import pytest

from flows import tick
from integrations.database.engine import engine, transaction
from integrations.database.ledger import business_state
from liandong.cli import run
from liandong.prefect_server import RunningServer
from tasks.campaign import launch, live_campaigns, picture
from tasks.office import Office
from tests.builders import FIRST_ROUND, small_plan
from tests.integrations.excel.filling import edited, fill_in
from tests.liandong.test_window import as_pictured, rounds_of, runs_of, whole_graph
from tests.prefect_api import call

pytestmark = pytest.mark.prefect
CAMPAIGN, CAMPAIGN_FLOW = "test-2020", "专项行动"
OPENED, SENT = datetime(2020, 10, 26, 1, tzinfo=UTC), datetime(2020, 11, 20, 2, tzinfo=UTC)


@pytest.fixture
def living(office: Office, server: RunningServer, monkeypatch: pytest.MonkeyPatch) -> Iterator[Office]:
    """Yield an office in mid-round whose command line knows the server; its runs are gone afterwards."""
    monkeypatch.setenv("LIANDONG_PREFECT_API_URL", server.api_url)
    launch(small_plan(), OPENED)
    tick.daily(OPENED)
    yield office
    wipe_window()


def wipe_window() -> None:
    from prefect.client.orchestration import get_client

    from tasks.window import wipe

    async def clear() -> None:
        async with get_client() as client:
            await wipe(client, CAMPAIGN)

    asyncio.run(clear())


def drop_report(office: Office) -> None:
    with office.ledger() as ledger:
        form = office.bytes_of(ledger.forms(FIRST_ROUND, "gaj")[-1].sha256)
    (office.settings.watched_folder / "公安局.xlsx").write_bytes(edited(form, lambda book: fill_in(book, "配合任务", 3)))


def ledger_of(office: Office) -> str:
    with transaction(engine(office.settings.url)) as session:
        return business_state(session)


def artifacts_of(server: RunningServer) -> set[tuple[str, str]]:
    """Return what stands on the campaign's page, by key."""
    window = runs_of(server, CAMPAIGN)["测试市放心消费联合执法专项行动"]["id"]
    asked = {"artifacts": {"flow_run_id": {"any_": [window]}}}
    found = call(server, "POST", "artifacts/filter", asked)
    return {(one["key"], str(one["data"])) for one in found}


def test_a_dropped_file_changes_its_bar_after_a_tick(living: Office, server: RunningServer) -> None:
    duty, bar = "2020年下半年/任务3·活跃夜间商业和市场", "任务3·市公安局（配合）"
    assert run(["tick", "--as-of", OPENED.isoformat()]) == 0
    assert whole_graph(server, CAMPAIGN)[duty][bar][0] == "RUNNING"
    drop_report(living)
    assert run(["tick", "--as-of", SENT.isoformat()]) == 0
    assert whole_graph(server, CAMPAIGN)[duty][bar][0] == "COMPLETED"


def test_wiped_in_mid_round_and_rebuilt_it_is_the_same_and_the_ledger_untouched(living: Office, server: RunningServer) -> None:
    drop_report(living)
    assert run(["tick", "--as-of", SENT.isoformat()]) == 0
    before, drawn, page = ledger_of(living), whole_graph(server, CAMPAIGN), artifacts_of(server)
    wipe_window()
    assert whole_graph(server, CAMPAIGN) == {}
    assert run(["prefect", "rebuild", "--as-of", SENT.isoformat()]) == 0
    assert ledger_of(living) == before
    assert whole_graph(server, CAMPAIGN) == drawn
    assert artifacts_of(server) == page
    (first,) = picture(CAMPAIGN, SENT).rounds
    assert rounds_of(drawn) == as_pictured(first)


def test_what_several_runs_draw_at_once_is_there_once_and_none_of_them_fails(living: Office, server: RunningServer) -> None:
    from prefect.client.orchestration import get_client

    from tasks.showing import show
    from tasks.window import told_until

    async def at_once() -> None:
        for _ in range(3):
            await asyncio.gather(*(show([CAMPAIGN], OPENED) for _ in range(4)))
            async with get_client() as client:  # as if nothing had been told yet
                await client.delete_variable_by_name(told_until(CAMPAIGN))

    asyncio.run(at_once())
    (first,) = picture(CAMPAIGN, OPENED).rounds
    assert rounds_of(whole_graph(server, CAMPAIGN)) == as_pictured(first)


def launched_again(server: RunningServer, state: str, *, confirm: bool) -> None:
    """Make a run of the campaign's flow that never drew: a preview, or a second launch."""
    flow = call(server, "POST", "flows/", {"name": CAMPAIGN_FLOW})["id"]
    body = {
        "flow_id": flow,
        "tags": [f"liandong:{CAMPAIGN}"],
        "parameters": {"campaign": CAMPAIGN, "confirm": confirm},
        "state": {"type": state},
    }
    call(server, "POST", "flow_runs/", body)


def test_a_preview_is_no_window_and_cancelling_it_or_a_second_launch_cancels_no_campaign(
    living: Office, server: RunningServer
) -> None:
    title = "测试市放心消费联合执法专项行动"
    launched_again(server, "RUNNING", confirm=False)
    launched_again(server, "CANCELLED", confirm=False)
    assert run(["tick", "--as-of", OPENED.isoformat()]) == 0
    window = runs_of(server, CAMPAIGN, but_not="Cancelled")[title]["id"]
    launched_again(server, "CANCELLED", confirm=True)
    crashed = {"state": {"type": "CRASHED"}, "force": True}
    call(server, "POST", f"flow_runs/{window}/set_state", crashed)
    assert run(["tick", "--as-of", SENT.isoformat()]) == 0
    assert live_campaigns() == [CAMPAIGN]
    (first,) = picture(CAMPAIGN, SENT).rounds
    assert rounds_of(whole_graph(server, CAMPAIGN)) == as_pictured(first)


def test_ticks_work_with_no_server_at_all(living: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LIANDONG_PREFECT_API_URL", "http://127.0.0.1:9/api")
    drop_report(living)
    assert run(["tick", "--as-of", SENT.isoformat()]) == 0
    with living.ledger() as ledger:
        assert ledger.standings(CAMPAIGN)[f"{FIRST_ROUND}/3/gaj"].received_at == SENT
