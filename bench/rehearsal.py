"""A rehearsal of a campaign of ninety days in which each of 2,000 units owes fifteen tasks every month: time, and its growth."""

import sys
import time
from pathlib import Path

sys.path[:0] = [str(Path(__file__).parent.parent)]

from bench.timing import exponent
from campaigns.clocks import Clock
from campaigns.rehearsal import rehearse
from campaigns.workdays import OfficeHours, Slots
from tests.builders import WORKDAYS
from tests.soak.offices import large_plan

DUTIES = 15
DATES = Clock(dates=("2020-11-20", "2020-12-20", "2021-01-20"))
SLOTS = Slots(WORKDAYS, OfficeHours())


def main(units: int = 2_000) -> None:
    """Print what it takes from a definition to the picture of the campaign, and how that grows with units."""
    started = time.perf_counter()
    plan = large_plan(units, DUTIES, DATES)
    laid = time.perf_counter()
    found = rehearse(plan, SLOTS)
    ended = time.perf_counter()
    owed = f"{len(plan.rounds)} rounds, {len(plan.expected)} expected reports"
    print(f"{units} units x {DUTIES} tasks, {owed}: {found.letters} letters")
    print(f"plan {laid - started:.1f} s, rehearsal {ended - laid:.1f} s, together {ended - started:.1f} s")
    plans = {size: large_plan(size, DUTIES, DATES) for size in (units // 10, units)}
    print(f"rehearsal: exponent {exponent(lambda size: rehearse(plans[size], SLOTS), units // 10, units):.2f}")


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
