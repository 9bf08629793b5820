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
from itertools import accumulate, chain
from typing import TypeVar

from campaigns import graph
from campaigns.collecting import no_collecting
from campaigns.plan import Plan
from campaigns.workdays import Workdays

Node = TypeVar("Node", str, int)
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


def schedule(work: Mapping[Node, int], ready: Mapping[Node, int], links: Iterable[tuple[Node, Node, int]]) -> dict[Node, Span]:
    """Return the span of every node, in an order in which each follows what it waits for; ValueError when there is a circle.

    `work` is how many working days each takes, `ready` from when it can begin (0 when it does not say), `links` what waits for
    what. The end is the earliest finish of the last; a node nothing waits for may take until then.
    """
    names = list(work)
    place = {node: at for at, node in enumerate(names)}
    takes = list(work.values())
    befores: list[int] = []
    afters: list[int] = []
    lags: list[int] = []
    waits = [0] * len(names)
    starts = [0] * (len(names) + 1)  # of each node's links among those sorted by what they start from
    for before, node, lag in links:
        source, target = place[before], place[node]
        befores.append(source)
        afters.append(target)
        lags.append(lag)
        waits[target] += 1
        starts[source + 1] += 1
    starts = list(accumulate(starts))
    leaving = [0] * len(befores)
    free = starts[:-1]
    for link, source in enumerate(befores):
        leaving[free[source]] = link
        free[source] += 1
    finish = [ready.get(node, 0) for node in names]  # until it is walked: when it can begin
    wave = [0] * len(names)
    order = [at for at, count in enumerate(waits) if not count]
    for at in order:  # it grows while it is walked
        done = finish[at] = finish[at] + takes[at]
        next_wave = wave[at] + 1
        for link in leaving[starts[at] : starts[at + 1]]:
            follower, begins = afters[link], done + lags[link]
            if begins > finish[follower]:
                finish[follower] = begins
            if next_wave > wave[follower]:
                wave[follower] = next_wave
            waits[follower] -= 1
            if not waits[follower]:
                order.append(follower)
    if len(order) < len(names):
        raise ValueError("the links hold a circle")
    latest = [max(finish, default=0)] * len(names)
    for at in reversed(order):
        for link in leaving[starts[at] : starts[at + 1]]:
            until = latest[afters[link]] - takes[afters[link]] - lags[link]
            if until < latest[at]:
                latest[at] = until
    return {names[at]: Span(wave[at], finish[at], latest[at]) for at in order}


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


def critical_path(
    spans: Mapping[Node, Span], work: Mapping[Node, int], links: Iterable[tuple[Node, Node, int]]
) -> tuple[Node, ...]:
    """Return one chain of nodes without slack, each the reason why the next finishes when it does, ending with the last."""
    if not spans:
        return ()
    reasons: dict[Node, Node] = {}
    for before, node, lag in links:
        if spans[before].earliest + lag + work[node] == spans[node].earliest and not spans[before].slack:
            reasons.setdefault(node, before)
    node = max(spans, key=lambda one: (spans[one].earliest, spans[one].wave))
    path = [node]
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


@no_collecting()
def timing(plan: Plan, workdays: Workdays) -> Timing:
    """Return a plan in time; ValueError when its duties wait for each other in a circle."""
    first = min([one.opens_on for one in plan.rounds] + [day for one in plan.rounds for _, day in one.due], default=date.min)

    @cache
    def count(day: date) -> int:
        return workdays.between(first, day)

    @cache
    def day_of(index: int) -> date:
        return workdays.shift(first, index)

    departments = {code: organ.name for code, organ in plan.organs.items()}
    nodes: list[str] = []  # round by round, each with its roll-up at the end; from here on a node is its place in this list
    labels: list[str] = []
    due: list[date] = []
    round_of: list[int] = []
    load: Counter[tuple[str, date]] = Counter()
    for at, a_round in enumerate(plan.rounds):
        dates = dict(a_round.due)
        weeks = {role: monday(day) for role, day in a_round.due}
        for one in plan.expected_in(a_round.id):
            nodes.append(one.id)
            labels.append(graph.expected_label(one.duty, departments[one.department], one.role))
            due.append(dates[one.role])
            load[one.department, weeks[one.role]] += 1
        nodes.append(graph.rollup_node(a_round.id))
        labels.append(f"汇总·{a_round.label}")
        due.append(a_round.closes_on)
        round_of += [at] * (len(nodes) - len(round_of))
    place = {node: at for at, node in enumerate(nodes)}
    inside: list[list[tuple[int, int, int]]] = [[] for _ in plan.rounds]
    across: list[tuple[int, int, int]] = []
    for edge in graph.edges(plan):
        source, target = place[edge.source], place[edge.target]
        (across if edge.kind == graph.NEXT else inside[round_of[source]]).append((source, target, 0))
    opens = [count(one.opens_on) for one in plan.rounds]
    ready = {node: opens[at] for node, at in enumerate(round_of)}
    waits = [-1] * len(nodes)  # until when a node waits for others
    for source, target, _ in chain.from_iterable(inside):
        waits[target] = max(waits[target], count(due[source]))
    work = {node: max(0, count(day) - (waits[node] if waits[node] >= 0 else ready[node])) for node, day in enumerate(due)}
    mine: list[dict[int, int]] = [{} for _ in plan.rounds]
    for node, at in enumerate(round_of):
        mine[at][node] = work[node]
    whole = schedule(work, ready, chain(across, *inside))
    steps: list[Step] = []
    paths: dict[str, tuple[str, ...]] = {}
    for a_round, own, links in zip(plan.rounds, mine, inside, strict=True):
        spans = schedule(own, ready, links)
        paths[a_round.id] = tuple(nodes[node] for node in critical_path(spans, own, links))
        for node, span in spans.items():
            day, when = due[node], count(due[node])
            steps.append(
                Step(
                    node=nodes[node],
                    label=labels[node],
                    round=a_round.id,
                    wave=span.wave,
                    due=day,
                    earliest=day if span.earliest == when else day_of(span.earliest),
                    latest=day if span.latest == when else day_of(span.latest),
                    slack=span.slack,
                    slack_to_end=whole[node].slack,
                )
            )
    return Timing(tuple(steps), paths, load)


def monday(day: date) -> date:
    """Return the Monday of the week a day is in."""
    return day - timedelta(days=day.weekday())
