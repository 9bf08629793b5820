"""Workbooks that wait, read by one process, by this machine's cores, by two Dask workers: seconds, and whether all say the same.

python bench/bulk.py [files]
"""

import os
import sys
import zipfile
from collections.abc import Callable
from datetime import UTC, datetime, time
from io import BytesIO
from pathlib import Path
from tempfile import TemporaryDirectory
from time import perf_counter
from typing import Any

from openpyxl import load_workbook

sys.path[:0] = [str(Path(__file__).parent.parent)]
os.environ |= {"DO_NOT_TRACK": "1", "PREFECT_SERVER_ANALYTICS_ENABLED": "false"}

from campaigns.forms import Form
from flows import tick
from integrations import settings
from tasks import doors
from tasks.campaign import launch
from tasks.office import Office
from tasks.preview import usable
from tasks.reading import FOLDER, read_ahead

CAMPAIGN, DEPARTMENT, MARK = "hezhou-2020", "scjg", 98_765
LAUNCHED, OPENED, NOW = (datetime(2020, *day, 2, tzinfo=UTC) for day in ((10, 20), (10, 20), (11, 20)))


def drop(office: Office, files: int) -> None:
    """Put so many filled copies of one department's form into the watched folder, no two alike, and take them in."""
    with office.ledger() as ledger:
        (record, *_) = ledger.forms(ledger.rounds(CAMPAIGN)[0].id, DEPARTMENT)
    form = Form.model_validate_json(record.layout)
    book = load_workbook(BytesIO(office.bytes_of(record.sha256)))
    block = form.blocks[0]
    book[block.sheet][block.cell("own", "cases_filed")] = MARK
    out = BytesIO()
    book.save(out)
    with zipfile.ZipFile(out) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    for one in range(files):
        with zipfile.ZipFile(office.settings.watched_folder / f"{one:05}.xlsx", "w", zipfile.ZIP_DEFLATED) as archive:
            for name, part in parts.items():
                archive.writestr(name, part.replace(b"<v>%d</v>" % MARK, b"<v>%d</v>" % (MARK + one)))
    doors.take_in(NOW)


def took(office: Office, work: Callable[[], object]) -> tuple[float, dict[str, bytes]]:
    """Return the seconds that reading takes, and what was read."""
    started = perf_counter()
    work()
    seconds = perf_counter() - started
    kept = {path.name: path.read_bytes() for path in (office.home / FOLDER).iterdir()}
    for name in kept:
        (office.home / FOLDER / name).unlink()
    return seconds, kept


def main() -> None:
    """Print a line for each way."""
    files = int(sys.argv[1]) if len(sys.argv) > 1 else 2_000
    with TemporaryDirectory() as folder:
        os.environ["LIANDONG_HOME"] = f"{folder}/office"
        office = Office(settings.initialise("测试市联席办", "office@example.gov.cn", time(8, 30), time(17, 30), None))
        launch(usable(CAMPAIGN, LAUNCHED), LAUNCHED)
        tick.daily(OPENED)
        drop(office, files)
        alone, wanted = took(office, read_ahead)
        print(f"{files} workbooks, one process: {alone:.1f} s, {files / alone:.0f}/s")
        for name, seconds, kept in shared(office, folder):
            same = "the same" if kept == wanted else "NOT the same"
            print(f"{name}: {seconds:.1f} s, {files / seconds:.0f}/s, {alone / seconds:.2f} times as fast; {same}")


def shared(office: Office, folder: str) -> Any:
    """Yield the ways that share the work: name, seconds, what was read."""
    from distributed import LocalCluster
    from prefect import flow
    from prefect.settings import PREFECT_API_URL, PREFECT_HOME, temporary_settings

    from liandong import prefect_server
    from tasks.step import runner

    def in_flow() -> int:
        return int(flow(name="批量", task_runner=runner())(read_ahead)())

    server = prefect_server.start(Path(folder) / "prefect")
    try:
        with (
            temporary_settings({PREFECT_API_URL: server.api_url, PREFECT_HOME: server.variables["PREFECT_HOME"]}),
            LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address=None) as cluster,
        ):
            yield "a flow on this machine's cores", *took(office, in_flow)
            os.environ["LIANDONG_DASK"] = cluster.scheduler_address
            yield "a flow on two Dask workers", *took(office, in_flow)
    finally:
        server.stop()


if __name__ == "__main__":
    main()
