"""Disposable processes, one for each file, at the price of a fork.

A nursery is a process that has loaded what reading needs and parses nothing. For each file it forks a child, which bounds its own
memory and time, reads that one file and ends. Whatever the file does to the child, the nursery and this process never see it.
Starting a fresh Python for each file costs a hundred times as much as reading it.
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
from typing import IO

import integrations

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


def in_fresh_process(work: str, data: bytes, wall_seconds: float) -> bytes:
    """Return what a process of its own answers; Died or TooSlow when it does not."""
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
    while len(head := asked.read(_ASKED.size)) == _ASKED.size:
        word, size, wall_seconds = _ASKED.unpack(head)
        work = word.decode().strip()
        if work == "annotate":
            from integrations.excel import annotated  # noqa: F401  (openpyxl: loaded once, by the first copy)
        status, found = _in_fork(answer, work, asked.read(size), wall_seconds)
        answered.write(_ANSWERED.pack(status, len(found)) + found)
        answered.flush()


def _in_fork(answer: Answer, work: str, data: bytes, wall_seconds: float) -> tuple[int, bytes]:
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        status = _DIED
        try:
            os.close(reading)
            found = answer(work, data)
            with os.fdopen(writing, "wb") as out:
                out.write(found)
            status = 0
        except MemoryError:
            status = _MEMORY
        finally:
            os._exit(status)
    os.close(writing)
    found, slow = _collected(reading, time.monotonic() + wall_seconds)
    os.close(reading)
    if slow:
        os.kill(child, signal.SIGKILL)
    code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    if slow or code == -signal.SIGXCPU:
        return _SLOW, b""
    if code == _MEMORY or code == -signal.SIGABRT:  # the other reader ends itself when it gets no memory
        return _MEMORY, b""
    return (_DIED, b"") if code else (0, found)


def _collected(pipe: int, until: float) -> tuple[bytes, bool]:
    """Return what a child wrote, and whether it took too long or wrote too much."""
    found = bytearray()
    while select.select([pipe], [], [], max(0.0, until - time.monotonic()))[0]:
        chunk = os.read(pipe, 1 << 20)
        if not chunk:
            return bytes(found), False
        found += chunk
        if len(found) > _LARGEST_ANSWER:
            break
    return b"", True
