"""Close and roll up the rounds whose time has come, then show it."""

from prefect import flow

from flows import tick
from tasks.campaign import live_campaigns
from tasks.launch_form import Moment
from tasks.office import working_moment
from tasks.showing import show


@flow(name="汇总报送期", flow_run_name="汇总报送期", description="结束到期的报送期并汇总；可以重复运行。")
async def close_round(as_of: Moment = None) -> None:
    """Close and roll up the rounds whose time has come, then show every campaign that was running."""
    moment = working_moment(as_of)
    running = live_campaigns()
    tick.close(moment)
    await show(running, moment)
