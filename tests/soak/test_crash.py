"""A tick that is killed at any of its boundaries is carried on by the next: nothing lost, nothing twice, nothing half."""

import subprocess
import sys

import pytest


@pytest.mark.timeout(900)
def test_each_named_boundary_can_kill_the_tick() -> None:
    # a process of its own: it forks, which a process with threads must not
    ended = subprocess.run([sys.executable, "-m", "tests.soak.crash", "0", "1"], capture_output=True, text=True, timeout=880)
    assert ended.returncode == 0, ended.stdout[-3000:] + ended.stderr[-3000:]
    assert "kills" in ended.stdout and " 0 violations" in ended.stdout
