"""Take in what has arrived, check it and answer it, then show it."""

from typing import Any

from prefect import State, flow

from flows import tick
from tasks.launch_form import Moment
from tasks.showing import ticked
from tasks.step import runner

ABOUT = "收取、核对来件并回执；可以重复运行。"


@flow(name="收取报表", flow_run_name="收取报表", description=ABOUT, task_runner=runner())
async def collect_submissions(as_of: Moment = None) -> State[Any] | None:
    """Take in what has arrived, check it and answer it, then show every campaign that was running."""
    return await ticked(tick.collect, as_of)
