"""The picture Prefect's window shows of a campaign: a round as a sub-flow run, an expected report as a task run in it.

Pure values; drawing them is another room's work. One table maps Chinese states to Prefect's state types.
"""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

import networkx as nx

from campaigns import graph
from campaigns.plan import Plan, Round
from campaigns.states import Standing, State, chinese, state

ENDED, CANCELLED = "已结束", "已撤销"

# Never SCHEDULED: Prefect turns it into Late.
STATE_TYPES: Mapping[str, str] = {
    "待前置": "PENDING",
    "办理中": "RUNNING",
    "已报送": "COMPLETED",
    "零报告": "COMPLETED",
    "迟报": "COMPLETED",
    "逾期未报": "FAILED",
    "逾期退回": "FAILED",
    "退回": "PAUSED",
    "免报": "CANCELLED",
    "不适用": "CANCELLED",
    "待汇总": "PENDING",
    "已汇总": "COMPLETED",
}


@dataclass(frozen=True, slots=True)
class Bar:
    """One bar of the window: `key` is an id of the plan, `parents` the keys it waits for in the same round."""

    key: str
    label: str
    state: str
    tags: tuple[str, ...]
    parents: tuple[str, ...]

    @property
    def type(self) -> str:
        """Return Prefect's state type for the Chinese state."""
        return STATE_TYPES[self.state]


@dataclass(frozen=True, slots=True)
class RoundPicture:
    """One opened round; `previous` is the round it follows, empty for the first; `closed` makes its run terminal."""

    id: str
    label: str
    previous: str
    closed: bool
    bars: tuple[Bar, ...]


@dataclass(frozen=True, slots=True)
class Picture:
    """A campaign as the window shows it: opened rounds only, in their order; `ended` is 已结束 or 已撤销, empty while it runs."""

    campaign: str
    title: str
    version: str
    ended: str
    rounds: tuple[RoundPicture, ...]

    @property
    def closed(self) -> bool:
        """Return whether the campaign has come to its end."""
        return bool(self.ended)


def picture(
    plan: Plan,
    version: str,
    standings: Mapping[str, Standing],
    closed_rounds: Mapping[str, bool],
    as_of: datetime,
    *,
    ended: str = "",
) -> Picture:
    """Return the picture of a campaign at a moment: `closed_rounds` names the opened rounds and whether each is closed."""
    previous: dict[str, str] = {}
    rounds: list[RoundPicture] = []
    parents: dict[str, list[str]] = {}
    for edge in graph.edges(plan):
        if edge.kind != graph.NEXT:
            parents.setdefault(edge.target, []).append(edge.source)
    for a_round in plan.rounds:
        if a_round.id not in closed_rounds:
            continue
        bars = _bars(plan, a_round, standings, parents, as_of, closed=closed_rounds[a_round.id])
        rounds.append(RoundPicture(a_round.id, a_round.label, previous.get(a_round.report, ""), closed_rounds[a_round.id], bars))
        previous[a_round.report] = a_round.id
    return Picture(plan.definition.campaign.id, plan.definition.campaign.title, version, ended, tuple(rounds))


def _bars(
    plan: Plan,
    a_round: Round,
    standings: Mapping[str, Standing],
    parents: Mapping[str, list[str]],
    as_of: datetime,
    *,
    closed: bool,
) -> tuple[Bar, ...]:
    bars: list[Bar] = []
    for one in plan.expected_in(a_round.id):
        name = plan.directory.organ(one.department).name
        standing = standings[one.id]
        waiting = is_waiting(one.id, parents, standings, as_of)
        tags = (name, one.role.chinese, f"任务{one.duty}")
        bars.append(
            Bar(
                one.id,
                graph.expected_label(one.duty, name, one.role),
                chinese(standing, as_of, waiting=waiting),
                tags,
                tuple(parents.get(one.id, ())),
            )
        )
    node = graph.rollup_node(a_round.id)
    bars.append(Bar(node, f"汇总·{a_round.label}", "已汇总" if closed else "待汇总", ("汇总",), tuple(parents.get(node, ()))))
    return _parents_first(bars)


def _parents_first(bars: list[Bar]) -> tuple[Bar, ...]:
    """Return the bars in their order, each after the bars it waits for, so that it can be drawn when its parents stand."""
    waits: nx.DiGraph[str] = nx.DiGraph()
    waits.add_nodes_from(bar.key for bar in bars)
    waits.add_edges_from((parent, bar.key) for bar in bars for parent in bar.parents)
    place = {bar.key: index for index, bar in enumerate(bars)}
    return tuple(bars[place[key]] for key in nx.lexicographical_topological_sort(waits, key=place.__getitem__))


def is_waiting(one: str, parents: Mapping[str, list[str]], standings: Mapping[str, Standing], as_of: datetime) -> bool:
    """Return whether something this report depends on is still open; once overdue it no longer holds anyone up."""
    return any(state(standings[before], as_of) is State.OPEN for before in parents.get(one, ()) if before in standings)


def progress(one: Picture) -> list[dict[str, str | int]]:
    """Return the progress table of a campaign: a row for each opened round, with how many reports are in each Chinese state."""
    rows: list[dict[str, str | int]] = []
    for a_round in one.rounds:
        counts = Counter(bar.state for bar in a_round.bars if bar.key != graph.rollup_node(a_round.id))
        row: dict[str, str | int] = {"报送期": a_round.label, "应报": counts.total()}
        row |= {word: counts[word] for word in STATE_TYPES if word not in ("待汇总", "已汇总")}
        rows.append(row | {"汇总": "已汇总" if a_round.closed else "待汇总"})
    return rows
