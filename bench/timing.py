"""Timing side by side: every way in turn, several rounds, medians; only ratios within one run mean anything."""

import math
import statistics
import time
from collections.abc import Callable, Mapping
from concurrent.futures import ProcessPoolExecutor
from typing import Any

ROUNDS = 5


def rates(
    ways: Mapping[str, Callable[[], int]], rounds: int = ROUNDS, clock: Callable[[], float] = time.perf_counter
) -> dict[str, float]:
    """Return for each way how many things a second it does, by a clock; a way returns how many it did."""
    seen: dict[str, list[float]] = {name: [] for name in ways}
    for _ in range(rounds):
        for name, way in ways.items():
            started = clock()
            done = way()
            seen[name].append(done / (clock() - started))
    return {name: statistics.median(found) for name, found in seen.items()}


def show(title: str, found: Mapping[str, float], base: str) -> None:
    """Print rates and how many times the base each is."""
    print(f"\n{title}")
    for name, rate in found.items():
        print(f"  {name:<34}{rate:>10.1f} /s {rate / found[base]:>8.2f} x {base}")


def exponent(work: Callable[[int], Any], small: int, large: int, rounds: int = 3) -> float:
    """Return how time grows with size: 1 is in step with it."""
    times = {size: [] for size in (small, large)}
    for _ in range(rounds):
        for size, seen in times.items():
            started = time.perf_counter()
            work(size)
            seen.append(time.perf_counter() - started)
    return math.log(statistics.median(times[large]) / statistics.median(times[small])) / math.log(large / small)


def two_processes(work: Callable[[Any], Any], things: list[Any]) -> float:
    """Return how much sooner two processes are done than one."""
    spent = []
    for workers in (1, 2):
        with ProcessPoolExecutor(workers) as pool:
            list(pool.map(work, things[:4]))  # started and warm
            started = time.perf_counter()
            list(pool.map(work, things))
            spent.append(time.perf_counter() - started)
    return spent[0] / spent[1]
