"""A file as it arrived -> a book of cells, or a refusal in one Chinese sentence. Nothing is parsed in this process."""

import subprocess
import sys
from pathlib import Path

import integrations
from campaigns.submission import Book, Refusal
from integrations.excel.guard import guard
from integrations.excel.wire import answer_from_json

_ROOT = str(Path(integrations.__path__[0]).parent)
_START = "import sys; sys.path.insert(0, sys.argv.pop(1)); from integrations.excel.child import main; main()"
WALL_SECONDS = 20.0
_ENVIRONMENT = {"OPENBLAS_NUM_THREADS": "1"}  # openpyxl loads numpy, which would take memory for every core


def read(data: bytes) -> Book | Refusal:
    """Return the cells of a workbook, or why it cannot be taken and how to mend it."""
    found = guard(data)
    if isinstance(found, Refusal):
        return found
    answer = in_child("read", data)
    if isinstance(answer, Refusal):
        return answer
    try:
        return answer_from_json(answer)
    except (ValueError, KeyError, TypeError):
        return _unreadable()


def in_child(work: str, data: bytes, wall_seconds: float = WALL_SECONDS) -> bytes | Refusal:
    """Return what a disposable child process answers, or a refusal when the file killed it or kept it too long.

    The child is isolated (-I: no environment, no current directory on its path); its limits are its own first act.
    """
    command = [sys.executable, "-I", "-c", _START, _ROOT, work]
    try:
        done = subprocess.run(command, input=data, capture_output=True, timeout=wall_seconds, check=False, env=_ENVIRONMENT)
    except subprocess.TimeoutExpired:
        return Refusal("timeout", "读取超时：文件过于复杂，请删去与报表无关的内容，用下发的报表重新填报")
    return done.stdout if done.returncode == 0 and done.stdout else _unreadable()


def _unreadable() -> Refusal:
    return Refusal("unreadable", "文件无法读取（内容异常或已损坏），请在 WPS 或 Excel 中打开后另存为 .xlsx，再重新报送")
