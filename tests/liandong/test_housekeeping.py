"""Prefect's tables over a simulated year: what ran long ago goes, a living campaign's window stays."""

import asyncio
import os
import re
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from liandong import prefect_server
from liandong.prefect_server import RunningServer
from tasks.campaign import launch
from tasks.office import Office
from tests.builders import small_plan
from tests.flows.test_tick import LAUNCHED
from tests.prefect_api import until

pytestmark = [pytest.mark.prefect, pytest.mark.timeout(900)]
MOMENT = re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d(\.\d+)?")
KEPT, EVENTS_KEPT, YEAR = 90, 7, 365  # days
MEANWHILE = 100  # rows that a server writes while the test looks, and what comes late of the run that is repeated
TICK = """
import asyncio, datetime, sys
from flows.collect_submissions import collect_submissions
asyncio.run(collect_submissions(as_of=datetime.datetime.fromisoformat(sys.argv[1])))
"""
OF_A_RUN = ("flow_run", "flow_run_state", "task_run", "task_run_state", "log", "artifact", "events", "event_resources")


@pytest.fixture
def tidy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[RunningServer]:
    """Yield a server that looks for what is too old every second, not every hour."""
    from prefect.settings import PREFECT_API_URL, PREFECT_HOME, temporary_settings

    monkeypatch.setenv("PREFECT_SERVER_SERVICES_DB_VACUUM_LOOP_SECONDS", "1")
    running = prefect_server.start(tmp_path / "tidy")
    try:
        with temporary_settings({PREFECT_API_URL: running.api_url, PREFECT_HOME: running.variables["PREFECT_HOME"]}):
            yield running
    finally:
        running.stop()


def test_a_year_of_ticks_leaves_three_months_of_them_and_the_window(office: Office, tidy: RunningServer, tmp_path: Path) -> None:
    from tasks.showing import show

    launch(small_plan(), LAUNCHED)
    asyncio.run(show(["test-2020"], LAUNCHED))
    # in a process of its own: Prefect's client goes on sending this one's events to the server it knew first
    subprocess.run([sys.executable, "-c", TICK, LAUNCHED.isoformat()], env={**os.environ, **tidy.variables}, check=True)
    database = sqlite3.connect(tmp_path / "tidy" / "prefect" / "prefect.db", timeout=60, isolation_level=None)
    run = until(lambda: ended(database))
    window = database.execute("SELECT id FROM flow_run WHERE state_type = 'PAUSED' ORDER BY id").fetchall()
    assert window
    age(database, [one for (one,) in window], timedelta(days=YEAR))
    of_one = {table: len(rows) for table, rows in all_of(database, run).items()}
    assert of_one["flow_run"] == 1 and of_one["task_run"] and of_one["events"]
    others = {table: count(database, table) - number for table, number in of_one.items()}
    repeat(database, run)

    def bounded() -> bool:
        kept = {table: EVENTS_KEPT if table.startswith("event") else KEPT for table in OF_A_RUN}
        return all(count(database, table) <= others[table] + kept[table] * n + MEANWHILE for table, n in of_one.items())

    until(bounded)
    assert count(database, "flow_run") > others["flow_run"] + KEPT - 3
    assert database.execute("SELECT id FROM flow_run WHERE state_type = 'PAUSED' ORDER BY id").fetchall() == window
    database.close()


def ended(database: sqlite3.Connection) -> str | None:
    """Return the tick's run, once everything about it has been written."""
    found = database.execute(
        "SELECT r.id FROM flow_run r JOIN flow f ON f.id = r.flow_id WHERE f.name = '收取报表' AND r.state_type = 'COMPLETED'"
        " AND EXISTS (SELECT 1 FROM task_run t WHERE t.flow_run_id = r.id)"
        " AND EXISTS (SELECT 1 FROM events e WHERE e.event = 'prefect.flow-run.Completed'"
        " AND e.resource_id = 'prefect.flow-run.' || r.id)"
    ).fetchone()
    return found[0] if found else None


def all_of(database: sqlite3.Connection, run: str) -> dict[str, list[dict[str, Any]]]:
    """Return the rows of each table that belong to a run."""
    tasks = "SELECT id FROM task_run WHERE flow_run_id = :run"
    events = "SELECT event_id FROM event_resources WHERE resource_id = 'prefect.flow-run.' || :run"
    wheres = {
        "flow_run": "id = :run",
        "task_run_state": f"task_run_id IN ({tasks})",
        "events": f"id IN ({events})",
        "event_resources": f"event_id IN ({events})",
    }
    return {
        table: rows_of(database, f"SELECT * FROM {table} WHERE {wheres.get(table, 'flow_run_id = :run')}", {"run": run})
        for table in OF_A_RUN
    }


def repeat(database: sqlite3.Connection, run: str) -> None:
    """Put the same run, with all that belongs to it, on each day of the year before."""
    rows = all_of(database, run)
    ids = {row["id"] for found in rows.values() for row in found}
    named = re.compile("|".join(map(re.escape, ids)))
    database.execute("BEGIN IMMEDIATE")
    for day in range(1, YEAR + 1):
        others = {one: str(uuid4()) for one in ids}
        for table, found in rows.items():
            for row in found:
                made = {name: moved(value, named, others, timedelta(days=day)) for name, value in row.items()}
                if table == "flow_run":
                    made["idempotency_key"] = None
                holes = ", ".join("?" * len(made))
                database.execute(f"INSERT INTO {table} ({', '.join(made)}) VALUES ({holes})", [*made.values()])
    database.execute("COMMIT")


def age(database: sqlite3.Connection, runs: list[str], by: timedelta) -> None:
    """Make runs older than they are."""
    for run in runs:
        for table, key in (("flow_run", "id"), ("flow_run_state", "flow_run_id")):
            for row in rows_of(database, f"SELECT * FROM {table} WHERE {key} = :run", {"run": run}):
                changed = {name: earlier(value, by) for name, value in row.items() if isinstance(value, str)}
                sets = ", ".join(f"{name} = ?" for name in changed)
                database.execute(f"UPDATE {table} SET {sets} WHERE id = ?", (*changed.values(), row["id"]))


def moved(value: Any, named: re.Pattern[str], others: dict[str, str], back: timedelta) -> Any:
    """Return what stands in a column of a run, of another run so much earlier."""
    return earlier(named.sub(lambda one: others[one[0]], value), back) if isinstance(value, str) else value


def rows_of(database: sqlite3.Connection, query: str, values: dict[str, str]) -> list[dict[str, Any]]:
    """Return the rows of a query by their columns."""
    found = database.execute(query, values)
    return [dict(zip((column for column, *_ in found.description), row, strict=True)) for row in found.fetchall()]


def earlier(value: str, by: timedelta) -> str:
    """Return a moment as the database writes it, moved back; any other text as it is."""
    if not MOMENT.fullmatch(value):
        return value
    return (datetime.fromisoformat(value) - by).isoformat(" ")


def count(database: sqlite3.Connection, table: str) -> int:
    """Return how many rows a table has."""
    return int(database.execute(f"SELECT count(*) FROM {table}").fetchone()[0])
