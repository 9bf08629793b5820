"""Prefect's API as its own client uses it: a server on SQLite that is busy says so, and is asked again."""

import threading
from http import HTTPStatus
from typing import Any

import httpx

from liandong.prefect_server import RunningServer

_PATIENCE = 60  # seconds for an answer, on a slow machine too
_TRIES = 60


def call(server: RunningServer, method: str, path: str, body: object = None) -> Any:
    """Return the JSON that the API answers, None where it answers nothing; httpx.HTTPStatusError when it refuses."""
    for _ in range(_TRIES):
        answer = httpx.request(method, f"{server.api_url}/{path}", json=body, timeout=_PATIENCE)
        if answer.status_code != HTTPStatus.SERVICE_UNAVAILABLE:
            break
        threading.Event().wait(0.5)
    return answer.raise_for_status().json() if answer.raise_for_status().content else None
