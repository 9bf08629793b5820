"""Two ticks at once on one ledger, and one that freezes with letters in its hand while another takes over.

python -m tests.soak.two_senders           both databases, every place to freeze at
python -m tests.soak.two_senders 8 3       eight departments, three places drawn by chance
"""

import json
import random
import sys
import tempfile
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from campaigns.plan import Plan
from flows import tick
from tasks.office import Office
from tests.flows.test_tick import CAMPAIGN, at
from tests.integrations.mailboxes import answering_smtp
from tests.soak.offices import DATABASES, Ticking, databases, large_plan, new_office, taken

MOMENTS = (at(10, 26), at(11, 23), at(11, 26), at(12, 4), at(12, 11))
LATER = timedelta(minutes=11)  # after which a sender that fell silent is taken for dead
# where it freezes keeps nobody else from the ledger; the letter at hand has left at the last, and the ledger does not know it
NAMES = ("deliver: after commit", "send: before smtp connect", "send: before smtp DATA", "send: after smtp DATA")
PLACES = tuple(f"sending.{name}@{number}" for name in NAMES for number in (1, 2, 5))


@dataclass(frozen=True, slots=True)
class Place:
    """A folder with a mail server, and ledgers."""

    folder: Path
    journal: Path
    port: int
    ledgers: Iterator[str | None]

    def office(self, name: str, plan: Plan) -> Office:
        """Return a new office on an empty ledger; the mail server has forgotten everything."""
        self.journal.write_text("")
        return new_office(self.folder / name, plan, smtp_port=self.port, url=next(self.ledgers))


@contextmanager
def place(database: str) -> Iterator[Place]:
    """Yield servers that are gone afterwards."""
    with tempfile.TemporaryDirectory(prefix="ld") as name, databases(database) as ledgers:
        journal = Path(name) / "journal"
        with answering_smtp(journal) as port:
            yield Place(Path(name), journal, port, ledgers)


def _said(office: Office) -> tuple[dict[str, str], dict[str, str], list[str]]:
    """Return what a second sender must not change: letters, notices and what the record tells."""
    with office.ledger() as ledger:
        events = (json.loads(text) for text, _ in ledger.events(CAMPAIGN))
        letters = {one.message_id: one.status for one in ledger.messages()}
        return letters, ledger.notices(CAMPAIGN), sorted(f"{one['kind']} {one['about']}" for one in events)


def at_once(where: Place, plan: Plan, moments: Sequence[datetime]) -> list[str]:
    """Return what went wrong when two ticks went at once at every moment, against an office in which one goes alone."""
    alone = where.office("alone", plan)
    for moment in moments:
        tick.daily(moment)
    wanted, letters = _said(alone), sorted(taken(where.journal))
    both, wrong = where.office("both", plan), []
    for moment in moments:
        pair = (Ticking(both, moment), Ticking(both, moment))
        if any(codes := [one.ended() for one in pair]):
            wrong.append(f"{moment:%m-%d}: two ticks at once ended with {codes}")
    for what, mine, theirs in zip(("letters", "notices", "events"), _said(both), wanted, strict=True):
        if mine != theirs:
            differ = sorted(Counter(map(str, mine)) - Counter(map(str, theirs))), sorted(set(theirs) - set(mine))
            wrong.append(f"two at once: {what}: {differ[0][:3]} too many, {differ[1][:3]} missing, or another status")
    if sorted(taken(where.journal)) != letters:
        extra = Counter(taken(where.journal)) - Counter(letters)
        wrong.append(f"two at once: {extra.total()} letters too many were taken of {len(letters)}")
    return wrong


def frozen(where: Place, plan: Plan, boundary: str) -> list[str]:
    """Return what went wrong when a sender froze at a boundary, another took over, and the first was thawed."""
    office, moment, wrong = where.office(f"frozen {PLACES.index(boundary)}", plan), MOMENTS[0], []
    first = Ticking(office, moment, boundary)
    if not first.frozen():
        return [f"{boundary}: never came there"]
    second = Ticking(office, moment + LATER).ended()
    with office.ledger() as ledger:
        told = ledger.messages()
    first.thaw()
    codes = first.ended(), second, Ticking(office, moment + 2 * LATER).ended()
    if any(codes):
        wrong.append(f"{boundary}: the ticks ended with {codes}")
    with office.ledger() as ledger:
        if ledger.messages() != told:
            wrong.append(f"{boundary}: the thawed one marked what is not its own")
    if {one.status for one in told} != {"sent"} or not any(one.sent_at == moment + LATER for one in told):
        wrong.append(f"{boundary}: the second did not take over: {Counter(one.status for one in told)}")
    found = Counter(taken(where.journal))
    if set(found) != {one.message_id for one in told}:
        wrong.append(f"{boundary}: {len(found)} Message-IDs were taken instead of {len(told)}")
    twice, at_hand = found.total() - len(found), boundary != PLACES[0]  # there it holds letters and is at none
    if twice > at_hand:
        wrong.append(f"{boundary}: {twice} letters arrived twice")
    return wrong


def run(departments: int, places: int | None = None, seed: int = 0, kinds: Iterable[str] = DATABASES) -> list[str]:
    """Return what went wrong on each database."""
    plan, wrong = large_plan(departments), []
    chosen = PLACES if places is None else random.Random(seed).sample(PLACES, places)
    for kind in kinds:
        with place(kind) as where:
            found = at_once(where, plan, MOMENTS if places is None else MOMENTS[:3])
            for boundary in chosen:
                found += frozen(where, plan, boundary)
            wrong += [f"{kind}: {one}" for one in found]
    return wrong


if __name__ == "__main__":
    size, drawn = int(sys.argv[1]) if len(sys.argv) > 1 else 40, int(sys.argv[2]) if len(sys.argv) > 2 else None
    problems = run(size, drawn)
    print(f"two at once and {drawn or len(PLACES)} freezes on each database, {len(problems)} violations", *problems, sep="\n")
    sys.exit(bool(problems))
