"""Prefect's window on a campaign: pictures drawn into a server's runs, where only what differs is written.

Nothing is ever read back from the window into the ledger, save one thing: that somebody cancelled it. Importing this module
imports Prefect, so only what already talks to Prefect may import it.
"""

from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from hashlib import sha256
from typing import Any, TypeVar
from uuid import UUID, uuid5

from prefect.client.orchestration import PrefectClient, get_client
from prefect.client.schemas.filters import (
    FlowFilter,
    FlowFilterName,
    FlowRunFilter,
    FlowRunFilterId,
    FlowRunFilterParentTaskRunId,
    FlowRunFilterTags,
)
from prefect.client.schemas.objects import FlowRun, State, TaskRun
from prefect.client.schemas.sorting import FlowRunSort, TaskRunSort
from prefect.exceptions import ObjectNotFound
from prefect.runtime import flow_run

from campaigns.window import CANCELLED, ENDED, PAUSED, Bar, Picture, RoundPicture

CAMPAIGN_FLOW = "专项行动"
PAGE = 200  # the most the server gives at once
WINDOW = "liandong:window"  # tag of a run that a campaign was drawn into: not of a preview, nor of a second launch
# task keys: fixed, so that a newer release finds what an older one drew
REPORT, ROUND, DUTY = "liandong.report", "liandong.round", "liandong.duty"
FLOWS: Mapping[str, str] = {ROUND: "报送期", DUTY: "任务"}  # of those that open into a run
# what a launch that opened no window is called when it ends
PREVIEWED, REPEATED, UNDECIDED, REFUSED = "预演", "重复启动", "已在界面取消", "不予下发"
NOT_DONE = "没有执行"  # of a tick

Json = Mapping[str, Any]
R = TypeVar("R")
SUSPENDED: Json = {"type": "PAUSED", "name": "Suspended", "state_details": {"pause_reschedule": True}}
DECIDE = "等办公室决定：liandong cancel --basis 依据，或 liandong cancel --revive 理由"
STATES: Mapping[str, Json] = {  # of a campaign's run, while no process runs it
    "": SUSPENDED,
    PAUSED: {**SUSPENDED, "name": PAUSED, "message": f"已在界面取消，暂停发信，{DECIDE}"},
    ENDED: {"type": "COMPLETED", "name": ENDED},
    CANCELLED: {"type": "CANCELLED", "name": CANCELLED},
}


@dataclass(frozen=True, slots=True)
class Drawn:
    """What drawing did: the campaign's run, how many writes, whether somebody had cancelled that run, closed rounds that it drew.

    `changed` are the bars that got another state, each with the state it had. `marks` say of each round that it was drawn as it
    is: to be set last of all, so that a drawing that broke off is done again, the campaign's page with it.
    """

    run: UUID
    writes: int
    cancelled: bool = False
    closed: tuple[str, ...] = ()
    changed: tuple[tuple[Bar, str], ...] = ()
    marks: tuple[tuple[UUID, Json], ...] = ()


def campaign_tag(campaign: str) -> str:
    """Return the tag that every run of a campaign's window carries."""
    return f"liandong:{campaign}"


def told_until(campaign: str) -> str:
    """Return the name of Prefect's variable that holds the last ledger event told of a campaign, and when overdue."""
    return f"liandong_announced_{campaign.replace('-', '_')}"


async def draw(picture: Picture) -> Drawn:
    """Return what it took to make the window show the picture; nothing is written into a window cancelled in the UI."""
    async with get_client() as client:
        return await _draw(_Pen(client, picture.campaign), picture)


async def mark(drawn: Drawn) -> None:
    """Set the marks of what was drawn."""
    async with get_client() as client:
        for run, said in drawn.marks:
            path: Any = f"/flow_runs/{run}"
            await client.request("PATCH", path, json={"parameters": said})


async def rebuild(picture: Picture) -> Drawn:
    """Return what it took to draw a campaign afresh, after everything the server held of it is gone."""
    async with get_client() as client:
        await wipe(client, picture.campaign)
        return await _draw(_Pen(client, picture.campaign), picture)


async def wipe(client: PrefectClient, campaign: str) -> None:
    """Delete all that the server holds of a campaign."""
    await _wipe(_Pen(client, campaign))
    with suppress(ObjectNotFound):
        await client.delete_variable_by_name(told_until(campaign))


async def find(client: PrefectClient, campaign: str) -> FlowRun | None:
    """Return the flow run that is a campaign's window, or None."""
    return window_among(await runs_of(client, campaign))


def window_among(found: Sequence[FlowRun]) -> FlowRun | None:
    """Return which of the runs that `runs_of` finds is the window, or None.

    One that lives comes before one that ended, one that was drawn into before a launch that has not drawn yet; of those that
    live the oldest, of those that ended the last.
    """
    living = [run for run in found if not is_over(run)]
    over = [run for run in reversed(found) if is_over(run)]
    chosen = (*filter(_is_window, living), *living, *filter(_is_window, over), *over)
    return chosen[0] if chosen else None


async def runs_of(client: PrefectClient, campaign: str) -> list[FlowRun]:
    """Return the runs that are or may become a campaign's window, oldest first: no previews, no launches that ended at once."""
    tagged = FlowRunFilter(tags=FlowRunFilterTags(all_=[campaign_tag(campaign)]))
    flow = FlowFilter(name=FlowFilterName(any_=[CAMPAIGN_FLOW]))
    runs = await _all(client.read_flow_runs, flow_filter=flow, flow_run_filter=tagged, sort=FlowRunSort.ID_DESC)
    return [
        run
        for run in sorted(runs, key=lambda run: str(run.created))
        if _is_window(run) or (_launches(run) and not (run.state and run.state.name in (REPEATED, UNDECIDED, REFUSED)))
    ]


def _is_window(run: FlowRun) -> bool:
    return WINDOW in run.tags


def _launches(run: FlowRun) -> bool:
    return run.parameters.get("confirm") is True or str(run.id) == flow_run.id


def is_over(run: FlowRun) -> bool:
    """Return whether a run has ended."""
    return run.state is not None and run.state.is_final()


def is_cancelled(run: FlowRun) -> bool:
    """Return whether somebody cancelled a campaign's run in the UI."""
    return run.state is not None and (run.state.is_cancelled() or run.state.is_cancelling())


async def cancellation(client: PrefectClient, run: UUID) -> UUID:
    """Return what tells one cancellation of a run from another: the id of the state in which it began."""
    states = await client.read_flow_run_states(run)
    began = len(states) - 1
    while began and (states[began - 1].is_cancelling() or states[began - 1].is_cancelled()):
        began -= 1
    return states[began].id


class _Pen:
    """Writes to the server, one call after another (on SQLite eight at once are many times slower), and counts."""

    def __init__(self, client: PrefectClient, campaign: str) -> None:
        self.client = client
        self.campaign = campaign
        self.writes = 0
        self.closed: list[str] = []
        self.changed: list[tuple[Bar, str]] = []
        self.marks: list[tuple[UUID, Json]] = []
        self._flows: dict[str, UUID] = {}

    async def create(self, path: Any, body: Json) -> UUID:
        """Return the id of what was created, or of what was there under the same key."""
        self.writes += 1
        return UUID((await self.client.request("POST", path, json=body)).json()["id"])

    async def flow(self, name: str) -> UUID:
        """Return the id of a flow, asked for once."""
        if name not in self._flows:
            self._flows[name] = await self.client.create_flow_from_name(name)
        return self._flows[name]

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

    async def delete_all(self, chosen: Json) -> None:
        """Delete every flow run that is chosen, whatever hangs under it."""
        path: Any = "/flow_runs/bulk_delete"
        while (await self.client.request("POST", path, json={"flow_runs": chosen})).json()["deleted"]:
            self.writes += 1


async def _draw(pen: _Pen, picture: Picture) -> Drawn:
    window = await find(pen.client, picture.campaign)
    if window and is_cancelled(window):
        return Drawn(window.id, pen.writes, cancelled=True)
    finished = picture.closed and window is not None and window.state is not None and window.state.is_completed()
    if window is None or (window.state and window.state.is_final() and not finished):
        await _wipe(pen)
        window_id, suspended = await _open_window(pen, picture), True
        held: Mapping[str, _Held] = {}
    else:
        window_id = window.id
        suspended = window.state is not None and window.state.is_paused()
        held = await _held_in(pen.client, window_id)
    if window and window.name != picture.title:
        await pen.change(window_id, {"name": picture.title})
    if window and window_id == window.id and not _is_window(window):
        await pen.change(window_id, {"tags": [*window.tags, WINDOW]})
    rounds: dict[str, UUID] = {}
    for one in picture.rounds:
        rounds[one.id] = await _draw_round(pen, window_id, one, held.get(one.id), rounds.get(one.previous))
    shown = PAUSED if window and window.state and window.state.name == PAUSED else ""
    if suspended and shown != picture.status:  # a run that is executing says itself how it stands
        await pen.set_state("flow_runs", window_id, STATES[picture.status])
    return Drawn(window_id, pen.writes + len(pen.marks), False, tuple(pen.closed), tuple(pen.changed), tuple(pen.marks))


async def _open_window(pen: _Pen, picture: Picture) -> UUID:
    """Return the id of a new campaign run: from its deployment and suspended, so that it can be resumed; a plain one without."""
    body = {
        "name": picture.title,
        "tags": [campaign_tag(picture.campaign), WINDOW],
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


async def _draw_round(pen: _Pen, window: UUID, one: RoundPicture, held: "_Held | None", previous: UUID | None) -> UUID:
    """Return the round's flow run, after it shows the picture; its bars are not even read when it showed it already."""
    run, bar = held.run if held else None, one.bar
    as_left = run is not None and _same(run.state, bar)
    said = {"round": one.id, "drawn": _fingerprints(bar)}
    if run and as_left and run.parameters == said:
        return run.id
    if run is None:
        # if somebody deleted it, the server has left its duties behind
        await pen.delete_all({"tags": {"all_": [one.id]}, "parent_task_run_id": {"is_null_": True}})
        run_id = await _open(pen, window, ROUND, bar, [_input("flow_run", previous)] if previous else [])
        await _fill(pen, run_id, bar.inside, {}, {})
    else:
        run_id = run.id
        known = run.parameters.get("drawn", {}) if as_left else {}
        await _fill(pen, run_id, bar.inside, await _held_in(pen.client, run_id), known)
        if not as_left:
            await pen.set_state("flow_runs", run_id, _state(bar))
    if one.closed:
        pen.closed.append(one.id)
    pen.marks.append((run_id, said))
    return run_id


def _fingerprints(bar: Bar) -> dict[str, str]:
    """Return a hash over the bars inside a bar, and one over those inside each of them that opens in turn, by key."""
    return {one.key: _fingerprint(one.inside) for one in (bar, *bar.inside) if one.inside}


def _fingerprint(bars: Iterable[Bar]) -> str:
    drawn = [(bar.key, bar.label, bar.shown, bar.tags, sorted(bar.parents)) for bar in bars]
    return sha256(repr(drawn).encode()).hexdigest()[:16]


async def _fill(pen: _Pen, run: UUID, bars: Iterable[Bar], held: Mapping[str, "_Held"], known: Mapping[str, str]) -> None:
    """Make a flow run hold these bars and no others; one that opens is left alone when `known` has its hash."""
    left, drawn = dict(held), dict[str, Json]()
    for bar in bars:
        waits = [drawn[before] for before in bar.parents]
        was = left.pop(bar.key, None)
        if was and was.place.state and not bar.inside and was.place.state.name != bar.shown:
            pen.changed.append((bar, str(was.place.state.name)))
        if was and _said(was.place) != (bar.label, set(bar.tags), {UUID(one["id"]) for one in waits}):
            await _remove(pen, was)  # the server lets nobody change the tags or inputs of a task run
            was = None
        if bar.inside:
            drawn[bar.key] = _input("flow_run", await _draw_duty(pen, run, bar, was, waits, known.get(bar.key)))
        else:
            drawn[bar.key] = _input("task_run", await _draw_bar(pen, run, bar, was, waits))
    for gone in left.values():
        await _remove(pen, gone)


async def _draw_duty(pen: _Pen, run: UUID, bar: Bar, held: "_Held | None", waits: list[Json], known: str | None) -> UUID:
    """Return the flow run of a duty, after it shows the reports in it."""
    if held is None or held.run is None:
        opened = await _open(pen, run, DUTY, bar, waits)
        await _fill(pen, opened, bar.inside, {}, {})
        return opened
    as_left = _same(held.run.state, bar)
    if not as_left:
        await pen.set_state("flow_runs", held.run.id, _state(bar))
    if not as_left or known != _fingerprint(bar.inside):
        await _fill(pen, held.run.id, bar.inside, await _held_in(pen.client, held.run.id), {})
    return held.run.id


async def _draw_bar(pen: _Pen, run: UUID, bar: Bar, held: "_Held | None", waits: list[Json]) -> UUID:
    """Return the task run of a bar that does not open."""
    if held is None:
        return await pen.create("/task_runs/", {**_place(run, REPORT, bar, waits), "state": _state(bar)})
    if not _same(held.place.state, bar):
        await pen.set_state("task_runs", held.place.id, _state(bar))
    return held.place.id


async def _open(pen: _Pen, run: UUID, kind: str, bar: Bar, waits: list[Json]) -> UUID:
    """Return the flow run of a bar that opens, under a task run in its place."""
    place = await pen.create("/task_runs/", _place(run, kind, bar, waits))
    return await pen.create(
        "/flow_runs/",
        {
            "name": bar.label,
            "flow_id": str(await pen.flow(FLOWS[kind])),
            "parent_task_run_id": str(place),
            # with the run above, because a cancelled window keeps its rounds
            "idempotency_key": f"{bar.key}@{run}",
            "tags": [campaign_tag(pen.campaign), *bar.tags],
            "state": _state(bar),
        },
    )


def _place(run: UUID, kind: str, bar: Bar, waits: list[Json]) -> Json:
    """Return the task run of a bar in a flow run."""
    return {
        "id": str(uuid5(run, bar.key)),
        "name": bar.label,
        "flow_run_id": str(run),
        "task_key": kind,
        "dynamic_key": bar.key,
        "tags": list(bar.tags),
        "task_inputs": {"前置": waits},
    }


def _input(kind: str, run: UUID) -> Json:
    return {"input_type": kind, "id": str(run)}


def _said(held: TaskRun) -> tuple[str, set[str], set[UUID]]:
    """Return what a task run says that nobody can change: its name, its tags and what it waits for."""
    waits = {one.id for inputs in held.task_inputs.values() for one in inputs if hasattr(one, "id")}
    return held.name, set(held.tags), waits


def _state(bar: Bar) -> Json:
    return {"type": bar.type, "name": bar.shown}


def _same(held: State[Any] | None, wanted: Bar) -> bool:
    return held is not None and (held.type.value, held.name) == (wanted.type, wanted.shown)


async def _remove(pen: _Pen, held: "_Held") -> None:
    if held.run:
        await pen.delete("flow_runs", held.run.id)
    await pen.delete("task_runs", held.place.id)


async def _wipe(pen: _Pen) -> None:
    """Delete every run of a campaign."""
    await pen.delete_all({"tags": {"all_": [campaign_tag(pen.campaign)]}})


@dataclass(frozen=True, slots=True)
class _Held:
    """What the server holds in one place of a flow run: a task run, and the flow run that hangs under it, if any."""

    place: TaskRun
    run: FlowRun | None


async def _held_in(client: PrefectClient, run: UUID) -> dict[str, _Held]:
    """Return what was drawn in a flow run, by key; task runs of other makers are left out."""
    of_run = FlowRunFilter(id=FlowRunFilterId(any_=[run]))
    places = [
        one
        for one in await _all(client.read_task_runs, flow_run_filter=of_run, sort=TaskRunSort.ID_DESC)
        if one.task_key in (REPORT, ROUND, DUTY)
    ]
    opening = [one.id for one in places if one.task_key in FLOWS]
    under = FlowRunFilter(parent_task_run_id=FlowRunFilterParentTaskRunId(any_=opening))
    runs = await _all(client.read_flow_runs, flow_run_filter=under, sort=FlowRunSort.ID_DESC) if opening else []
    inner = {one.parent_task_run_id: one for one in runs}
    return {one.dynamic_key: _Held(one, inner.get(one.id)) for one in places}


async def _all(read: Callable[..., Awaitable[list[R]]], **chosen: Any) -> list[R]:
    """Return everything a question to the server finds, page by page."""
    found: list[R] = []
    while len(page := await read(**chosen, limit=PAGE, offset=len(found))) == PAGE:
        found += page
    return found + page
