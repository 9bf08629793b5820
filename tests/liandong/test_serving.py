"""`liandong serve` as a service manager runs it: told to end, it ends without a word of complaint."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import httpx
import pytest

from tasks.office import Office
from tests.integrations.mailboxes import free_port
from tests.liandong.test_automations import until

pytestmark = pytest.mark.prefect
CHECKOUT = Path(__file__).parents[2]


def test_told_to_end_it_ends_quietly_and_takes_its_server_along(office: Office) -> None:
    port = free_port()
    command = [sys.executable, "-m", "liandong.cli", "serve", "--port", str(port)]
    environment = {**os.environ, "PYTHONPATH": str(CHECKOUT), "PYTHONUTF8": "1"}
    log = office.home / "serve.log"
    with log.open("wb") as output:
        # as a shell starts it in the background
        serving = subprocess.Popen(
            command, env=environment, cwd=office.home, stdout=output, stderr=output, preexec_fn=ignore_interrupts
        )
    try:
        until(lambda: "Ctrl+C" in log.read_text("utf-8"))
        api = f"http://127.0.0.1:{port}/api"
        found = httpx.get(f"{api}/deployments/name/汇总报送期/close-round").raise_for_status().json()
        made = until(
            lambda: (asked := httpx.post(f"{api}/deployments/{found['id']}/create_flow_run", json={})).is_success and asked
        )
        run = made.json()["id"]  # on SQLite the server may ask to be asked again
        until(lambda: httpx.get(f"{api}/flow_runs/{run}").json().get("state_type") == "COMPLETED")
        serving.terminate()
        assert serving.wait(60) == 0
    finally:
        serving.kill()
        serving.wait()
    said = log.read_text("utf-8")
    assert said.endswith("已结束。\n")
    assert "Warning" not in said and "Traceback" not in said
    with pytest.raises(httpx.ConnectError):
        httpx.get(f"{api}/health")


def ignore_interrupts() -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)
