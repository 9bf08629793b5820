"""Where a process can be killed: every boundary it crosses, in the order it crosses them, each with a name.

A boundary is the call or the return of a function that leaves something outside the process changed: a commit, a file put in
place, a step of the talk with the mail server, a mail fetched. The program itself knows nothing of this: the interpreter tells.
"""

import os
import signal
import sys
from collections.abc import Callable
from types import FrameType
from typing import Any

# what to watch, by module and name of the function; "call" is the moment before, "return" the moment after
WATCHED: dict[tuple[str, str], str] = {
    ("sqlalchemy.engine.base", "_commit_impl"): "commit",
    ("integrations.files", "write_whole"): "file written",
    ("smtplib", "connect"): "smtp connect",
    ("smtplib", "mail"): "smtp MAIL",
    ("smtplib", "rcpt"): "smtp RCPT",
    ("smtplib", "send"): "smtp bytes sent",
    ("smtplib", "data"): "smtp DATA",
    ("integrations.inbox.imap", "_fetch"): "mail fetched",
    ("integrations.inbox.folder", "put_away"): "file put away",
    ("integrations.inbox.store", "keep"): "bytes kept",
    ("integrations.excel.nursery", "ask"): "child asked",
    ("pathlib", "replace"): "file renamed",
}
ROOMS = ("tasks.", "flows.", "liandong.")


def watch(reached: Callable[[int, str], None]) -> None:
    """Call `reached(number, name)` at every boundary from now on, in this process."""
    count = 0

    def look(frame: FrameType, event: str, _: Any) -> None:
        nonlocal count
        if event not in ("call", "return"):
            return
        code = frame.f_code
        kind = _NAMES.get(code.co_name)
        if kind is None:
            return
        watched = kind.get(frame.f_globals.get("__name__", ""))
        if watched:
            count += 1
            reached(count, f"{_where(frame)}: {'before' if event == 'call' else 'after'} {watched}")

    sys.setprofile(look)


def kill_at(wanted: int) -> None:
    """Let this process die at that boundary, with no time to clean up."""

    def reached(number: int, _: str) -> None:
        if number == wanted:
            os.kill(os.getpid(), signal.SIGKILL)

    watch(reached)


def freeze_at(boundary: str) -> None:
    """Let this process stop with SIGSTOP at a boundary: its name, and at the how-manieth of that name, as `…: after commit@2`."""
    wanted, _, number = boundary.rpartition("@")
    left = int(number)

    def reached(_: int, name: str) -> None:
        nonlocal left
        left -= name == wanted
        if name == wanted and not left:
            os.kill(os.getpid(), signal.SIGSTOP)

    watch(reached)


def _where(frame: FrameType) -> str:
    """Return the step that is at work: the nearest function of tasks or flows."""
    at: FrameType | None = frame
    while at is not None:
        module = at.f_globals.get("__name__", "")
        if module.startswith(ROOMS) and at.f_code.co_name not in ("run", "ledger"):
            return f"{module.rpartition('.')[2]}.{at.f_code.co_name}"
        at = at.f_back
    return "program"


_NAMES: dict[str, dict[str, str]] = {}
for (_module, _name), _word in WATCHED.items():
    _NAMES.setdefault(_name, {})[_module] = _word
