"""When everything of a plan can be done, what may be late and by how much, and whose delay moves the end. In working days.

A definition says by when a report is due, not how long it takes. What is counted as the time a step needs is the time the
definition leaves it: from the last date of what it waits for (or the opening of the round) to its own date.
"""

from array import array
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cache

from campaigns import graph
from campaigns.plan import Plan
from campaigns.workdays import Workdays, office_date

Link = tuple[str, str, int]  # before, after, working days between


@dataclass(frozen=True, slots=True)
class Span:
    """Where a node stands: its wave (0 waits for nothing), and its finish at the earliest and at the latest, in working days."""

    wave: int
    earliest: int
    latest: int

    @property
    def slack(self) -> int:
        """Return how many working days it may be late before the end moves."""
        return self.latest - self.earliest

    def moves_end_by(self, delay: int) -> int:
        """Return by how many working days the end moves when this node alone is `delay` working days late."""
        return max(0, delay - self.slack)


def schedule(work: Mapping[str, int], ready: Mapping[str, int], links: Iterable[Link]) -> dict[str, Span]:
    """Return the span of every node, in an order in which each follows what it waits for; ValueError when there is a circle.

    `work` is how many working days each takes, `ready` from when it can begin (0 when it does not say), `links` what waits for
    what. The end is the earliest finish of the last; a node nothing waits for may take until then.
    """
    after: dict[str, list[tuple[str, int]]] = {node: [] for node in work}
    waits = dict.fromkeys(work, 0)
    for before, node, lag in links:
        after[before].append((node, lag))
        waits[node] += 1
    begins = {node: ready.get(node, 0) for node in work}
    wave = dict.fromkeys(work, 0)
    order = [node for node, count in waits.items() if not count]
    finish: dict[str, int] = {}
    for node in order:  # it grows while it is walked
        finish[node] = begins[node] + work[node]
        for follower, lag in after[node]:
            begins[follower] = max(begins[follower], finish[node] + lag)
            wave[follower] = max(wave[follower], wave[node] + 1)
            waits[follower] -= 1
            if not waits[follower]:
                order.append(follower)
    if len(order) < len(work):
        raise ValueError("the links hold a circle")
    end = max(finish.values(), default=0)
    latest: dict[str, int] = {}
    for node in reversed(order):
        latest[node] = min((latest[one] - work[one] - lag for one, lag in after[node]), default=end)
    return {node: Span(wave[node], finish[node], latest[node]) for node in order}


@dataclass(frozen=True, slots=True)
class Spread:
    """One plan laid over many places, place by place, its nodes in the order of `nodes`: four bytes a node and date."""

    nodes: tuple[str, ...]
    earliest: "array[int]"
    latest: "array[int]"


def schedule_places(
    work: Mapping[str, int],
    ready: Mapping[str, int],
    links: Sequence[Link],
    places: int,
    exceptions: Mapping[int, Mapping[str, int]] | None = None,
) -> Spread:
    """Return the finishes of one plan in many places, the end being that of the last place; ValueError when there is a circle.

    Every link of a place is a link of the plan, so what holds for the plan holds in each place and is worked out once;
    `exceptions` gives the places (0 the first) where some node can begin at another time, each worked out by itself.
    """
    usual = schedule(work, ready, links)
    nodes = tuple(usual)
    own = {place: schedule(work, {**ready, **begins}, links) for place, begins in (exceptions or {}).items()}
    ends = {place: max(one.earliest for one in spans.values()) for place, spans in own.items()}
    usual_end = max((one.earliest for one in usual.values()), default=0)
    end = max([*ends.values(), *([usual_end] if len(own) < places else [])], default=0)
    earliest = array("i", [usual[node].earliest for node in nodes]) * places
    latest = array("i", [usual[node].latest + end - usual_end for node in nodes]) * places
    for place, spans in own.items():
        at = slice(place * len(nodes), (place + 1) * len(nodes))
        earliest[at] = array("i", [spans[node].earliest for node in nodes])
        latest[at] = array("i", [spans[node].latest + end - ends[place] for node in nodes])
    return Spread(nodes, earliest, latest)


def critical_path(spans: Mapping[str, Span], work: Mapping[str, int], links: Iterable[Link]) -> tuple[str, ...]:
    """Return one chain of nodes without slack, each the reason why the next finishes when it does, ending with the last."""
    reasons: dict[str, str] = {}
    for before, node, lag in links:
        if spans[before].earliest + lag + work[node] == spans[node].earliest and not spans[before].slack:
            reasons.setdefault(node, before)
    node = max(spans, key=lambda one: (spans[one].earliest, spans[one].wave), default="")
    path = [node] if node else []
    while node in reasons:
        node = reasons[node]
        path.append(node)
    return tuple(reversed(path))


@dataclass(frozen=True, slots=True)
class Step:
    """An expected report or roll-up of a plan: its date, and how late it may be in working days, dates as office dates.

    `slack` is counted to the end of its own round, `slack_to_end` to the end of the whole campaign.
    """

    node: str
    label: str
    round: str
    wave: int
    due: date
    earliest: date
    latest: date
    slack: int
    slack_to_end: int


@dataclass(frozen=True, slots=True)
class Timing:
    """A plan in time: every step in an order that can be followed, one critical path a round, load by department and week."""

    steps: tuple[Step, ...]
    paths: Mapping[str, tuple[str, ...]]  # round -> nodes
    load: Mapping[tuple[str, date], int]  # (department, Monday) -> expected reports due in that week


def timing(plan: Plan, workdays: Workdays) -> Timing:
    """Return a plan in time; ValueError when its duties wait for each other in a circle."""
    rollups = {graph.rollup_node(one.id): one for one in plan.rounds}
    due = {one.id: office_date(one.due_at) for one in plan.expected} | {node: one.closes_on for node, one in rollups.items()}
    round_of = {one.id: one.round for one in plan.expected} | {node: one.id for node, one in rollups.items()}
    opens = {one.id: one.opens_on for one in plan.rounds}
    first = min([*opens.values(), *due.values()], default=date.min)

    @cache
    def count(day: date) -> int:
        return workdays.between(first, day)

    @cache
    def day_of(index: int) -> date:
        return workdays.shift(first, index)

    found = [edge for edge in graph.edges(plan) if edge.source in due and edge.target in due]
    before: dict[str, list[str]] = {}
    for edge in found:
        if edge.kind != graph.NEXT:
            before.setdefault(edge.target, []).append(edge.source)
    ready = {node: count(opens[round_of[node]]) for node in due}
    work = {
        node: max(0, count(due[node]) - max((count(due[one]) for one in before.get(node, ())), default=ready[node]))
        for node in due
    }
    whole = schedule(work, ready, [(edge.source, edge.target, 0) for edge in found])
    spans: dict[str, Span] = {}
    paths: dict[str, tuple[str, ...]] = {}
    mine_of: dict[str, dict[str, int]] = {one.id: {} for one in plan.rounds}
    for node, round_id in round_of.items():
        mine_of[round_id][node] = work[node]
    links_of: dict[str, list[Link]] = {one.id: [] for one in plan.rounds}
    for edge in found:
        if edge.kind != graph.NEXT:
            links_of[round_of[edge.source]].append((edge.source, edge.target, 0))
    for a_round in plan.rounds:
        mine, links = mine_of[a_round.id], links_of[a_round.id]
        own = schedule(mine, ready, links)
        spans |= own
        paths[a_round.id] = critical_path(own, mine, links)
    names = {organ.id: organ.name for organ in plan.directory.organs}
    labels = {one.id: graph.expected_label(one.duty, names[one.department], one.role) for one in plan.expected}
    labels |= {node: f"汇总·{one.label}" for node, one in rollups.items()}
    steps = tuple(
        Step(
            node=node,
            label=labels[node],
            round=round_of[node],
            wave=span.wave,
            due=due[node],
            earliest=due[node] if span.earliest == count(due[node]) else day_of(span.earliest),
            latest=due[node] if span.latest == count(due[node]) else day_of(span.latest),
            slack=span.slack,
            slack_to_end=whole[node].slack,
        )
        for node, span in spans.items()
    )
    load = Counter((one.department, monday(due[one.id])) for one in plan.expected)
    return Timing(steps, paths, load)


def monday(day: date) -> date:
    """Return the Monday of the week a day is in."""
    return day - timedelta(days=day.weekday())
