"""Prefect's window on a campaign: pictures drawn into a server's runs, where only what differs is written.

Nothing is ever read back from the window into the ledger, save one thing: that somebody cancelled it. Importing this module
imports Prefect, so only what already talks to Prefect may import it.
"""

from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from hashlib import sha256
from typing import Any
from uuid import UUID, uuid5

from prefect.client.orchestration import PrefectClient, get_client
from prefect.client.schemas.filters import FlowFilter, FlowFilterName, FlowRunFilter, FlowRunFilterId, FlowRunFilterTags
from prefect.client.schemas.objects import FlowRun, State, TaskRun
from prefect.client.schemas.sorting import FlowRunSort, TaskRunSort
from prefect.exceptions import ObjectNotFound

from campaigns.window import CANCELLED, ENDED, Bar, Picture, RoundPicture

CAMPAIGN_FLOW = "专项行动"
ROUND_FLOW = "报送期"
PAGE = 200  # the most the server gives at once
REPORT, ROUND = "liandong.report", "liandong.round"  # task keys: fixed, so that a newer release finds what an older one drew
# what a launch that opened no window is called when it ends
PREVIEWED, REPEATED, UNDECIDED, REFUSED = "预演", "重复启动", "已在界面取消", "不予下发"

Json = Mapping[str, Any]
SUSPENDED: Json = {"type": "PAUSED", "name": "Suspended", "state_details": {"pause_reschedule": True}}
OPEN_ROUND: Json = {"type": "RUNNING", "name": "办理中"}
CLOSED_ROUND: Json = {"type": "COMPLETED", "name": "已汇总"}
ENDS: Mapping[str, Json] = {
    ENDED: {"type": "COMPLETED", "name": ENDED},
    CANCELLED: {"type": "CANCELLED", "name": CANCELLED},
}


@dataclass(frozen=True, slots=True)
class Drawn:
    """What drawing did: the campaign's run, how many writes, whether somebody had cancelled that run, which rounds now closed.

    `changed` are the bars that got another state, each with the state it had.
    """

    run: UUID
    writes: int
    cancelled: bool = False
    closed: tuple[str, ...] = ()
    changed: tuple[tuple[Bar, str], ...] = ()


def campaign_tag(campaign: str) -> str:
    """Return the tag that every run of a campaign's window carries."""
    return f"liandong:{campaign}"


def told_until(campaign: str) -> str:
    """Return the name of Prefect's variable that holds the number of the last ledger event told of a campaign."""
    return f"liandong_told_{campaign.replace('-', '_')}"


async def draw(picture: Picture) -> Drawn:
    """Return what it took to make the window show the picture; nothing is written into a window cancelled in the UI."""
    async with get_client() as client:
        return await _draw(_Pen(client), picture)


async def rebuild(pictures: Iterable[Picture]) -> tuple[Drawn, ...]:
    """Return what it took to draw each campaign afresh, after everything the server held of it is gone."""
    async with get_client() as client:
        drawn = []
        for picture in pictures:
            await wipe(client, picture.campaign)
            drawn.append(await _draw(_Pen(client), picture))
        return tuple(drawn)


async def wipe(client: PrefectClient, campaign: str) -> None:
    """Delete all that the server holds of a campaign."""
    await _wipe(_Pen(client), campaign)
    with suppress(ObjectNotFound):
        await client.delete_variable_by_name(told_until(campaign))


async def find(client: PrefectClient, campaign: str) -> FlowRun | None:
    """Return the flow run that is a campaign's window: the oldest that still lives, else the last that ended, else None."""
    found = await runs_of(client, campaign)
    living = [run for run in found if run.state is None or not run.state.is_final()]
    return living[0] if living else found[-1] if found else None


async def runs_of(client: PrefectClient, campaign: str) -> list[FlowRun]:
    """Return the campaign's own runs, oldest first, without launches that ended at once and opened no window."""
    runs = await _runs(client, campaign, CAMPAIGN_FLOW)
    return [run for run in runs if not (run.state and run.state.name in (PREVIEWED, REPEATED, UNDECIDED, REFUSED))]


class _Pen:
    """Writes to the server, one call after another (on SQLite eight at once are many times slower), and counts."""

    def __init__(self, client: PrefectClient) -> None:
        self.client = client
        self.writes = 0
        self.closed: list[str] = []
        self.changed: list[tuple[Bar, str]] = []

    async def create(self, path: Any, body: Json) -> UUID:
        """Return the id of what was created, or of what was there under the same key."""
        self.writes += 1
        return UUID((await self.client.request("POST", path, json=body)).json()["id"])

    async def set_state(self, kind: str, run: UUID, state: Json) -> None:
        """Set a state, forced: under a suspended run an unforced RUNNING would be turned into Paused."""
        self.writes += 1
        path: Any = f"/{kind}/{run}/set_state"
        await self.client.request("POST", path, json={"state": state, "force": True})

    async def change(self, run: UUID, body: Json) -> None:
        """Change what a flow run says of itself."""
        self.writes += 1
        path: Any = f"/flow_runs/{run}"
        await self.client.request("PATCH", path, json=body)

    async def delete(self, kind: str, run: UUID) -> None:
        """Delete a run."""
        self.writes += 1
        path: Any = f"/{kind}/{run}"
        await self.client.request("DELETE", path)


async def _draw(pen: _Pen, picture: Picture) -> Drawn:
    window = await find(pen.client, picture.campaign)
    if window and window.state and (window.state.is_cancelled() or window.state.is_cancelling()):
        return Drawn(window.id, pen.writes, cancelled=True)
    finished = picture.closed and window is not None and window.state is not None and window.state.is_completed()
    if window is None or (window.state and window.state.is_final() and not finished):
        await _wipe(pen, picture.campaign)
        window_id = await _open_window(pen, picture)
        held, suspended = [], True
    else:
        window_id = window.id
        held = await _runs(pen.client, picture.campaign, ROUND_FLOW)
        suspended = window.state is not None and window.state.is_paused()
    if window and window.name != picture.title:
        await pen.change(window_id, {"name": picture.title})
    placeholders = await _task_runs(pen.client, window_id)
    for stale in held:  # of a window that was deleted or failed
        if stale.parent_task_run_id not in {one.id for one in placeholders.values()}:
            await pen.delete("flow_runs", stale.id)
    before: dict[str, UUID] = {}
    for one in picture.rounds:
        before[one.id] = await _draw_round(pen, picture, one, window_id, before.get(one.previous), placeholders, held)
    # a run that is executing closes itself; one that is suspended would wait for ever
    if picture.closed and suspended:
        await pen.set_state("flow_runs", window_id, ENDS[picture.ended])
    return Drawn(window_id, pen.writes, closed=tuple(pen.closed), changed=tuple(pen.changed))


async def _open_window(pen: _Pen, picture: Picture) -> UUID:
    """Return the id of a new campaign run: from its deployment and suspended, so that it can be resumed; a plain one without."""
    body = {
        "name": picture.title,
        "tags": [campaign_tag(picture.campaign)],
        "parameters": {"campaign": picture.campaign},
        "idempotency_key": launch_key(picture.campaign, picture.version),
        "state": SUSPENDED,
    }
    try:
        deployment = await pen.client.read_deployment_by_name(f"{CAMPAIGN_FLOW}/{picture.campaign}")
    except ObjectNotFound:
        flow = await pen.client.create_flow_from_name(CAMPAIGN_FLOW)
        return await pen.create("/flow_runs/", {**body, "flow_id": str(flow)})
    return await pen.create(f"/deployments/{deployment.id}/create_flow_run", body)


def launch_key(campaign: str, version: str) -> str:
    """Return the key that makes a second launch of the same version find the first one's run."""
    return f"{campaign}:{version}"


async def _draw_round(
    pen: _Pen,
    picture: Picture,
    one: RoundPicture,
    window: UUID,
    previous: UUID | None,
    placeholders: Mapping[str, TaskRun],
    held: Iterable[FlowRun],
) -> UUID:
    """Return the id of the round's flow run, after it shows the picture; its bars are not even read when it showed it already."""
    state = CLOSED_ROUND if one.closed else OPEN_ROUND
    place = placeholders.get(one.id)
    run = next((run for run in held if place and run.parent_task_run_id == place.id), None)
    said = {"round": one.id, "drawn": _fingerprint(one)}
    if run and _same(run.state, state) and run.parameters == said:
        return run.id
    if run is None:
        run_id = await _open_round(pen, picture, one, window, previous, state)
        bars: Mapping[str, TaskRun] = {}
    else:
        run_id = run.id
        bars = await _task_runs(pen.client, run_id)
    for bar in one.bars:
        await _draw_bar(pen, run_id, bar, bars.get(bar.key))
    for key in bars.keys() - {bar.key for bar in one.bars}:
        await pen.delete("task_runs", bars[key].id)
    if run is not None and not _same(run.state, state):
        await pen.set_state("flow_runs", run_id, state)
        if one.closed:
            pen.closed.append(one.id)
    await pen.change(run_id, {"parameters": said})  # last: a drawing that broke off is looked at again
    return run_id


def _fingerprint(one: RoundPicture) -> str:
    """Return a hash over all that is drawn of a round's bars."""
    drawn = [(bar.key, bar.label, bar.shown, bar.tags, sorted(bar.parents)) for bar in one.bars]
    return sha256(repr(drawn).encode()).hexdigest()


async def _open_round(pen: _Pen, picture: Picture, one: RoundPicture, window: UUID, previous: UUID | None, state: Json) -> UUID:
    place = await pen.create(
        "/task_runs/",
        {
            "id": str(_id(window, one.id)),
            "name": one.label,
            "flow_run_id": str(window),
            "task_key": ROUND,
            "dynamic_key": one.id,
            "task_inputs": {"上一报送期": [{"input_type": "flow_run", "id": str(previous)}]} if previous else {},
        },
    )
    flow = await pen.client.create_flow_from_name(ROUND_FLOW)
    return await pen.create(
        "/flow_runs/",
        {
            "name": one.label,
            "flow_id": str(flow),
            "parent_task_run_id": str(place),
            # with the window's id, because a cancelled window keeps its rounds
            "idempotency_key": f"{one.id}@{window}",
            "tags": [campaign_tag(picture.campaign), one.id],
            "parameters": {"round": one.id},
            "state": state,
        },
    )


async def _draw_bar(pen: _Pen, run: UUID, bar: Bar, held: TaskRun | None) -> None:
    state = {"type": bar.type, "name": bar.shown}
    before = held.state.name if held and held.state else None
    parents = {_id(run, parent) for parent in bar.parents}
    if held and (held.name, set(held.tags), _inputs(held)) != (bar.label, set(bar.tags), parents):
        await pen.delete("task_runs", held.id)  # the server lets nobody change the tags or inputs of a task run
        held = None
    if before not in (None, bar.shown):
        pen.changed.append((bar, before or ""))
    if held is None:
        body = {
            "id": str(_id(run, bar.key)),
            "name": bar.label,
            "flow_run_id": str(run),
            "task_key": REPORT,
            "dynamic_key": bar.key,
            "tags": list(bar.tags),
            "task_inputs": {"前置": [{"input_type": "task_run", "id": str(_id(run, parent))} for parent in bar.parents]},
            "state": state,
        }
        await pen.create("/task_runs/", body)
    elif not _same(held.state, state):
        await pen.set_state("task_runs", held.id, state)


async def _wipe(pen: _Pen, campaign: str) -> None:
    """Delete every run of a campaign, rounds before the campaign's own: the server would leave them behind as orphans."""
    for flow in (ROUND_FLOW, CAMPAIGN_FLOW):
        for run in await _runs(pen.client, campaign, flow):
            await pen.delete("flow_runs", run.id)


async def _runs(client: PrefectClient, campaign: str, flow: str) -> list[FlowRun]:
    """Return the runs of one flow that carry a campaign's tag, oldest first."""
    found: list[FlowRun] = []
    while len(found) % PAGE == 0:
        page = await client.read_flow_runs(
            flow_filter=FlowFilter(name=FlowFilterName(any_=[flow])),
            flow_run_filter=FlowRunFilter(tags=FlowRunFilterTags(all_=[campaign_tag(campaign)])),
            sort=FlowRunSort.ID_DESC,
            limit=PAGE,
            offset=len(found),
        )
        found += page
        if not page:
            break
    return sorted(found, key=lambda run: str(run.created))


async def _task_runs(client: PrefectClient, run: UUID) -> dict[str, TaskRun]:
    """Return what was drawn in a flow run, by key; task runs of other makers are left out."""
    one_run = FlowRunFilter(id=FlowRunFilterId(any_=[run]))
    found: list[TaskRun] = []
    while len(found) % PAGE == 0:
        page = await client.read_task_runs(flow_run_filter=one_run, sort=TaskRunSort.ID_DESC, limit=PAGE, offset=len(found))
        found += page
        if not page:
            break
    return {one.dynamic_key: one for one in found if one.task_key in (REPORT, ROUND)}


def _id(run: UUID, key: str) -> UUID:
    """Return the id of a task run: it follows from its flow run and key, so edges need no look-up."""
    return uuid5(run, key)


def _inputs(held: TaskRun) -> set[UUID]:
    return {one.id for inputs in held.task_inputs.values() for one in inputs if hasattr(one, "id")}


def _same(held: State[Any] | None, wanted: Json) -> bool:
    return held is not None and (held.type.value, held.name) == (wanted["type"], wanted["name"])
