"""Close and roll up the rounds whose time has come, then show it."""

from datetime import datetime

from prefect import flow

from flows import tick
from integrations.clock import now
from tasks.campaign import live_campaigns
from tasks.showing import show


@flow(name="汇总报送期", flow_run_name="汇总报送期", description="结束到期的报送期并汇总；可以重复运行。")
async def close_round(as_of: datetime | None = None) -> None:
    """Close and roll up the rounds whose time has come, then show every campaign that was running."""
    moment = as_of or now()
    running = live_campaigns()
    tick.close(moment)
    await show(running, moment)
