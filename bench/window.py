"""What Prefect costs a campaign: drawing 1,000 expected reports, one change, a tick with nothing to do, a command's cold start.

python bench/window.py [how many]   (minutes: starts a server of its own)
"""

import asyncio
import subprocess
import sys
import time
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

sys.path[:] = [str(Path(__file__).parent.parent), *(one for one in sys.path if one != str(Path(__file__).parent))]

import httpx

from bench.timing import rates
from campaigns import window as pure
from campaigns.states import Standing
from liandong import prefect_server
from tests.soak.offices import large_plan

DUTIES = 20
REPORTS = int(sys.argv[1]) if len(sys.argv) > 1 else 1_000
AS_OF = datetime(2020, 11, 20, 2, tzinfo=UTC)


def pictured(received: int) -> pure.Picture:
    """Return a round of a thousand reports of twenty duties, so many of them in."""
    plan = large_plan(REPORTS // DUTIES, DUTIES)
    (first, *_) = plan.rounds
    standings = {one.id: Standing(one.due_at) for one in plan.expected}
    for one in [one.id for one in plan.expected_in(first.id)][-received:] if received else []:
        standings[one] = replace(standings[one], received_at=AS_OF - timedelta(hours=1), version=1)
    return pure.picture(plan, "v1", standings, {first.id: False}, AS_OF)


def timed(work: Any) -> float:
    """Return how many seconds it took."""
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


def window_costs() -> dict[str, float]:
    """Return the seconds of drawing a thousand reports, of one more that is in, and of drawing what is drawn already."""
    from tasks import window

    async def draw(one: pure.Picture) -> None:
        await window.mark(await window.draw(one))

    pictures = [pictured(0), pictured(1)]
    drawn = [timed(lambda one=one: asyncio.run(draw(one))) for one in (*pictures, pictures[1])]
    return dict(zip(("drawing them", "one change", "nothing changed"), drawn, strict=True))


def native(api: str) -> float:
    """Return the seconds until the server has a thousand native task runs, one for each expected report."""
    from prefect import flow, task

    @task(cache_policy=None, persist_result=False)
    async def report(_: int) -> None:
        """Do nothing, as a task of its own."""

    @flow(name="native")
    async def campaign() -> None:
        for number in range(REPORTS):
            await report(number)

    asked = {"flows": {"name": {"any_": ["native"]}}, "task_runs": {"state": {"type": {"any_": ["COMPLETED"]}}}}

    def work() -> None:
        asyncio.run(campaign())
        while httpx.post(f"{api}/task_runs/count", json=asked, timeout=60).json() < REPORTS:
            time.sleep(0.2)

    return timed(work)


def run(*words: str) -> int:
    """Return one, after a Python of its own has run the words."""
    subprocess.run([sys.executable, *words], check=True, stdout=subprocess.DEVNULL)
    return 1


def main() -> None:
    """Print every cost as a multiple of what one native task run for each expected report costs."""
    with TemporaryDirectory() as folder:
        server = prefect_server.start(Path(folder))
        try:
            from prefect.settings import PREFECT_API_URL, PREFECT_HOME, PREFECT_LOGGING_LEVEL, temporary_settings

            mine = {
                PREFECT_API_URL: server.api_url,
                PREFECT_HOME: server.variables["PREFECT_HOME"],
                PREFECT_LOGGING_LEVEL: "ERROR",
            }
            with temporary_settings(mine):
                costs = {"a native task run each": native(server.api_url), **window_costs()}
        finally:
            server.stop()
    print(f"\n{REPORTS} expected reports in Prefect", flush=True)
    for name, seconds in costs.items():
        print(f"  {name:<34}{seconds:>10.2f} s {seconds / costs['a native task run each']:>8.3f} x native")
    ways = {
        "python": lambda: run("-c", "pass"),
        "liandong --help": lambda: run("-m", "liandong.cli", "--help"),
        "import sqlalchemy.orm": lambda: run("-c", "import sqlalchemy.orm"),
        "import campaigns": lambda: run("-c", "import campaigns.plan, campaigns.window"),
        "import prefect": lambda: run("-c", "import prefect"),
    }
    print("\ncold start")
    starts = {name: 1 / rate for name, rate in rates(ways, 3).items()}
    for name, seconds in starts.items():
        print(f"  {name:<34}{seconds:>10.2f} s {seconds / starts['import prefect']:>8.3f} x import prefect")


if __name__ == "__main__":
    main()
