"""A daily tick over a million expected reports of which a few thousand are due: what is to be looked at, climbed, written down.

python bench/tick.py [how many] … against loading every report as an object and asking each whether it is due.
"""

import resource
import sys
import tempfile
import time
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

from sqlalchemy import insert, select
from sqlalchemy.orm import Session

sys.path[:0] = [str(Path(__file__).parent.parent)]

from campaigns.definition import USUAL_LADDER
from campaigns.ladder import go_round, moment_of
from campaigns.workdays import OfficeHours, Slots, instant
from integrations.database import tables as t
from integrations.database.engine import engine, transaction
from integrations.database.ledger import Ledger, rows
from tasks.post import as_record
from tests.builders import WORKDAYS

SLOTS = Slots(WORKDAYS, OfficeHours())
NOW = instant(date(2020, 11, 30), SLOTS.hours.start)
OPENED = datetime(2020, 10, 20, 1, tzinfo=UTC)
SOON = instant(date(2020, 12, 3), SLOTS.hours.end)
LATER = SOON + timedelta(days=90)
DUE = 3_000


def ledger_of(folder: str, count: int) -> str:
    """Return the address of a ledger with so many expected reports, a fixed number of which have a rung to climb now."""
    url = f"sqlite:///{folder}/{count}.db"
    with transaction(engine(url)) as session:
        session.execute(insert(t.CampaignRow), [{"id": "c", "title": "c", "version": "1", "definition": "", "directory": "",
            "status": "live", "launched_at": OPENED}])  # fmt: skip
        session.execute(insert(t.DepartmentRow), [{"id": f"d{n}", "name": f"d{n}", "level": "县"} for n in range(2844)])
        days = {"opens_on": OPENED.date(), "due_on": SOON.date(), "closes_on": LATER.date(), "opened_at": OPENED}
        session.execute(insert(t.RoundRow), [{"id": "c/r", "campaign_id": "c", "report": "r", "label": "r", **days}])
        fixed = {"campaign_id": "c", "round_id": "c/r", "role": "cooperating", "receivers": ["lead"], "opened_at": OPENED}
        every = max(1, count // DUE)
        for start in range(0, count, 50_000):
            found = []
            for n in range(start, min(count, start + 50_000)):
                due_at = SOON if n % every == 0 and n // every < DUE else LATER
                next_at = moment_of(USUAL_LADDER[0], due_at, SLOTS)
                found.append({"id": f"c/r/{n}/d{n % 2844}", "duty": n // 2844 + 1, "department_id": f"d{n % 2844}",
                    "due_at": due_at, "next_at": next_at, "earlier": [], "accepted": [], **fixed})  # fmt: skip
            session.execute(insert(t.ExpectedReportRow), found)
    return url


def tick(url: str, *, keep: bool = False) -> int:
    """Return how many notices one tick brings, stored with when to look again; undone afterwards."""
    with Session(engine(url)) as session:
        ledger = Ledger(session, NOW)
        owed = ledger.to_look_at(NOW)
        made = ledger.notices_about(one.id for one in owed)
        found = go_round(owed, {"c": USUAL_LADDER}, made, {"c": SLOTS}, NOW, lambda c, d, a: f"{d}-{a}@x", (), {})
        notices = [one for some in found.digests.values() for one in some]
        ledger.supersede(map(as_record, (*notices, *found.superseded)), NOW)
        ledger.looked_at(found.next_at)
        (session.commit if keep else session.rollback)()
        return len(notices)


def scan(url: str) -> int:
    """Return the same number by loading every report as an object and asking each."""
    with Session(engine(url)) as session:
        count = 0
        for row in session.scalars(select(t.ExpectedReportRow)).all():
            standing = rows.standing(row)
            if standing.owed and moment_of(USUAL_LADDER[0], standing.due_at, SLOTS) <= NOW:
                count += 1
        session.rollback()
        return count


def timed(work: object, url: str, rounds: int) -> tuple[float, int]:
    """Return the median seconds of a way on the processor, whatever else the machine does, and what it found."""
    seen, found = [], 0
    for _ in range(rounds):
        started = time.process_time()
        found = work(url)  # type: ignore[operator]
        seen.append(time.process_time() - started)
    return sorted(seen)[len(seen) // 2], found


def main() -> None:
    """Print times, memory and ratios."""
    sizes = [int(one) for one in sys.argv[1:]] or [10_000, 100_000, 1_000_000]
    times = {}
    with tempfile.TemporaryDirectory() as folder:
        for count in sizes:
            url = ledger_of(folder, count)
            before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
            times[count], found = timed(tick, url, 5)
            grown = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024
            print(f"{count:>9} expected: tick {times[count] * 1000:8.1f} ms, {found} notices, +{grown:.0f} MiB", flush=True)
            scanned, same = timed(scan, url, 1)
            print(f"{'':>9} all as objects: {scanned:.1f} s, {same} due; {scanned / times[count]:.0f} x", flush=True)
    smallest, largest = min(times), max(times)
    print(f"from {smallest} to {largest}: {times[largest] / times[smallest]:.2f} x the time")


if __name__ == "__main__":
    main()
