"""Deployments: one of `run_campaign` for each definition, named by its campaign, and the three ticks."""

import asyncio
import contextlib
import os
import signal
import sys
from collections.abc import Callable, Coroutine, Iterable, Iterator
from datetime import time
from pathlib import Path
from typing import Any

from prefect.client.orchestration import get_client
from prefect.client.schemas.objects import ConcurrencyLimitConfig, ConcurrencyLimitStrategy
from prefect.deployments.runner import RunnerDeployment
from prefect.exceptions import ObjectNotFound
from prefect.runner import Runner
from prefect.schedules import Cron

from campaigns.errors import LiandongError, UnknownItem
from campaigns.plan import Plan
from campaigns.workdays import in_chinese
from integrations import settings
from liandong import automations
from tasks import window
from tasks.definitions import known, load

ZONE = "Asia/Shanghai"
TAG = "联合执法"
# one at a time, and a run that comes meanwhile is dropped: after an outage there is no burst
ALONE = ConcurrencyLimitConfig(limit=1, collision_strategy=ConcurrencyLimitStrategy.CANCEL_NEW)
TELLING = "tell-office"
_MOST_ROUNDS = 12  # on the page of a deployment
OPENING = "opening"  # stands for the office's own hour
TICKS = (
    ("flows.daily_round.daily_round", "daily-round", (OPENING, "30 14 * * *")),
    ("flows.collect_submissions.collect_submissions", "collect-submissions", ("*/5 * * * *",)),
    ("flows.close_round.close_round", "close-round", ()),
    ("flows.tell_office.tell_office", TELLING, ()),
)


def deployments(campaigns: Iterable[tuple[str, str]]) -> list[RunnerDeployment]:
    """Return the deployments of campaigns, given as id and description, and of the ticks; the work asks the calendar itself."""
    # Prefect copies the folder in which a deployment was made before each of its runs. The flows are installed, not copied:
    # a checkout with its virtual environment is half a gigabyte, and this is one every five minutes.
    opens = settings.load().hours.start  # before the folder changes: the office's may be named from here
    empty = settings.home() / "prefect" / "workspace"
    empty.mkdir(parents=True, exist_ok=True)
    with contextlib.chdir(empty):
        ticks = [_tick(flow, name, crons, opens) for flow, name, crons in TICKS]
        return [*(_campaign(code, said) for code, said in campaigns), *ticks]


def _campaign(code: str, said: str) -> RunnerDeployment:
    made = RunnerDeployment.from_entrypoint(
        "flows.run_campaign.run_campaign",
        name=code,
        description=said,
        parameters={"campaign": code},
        tags=[TAG, window.campaign_tag(code)],
    )
    # the form launches this campaign and no other; Prefect's own freeze() is lost in from_entrypoint
    made._parameter_openapi_schema.properties["campaign"] |= {"enum": [code], "readOnly": True}
    return made


def _tick(entrypoint: str, name: str, crons: Iterable[str], opens: time) -> RunnerDeployment:
    schedules = [Cron(f"{opens.minute} {opens.hour} * * *" if cron is OPENING else cron, timezone=ZONE) for cron in crons]
    if name == TELLING:  # every call counts, and a letter that fails must not bring another about itself
        return RunnerDeployment.from_entrypoint(entrypoint, name=name)
    return RunnerDeployment.from_entrypoint(entrypoint, name=name, tags=[TAG], schedules=schedules, concurrency_limit=ALONE)


def launchable() -> list[tuple[str, str]]:
    """Return id and description of every campaign that can be launched: shipped ones and the office's own."""
    return [(one.definition.campaign.id, _described(one)) for one in _usable()]


def _described(plan: Plan) -> str:
    """Return what the page of a campaign's deployment says of it: its title, document number, period and rounds."""
    campaign = plan.definition.campaign
    rounds = [f"* {one.label}：{in_chinese(one.opens_on)}下发，{in_chinese(one.due_on)}截止" for one in plan.rounds]
    period = f"{in_chinese(campaign.starts)}至{in_chinese(campaign.ends)}"
    lines = [f"**{campaign.title}**{campaign.doc_no or ''}", period, "\n".join(rounds[:_MOST_ROUNDS])]
    if len(rounds) > _MOST_ROUNDS:
        lines.append(f"……共{len(rounds)}个报送期")
    return "\n\n".join(lines)


def _usable() -> Iterator[Plan]:
    """Yield the plans of the definitions that can be launched; a broken one does not keep the others from being served."""
    for path in known():
        try:
            plan = load(str(path))
        except LiandongError:
            continue
        if plan.usable:
            yield plan


async def deploy(campaigns: Iterable[tuple[str, str]], pool: str | None = None) -> list[str]:
    """Return the names of the deployments the server now has, its automations too; again, they are only updated.

    They wait for `liandong serve`, or with a pool for that pool's workers.
    """
    made = await as_left(deployments(campaigns))
    for one in made:
        await one.aapply(work_pool_name=pool)
    async with get_client() as client:
        await automations.install(client)
    return [one.name for one in made]


async def as_left(made: list[RunnerDeployment]) -> list[RunnerDeployment]:
    """Return deployments with what somebody paused or switched off in the pages still so: a restart sends no held letter."""
    async with get_client() as client:
        for one in made:
            try:
                held = await client.read_deployment_by_name(f"{one.flow_name}/{one.name}")
            except ObjectNotFound:
                continue
            one.paused = held.paused
            off = {getattr(each.schedule, "cron", None) for each in held.schedules if not each.active}
            for each in one.schedules or ():
                each.active = getattr(each.schedule, "cron", None) not in off
    return made


def serve_deployments(campaigns: Iterable[tuple[str, str]], alongside: Callable[[], Coroutine[Any, Any, None]]) -> None:
    """Deploy everything and run what is scheduled or asked for, in this process, until stopped or what is alongside fails."""
    checkout = str(Path(__file__).parent.parent)
    # runs are processes of their own, started anywhere: let them find these packages, and the office's data
    os.environ["PYTHONPATH"] = os.pathsep.join(filter(None, (checkout, os.environ.get("PYTHONPATH"))))
    if home := os.environ.get("LIANDONG_HOME"):
        os.environ["LIANDONG_HOME"] = str(Path(home).absolute())
    if checkout not in sys.path:
        sys.path.insert(0, checkout)
    asyncio.run(_together(_run(campaigns), alongside()))


async def _run(campaigns: Iterable[tuple[str, str]]) -> None:
    runner = _Runner(pause_on_shutdown=False, limit=2)
    for one in await as_left(deployments(campaigns)):
        await runner.aadd_deployment(one)
    await runner.start()


async def _together(*all_of: Coroutine[Any, Any, None]) -> None:
    """Raise what the first one to fail raised; the others are cancelled."""
    try:
        async with asyncio.TaskGroup() as group:
            for one in all_of:
                group.create_task(one)
    except ExceptionGroup as failed:
        raise failed.exceptions[0] from None


class _Runner(Runner):
    """Prefect's runner, which a SIGTERM ends as Ctrl+C does: its own way is a coroutine that nobody awaits."""

    def handle_sigterm(self, *_: Any, **__: Any) -> None:
        signal.raise_signal(signal.SIGINT)


async def launch_in_prefect(campaign: str, version: str) -> str:
    """Return the page of a campaign's run: a new one, or the one that this version's first launch made."""
    async with get_client() as client:
        name = f"{window.CAMPAIGN_FLOW}/{campaign}"
        try:
            deployment = await client.read_deployment_by_name(name)
        except ObjectNotFound:
            raise UnknownItem(f"Prefect 服务里没有“{campaign}”的部署，请先运行：liandong serve") from None
        run = await client.create_flow_run_from_deployment(
            deployment.id,
            parameters={"campaign": campaign, "confirm": True},
            idempotency_key=window.launch_key(campaign, version),
        )
        return f"{str(client.api_url).rstrip('/').removesuffix('/api')}/v2/runs/flow-run/{run.id}"
