"""A round past one machine: ledger and Prefect on a real PostgreSQL, two workers, all killed in the middle of the launch.

It comes out as in one process on SQLite, and nothing is sent twice. On the way: what is known to break when versions float, for
server, `prefect deploy`, workers and runs are the real ones.
"""

import asyncio
import os
import re
import signal
import subprocess
import sys
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime, time, timedelta
from functools import partial
from pathlib import Path
from time import monotonic
from typing import Any
from uuid import uuid4

import httpx
import pytest

from flows import tick
from integrations import settings
from liandong import prefect_server
from tasks.campaign import picture
from tasks.office import office
from tests.builders import small_definition, small_directory
from tests.flows.test_tick import at as moment_of
from tests.flows.test_tick import newest_form
from tests.integrations.excel.filling import edited, fill_in

CHECKOUT = Path(__file__).parent.parent
SERVER = os.environ.get("LIANDONG_TEST_POSTGRESQL", "")
POOL, CAMPAIGN = "liandong-pool", "test-2020"
COLLECT, DAILY = "收取报表/collect-submissions", "每日例行/daily-round"
PATIENCE = 600  # seconds, never reached where the machine keeps up
DEAD = timedelta(minutes=15)  # after which a letter whose sender fell silent is sent by the next
OPENED, OVER = moment_of(10, 28), moment_of(12, 14)
ANSWERS = (
    (moment_of(11, 20), [("swj", "配合任务", 1), ("gaj", "配合任务", 3)]),
    (moment_of(12, 2), [("swj", "牵头任务", 2), ("fgw", "牵头任务", 3)]),
)
pytestmark = [
    pytest.mark.prefect,
    pytest.mark.timeout(1800),
    pytest.mark.skipif(not SERVER, reason="no PostgreSQL with pg_trgm: run through .ci/postgresql"),
]


def until(found: Callable[[], Any]) -> Any:
    """Return what is found, once there is something."""
    wait, end = threading.Event(), monotonic() + PATIENCE
    while not (result := found()):
        assert monotonic() < end, "nothing came"
        wait.wait(0.1)
    return result


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
    port: int = 0
    server: prefect_server.RunningServer = field(init=False)
    workers: list["subprocess.Popen[bytes]"] = field(default_factory=list)

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
        answer = httpx.request(method, f"{self.server.api_url}/{path}", json=body, timeout=60).raise_for_status()
        return answer.json() if answer.content else None

    def launch(self, deployment: str, times: int, **parameters: Any) -> list[str]:
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
    home = tmp_path / "several"
    home.mkdir()
    monkeypatch.setenv("LIANDONG_HOME", str(home))
    monkeypatch.setenv("LIANDONG_DATABASE_URL", ledger)
    monkeypatch.setenv("PREFECT_SERVER_DATABASE_CONNECTION_URL", prefects)
    found = Machines(home)
    found.start()
    yield found
    found.kill()


def at(moment: datetime) -> datetime:
    """Return the moment, at which the office's clock now stands."""
    settings.initialise("测试市消费者联席办", "office@example.gov.cn", time(8, 30), time(17, 30), None, moment)
    return moment


Do = Callable[[datetime], None]


def walk(launch: Do, collect: Do, daily: Do) -> None:
    """Go through a round: what is due and not done is done, so a few moments will do."""
    at(OPENED)
    for folder, one, name in (("definitions", small_definition(), CAMPAIGN), ("directories", small_directory(), "test-city")):
        # JSON is YAML too
        (settings.home() / folder / f"{name}.yaml").write_text(one.model_dump_json(exclude_none=True), "utf-8")
    launch(OPENED)
    daily(at(OPENED + DEAD))
    for moment, blocks in ANSWERS:
        at(moment)
        for department, sheet, duty in blocks:
            fill = partial(fill_in, sheet=sheet, duty=duty)
            file = edited(newest_form(office(), department), fill)
            (office().settings.watched_folder / f"{department}.xlsx").write_bytes(file)
        collect(moment)
        daily(moment)
    daily(at(OVER))


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
def expected(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """What the same walk leaves behind in one process, on SQLite and with no Prefect at all."""
    (tmp_path / "one").mkdir()
    with monkeypatch.context() as patch:
        patch.setenv("LIANDONG_HOME", str(tmp_path / "one"))
        patch.delenv("LIANDONG_DATABASE_URL", raising=False)
        walk(lambda moment: tick.expand_campaign(CAMPAIGN, moment), tick.collect, tick.daily)
        return outcome()


def test_a_round_on_postgresql_with_two_workers_that_are_killed_comes_out_the_same(
    expected: dict[str, Any], machines: Machines
) -> None:
    machines.ask("POST", "work_pools/", {"name": POOL, "type": "process"})
    machines.prefect("deploy", "--all")
    asyncio.run(deployed(machines))
    for one in machines.ask("POST", "deployments/filter", {}):
        machines.ask("PATCH", f"deployments/{one['id']}", {"paused": True})  # their schedules know nothing of virtual time
    machines.work()
    outbox = machines.home / "outbox"

    def launch(_: datetime) -> None:
        twice = machines.launch(f"专项行动/{CAMPAIGN}", 2, campaign=CAMPAIGN, confirm=True)
        until(lambda: all(machines.ask("GET", f"flow_runs/{one}")["state_type"] != "SCHEDULED" for one in twice))
        until(lambda: len(list(outbox.glob("*.eml"))) > 1)
        assert faults(machines.server.log) == []
        machines.kill()
        machines.start()
        machines.work()

    def collect(_: datetime) -> None:
        assert machines.finished(machines.launch(COLLECT, 1)) == ["COMPLETED Completed"]

    def daily(moment: datetime) -> None:
        ended = machines.finished(machines.launch(DAILY, 2 if moment == OVER else 1))
        assert "COMPLETED Completed" in ended
        assert set(ended) <= {"COMPLETED Completed", "CANCELLED Cancelled"}  # one at a time

    walk(launch, collect, daily)
    assert outcome() == expected
    assert max(expected["letters"].values()) == 1
    drawn = machines.ask("POST", "flow_runs/filter", {"flow_runs": {"tags": {"all_": [f"liandong:{CAMPAIGN}"]}}})
    (first, *_) = picture(CAMPAIGN, OVER).rounds
    assert first.closed
    assert len([run for run in drawn if run["name"] == first.label]) == 1
    assert faults(machines.server.log) == []


async def deployed(machines: Machines) -> None:
    """Register the campaign and the ticks for the pool's workers."""
    from prefect.settings import PREFECT_API_URL, temporary_settings

    from liandong.deployments import deployments

    with temporary_settings({PREFECT_API_URL: machines.server.api_url}):
        for one in deployments([(CAMPAIGN, "测试市放心消费专项行动")]):
            await one.aapply(work_pool_name=POOL)


def faults(log: Path) -> list[str]:
    """Return the errors named in a server's log, but for what took too long or was cut off: that is the machine's load."""
    named = re.findall(r"^([\w.]+(?:Error|Exception)\b.*)", log.read_text("utf-8"), re.MULTILINE)
    return [one for one in named if not one.startswith(("TimeoutError", "asyncio.exceptions.", "ConnectionResetError"))]
