"""The demo, run once as `make demo` runs it."""

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

CHECKOUT = Path(__file__).parent.parent


@dataclass(frozen=True)
class Demo:
    """What a run of the demo left behind: its folder, what it told, its index, what `liandong status` says."""

    out: Path
    told: str
    files: list[dict[str, Any]]
    status: dict[str, Any]

    def of(self, kind: str, department: str | None = None, round_id: str | None = None) -> list[dict[str, Any]]:
        """Return the files of a kind in its index."""
        found = [one for one in self.files if one["kind"] == kind]
        found = [one for one in found if department is None or one["department"] == department]
        return [one for one in found if round_id is None or one["round"] == round_id]

    def outcomes(self, department: str, round_id: str) -> list[str]:
        """Return how a department's files ended, in order; one that could not be read belongs to no round."""
        received = [one for one in self.of("received", department) if one["round"] in (round_id, None)]
        return [one["outcome"] for one in sorted(received, key=lambda one: one["order"])]

    def tally(self, department: str, round_id: str) -> dict[str, int]:
        """Return how many of a department's reports in a round stand how."""
        a_round = next(one for one in self.status["rounds"] if one["id"] == round_id)
        return next(one for one in a_round["departments"] if one["department"] == department)


def run(out: Path) -> Demo:
    """Return what the demo leaves behind in a folder."""
    told = liandong("demo", "--out", str(out))
    status = json.loads(liandong("status", "--json", home=out / "office"))
    files = json.loads((out / "index.json").read_text("utf-8"))["files"]
    return Demo(out, told, files, status["campaigns"][0])


def liandong(*words: str, home: Path | None = None) -> str:
    """Return what the command line printed, run as a program of its own."""
    environment = {**os.environ, "PYTHONPATH": str(CHECKOUT), "PYTHONUTF8": "1"}
    environment.pop("LIANDONG_HOME", None)
    if home:
        environment["LIANDONG_HOME"] = str(home)
    command = [sys.executable, "-c", "from liandong.cli import main; main()", *words]
    done = subprocess.run(command, cwd="/", env=environment, capture_output=True, text=True, timeout=1700)
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
    return done.stdout
