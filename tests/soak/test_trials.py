"""Short versions of the long trials: letters leave once and are made by one of two ticks; each rung is said once, or by name."""

import subprocess
import sys

import pytest


@pytest.mark.parametrize(("trial", "sizes"), [("outage", ["30"]), ("two_senders", ["4", "1"]), ("ladder", ["100", "60", "3"])])
@pytest.mark.timeout(300)
def test_nothing_is_lost_and_nothing_is_said_twice(trial: str, sizes: list[str]) -> None:
    # a process of its own: it forks, which a process with threads must not
    ended = subprocess.run([sys.executable, "-m", f"tests.soak.{trial}", *sizes], capture_output=True, text=True, timeout=280)
    assert ended.returncode == 0, ended.stdout[-3000:] + ended.stderr[-3000:]
    assert " 0 violations" in ended.stdout
