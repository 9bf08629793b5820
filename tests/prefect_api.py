"""Prefect's server as a test meets it: busy on SQLite now and then, and working off what it was told in its own time."""

import threading
from collections.abc import Callable
from http import HTTPStatus
from time import monotonic
from typing import Any

import httpx

from liandong.prefect_server import RunningServer

_PATIENCE = 60  # seconds for an answer, on a slow machine too
_TRIES = 60
_NEVER = 600  # seconds, not reached where the machine keeps up


def call(server: RunningServer, method: str, path: str, body: object = None) -> Any:
    """Return the JSON that the API answers, None where it answers nothing; httpx.HTTPStatusError when it refuses."""
    for _ in range(_TRIES):
        answer = httpx.request(method, f"{server.api_url}/{path}", json=body, timeout=_PATIENCE)
        if answer.status_code != HTTPStatus.SERVICE_UNAVAILABLE:
            break
        threading.Event().wait(0.5)
    answer.raise_for_status()
    return answer.json() if answer.content else None


def until(found: Callable[[], Any]) -> Any:
    """Return what is found, once there is something."""
    wait, end = threading.Event(), monotonic() + _NEVER
    while not (result := found()):
        assert monotonic() < end, "nothing came"
        wait.wait(0.2)
    return result
