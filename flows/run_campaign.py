"""A campaign's own flow run: it launches, ticks, draws, and then waits suspended for months; no process waits with it."""

import asyncio
from datetime import datetime
from functools import partial
from uuid import uuid4

from prefect import asuspend_flow_run, flow
from prefect.runtime import flow_run

from flows import tick
from integrations.clock import now
from tasks.campaign import is_launched, picture
from tasks.preview import preview
from tasks.showing import show, show_preview
from tasks.window import CAMPAIGN_FLOW

ABOUT = "启动一项专项行动，并作为它在界面上的窗口；可以重复运行。勾选 confirm 才下发，否则只列出要发的信件。"


@flow(name=CAMPAIGN_FLOW, flow_run_name="{campaign}", description=ABOUT)
async def run_campaign(campaign: str, confirm: bool = False, as_of: datetime | None = None) -> None:
    """Launch a campaign (again: nothing changes), do what is due, draw it, and suspend unless it is closed or drawn elsewhere.

    Unless confirmed, a campaign that was never launched is only previewed: a table of every letter, and nothing is sent.
    """
    moment = as_of or now()
    if not confirm and not is_launched(campaign):
        await show_preview(campaign, preview(campaign, moment))
        return
    await _apart(partial(tick.expand_campaign, campaign, moment))
    drawn = await show([campaign], moment)
    if str(drawn[campaign].run) == flow_run.id and not picture(campaign, moment).closed:
        # A fresh key each time, or the suspension after a resumption is taken as done (the run's count does not grow then).
        # No timeout, or the server fails the run when it expires.
        await asuspend_flow_run(key=uuid4().hex, timeout=None)


async def _apart(work: partial[None]) -> None:
    """Do the work outside this run, so that the campaign's graph shows its rounds and nothing else."""
    await asyncio.get_running_loop().run_in_executor(None, work)
