"""Close and roll up the rounds whose time has come, then show it."""

from typing import Any

from prefect import State, flow

from flows import tick
from tasks.launch_form import Moment
from tasks.showing import ticked


@flow(name="汇总报送期", flow_run_name="汇总报送期", description="结束到期的报送期并汇总；可以重复运行。")
async def close_round(as_of: Moment = None) -> State[Any] | None:
    """Close and roll up the rounds whose time has come, then show every campaign that was running."""
    return await ticked(tick.close, as_of)
