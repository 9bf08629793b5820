"""`liandong serve` as a service manager runs it: told to end, it ends without complaint, and never goes on by halves."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

from tasks.office import Office
from tests.integrations.mailboxes import free_port
from tests.liandong.test_automations import until

pytestmark = pytest.mark.prefect
CHECKOUT = Path(__file__).parents[2]


@contextmanager
def serving(office: Office, *options: str) -> Iterator[tuple[subprocess.Popen[bytes], Path]]:
    """Yield the running command and its log, once it serves."""
    command = [sys.executable, "-m", "liandong.cli", "serve", *options]
    environment = {**os.environ, "PYTHONPATH": str(CHECKOUT), "PYTHONUTF8": "1"}
    log = office.home / "serve.log"
    with log.open("wb") as output:
        # as a shell starts it in the background
        process = subprocess.Popen(
            command, env=environment, cwd=office.home, stdout=output, stderr=output, preexec_fn=ignore_interrupts
        )
    try:
        until(lambda: "Ctrl+C" in log.read_text("utf-8"))
        yield process, log
    finally:
        process.kill()
        process.wait()


def test_told_to_end_it_ends_quietly_and_takes_its_server_along(office: Office) -> None:
    port = free_port()
    with serving(office, "--port", str(port)) as (process, log):
        api = f"http://127.0.0.1:{port}/api"
        found = httpx.get(f"{api}/deployments/name/汇总报送期/close-round").raise_for_status().json()
        made = until(
            lambda: (asked := httpx.post(f"{api}/deployments/{found['id']}/create_flow_run", json={})).is_success and asked
        )
        run = made.json()["id"]  # on SQLite the server may ask to be asked again
        until(lambda: httpx.get(f"{api}/flow_runs/{run}").json().get("state_type") == "COMPLETED")
        process.terminate()
        assert process.wait(60) == 0
    said = log.read_text("utf-8")
    assert said.endswith("已结束。\n")
    assert "Warning" not in said and "Traceback" not in said
    with pytest.raises(httpx.ConnectError):
        httpx.get(f"{api}/health")


@pytest.mark.parametrize(("word", "told"), [(b"web", "上传页面"), (b"uvicorn", "Prefect 服务")])
def test_it_ends_when_what_it_started_does_so_that_all_is_started_again(office: Office, word: bytes, told: str) -> None:
    port, page = free_port(), free_port()
    with serving(office, "--port", str(port), "--web-port", str(page)) as (process, log):
        os.kill(until(lambda: child(process.pid, word)), signal.SIGKILL)
        assert process.wait(60) == 1
    said = log.read_text("utf-8")
    assert told in said.splitlines()[-1]
    assert "Warning" not in said and "Traceback" not in said
    with pytest.raises(httpx.ConnectError):
        httpx.get(f"http://127.0.0.1:{port}/api/health")


def child(parent: int, word: bytes) -> int | None:
    """Return the process that another one started with that word in its command."""
    children = Path(f"/proc/{parent}/task/{parent}/children").read_text().split()
    return next((int(one) for one in children if word in Path(f"/proc/{one}/cmdline").read_bytes().split(b"\0")), None)


def ignore_interrupts() -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)
