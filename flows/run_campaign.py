"""A campaign's own flow run: it launches, ticks, draws, and then waits suspended for months; no process waits with it."""

import asyncio
from functools import partial
from typing import Any
from uuid import uuid4

from prefect import State, asuspend_flow_run, flow
from prefect.runtime import flow_run

from flows import tick
from tasks.campaign import is_launched, picture
from tasks.launch_form import CampaignCode, Confirmation, Moment, name_of_run
from tasks.office import working_moment
from tasks.preview import dates_of, preview
from tasks.showing import ends_at_once, refuses, show, show_preview
from tasks.window import CAMPAIGN_FLOW

ABOUT = "启动一项专项行动，并作为它在界面上的窗口；可以重复运行。打开“确认下发”才下发，否则只列出要发的信件和各个日期。"


@flow(name=CAMPAIGN_FLOW, flow_run_name=name_of_run, description=ABOUT)
async def run_campaign(campaign: CampaignCode, confirm: Confirmation = False, as_of: Moment = None) -> State[Any] | None:
    """Launch a campaign (again: nothing changes), do what is due, draw it, and suspend unless it is closed or drawn elsewhere.

    What cannot be launched ends as 不予下发, in words. Unless confirmed, a campaign that was never launched is only previewed: a
    table of every letter, and nothing is sent. A second launch ends at once and names the run that is the campaign's window.
    """
    if refused := refuses(campaign, as_of):
        return refused
    moment = working_moment(as_of)
    if is_launched(campaign):
        if ended := await ends_at_once(campaign, moment):
            return ended
    elif not confirm:
        return await show_preview(campaign, preview(campaign, moment), dates_of(campaign, moment))
    await _apart(partial(tick.expand_campaign, campaign, moment))
    drawn = await show([campaign], moment)
    if str(drawn[campaign].run) != flow_run.id:
        return await ends_at_once(campaign, moment)
    if not picture(campaign, moment).closed:
        # A fresh key each time, or the suspension after a resumption is taken as done (the run's count does not grow then).
        # No timeout, or the server fails the run when it expires.
        await asuspend_flow_run(key=uuid4().hex, timeout=None)
    return None


async def _apart(work: partial[None]) -> None:
    """Do the work outside this run, so that the campaign's graph shows its rounds and nothing else."""
    await asyncio.get_running_loop().run_in_executor(None, work)
