"""Kill the tick at every boundary it crosses, start it again, and look from outside at what it left.

    python -m tests.soak.crash                       every boundary of every stage
    python -m tests.soak.crash 20 7                  twenty, as many of each stage; the seed also says who writes how
    python -m tests.soak.crash 20 7 postgresql       the same with the ledger there

An office with a real ledger, a real SMTP server and a real IMAP mailbox goes through a round: opening, submissions by mail
and folder, reminders, closing. Each stage is killed with SIGKILL at a boundary and run again; the office must then be as it would
have been, and the mail server's own journal must hold each letter once (twice only when the kill fell between the last byte sent
and the mark that it was sent).
"""

import json
import os
import random
import shutil
import sys
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import datetime, time, timedelta
from pathlib import Path
from typing import Any

from flows import tick
from integrations import settings
from integrations.database.engine import engine
from integrations.inbox.imap import ImapAccount
from tasks.campaign import launch
from tasks.office import Office, office
from tests.builders import FIRST_ROUND, small_plan
from tests.flows.test_tick import LAUNCHED, at, newest_form
from tests.integrations.excel.filling import edited, fill_in
from tests.integrations.mailboxes import answering_smtp, client, mail_devel, mail_from, put
from tests.soak import mail_server, points
from tests.soak.offices import DatabaseServer, database_server

ANSWERS = "answers"  # the folder to which the departments write; it is empty until they do
LATER = timedelta(minutes=11)  # after which a sender that fell silent is taken for dead
STAGES: dict[str, datetime] = {
    "opening": at(10, 26),
    "intake": at(11, 20),
    "reminding": at(11, 23),
    "closing": at(12, 11),
}


@dataclass(slots=True)
class Trial:
    """What became of the boundaries that were tried."""

    tried: Counter[str] = field(default_factory=Counter)
    violations: list[str] = field(default_factory=list)
    doubled: int = 0


@dataclass(frozen=True, slots=True)
class World:
    """The servers outside the office, and the folder in which offices are laid.

    With a database server, each office's ledger is the database of its folder's name.
    """

    folder: Path
    journal: Path
    smtp_port: int
    mailbox: ImapAccount
    server: DatabaseServer | None

    def letters(self) -> list[dict[str, Any]]:
        """Return what the mail server took since it was last asked to forget."""
        return mail_server.letters(self.journal)

    def forget(self) -> None:
        """Empty the mail server's journal."""
        self.journal.write_text("")

    def lay_out(self, name: str, like: Path | None = None) -> Path:
        """Return an office's folder: a new one, or a copy of another with its ledger."""
        home = self.folder / name
        if like:
            shutil.copytree(like, home)
        if self.server:
            self.server.create(name, like.name if like else None)
        return home

    def tear_down(self, home: Path) -> None:
        """Remove an office with its ledger."""
        shutil.rmtree(home)
        if self.server:
            self.server.drop(home.name)

    def at(self, home: Path) -> None:
        """Make an office the one of this process and its children."""
        os.environ["LIANDONG_HOME"] = str(home)
        if self.server:
            os.environ["LIANDONG_DATABASE_URL"] = self.server.url(home.name)


@contextmanager
def world(database: str) -> Iterator[World]:
    """Yield the servers, and an empty folder that is gone afterwards."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="ld")))
        server = stack.enter_context(database_server()) if database == "postgresql" else None
        journal = folder / "journal"
        port = stack.enter_context(answering_smtp(journal))
        yield World(folder, journal, port, stack.enter_context(mail_devel()), server)


def apart(work: Callable[[], object], outside: World, home: Path) -> int:
    """Return how a process of its own ended that did the work for the office there: 0, or minus the signal."""
    child = os.fork()
    if child == 0:
        code = 1
        try:
            outside.at(home)
            work()
            code = 0
        except BaseException:
            import traceback

            traceback.print_exc()
        finally:
            sys.setprofile(None)
            sys.stderr.flush()
            os._exit(code)
    _, status = os.waitpid(child, 0)
    return os.waitstatus_to_exitcode(status)


def run(trial_size: int | None = None, seed: int = 0, database: str = "sqlite") -> Trial:
    """Return what was found: every boundary of every stage, or so many of them."""
    trial = Trial()
    with world(database) as outside:
        _warm(outside)
        _connect(outside)
        chance = random.Random(seed)
        ready = _storyline(outside, chance)
        plans = [(stage, number) for stage, (_, count, _) in ready.items() for number in range(1, count + 1)]
        chosen = plans if trial_size is None else _spread(ready, trial_size, chance)
        for stage, number in chosen:
            before, _, wanted = ready[stage]
            _try(outside, trial, stage, number, before, wanted)
    return trial


def _spread(ready: dict[str, tuple[Path, int, dict[str, Any]]], size: int, chance: random.Random) -> Iterator[tuple[str, int]]:
    """Yield so many boundaries, as many of each stage, no two of a stage with one name while it has others."""
    for stage, (_, _, wanted) in ready.items():
        named: dict[str, list[int]] = {}
        for number, name in enumerate(wanted["names"], 1):
            named.setdefault(name, []).append(number)
        for name in chance.sample(sorted(named), min(len(named), size // len(ready))):
            yield stage, chance.choice(named[name])


def _warm(outside: World) -> None:
    """Run a stage here, so that what forks off has everything loaded, but no connection."""
    outside.at(outside.lay_out("warm"))
    _set_up()
    tick.tick(STAGES["opening"])
    engine(office().settings.url).dispose()


def _connect(outside: World) -> None:
    account = outside.mailbox
    given: dict[str, object] = {"SMTP__HOST": "127.0.0.1", "SMTP__PORT": outside.smtp_port, "SMTP__SECURITY": "plain"}
    given["SMTP__PER_MINUTE"] = 60_000  # a trial need not wait between letters
    given |= {f"IMAP__{name.upper()}": getattr(account, name) for name in ("host", "port", "security", "user", "password")}
    os.environ.update({f"LIANDONG_{name}": str(value) for name, value in given.items()})


def _storyline(outside: World, chance: random.Random) -> dict[str, tuple[Path, int, dict[str, Any]]]:
    """Return, for each stage, the office before it, its number of boundaries, and what it leaves when nothing goes wrong."""
    home = outside.lay_out("story")
    ready = {}
    _must(apart(_set_up, outside, home))
    for stage, moment in STAGES.items():
        if stage == "intake":
            os.environ["LIANDONG_IMAP__FOLDER"] = ANSWERS
            _must(apart(lambda: _departments_answer(outside, chance), outside, home))
        before = outside.lay_out(f"before-{stage}", home)
        names = outside.folder / f"{stage}.names"
        _must(apart(lambda: _count(moment, names), outside, home))  # noqa: B023  (called at once)
        _must(apart(lambda: tick.tick(moment + LATER), outside, home))  # noqa: B023
        told = names.read_text("utf-8").splitlines()
        ready[stage] = (before, len(told), {"names": told, **_look(outside, home)})
    return ready


def _must(code: int) -> None:
    if code:
        raise RuntimeError(f"the storyline ended with {code}")


def _set_up() -> None:
    settings.initialise("测试市消费者联席办", "office@example.gov.cn", time(8, 30), time(17, 30), None)
    launch(small_plan(), LAUNCHED)


def _departments_answer(outside: World, chance: random.Random) -> None:
    """Let three departments report, each by mail or folder, in some order, among a stranger's mail and a file that is none."""
    at_office, mails = office(), [mail_from("nobody@example.gov.cn", subject="您好")]

    def filled(department: str, duty: int) -> bytes:
        return edited(newest_form(at_office, department, FIRST_ROUND), lambda book: fill_in(book, "配合任务", duty))

    for department, duty in (("gaj", 3), ("swj", 1), ("wlj", 1)):
        data = filled(department, duty)
        if chance.random() < 0.5:
            mails.append(mail_from(f"{department}@example.gov.cn", (f"{department}.xlsx", data)))
        else:
            (at_office.settings.watched_folder / f"{department}.xlsx").write_bytes(data)
    with client(outside.mailbox) as box:
        box.create(ANSWERS)
    put(outside.mailbox, *chance.sample(mails, len(mails)), folder=ANSWERS)
    (at_office.settings.watched_folder / "坏文件.xlsx").write_bytes(b"this is no workbook")


def _count(moment: datetime, names: Path) -> None:
    told: list[str] = []
    points.watch(lambda _, name: told.append(name))
    tick.tick(moment)
    sys.setprofile(None)
    names.write_text("\n".join(told), "utf-8")


def _killed(moment: datetime, number: int) -> None:
    points.kill_at(number)
    tick.tick(moment)


def _try(outside: World, trial: Trial, stage: str, number: int, before: Path, wanted: dict[str, Any]) -> None:
    name, moment = wanted["names"][number - 1], STAGES[stage]
    os.environ["LIANDONG_IMAP__FOLDER"] = "INBOX" if stage == "opening" else ANSWERS
    home = outside.lay_out("tried", before)
    outside.forget()
    code = apart(lambda: _killed(moment, number), outside, home)
    trial.tried[f"{stage}: {name}"] += 1
    where = f"{stage}, boundary {number} ({name})"
    if code != -9:
        trial.violations.append(f"{where}: not killed, ended with {code}")
    for again in (moment, moment + LATER):
        if ended := apart(lambda: tick.tick(again), outside, home):  # noqa: B023  (called at once)
            trial.violations.append(f"{where}: started again, it ended with {ended}")
    found = _look(outside, home)
    for what, value in wanted.items():
        if what not in ("names", "taken") and found[what] != value:
            trial.violations.append(f"{where}: {what}: {_difference(value, found[what])}")
    taken, due = Counter(found["taken"]), Counter(wanted["taken"])
    extra = taken - due
    if due - taken:
        trial.violations.append(f"{where}: never sent: {sorted(due - taken)}")
    if extra and (extra.total() > 1 or not _in_the_gap(name) or set(extra) - set(due)):
        trial.violations.append(f"{where}: sent again: {sorted(extra)}")
    trial.doubled += extra.total()
    outside.tear_down(home)


def _in_the_gap(name: str) -> bool:
    """Return whether a letter may have been taken by the server while the ledger does not know it yet."""
    return name.startswith(("sending.", "tick."))


def _look(outside: World, home: Path) -> dict[str, Any]:
    """Return what an office holds after a stage, told in a process of its own, and what the mail server took."""
    file = outside.folder / "looked"
    _must(apart(lambda: file.write_text(json.dumps(_state(office()), ensure_ascii=False), "utf-8"), outside, home))
    state: dict[str, Any] = json.loads(file.read_text("utf-8"))
    letters = outside.letters()
    outside.forget()
    versions = {
        one["message_id"]: {two["sha256"] for two in letters if two["message_id"] == one["message_id"]} for one in letters
    }
    state["letters changed"] = sorted(key for key, hashes in versions.items() if len(hashes) > 1)
    return {**state, "taken": [f"{one['to']} {one['message_id']}" for one in letters]}


def _state(at_office: Office) -> dict[str, Any]:
    with at_office.ledger() as ledger:
        campaign = "test-2020"
        envelopes = sorted((e.door, e.name, e.sha256, e.outcome, e.department) for e in ledger.envelopes())
        # a receipt tells its place in the event record, whose hashes hold the time of the real clock: its bytes differ run by run
        messages = {m.key: [m.message_id, m.status] for m in ledger.messages()}
        state = {
            "envelopes": envelopes,
            "messages": messages,
            "notices": ledger.notices(campaign),
            "standings": {key: str(one) for key, one in ledger.standings(campaign).items()},
            "submissions": sorted((s.expected, s.version, s.outcome) for s in ledger.submissions(FIRST_ROUND)),
            "figures": sorted(
                (f.expected, f.indicator, str(f.value)) for f in ledger.figures(campaign, "own", round_id=FIRST_ROUND)
            ),
            "rollups": len(ledger.rollups(FIRST_ROUND)),
            "events": sorted((e["kind"], e["about"]) for e in (json.loads(text) for text, _ in ledger.events(campaign))),
        }
    raw = {path.name for path in (at_office.home / "raw").glob("??/*")}
    state["lost bytes"] = sorted(e[2] for e in envelopes if e[2] not in raw)
    state["inbox"] = sorted(path.name for path in at_office.settings.watched_folder.iterdir() if path.is_file())
    state["outbox"] = sorted(path.name for path in (at_office.home / "outbox").rglob("*.eml"))
    state["half files"] = sorted(str(path.relative_to(at_office.home)) for path in at_office.home.rglob("*.tmp"))
    return state


def _difference(wanted: Any, found: Any) -> str:
    if isinstance(wanted, dict):
        keys = sorted(key for key in wanted.keys() | found.keys() if wanted.get(key) != found.get(key))
        return f"{len(keys)} differ, as {keys[0]}: {found.get(keys[0])} instead of {wanted.get(keys[0])}"
    if isinstance(wanted, list):
        more, less = [one for one in found if one not in wanted], [one for one in wanted if one not in found]
        return f"{len(more)} too many {more[:1]}, {len(less)} missing {less[:1]}"
    return f"{found} instead of {wanted}"


if __name__ == "__main__":
    size, seed, kind = (*sys.argv[1:], *("", "0", "sqlite")[len(sys.argv) - 1 :])
    result = run(int(size) if size else None, int(seed), kind)
    for name, count in sorted(result.tried.items()):
        print(f"{count:5}  {name}")
    print(f"{result.tried.total()} kills, {result.doubled} letters arrived twice, {len(result.violations)} violations")
    print("\n".join(result.violations))
    sys.exit(bool(result.violations))
