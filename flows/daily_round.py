"""Do what has come due in every running campaign, then show it."""

from typing import Any

from prefect import State, flow

from flows import tick
from tasks.launch_form import Moment
from tasks.showing import ticked


@flow(name="每日例行", flow_run_name="每日例行", description="下发、催报、汇总：做各项专项行动到期该做的事；可以重复运行。")
async def daily_round(as_of: Moment = None) -> State[Any] | None:
    """Do what has come due in every running campaign, then show every campaign that was running."""
    return await ticked(tick.daily, as_of)
