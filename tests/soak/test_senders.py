"""What waits for a mail server leaves once when it is back; two ticks at once say everything once, and so does a frozen one."""

import subprocess
import sys

import pytest


@pytest.mark.parametrize(("trial", "sizes"), [("outage", ["30"]), ("two_senders", ["4", "1"])])
@pytest.mark.timeout(300)
def test_every_letter_leaves_once(trial: str, sizes: list[str]) -> None:
    # a process of its own: it forks, which a process with threads must not
    ended = subprocess.run([sys.executable, "-m", f"tests.soak.{trial}", *sizes], capture_output=True, text=True, timeout=280)
    assert ended.returncode == 0, ended.stdout[-3000:] + ended.stderr[-3000:]
    assert " 0 violations" in ended.stdout
