"""The main job past one machine: ledger and Prefect on a real PostgreSQL, two workers, all killed in the middle of the launch.

It comes out as the demo does on SQLite, and nothing is sent twice. On the way: what is known to break when versions float, for
server, `prefect deploy`, workers and runs are the real ones.
"""

import asyncio
import json
import os
import re
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial
from itertools import cycle
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from campaigns.workdays import OfficeHours
from integrations import settings
from integrations.clock import now
from liandong import prefect_server
from liandong.demo import CAMPAIGN, LAUNCHED, MAILBOX, OFFICE, walk
from liandong.simulated_departments import City
from tasks.campaign import picture
from tasks.office import office
from tests.demonstration import Demo
from tests.prefect_api import call, until

CHECKOUT = Path(__file__).parent.parent
SERVER = os.environ.get("LIANDONG_TEST_POSTGRESQL", "")
POOL = "liandong-pool"
COLLECT, DAILY = "收取报表/collect-submissions", "每日例行/daily-round"
DEAD = timedelta(minutes=15)  # after which a letter whose sender fell silent is sent by the next
pytestmark = [
    pytest.mark.prefect,
    pytest.mark.timeout(3600),  # the demo that it is compared with is counted in
    pytest.mark.skipif(not SERVER, reason="no PostgreSQL with pg_trgm: run through .ci/postgresql"),
]


def databases() -> tuple[str, str]:
    """Return the addresses of two new databases, the second with what Prefect needs in it."""
    import psycopg

    names = [f"{name}_{uuid4().hex[:8]}" for name in ("ledger", "prefect")]
    with psycopg.connect(f"{SERVER}/postgres", autocommit=True) as connection:
        for name in names:
            connection.execute(f"CREATE DATABASE {name}".encode())
    with psycopg.connect(f"{SERVER}/{names[1]}", autocommit=True) as connection:
        connection.execute("CREATE EXTENSION pg_trgm")
    rest = SERVER.removeprefix("postgresql://")
    return f"postgresql+psycopg://{rest}/{names[0]}", f"postgresql+asyncpg://{rest}/{names[1]}"


@dataclass(slots=True)
class Machines:
    """A Prefect server and the workers of its pool."""

    home: Path
    ledger: str
    port: int = 0
    server: prefect_server.RunningServer = field(init=False)
    workers: list["subprocess.Popen[bytes]"] = field(default_factory=list)
    times: Iterator[int] = field(default_factory=partial(cycle, (2, 1, 1)))

    def start(self) -> None:
        """Start the server, on the port it had."""
        self.server = prefect_server.start(self.home, self.port)
        self.port = int(self.server.url.rsplit(":", 1)[1])

    def environment(self) -> dict[str, str]:
        """Return the variables of workers and of the prefect command."""
        quick = {"PREFECT_WORKER_QUERY_SECONDS": "0.5", "PYTHONPATH": str(CHECKOUT)}
        return {**os.environ, **self.server.variables, **quick}

    def prefect(self, *words: str) -> str:
        """Return what the prefect command printed."""
        command = [sys.executable, "-m", "prefect", "--no-prompt", *words]
        done = subprocess.run(command, cwd=CHECKOUT, env=self.environment(), capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def work(self) -> None:
        """Start two workers that execute one run each at a time."""
        command = [sys.executable, "-m", "prefect", "worker", "start", "--pool", POOL, "--limit", "1"]
        with (self.home / "workers.log").open("ab") as log:
            for _ in range(2):
                started = subprocess.Popen(
                    command, cwd=self.home, env=self.environment(), stdout=log, stderr=log, start_new_session=True
                )
                self.workers.append(started)

    def kill(self) -> None:
        """Kill server, workers and the runs they execute, all at once and without a warning."""
        for worker in self.workers:
            with suppress(ProcessLookupError):
                os.killpg(worker.pid, signal.SIGKILL)
            worker.wait()
        self.workers.clear()
        self.server.process.kill()
        self.server.process.wait()

    def ask(self, method: str, path: str, body: Any = None) -> Any:
        """Return what the server answers."""
        return call(self.server, method, path, body)

    def set_up(self) -> None:
        """Set the office up, its ledger on PostgreSQL: with a stopped clock it reads its settings from the file alone."""
        hours = OfficeHours()
        settings.initialise(OFFICE, MAILBOX, hours.start, hours.end, None, LAUNCHED)
        file = self.home / settings.FILE
        file.write_text(f"{file.read_text('utf-8')}\ndatabase_url = {json.dumps(self.ledger)}\n", "utf-8")

    def stop_clock(self, moment: datetime) -> None:
        """Make this moment the office's now, in one step: a run may be reading the settings."""
        file = self.home / settings.FILE
        changed = file.with_suffix(".new")
        said = f"fixed_clock = {moment.isoformat()}"
        changed.write_text(re.sub(r"^fixed_clock = .*", said, file.read_text("utf-8"), flags=re.MULTILINE), "utf-8")
        changed.replace(file)

    async def launch(self) -> None:
        """Launch the campaign twice at once, kill all in the middle of it, and start again."""
        twice = self.asked(f"专项行动/{CAMPAIGN}", 2, campaign=CAMPAIGN, confirm=True)
        until(lambda: all(self.ask("GET", f"flow_runs/{one}")["state_type"] != "SCHEDULED" for one in twice))
        until(lambda: len(list((self.home / "outbox").glob("*.eml"))) > 1)
        assert faults(self.server.log) == []
        self.kill()
        self.start()
        self.work()
        moment = LAUNCHED + DEAD
        self.stop_clock(moment)
        await self.daily(moment)

    async def collect(self, moment: datetime) -> None:
        """Take in what arrived."""
        self.tick(COLLECT, 1)

    async def daily(self, moment: datetime) -> None:
        """Do what is due; one time in three it is asked for twice at once."""
        self.tick(DAILY, next(self.times))

    def tick(self, deployment: str, times: int) -> None:
        """Run a tick."""
        ended = self.finished(self.asked(deployment, times))
        assert "COMPLETED Completed" in ended, (self.home / "workers.log").read_text("utf-8")[-3000:]
        assert set(ended) <= {"COMPLETED Completed", "CANCELLED Cancelled"}

    def asked(self, deployment: str, times: int, **parameters: Any) -> list[str]:
        """Return the ids of runs of a deployment that were asked for at once."""
        found = self.ask("GET", f"deployments/name/{deployment}")["id"]
        body = {"parameters": parameters}
        return [self.ask("POST", f"deployments/{found}/create_flow_run", body)["id"] for _ in range(times)]

    def finished(self, runs: list[str]) -> list[str]:
        """Return in which states runs ended or were suspended, once all are."""

        def found() -> list[str]:
            states = [self.ask("GET", f"flow_runs/{run}")["state"] for run in runs]
            over = {"COMPLETED", "FAILED", "CRASHED", "CANCELLED", "PAUSED"}
            return [f"{one['type']} {one['name']}" for one in states] if {one["type"] for one in states} <= over else []

        return list(until(found))


@pytest.fixture
def machines(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Machines]:
    ledger, prefects = databases()
    monkeypatch.setenv("LIANDONG_HOME", str(tmp_path))
    monkeypatch.setenv("PREFECT_SERVER_DATABASE_CONNECTION_URL", prefects)
    found = Machines(tmp_path, ledger)
    found.set_up()
    found.start()
    yield found
    found.kill()


def outcome() -> dict[str, Any]:
    """Return what is left of the walk that has to do with business."""
    with office().ledger() as ledger:
        letters = Counter((one.message_id, one.to_email, one.subject, one.status) for one in ledger.messages())
        files = Counter((one.name, one.outcome) for one in ledger.envelopes())
        figures = Counter((one.expected, one.indicator, one.value) for one in ledger.figures(CAMPAIGN, "own"))
        standings = {name: str(one) for name, one in ledger.standings(CAMPAIGN).items()}
    sent = len(list((settings.home() / "outbox").glob("*.eml")))
    return {"letters": letters, "files": files, "figures": figures, "standings": standings, "sent": sent}


@pytest.fixture
def expected(demo: Demo, monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """What the demo leaves behind: one machine, SQLite."""
    with monkeypatch.context() as patch:
        patch.setenv("LIANDONG_HOME", str(demo.out / "office"))
        return outcome()


def test_the_main_job_on_postgresql_with_two_workers_that_are_killed_comes_out_the_same(
    expected: dict[str, Any], machines: Machines
) -> None:
    machines.ask("POST", "work_pools/", {"name": POOL, "type": "process"})
    machines.prefect("deploy", "--all")
    for one in machines.ask("POST", "deployments/filter", {}):
        machines.ask("PATCH", f"deployments/{one['id']}", {"paused": True})  # their schedules know nothing of virtual time
    machines.work()
    asyncio.run(walk(machines, City(machines.home / "outbox", machines.home / "inbox"), print))

    assert outcome() == expected
    assert max(expected["letters"].values()) == 1
    assert not (machines.home / "liandong.db").exists()
    drawn = machines.ask("POST", "flow_runs/filter", {"flow_runs": {"tags": {"all_": [f"liandong:{CAMPAIGN}"]}}})
    for one in picture(CAMPAIGN, now()).rounds[:2]:
        assert one.closed
        assert len([run for run in drawn if run["name"] == one.label]) == 1
    assert faults(machines.server.log) == []


def faults(log: Path) -> list[str]:
    """Return the errors named in a server's log, but for what took too long or was cut off: that is the machine's load."""
    named = re.findall(r"^([\w.]+(?:Error|Exception)\b.*)", log.read_text("utf-8"), re.MULTILINE)
    return [one for one in named if not one.startswith(("TimeoutError", "asyncio.exceptions.", "ConnectionResetError"))]
