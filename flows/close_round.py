"""Close and roll up the rounds whose time has come, then show it."""

from typing import Any

from prefect import State, flow

from flows import tick
from tasks.campaign import live_campaigns
from tasks.launch_form import Moment
from tasks.office import working_moment
from tasks.showing import show, untimely


@flow(name="汇总报送期", flow_run_name="汇总报送期", description="结束到期的报送期并汇总；可以重复运行。")
async def close_round(as_of: Moment = None) -> State[Any] | None:
    """Close and roll up the rounds whose time has come, then show every campaign that was running."""
    if refused := untimely(as_of):
        return refused
    moment = working_moment(as_of)
    running = live_campaigns()
    tick.close(moment)
    await show(running, moment)
    return None
