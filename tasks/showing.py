"""Showing campaigns in Prefect after a tick: the window, the progress table, the roll-up of a round that closed."""

import json
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from prefect.client.orchestration import get_client
from prefect.client.schemas.actions import ArtifactCreate
from prefect.client.schemas.objects import State
from prefect.runtime import flow_run
from prefect.states import Completed

from campaigns import rollup
from campaigns.forms import header
from campaigns.window import Picture, progress
from tasks import window
from tasks.campaign import is_paused, live_campaigns, pause, picture
from tasks.office import office

CANCELLED = "界面取消"


async def show(campaigns: Iterable[str], as_of: datetime) -> dict[str, window.Drawn]:
    """Return how each campaign was drawn as it stands; one cancelled in the UI is paused, once, until the office decides."""
    drawn = {}
    for campaign in campaigns:
        drawn[campaign] = await _show(campaign, as_of)
    return drawn


async def ends_at_once(campaign: str, as_of: datetime) -> State[Any] | None:
    """Return the state in which a run of a launched campaign ends at once, in words; None when this run is to go on.

    It ends when another run is the campaign's window, which it names, and when somebody cancelled the window and the office
    has not decided yet: launching again is no decision.
    """
    async with get_client() as client:
        runs = await window.runs_of(client, campaign)
    first = next((run for run in runs if not (run.state and run.state.is_final())), None)
    if first and str(first.id) != flow_run.id:
        said = f"“{first.name}”已由运行 {first.id} 启动并显示，本次没有重复下发，也没有再画一份。打开：/runs/flow-run/{first.id}"
        return Completed(name=window.REPEATED, message=said)
    cancelled = [run for run in runs if run.state and run.state.is_cancelled()]
    if cancelled:
        _heed(campaign, cancelled[-1].id, as_of)
        if is_paused(campaign):
            said = f"运行 {cancelled[-1].id} 已在界面取消，专项行动暂停发信，等办公室决定："
            return Completed(name=window.UNDECIDED, message=f"{said}liandong cancel --basis 依据，或 --revive 理由")
    return None


async def show_preview(campaign: str, letters: Sequence[Mapping[str, Any]], dates: Sequence[Mapping[str, str]]) -> State[Any]:
    """Return the state of a run that only previews, after every letter and date of the launch stands on its page."""
    rows = [
        {
            "时间": one["when"],
            "收件人": one["to"],
            "邮箱": one["email"],
            "主题": one["subject"],
            "附件": "、".join(one["attachments"]),
        }
        for one in letters
    ]
    run = UUID(str(flow_run.id))
    said = "预演：以下信件尚未发出。确认无误后，重新运行并打开“确认下发”。"
    await _table(run, f"preview-{campaign}", said, rows)
    await _table(run, f"dates-{campaign}", "预演：各报送期何时下发、何时截止。", dates)
    return Completed(name=window.PREVIEWED, message=f"只是预演，什么也没有发出：共 {len(rows)} 封信，{len(dates)} 个报送期")


async def _show(campaign: str, as_of: datetime) -> window.Drawn:
    one = picture(campaign, as_of)
    drawn = await window.draw(one)
    if drawn.cancelled and campaign in live_campaigns():
        if _heed(campaign, drawn.run, as_of):
            return drawn
        # the office was told of this very cancellation and let the campaign go on
        (drawn,) = await window.rebuild([one])
    if drawn.writes:
        await _table(drawn.run, f"progress-{campaign}", f"{one.title}：各报送期进度", progress(one))
    for closed in drawn.closed:
        await _rollup_table(drawn.run, one, closed, as_of)
    return drawn


def _heed(campaign: str, run: UUID, as_of: datetime) -> bool:
    """Return whether the cancellation of a run is news: then the campaign is paused; each is heeded once."""
    with office().ledger() as ledger:
        if any(str(run) in text for text, _ in ledger.events(campaign)):
            return False
    pause(campaign, f"{CANCELLED}：{run}", as_of)
    return True


async def _rollup_table(run: UUID, one: Picture, round_id: str, as_of: datetime) -> None:
    at = office()
    with at.ledger() as ledger:
        plan = at.plan(ledger.campaign(one.campaign))
        facts = ledger.figures(one.campaign, "own")
        result = rollup.roll_up(plan, round_id, facts, ledger.standings(one.campaign, round_id), as_of)
    rows = [
        {"指标": header(one), "本期": f"{total.normalize():f}", "累计": f"{result.cumulative.overall[one.id].normalize():f}"}
        for one in result.indicators
        if (total := result.overall.get(one.id)) is not None
    ]
    label = plan.round(round_id).label
    key = f"rollup-{round_id}".replace("/", "-").replace("_", "-")
    await _table(run, key, f"{one.title} {label}汇总。{result.coverage.text}", rows)


async def _table(run: UUID, key: str, description: str, rows: Sequence[Mapping[str, str | int]]) -> None:
    """Put a table on the page of a campaign's run."""
    data = json.dumps(rows, ensure_ascii=False)
    async with get_client() as client:
        await client.create_artifact(ArtifactCreate(key=key, type="table", description=description, data=data, flow_run_id=run))
