"""Do what has come due in every running campaign, then show it."""

from typing import Any

from prefect import State, flow

from flows import tick
from tasks.campaign import live_campaigns
from tasks.launch_form import Moment
from tasks.office import working_moment
from tasks.showing import show, untimely


@flow(name="每日例行", flow_run_name="每日例行", description="下发、催报、汇总：做各项专项行动到期该做的事；可以重复运行。")
async def daily_round(as_of: Moment = None) -> State[Any] | None:
    """Do what has come due in every running campaign, then show every campaign that was running."""
    if refused := untimely(as_of):
        return refused
    moment = working_moment(as_of)
    running = live_campaigns()
    tick.daily(moment)
    await show(running, moment)
    return None
