"""Many files at once: two local Dask workers read what one process would, and what becomes of the files is the same."""

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from flows import tick
from integrations.excel.reader import read_closed
from liandong.doctor import examine
from liandong.prefect_server import RunningServer
from tasks import doors
from tasks.office import Office
from tasks.office import office as the_office
from tasks.reading import FOLDER, read_ahead
from tasks.step import runner
from tests.flows.test_tick import at, newest_form
from tests.integrations.excel.filling import OWN, edited, fill_in
from tests.integrations.excel.test_reader import rezipped
from tests.integrations.mailboxes import free_port

pytestmark = pytest.mark.prefect
NOW = at(11, 20)
MARK = 98_765


@pytest.fixture
def cluster(opened: Office, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Two local workers of the office, as its settings name them."""
    from distributed import LocalCluster

    with LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address=None) as running:
        monkeypatch.setenv("LIANDONG_DASK", running.scheduler_address)
        yield


def test_a_cluster_that_can_read_nothing_holds_up_no_collecting_and_the_doctor_says_why(
    opened: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    from distributed import LocalCluster
    from prefect.task_runners import ThreadPoolTaskRunner

    with LocalCluster(n_workers=0, dashboard_address=None) as without_workers:
        nobody = f"tcp://127.0.0.1:{free_port()}"
        for address, told in ((without_workers.scheduler_address, "没有 worker"), (nobody, "连不上"), ("不是地址", "连不上")):
            monkeypatch.setenv("LIANDONG_DASK", address)
            assert isinstance(runner(), ThreadPoolTaskRunner)
            (line,) = (one for one in examine() if one.name == "批量读取")
            assert line.status == "注意" and told in line.message


@pytest.mark.usefixtures("cluster")
def test_a_cluster_that_answers_is_used(opened: Office) -> None:
    from prefect_dask.task_runners import DaskTaskRunner

    assert isinstance(runner(), DaskTaskRunner)


def workbooks(office: Office, many: int) -> dict[str, bytes]:
    """Return a department's form filled in with as many different figures, by the names of the files."""
    form = edited(newest_form(office, "gaj"), lambda book: fill_in(book, "配合任务", 3, {**OWN, "立案（件）": MARK}))
    old = f"<v>{MARK}</v>".encode()
    return {
        f"公安局-{one:04}.xlsx": rezipped(form, lambda _, part, one=one: part.replace(old, b"<v>%d</v>" % (MARK + one)))
        for one in range(many)
    }


def in_flow(work: Any) -> Any:
    from prefect import flow

    return flow(name="批量", task_runner=runner())(work)()


@pytest.mark.usefixtures("cluster")
def test_two_workers_read_two_thousand_workbooks_as_one_process_does(server: RunningServer, opened: Office) -> None:
    files = workbooks(opened, 2_000)
    for name, data in files.items():
        (opened.settings.watched_folder / name).write_bytes(data)
    doors.take_in(NOW)

    assert in_flow(lambda: read_ahead()) == 2_000

    kept = {path.name: path.read_bytes() for path in (opened.home / FOLDER).iterdir()}
    alone = {opened.keep(data): read_closed(data) for data in files.values()}
    assert len(kept) == 2_000 and kept == alone


@pytest.mark.usefixtures("cluster")
def test_what_becomes_of_files_is_the_same_whoever_read_them(
    server: RunningServer, opened: Office, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    good = workbooks(opened, 22)
    first, *_ = good.values()
    faulty = edited(first, lambda book: fill_in(book, "配合任务", 3, {**OWN, "立案（件）": "约12"}))
    files = {**good, "改错.xlsx": faulty, "断.xlsx": first[:-400], "总结.txt": b"\x00\x01", "又一份.xlsx": first}
    for name, data in files.items():
        (opened.settings.watched_folder / name).write_bytes(data)
    other = tmp_path / "other"
    shutil.copytree(opened.home, other)

    in_flow(lambda: tick.collect(NOW))
    with_workers = _outcomes(opened)
    assert list((opened.home / FOLDER).iterdir()) == []  # what was read ahead was used, once

    monkeypatch.setenv("LIANDONG_HOME", str(other))
    tick.collect(NOW)
    assert _outcomes(the_office()) == with_workers
    assert {one[2] for one in with_workers} >= {"accepted", "returned", "refused", "duplicate"}


def _outcomes(at_office: Office) -> list[tuple[Any, ...]]:
    with at_office.ledger() as ledger:
        return [(one.name, one.sha256, one.outcome, one.reason, one.findings) for one in ledger.envelopes()]
