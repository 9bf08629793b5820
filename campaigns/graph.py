"""What depends on what: cooperating -> lead -> the round's roll-up -> the next round, and `needs` between duties."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from graphlib import CycleError, TopologicalSorter
from typing import TYPE_CHECKING

from campaigns.collecting import no_collecting
from campaigns.definition import Role

if TYPE_CHECKING:
    import networkx as nx  # a third of the time in which a plain command starts: imported where a graph is asked for

    from campaigns.plan import Plan

REPORTS_TO, ROLLS_UP, NEEDS, NEXT = "reports_to", "rolls_up", "needs", "next"


@dataclass(frozen=True, slots=True)
class Edge:
    """`target` waits for `source`; `kind` is one of reports_to, rolls_up, needs, next."""

    source: str
    target: str
    kind: str


def rollup_node(round_id: str) -> str:
    """Return the id of the node that stands for a round's roll-up."""
    return f"{round_id}/rollup"


@no_collecting()
def edges(plan: "Plan") -> tuple[Edge, ...]:
    """Return every dependency of a plan, in its order: within a round, then from each round to the next of the same report."""
    found: list[Edge] = []
    for a_round in plan.rounds:
        needs, rollup = plan.of(a_round.id).needs, rollup_node(a_round.id)
        owed = plan.expected_in(a_round.id)
        leads: dict[int, dict[str, str]] = {}  # duty -> department -> node
        for one in owed:
            if one.role is Role.LEAD:
                leads.setdefault(one.duty, {})[one.department] = one.id
        above = {organ.id: organ.parent for organ in plan.of(a_round.id).directory.organs} if any(needs.values()) else {}
        placed = {need: under(leads.get(need, {}), above) for wanted in needs.values() for need in wanted}
        for one in owed:
            if one.role is Role.COOPERATING and "office" not in one.receivers:
                led = leads.get(one.duty, {})
                found += [Edge(one.id, led[receiver], REPORTS_TO) for receiver in one.receivers if receiver in led]
            else:
                found.append(Edge(one.id, rollup, ROLLS_UP))
            if one.role is Role.LEAD:
                for need in needs[one.duty]:
                    before = awaited(one.department, leads.get(need, {}), placed[need], above)
                    found += [Edge(node, one.id, NEEDS) for node in before]
    last: dict[str, str] = {}
    for a_round in plan.rounds:
        if a_round.report in last:
            found.append(Edge(rollup_node(last[a_round.report]), rollup_node(a_round.id), NEXT))
        last[a_round.report] = a_round.id
    return tuple(found)


def under(leads: Mapping[str, str], above: Mapping[str, str | None]) -> dict[str | None, list[str]]:
    """Return the leads right under each department, by what stands for them."""
    found: dict[str | None, list[str]] = {}
    for department, node in leads.items():
        if above.get(department) is not None:
            found.setdefault(above[department], []).append(node)
    return found


def awaited(
    department: str, leads: Mapping[str, str], placed: Mapping[str | None, Collection[str]], above: Mapping[str, str | None]
) -> Collection[str]:
    """Return whom a lead waits for of those who lead the duty needed: itself; else those right above and below it; else those
    beside it, under the same department; else all. `placed` is what `under` says of them.

    So where every county leads both, each waits for its own, and not every one for every other.
    """
    if department in leads:
        return (leads[department],)
    parent = above.get(department)
    near = [*([leads[parent]] if parent is not None and parent in leads else ()), *placed.get(department, ())]
    return near or placed.get(parent, ()) or leads.values()


def expected_label(duty: int, department: str, role: Role) -> str:
    """Return what a person reads on an expected report: `任务15·市市场监管局（牵头）`."""
    return f"任务{duty}·{department}（{role.chinese}）"


def digraph(found: Iterable[Edge]) -> "nx.DiGraph[str]":
    """Return the dependencies as a networkx graph."""
    import networkx as nx

    graph: nx.DiGraph[str] = nx.DiGraph()
    graph.add_edges_from((edge.source, edge.target, {"kind": edge.kind}) for edge in found)
    return graph


def find_cycles(needs: Mapping[int, Iterable[int]]) -> list[list[int]]:
    """Return one cycle of every knot in `needs`: duties of which each waits for the next, the last for the first."""
    known = {number: [need for need in wanted if need in needs] for number, wanted in needs.items()}
    try:
        TopologicalSorter(known).prepare()
        return []
    except CycleError:
        import networkx as nx

    graph: nx.DiGraph[int] = nx.DiGraph()
    graph.add_edges_from((number, need) for number, wanted in known.items() for need in wanted)
    knots = [graph.subgraph(knot) for knot in nx.strongly_connected_components(graph)]
    cycles = [[edge[0] for edge in nx.find_cycle(knot, min(knot))] for knot in knots if any(True for _ in knot.edges)]
    return sorted(cycles)
