"""Disposable processes in which files are opened, at the price of a fork.

A nursery is a process that has loaded what reading needs and parses nothing. It forks children, which bound their own memory and
time. One child reads a few files, one after the other; a file it does not live through is read again in a child of its own, so
that nothing an earlier file left behind counts against it. Marked copies are made in a child of their own each. Whatever a file
does to a child, the nursery and this process never see it. Starting a fresh Python for each file costs a hundred times as much
as reading it, and a fresh fork twice as much.
"""

import atexit
import gc
import os
import select
import signal
import struct
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import IO, NoReturn

import integrations
from integrations.excel.wire import WRITING

Answer = Callable[[str, bytes], bytes]
_ROOT = str(Path(integrations.__path__[0]).parent)
_START = """import sys
sys.path.insert(0, sys.argv.pop(1))
from integrations.excel import child, nursery
child.rehearse()
nursery.serve(child.answer)
"""
_ENVIRONMENT = {"OPENBLAS_NUM_THREADS": "1"}  # openpyxl loads numpy, which would take memory for every core
_ASKED, _ANSWERED = struct.Struct(">10sQd"), struct.Struct(">iQ")
_LARGEST_ANSWER = 100 * 2**20
_GRACE_SECONDS = 15.0  # for the nursery itself to start and to answer
_DIED, _SLOW, _MEMORY = 1, 2, 3
_FILES, _LARGE = 20, 2**20  # one child reads so many files; a large one is its last, for the memory it leaves behind


class Died(Exception):
    """A file killed the process that read it."""

    def __init__(self, *, out_of_memory: bool) -> None:
        self.out_of_memory = out_of_memory


class TooSlow(Exception):
    """A file kept the process that read it longer than allowed."""


class _Nursery:
    def __init__(self) -> None:
        # isolated (-I): no environment, no current directory on its path
        command = [sys.executable, "-I", "-c", _START, _ROOT]
        self.process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, env=_ENVIRONMENT
        )
        self.owner = os.getpid()

    def ask(self, work: str, data: bytes, wall_seconds: float) -> tuple[int, bytes]:
        """Return a status and an answer; OSError or EOFError when the nursery itself is gone."""
        assert self.process.stdin and self.process.stdout
        self.process.stdin.write(_ASKED.pack(work.encode().ljust(10), len(data), wall_seconds) + data)
        self.process.stdin.flush()
        if not select.select([self.process.stdout], [], [], wall_seconds + _GRACE_SECONDS)[0]:
            raise EOFError
        status, size = _ANSWERED.unpack(_exactly(self.process.stdout, _ANSWERED.size))
        return status, _exactly(self.process.stdout, size)

    def close(self) -> None:
        """End the process; it ends by itself when this one does."""
        if self.owner != os.getpid():
            return  # a fork of ours: the nursery is its parent's
        assert self.process.stdin and self.process.stdout
        self.process.kill()
        self.process.wait()
        self.process.stdin.close()
        self.process.stdout.close()


_idle: list[_Nursery] = []
_lock = threading.Lock()


def in_disposable_process(work: str, data: bytes, wall_seconds: float) -> bytes:
    """Return what a disposable process answers; Died or TooSlow when it does not."""
    with _lock:
        nursery = next((one for one in _idle if one.owner == os.getpid()), None)
        if nursery:
            _idle.remove(nursery)
    nursery = nursery or _Nursery()
    try:
        status, answer = nursery.ask(work, data, wall_seconds)
    except (OSError, EOFError, ValueError):
        nursery.close()
        raise Died(out_of_memory=False) from None
    with _lock:
        _idle.append(nursery)
    if status == _SLOW:
        raise TooSlow
    if status:
        raise Died(out_of_memory=status == _MEMORY)
    return answer


@atexit.register
def _close_all() -> None:
    for one in _idle:
        one.close()


def _exactly(stream: IO[bytes], size: int) -> bytes:
    data = stream.read(size)
    if len(data) < size:
        raise EOFError
    return data


def serve(answer: Answer) -> None:
    """Be a nursery: for each file on standard input, fork a child that answers, until the input ends."""
    gc.disable()  # a collection would copy what parent and child share
    asked, answered = sys.stdin.buffer, sys.stdout.buffer
    shared: _Child | None = None
    while len(head := asked.read(_ASKED.size)) == _ASKED.size:
        word, size, wall_seconds = _ASKED.unpack(head)
        work = word.decode().strip()
        if work in WRITING:
            from integrations.excel import annotated  # noqa: F401  (openpyxl: loaded once, by the first copy)
        data, until = asked.read(size), time.monotonic() + wall_seconds
        if work in WRITING:
            status, found = _alone(answer, work, data, until)
        else:
            shared = shared or _Child(answer)
            status, found = shared.ask(work, data, until)
            again = status in (_DIED, _MEMORY) and shared.files > 1
            if status or shared.files == _FILES or max(len(data), len(found)) > _LARGE:
                shared.close()
                shared = None
            if again:
                status, found = _alone(answer, work, data, until)
        answered.write(_ANSWERED.pack(status, len(found)) + found)
        answered.flush()


def _alone(answer: Answer, work: str, data: bytes, until: float) -> tuple[int, bytes]:
    child = _Child(answer)
    try:
        return child.ask(work, data, until)
    finally:
        child.close()


class _Child:
    """A fork that answers until it is closed, or dies."""

    def __init__(self, answer: Answer) -> None:
        (asked, self.asking), (self.answering, answered) = os.pipe(), os.pipe()
        self.files = 0
        self.process = os.fork()
        if self.process == 0:
            os.close(self.asking)
            os.close(self.answering)
            _answer_all(answer, asked, answered)
        os.close(asked)
        os.close(answered)

    def ask(self, work: str, data: bytes, until: float) -> tuple[int, bytes]:
        """Return a status and an answer; after any status but 0 the child is of no more use."""
        self.files += 1
        try:
            with os.fdopen(os.dup(self.asking), "wb") as asking:
                asking.write(_ASKED.pack(work.encode().ljust(10), len(data), 0.0) + data)
            head = self._read(_ANSWERED.size, until)
            return 0, self._read(_ANSWERED.unpack(head)[1], until)
        except TimeoutError:
            return _SLOW, b""
        except (EOFError, BrokenPipeError):
            return self._how_it_ended(), b""

    def _read(self, size: int, until: float) -> bytes:
        found = bytearray()
        while len(found) < size:
            left = until - time.monotonic()  # an answer that waits for us when time is up came too late all the same
            if size > _LARGEST_ANSWER or left <= 0 or not select.select([self.answering], [], [], left)[0]:
                raise TimeoutError
            chunk = os.read(self.answering, min(size - len(found), 1 << 20))
            if not chunk:
                raise EOFError
            found += chunk
        return bytes(found)

    def _how_it_ended(self) -> int:
        code = os.waitstatus_to_exitcode(os.waitpid(self.process, 0)[1])
        self.process = 0
        if code == -signal.SIGXCPU:
            return _SLOW
        return _MEMORY if code in (_MEMORY, -signal.SIGABRT) else _DIED  # one reader ends itself when it gets no memory

    def close(self) -> None:
        """End it, whatever it is doing."""
        os.close(self.asking)
        os.close(self.answering)
        if self.process:
            os.kill(self.process, signal.SIGKILL)
            os.waitpid(self.process, 0)


def _answer_all(answer: Answer, asked: int, answered: int) -> NoReturn:
    status = _DIED
    try:
        with os.fdopen(asked, "rb") as files, os.fdopen(answered, "wb") as out:
            while len(head := files.read(_ASKED.size)) == _ASKED.size:
                word, size, _ = _ASKED.unpack(head)
                found = answer(word.decode().strip(), files.read(size))
                out.write(_ANSWERED.pack(0, len(found)) + found)
                out.flush()
    except MemoryError:
        status = _MEMORY
    finally:
        os._exit(status)
