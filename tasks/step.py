"""A step: a plain function that Prefect runs as a task inside a flow run, and Python runs as it stands everywhere else.

So one composition serves the Prefect flows and the command line, and `liandong tick` needs no server and never imports Prefect.
"""

import sys
from collections.abc import Callable
from functools import cache, wraps
from typing import Any, ParamSpec, TypeVar, cast

from campaigns.errors import WorldError

P = ParamSpec("P")
R = TypeVar("R")
LEASE = 60  # seconds after which the slot of a process that died is free again


def step(name: str, *, retries: int = 0, limit: str = "") -> Callable[[Callable[P, R]], Callable[P, R]]:
    """Return a decorator that makes a function a step with that Chinese name.

    `retries` is for the world's failures only. `limit` names the concurrency limit of Prefect's under which it runs, if the
    server has one: its slot is a lease, so a worker that dies gives it back.
    """

    def decorate(function: Callable[P, R]) -> Callable[P, R]:
        @wraps(function)
        def run(*args: P.args, **kwargs: P.kwargs) -> R:
            if not _inside_flow_run():
                return function(*args, **kwargs)
            result: R = _as_task(function, name, retries, limit)(*args, **kwargs)
            return result

        return run

    return decorate


def _inside_flow_run() -> bool:
    prefect = sys.modules.get("prefect.context")
    return prefect is not None and prefect.FlowRunContext.get() is not None


@cache
def _as_task(function: Callable[..., Any], name: str, retries: int, limit: str) -> Callable[..., Any]:
    from prefect import task  # only ever reached inside a flow run, where Prefect is loaded already
    from prefect.cache_policies import NO_CACHE
    from prefect.concurrency.sync import concurrency

    @wraps(function)
    def limited(*args: Any, **kwargs: Any) -> Any:
        with concurrency([limit] if limit else [], lease_duration=LEASE):
            return function(*args, **kwargs)

    decorate = task(
        name=name,
        retries=retries,
        retry_delay_seconds=5,
        retry_jitter_factor=1,
        retry_condition_fn=_worldly,
        cache_policy=NO_CACHE,
        persist_result=False,
    )
    return cast(Callable[..., Any], decorate(limited))


def _worldly(_: Any, __: Any, state: Any) -> bool:
    """Return whether a step failed for the world's sake, so that trying again may help: a fault of ours stays what it is."""
    try:
        state.result()
    except WorldError:
        return True
    except Exception:
        return False
    return False
