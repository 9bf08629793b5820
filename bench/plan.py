"""A plan of 33 duties: reading, checking, expanding it; and its dates laid over every county, against networkx and objects."""

import math
import statistics
import sys
import time
import tracemalloc
from collections.abc import Callable
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent.parent))

import networkx as nx

from bench.timing import exponent
from campaigns import checks, graph
from campaigns.critical import Link, schedule_places, timing
from campaigns.organs import Directory, Organ
from campaigns.plan import Plan, expand
from campaigns.workdays import OfficeHours
from integrations import calendar
from integrations.definition_files import DEFINITIONS, read_definition

COUNTIES = 2844
SIZES = (25, 246, COUNTIES)  # places: about 10,000, 100,000 and 1,158,000 nodes
WORKDAYS = calendar.workdays(2019, 2023, Path("no-such-folder"))
DEFINITION, DIRECTORY = read_definition(DEFINITIONS / "hezhou-2020.yaml")


def main() -> None:
    """Print all of it."""
    plan = laid_over(0)
    stages(plan)
    expanding()
    dates(plan)


def stages(plan: Plan) -> None:
    """Print what each stage of the plan of one city takes, as a share of all."""
    work: dict[str, Callable[[], Any]] = {
        "read the files": lambda: read_definition(DEFINITIONS / "hezhou-2020.yaml"),
        "check": lambda: list(checks.check(DEFINITION, DIRECTORY)),
        "expand (checks in it)": lambda: expand(DEFINITION, DIRECTORY, WORKDAYS, OfficeHours()),
        "edges": lambda: graph.edges(plan),
        "earliest, latest, slack": lambda: timing(plan, WORKDAYS),
    }
    taken = {name: statistics.median(seconds(way) for _ in range(5)) for name, way in work.items()}
    print(f"\n33 duties, {len(plan.assignments)} assignments, {len(plan.expected)} expected reports")
    for name, one in taken.items():
        print(f"  {name:<34}{one * 1000:>9.1f} ms {one / sum(taken.values()):>7.0%}")


def expanding() -> None:
    """Print how expansion and edges grow with the counties behind one group's name."""
    print("\nexpand + edges, one group of all counties")
    for counties in (COUNTIES // 10, COUNTIES):
        tracemalloc.start()
        plan = laid_over(counties)
        size = tracemalloc.get_traced_memory()[0] / len(plan.expected)
        tracemalloc.stop()
        counts = f"{len(plan.assignments):>7} assignments, {len(plan.expected):>7} expected"
        print(f"  {counties:>6} counties: {counts}, {size:>5.0f} B each", flush=True)
    grows = exponent(lambda counties: graph.edges(laid_over(counties)), COUNTIES // 10, COUNTIES, rounds=1)
    print(f"  growth exponent {grows:.2f}")


def laid_over(counties: int) -> Plan:
    """Return the plan with that many counties behind 各县(区)人民政府; 0: as it ships."""
    directory: Directory = DIRECTORY
    if counties:
        more = tuple(Organ(id=f"c{at}", name=f"第{at}县人民政府", level="县") for at in range(counties))
        groups = tuple(one.model_copy(update={"members": tuple(organ.id for organ in more)}) for one in directory.groups[:1])
        directory = directory.model_copy(
            update={"organs": (*directory.organs, *more), "groups": (*groups, *directory.groups[1:])}
        )
    return expand(DEFINITION, directory, WORKDAYS, OfficeHours())


def dates(plan: Plan) -> None:
    """Print earliest and latest finishes of one round laid over all counties, both ways, having compared every one of them."""
    work, links = template(plan)
    print("\nlevels, earliest and latest finish, 5 % of places with dates of their own")
    taken: dict[int, tuple[float, float]] = {}
    for places in SIZES:
        own = {place: {next(iter(work)): 3 + place % 7} for place in range(0, places, 20)}
        # ours first: a million live objects of the other would slow the garbage collector down for both
        ours = [seconds(lambda places=places, own=own: schedule_places(work, {}, links, places, own)) for _ in range(5)]
        spread = schedule_places(work, {}, links, places, own)
        peer = []
        for _ in range(3 if places < COUNTIES else 1):
            started = time.perf_counter()
            expected = by_networkx(work, links, places, own)
            peer.append(time.perf_counter() - started)
        for at, node in enumerate(spread.nodes):
            for place in range(places):
                where = place * len(spread.nodes) + at
                assert expected[place, node] == (spread.earliest[where], spread.latest[where]), (place, node)
        nodes = len(spread.nodes) * places
        taken[nodes] = (statistics.median(peer), statistics.median(ours))
        size = spread.earliest.itemsize + spread.latest.itemsize
        theirs, mine = taken[nodes]
        told = f"networkx {theirs:>8.2f} s, template order {mine:>7.3f} s, x{theirs / mine:.0f}"
        print(f"  {nodes:>9} nodes: {told}, {size} B a node", flush=True)
    small, large = min(taken), max(taken)
    for name, at in (("networkx", 0), ("template order", 1)):
        print(f"  growth exponent, {name}: {math.log(taken[large][at] / taken[small][at]) / math.log(large / small):.2f}")


def template(plan: Plan) -> tuple[dict[str, int], list[Link]]:
    """Return the nodes of the first round, each with some working days, and its links."""
    first = plan.rounds[0]
    nodes = [*(one.id for one in plan.expected_in(first.id)), graph.rollup_node(first.id)]
    mine = set(nodes)
    links = [(one.source, one.target, 0) for one in graph.edges(plan) if {one.source, one.target} <= mine]
    return {node: 1 + at % 5 for at, node in enumerate(nodes)}, links


class Node:
    """What a straightforward program keeps of an assignment."""

    def __init__(self, work: int, ready: int) -> None:
        self.work, self.ready, self.earliest, self.latest = work, ready, 0, 0


def by_networkx(
    work: dict[str, int], links: list[Link], places: int, own: dict[int, dict[str, int]]
) -> dict[Any, tuple[int, int]]:
    """Return the finishes of every node of every place: one graph of objects, walked there and back."""
    whole: nx.DiGraph[Any] = nx.DiGraph()
    for place in range(places):
        begins = own.get(place, {})
        for node, days in work.items():
            whole.add_node((place, node), held=Node(days, begins.get(node, 0)))
        for before, after, lag in links:
            whole.add_edge((place, before), (place, after), lag=lag)
    held = dict(whole.nodes(data="held"))
    order = list(nx.topological_sort(whole))
    for key in order:
        one = held[key]
        one.earliest = one.work + max(
            [one.ready, *(held[a].earliest + data["lag"] for a, _, data in whole.in_edges(key, data=True))]
        )
    end = max(one.earliest for one in held.values())
    for key in reversed(order):
        followers = [held[b].latest - held[b].work - data["lag"] for _, b, data in whole.out_edges(key, data=True)]
        held[key].latest = min(followers, default=end)
    return {key: (one.earliest, one.latest) for key, one in held.items()}


def seconds(work: Callable[[], Any]) -> float:
    """Return how long it takes once."""
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


if __name__ == "__main__":
    main()
