"""A step: a plain function that Prefect runs as a task inside a flow run, and Python runs as it stands everywhere else.

So one composition serves the Prefect flows and the command line, and `liandong tick` needs no server and never imports Prefect.
"""

import os
import sys
from collections.abc import Callable, Iterable
from contextlib import suppress
from functools import cache, update_wrapper, wraps
from typing import Any, Generic, ParamSpec, TypeVar, cast

from campaigns.errors import NotConfigured, WorldError
from integrations import settings
from integrations.cluster import out_of_reach

P = ParamSpec("P")
R = TypeVar("R")
LEASE = 60  # seconds after which the slot of a process that died is free again


class Step(Generic[P, R]):
    """A function that is a step; called, it runs as Prefect's task inside a flow run and as it stands elsewhere."""

    def __init__(self, function: Callable[P, R], name: str, retries: int, limit: str) -> None:
        self._function, self._name, self._retries, self._limit = function, name, retries, limit
        update_wrapper(self, function)

    def __call__(self, *args: P.args, **kwargs: P.kwargs) -> R:
        """Do it."""
        if not _inside_flow_run():
            return self._function(*args, **kwargs)
        result: R = self._task(*args, **kwargs)
        return result

    def each(self, items: Iterable[Any]) -> list[R]:
        """Do it for each item, and return what came of each: side by side on the flow's task runner, else one after another."""
        if not _inside_flow_run():
            return [cast(Callable[..., R], self._function)(item) for item in items]
        futures = [self._task.submit(item) for item in items]
        return [future.result() for future in futures]

    @property
    def _task(self) -> Any:
        return _as_task(self._function, self._name, self._retries, self._limit)


def step(name: str, *, retries: int = 0, limit: str = "") -> Callable[[Callable[P, R]], Step[P, R]]:
    """Return a decorator that makes a function a step with that Chinese name.

    `retries` is for the world's failures only. `limit` names the concurrency limit of Prefect's under which it runs, if the
    server has one: its slot is a lease, so a worker that dies gives it back.
    """
    return lambda function: Step(function, name, retries, limit)


def runner() -> Any:
    """Return what does a step for each of many items in a flow run: the settings' Dask cluster if it can, else this machine."""
    from prefect.logging import get_logger
    from prefect.task_runners import ThreadPoolTaskRunner

    with suppress(NotConfigured):
        if scheduler := settings.load().dask:
            if (why := out_of_reach(scheduler)) is None:
                from prefect_dask.task_runners import DaskTaskRunner

                return DaskTaskRunner(address=scheduler)
            get_logger(__name__).warning(why)
    return ThreadPoolTaskRunner(max_workers=os.cpu_count())


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
        with concurrency([limit], lease_duration=LEASE):
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
    return cast(Callable[..., Any], decorate(limited if limit else function))


def _worldly(_: Any, __: Any, state: Any) -> bool:
    """Return whether a step failed for the world's sake, so that trying again may help: a fault of ours stays what it is."""
    return isinstance(state.data, WorldError)
