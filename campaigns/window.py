"""The picture Prefect's window shows of a campaign: in it its rounds, in a round its duties, in a duty its expected reports.

Pure values; drawing them is another room's work. One table maps Chinese states to Prefect's state types.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime

from campaigns import graph
from campaigns.definition import Role
from campaigns.plain import still
from campaigns.plan import Plan, Round
from campaigns.states import Standing, State, chinese, percentage, state
from campaigns.workdays import hour_of, office_date, office_time

ENDED, CANCELLED, PAUSED = "已结束", "已撤销", "已暂停"
_STATUSES = {"closed": ENDED, "cancelled": CANCELLED, "paused": PAUSED}
MOST_BARS = 2_500  # of a round; more reports than that are gathered into a bar for each duty and role
_MOST_COLUMNS, _MOST_NODES, _MOST_EDGES = 40, 150, 400

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


# what a bar of many reports is in: the first of these that one of them is in
_WORST_FIRST = ("逾期未报", "逾期退回", "退回", "办理中", "待前置", "已报送", "迟报", "零报告", "免报", "不适用")
_REPORTED, OVERDUE, _NOT_OWED = ("已报送", "零报告", "迟报"), ("逾期未报", "逾期退回"), ("免报", "不适用")


@dataclass(frozen=True, slots=True)
class Bar:
    """One bar of the window: `key` is an id of the plan, `parents` the keys it waits for beside it.

    `duty` is 0 for a roll-up; `told` says how many of the reports gathered in it are in, empty for a single one. `inside` are
    the bars into which it opens.
    """

    key: str
    label: str
    state: str
    tags: tuple[str, ...]
    parents: tuple[str, ...]
    duty: int = 0
    unit: str = ""
    role: str = ""
    due_at: datetime | None = None
    told: str = ""
    inside: tuple["Bar", ...] = ()

    @property
    def type(self) -> str:
        """Return Prefect's state type for the Chinese state."""
        return STATE_TYPES[self.state]

    @property
    def shown(self) -> str:
        """Return the state's name as the window shows it."""
        return f"{self.state}　{self.told}" if self.told else self.state


@dataclass(frozen=True, slots=True)
class RoundPicture:
    """One opened round; `previous` is the round it follows, empty for the first; `closed` makes its run terminal.

    `reports` are its expected reports one by one; `bars` these and its roll-up, gathered when they are too many; `drawn` what
    stands on the round's page: a bar for each duty, which opens into its reports, and the roll-up.
    """

    id: str
    label: str
    previous: str
    closed: bool
    bars: tuple[Bar, ...]
    reports: tuple[Bar, ...]
    drawn: tuple[Bar, ...]

    @property
    def bar(self) -> Bar:
        """Return the bar that stands for the round on the campaign's page and opens into what is drawn of it."""
        return Bar(self.id, self.label, "已汇总" if self.closed else "办理中", (self.id,), (), inside=self.drawn)


@dataclass(frozen=True, slots=True)
class Picture:
    """A campaign as the window shows it: opened rounds only, in their order; `status` is empty while it runs."""

    campaign: str
    title: str
    version: str
    status: str
    rounds: tuple[RoundPicture, ...]

    @property
    def closed(self) -> bool:
        """Return whether the campaign has come to its end."""
        return self.status in (ENDED, CANCELLED)


def picture(
    plan: Plan,
    version: str,
    standings: Mapping[str, Standing],
    closed_rounds: Mapping[str, bool],
    as_of: datetime,
    *,
    status: str = "live",
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
        closed = closed_rounds[a_round.id]
        reports = _reports(plan, a_round, standings, parents, as_of)
        node = graph.rollup_node(a_round.id)
        rollup = Bar(node, f"汇总·{a_round.label}", "已汇总" if closed else "待汇总", ("汇总",), tuple(parents.get(node, ())))
        if len(reports) > MOST_BARS:
            bars = drawn = _by_role(a_round.id, reports, rollup)
        else:
            bars, drawn = _parents_first([*reports, rollup]), _by_duty(plan, a_round.id, reports, rollup)
        rounds.append(RoundPicture(a_round.id, a_round.label, previous.get(a_round.report, ""), closed, bars, reports, drawn))
        previous[a_round.report] = a_round.id
    return Picture(plan.definition.campaign.id, plan.definition.campaign.title, version, _STATUSES.get(status, ""), tuple(rounds))


def _reports(
    plan: Plan,
    a_round: Round,
    standings: Mapping[str, Standing],
    parents: Mapping[str, list[str]],
    as_of: datetime,
) -> tuple[Bar, ...]:
    bars: list[Bar] = []
    for one in plan.expected_in(a_round.id):
        name = plan.of(a_round.id).directory.organ(one.department).name
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
                one.duty,
                name,
                one.role.chinese,
                standing.due_at,
            )
        )
    return tuple(bars)


def _by_duty(plan: Plan, round_id: str, reports: Iterable[Bar], rollup: Bar) -> tuple[Bar, ...]:
    """Return a bar for each duty, which opens into its reports, and the roll-up."""

    def group(key: str, members: list[Bar], parents: tuple[str, ...]) -> Bar:
        number, own = members[0].duty, {one.key for one in members}
        leads = dict.fromkeys(one.unit for one in members if one.role == Role.LEAD.chinese)
        inside = [replace(one, parents=tuple(before for before in one.parents if before in own)) for one in members]
        label = f"任务{number}·{plan.of(round_id).definition.duty(number).title}"
        state, told = _summary(members)
        tags = (round_id, f"任务{number}", *leads)
        return Bar(key, label, state, tags, parents, number, told=told, inside=_parents_first(inside))

    return _groups(reports, rollup, lambda one: f"{round_id}/{one.duty}", group)


def _by_role(round_id: str, reports: Iterable[Bar], rollup: Bar) -> tuple[Bar, ...]:
    """Return a bar for each duty and role, in which its reports are only counted, and the roll-up."""

    def group(key: str, members: list[Bar], parents: tuple[str, ...]) -> Bar:
        number, role = members[0].duty, members[0].role
        label, (state, told) = f"任务{number}·{role}单位{len(members):,}个", _summary(members)
        return Bar(key, label, state, (role, f"任务{number}"), parents, number, role=role, told=told)

    def home(one: Bar) -> str:
        return f"{round_id}/{one.duty}/{'lead' if one.role == Role.LEAD.chinese else 'cooperating'}-all"

    return _groups(reports, rollup, home, group)


def _groups(
    reports: Iterable[Bar],
    rollup: Bar,
    home_of: Callable[[Bar], str],
    group: Callable[[str, list[Bar], tuple[str, ...]], Bar],
) -> tuple[Bar, ...]:
    """Return a bar for each group of reports, and the roll-up, each waiting for the bars that hold what it waited for."""
    import networkx as nx

    groups: dict[str, list[Bar]] = {}
    home: dict[str, str] = {}
    for one in reports:
        home[one.key] = home_of(one)
        groups.setdefault(home[one.key], []).append(one)
    waits: nx.DiGraph[str] = nx.DiGraph()
    waits.add_nodes_from(groups)
    for key, members in groups.items():
        waits.add_edges_from({(home[before], key) for one in members for before in one.parents if before in home})
    knots = {key: at for at, knot in enumerate(nx.strongly_connected_components(waits)) for key in knot}
    bars = [
        group(key, members, tuple(sorted(before for before in waits.predecessors(key) if knots[before] != knots[key])))
        for key, members in groups.items()
    ]
    awaited = dict.fromkeys(home[one] for one in rollup.parents if one in home)
    return _parents_first([*bars, replace(rollup, parents=tuple(awaited))])


def _summary(reports: Iterable[Bar]) -> tuple[str, str]:
    """Return the worst state of reports, and in words how many of those owed are in and how many overdue."""
    counts = Counter(one.state for one in reports)
    owed = sum(count for word, count in counts.items() if word not in _NOT_OWED)
    done, late = sum(counts[word] for word in _REPORTED), sum(counts[word] for word in OVERDUE)
    told = f"已报{done:,}/{owed:,}" if owed else ""
    return next(word for word in _WORST_FIRST if counts[word]), told + (f"，逾期{late:,}" if late else "")


def _parents_first(bars: Iterable[Bar]) -> tuple[Bar, ...]:
    """Return the bars in their order, each after the bars it waits for, so that it can be drawn when its parents stand."""
    import networkx as nx

    by_key = {bar.key: bar for bar in bars}
    waits: nx.DiGraph[str] = nx.DiGraph()
    waits.add_nodes_from(by_key)
    waits.add_edges_from((parent, key) for key, bar in by_key.items() for parent in bar.parents)
    place = {key: index for index, key in enumerate(by_key)}
    return tuple(by_key[key] for key in nx.lexicographical_topological_sort(waits, key=place.__getitem__))


def is_waiting(one: str, parents: Mapping[str, list[str]], standings: Mapping[str, Standing], as_of: datetime) -> bool:
    """Return whether something this report depends on is still open; once overdue it no longer holds anyone up."""
    return any(state(standings[before], as_of) is State.OPEN for before in parents.get(one, ()) if before in standings)


def progress(one: Picture) -> list[dict[str, str | int]]:
    """Return the progress table of a campaign: a row for each opened round, with how many reports are in each Chinese state."""
    rows: list[dict[str, str | int]] = []
    for a_round in one.rounds:
        counts = Counter(one.state for one in a_round.reports)
        row: dict[str, str | int] = {"报送期": a_round.label, "应报": counts.total()}
        row |= {word: counts[word] for word in STATE_TYPES if word not in ("待汇总", "已汇总")}
        rows.append(row | {"汇总": "已汇总" if a_round.closed else "待汇总"})
    return rows


def done(one: Picture) -> float:
    """Return how many in a hundred of the reports owed in opened rounds are in; waived ones are not owed; 100 when none is."""
    owed = [report for a_round in one.rounds for report in a_round.reports if report.state not in _NOT_OWED]
    rate = percentage(sum(report.state in _REPORTED for report in owed), len(owed))
    return 100.0 if rate is None else float(rate)


def matrix(a_round: RoundPicture) -> list[dict[str, str | int]]:
    """Return duty × department with each one's state; duty × state with counts where the departments are too many to read."""
    units = list(dict.fromkeys(one.unit for one in a_round.reports))
    rows: dict[int, dict[str, str | int]] = {}
    if len(units) > _MOST_COLUMNS:
        counts = Counter((one.duty, one.state) for one in a_round.reports)
        for duty in dict.fromkeys(one.duty for one in a_round.reports):
            rows[duty] = {"任务": f"任务{duty}", **{word: counts[duty, word] for word in _WORST_FIRST}}
        return list(rows.values())
    for one in a_round.reports:
        row = rows.setdefault(one.duty, {"任务": f"任务{one.duty}", **dict.fromkeys(units, "")})
        row[one.unit] = f"{one.state}（{one.role}）"
    return list(rows.values())


def overdue(one: Picture, most: int = 1_000) -> list[dict[str, str]]:
    """Return the reports whose date has passed without one, the longest overdue first, at most so many."""
    found = [(bar, a_round.label) for a_round in one.rounds for bar in a_round.reports if bar.state in OVERDUE]
    found.sort(key=lambda pair: (pair[0].due_at.isoformat() if pair[0].due_at else "", pair[0].key))
    return [
        {
            "报送期": label,
            "任务": f"任务{bar.duty}",
            "单位": bar.unit,
            "角色": bar.role,
            "应报时间": f"{office_date(bar.due_at)} {hour_of(office_time(bar.due_at).time())}" if bar.due_at else "",
            "状态": bar.state,
        }
        for bar, label in found[:most]
    ]


_COLOURS = {
    "COMPLETED": "fill:#cfeed8,color:#14532d",
    "FAILED": "fill:#c62828,color:#ffffff",
    "PAUSED": "fill:#fde9a6,color:#6b4700",
    "RUNNING": "fill:#dbe8f8,color:#1d4272",
    "PENDING": "fill:#e9edf1,color:#48535f",
    "CANCELLED": "fill:#e9edf1,color:#48535f",
}


def mermaid(a_round: RoundPicture) -> str:
    """Return the round's graph as Mermaid text, coloured by state; empty when it has more than a page can draw."""
    bars = a_round.bars
    if len(bars) > _MOST_NODES or sum(len(bar.parents) for bar in bars) > _MOST_EDGES:
        return ""
    names = {bar.key: f"n{at}" for at, bar in enumerate(bars)}
    lines = ["flowchart LR"]
    lines += [f'  {names[bar.key]}["{still(bar.label)}<br/>{still(bar.shown)}"]:::{bar.type.lower()}' for bar in bars]
    lines += [f"  {names[before]} --> {names[bar.key]}" for bar in bars for before in bar.parents if before in names]
    lines += [f"  classDef {kind.lower()} {colours}" for kind, colours in _COLOURS.items()]
    return "\n".join(lines)
