"""Showing campaigns in Prefect after a tick: the window, the progress table, the roll-up of a round that closed."""

import json
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from prefect.client.orchestration import get_client
from prefect.client.schemas.actions import ArtifactCreate
from prefect.runtime import flow_run

from campaigns import rollup
from campaigns.forms import header
from campaigns.window import Picture, progress
from tasks import window
from tasks.campaign import live_campaigns, pause, picture
from tasks.office import office

CANCELLED = "界面取消"


async def show(campaigns: Iterable[str], as_of: datetime) -> dict[str, window.Drawn]:
    """Return how each campaign was drawn as it stands; one cancelled in the UI is paused, once, until the office decides."""
    drawn = {}
    for campaign in campaigns:
        drawn[campaign] = await _show(campaign, as_of)
    return drawn


async def show_preview(campaign: str, letters: Iterable[Mapping[str, Any]]) -> None:
    """Put every letter that launching would send on the page of the run that is executing."""
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
    said = "预览：以下信件尚未发出。确认无误后，重新运行并勾选 confirm。"
    await _table(UUID(str(flow_run.id)), f"preview-{campaign}", said, rows)


async def _show(campaign: str, as_of: datetime) -> window.Drawn:
    one = picture(campaign, as_of)
    drawn = await window.draw(one)
    if drawn.cancelled and campaign in live_campaigns():
        if not _decided(campaign, drawn.run):
            pause(campaign, f"{CANCELLED}：{drawn.run}", as_of)
            return drawn
        # the office was told of this very cancellation and let the campaign go on
        (drawn,) = await window.rebuild([one])
    if drawn.writes:
        await _table(drawn.run, f"progress-{campaign}", f"{one.title}：各报送期进度", progress(one))
    for closed in drawn.closed:
        await _rollup_table(drawn.run, one, closed, as_of)
    return drawn


def _decided(campaign: str, run: UUID) -> bool:
    """Return whether the ledger already holds the pause that the cancellation of this run brought."""
    with office().ledger() as ledger:
        return any(str(run) in text for text, _ in ledger.events(campaign))


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
