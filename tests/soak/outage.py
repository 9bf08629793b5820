"""The mail server is down for two hours while letters wait: all leave when it is back, none twice. On either database.

python -m tests.soak.outage           500 letters
python -m tests.soak.outage 30
"""

import sys
import tempfile
from collections import Counter
from datetime import timedelta
from pathlib import Path

from flows import tick
from tests.flows.test_tick import at
from tests.integrations.mailboxes import answering_smtp
from tests.soak.offices import DATABASES, databases, large_plan, new_office, taken

OPENING = at(10, 26)
EVERY, DOWN = timedelta(minutes=20), timedelta(hours=2)


def run(many: int, kind: str) -> list[str]:
    """Return what went wrong with so many letters on one kind of database."""
    wrong: list[str] = []
    with tempfile.TemporaryDirectory(prefix="ld") as name, databases(kind) as ledgers:
        journal = Path(name) / "journal"
        with answering_smtp(journal) as port:
            pass  # it has been there, and is gone: nobody else has its port
        office = new_office(Path(name) / "office", large_plan(many), smtp_port=port, url=next(ledgers))
        moment = OPENING
        while moment < OPENING + DOWN:
            tick.daily(moment)
            moment += EVERY
        with office.ledger() as ledger:
            waiting = Counter(one.status for one in ledger.messages())
        if waiting != {"queued": many} or taken(journal):
            wrong.append(f"while the server was down: {dict(waiting)}, {len(taken(journal))} letters taken")
        with answering_smtp(journal, port):
            for _ in range(3):
                tick.daily(moment)
                moment += EVERY
        with office.ledger() as ledger:
            messages = ledger.messages()
        if Counter(one.status for one in messages) != {"sent": many}:
            wrong.append(f"afterwards: {dict(Counter(one.status for one in messages))}")
        found = Counter(taken(journal))
        if found != Counter(one.message_id for one in messages):
            wrong.append(f"{found.total()} letters of {len(found)} Message-IDs were taken instead of {len(messages)}")
    return [f"{kind}: {one}" for one in wrong]


if __name__ == "__main__":
    size = int(sys.argv[1]) if len(sys.argv) > 1 else 500
    problems = [one for kind in DATABASES for one in run(size, kind)]
    print(f"{size} letters waited for two hours, {len(problems)} violations", *problems, sep="\n")
    sys.exit(bool(problems))
