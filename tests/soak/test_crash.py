"""A tick that is killed at any of its boundaries is carried on by the next: nothing lost, nothing twice, nothing half."""

import subprocess
import sys

import pytest


@pytest.mark.parametrize(("kills", "database"), [("12", "sqlite"), ("4", "postgresql")])
@pytest.mark.timeout(1200)
def test_a_tick_killed_in_any_stage_is_carried_on_by_the_next(kills: str, database: str) -> None:
    # a process of its own: it forks, which a process with threads must not; all 1,400 boundaries are for `make soak`
    command = [sys.executable, "-m", "tests.soak.crash", kills, "1", database]
    ended = subprocess.run(command, capture_output=True, text=True, timeout=1100)
    assert ended.returncode == 0, ended.stdout[-3000:] + ended.stderr[-3000:]
    assert f"{kills} kills" in ended.stdout and " 0 violations" in ended.stdout
