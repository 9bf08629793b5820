"""Keeping Prefect's window up to date from the command line: only when a server runs, so only then is Prefect imported."""

import asyncio
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from datetime import datetime, timedelta
from http import HTTPStatus
from pathlib import Path
from urllib.parse import quote
from uuid import uuid4

from httpx import HTTPError, InvalidURL, get, post

from campaigns.errors import NotConfigured, UnknownItem, WorldError
from integrations import settings
from tasks.office import office

_NO_SERVER = "没有运行中的 Prefect 服务，请先运行：liandong serve"
_NOT_DONE = "Prefect 服务没有办成这件事，请过一会儿再试一次；还不行的，请看服务的日志"
DAILY = timedelta(hours=26)  # the daily round is due once in this, and twice on most days
ADDRESS = "address"  # the file in Prefect's folder that says where the running server is


def address_file(home: Path) -> Path:
    """Return the file in which a running server's address stands."""
    return home / "prefect" / ADDRESS


def running_server() -> str | None:
    """Return the API address of the office's Prefect server, None when none answers."""
    found = settings.load()
    file = address_file(found.home)
    url = found.prefect_api_url or (file.read_text("ascii").strip() if file.is_file() else None)
    if url is None:
        return None
    with suppress(HTTPError, InvalidURL):
        if get(f"{url}/health", timeout=2).status_code == HTTPStatus.OK:
            return url
    return None


def announce_received(numbers: Sequence[str], round_id: str, department: str, now: datetime) -> None:
    """Tell a running server that something came in, so that an automation takes it up; nothing hangs on the telling."""
    url = running_server()
    if url is None:
        return
    told = [
        {
            "id": str(uuid4()),
            "occurred": now.isoformat(),
            "event": "liandong.submission.received",
            "resource": {
                "prefect.resource.id": f"liandong.{number}",
                "prefect.resource.name": number,
                "liandong.checked": "no",
            },
            "related": [
                {"prefect.resource.id": f"liandong.{round_id}", "prefect.resource.role": "round"},
                {"prefect.resource.id": f"liandong.{department}", "prefect.resource.role": "department"},
            ],
            "payload": {"receipt": number},
        }
        for number in numbers
    ]
    with suppress(HTTPError):
        post(f"{url}/events", json=told, timeout=2, auth=_password())


def not_running(url: str, now: datetime) -> str | None:
    """Return in words why what a server should do by itself is not done, None when all is: the daily round, taking in reports."""
    try:
        return _idle(url, "每日例行", "daily-round", now) or _idle(url, "收取报表", "collect-submissions", now)
    except HTTPError:
        return "问不到定时运行跑得怎样；服务设了密码的，请设置 PREFECT_API_AUTH_STRING=用户名:密码"


def _idle(url: str, flow: str, name: str, now: datetime) -> str | None:
    since = now - DAILY
    answer = get(f"{url}/deployments/name/{quote(flow)}/{name}", timeout=5, auth=_password())
    if answer.status_code == HTTPStatus.NOT_FOUND:
        return f"“{flow}”没有登记：单机请运行 liandong serve，有 worker 的请运行 liandong prefect deploy --pool"
    made = answer.raise_for_status().json()
    if made["paused"] or not any(one["active"] for one in made["schedules"]):
        return f"“{flow}”在界面上停用了，不会自动运行：请在它的部署页上重新启用"
    if datetime.fromisoformat(made["created"]) > since:
        return None
    ended = {"state": {"type": {"any_": ["COMPLETED"]}}, "start_time": {"after_": since.isoformat()}}
    asked = {"deployments": {"id": {"any_": [made["id"]]}}, "flow_runs": ended, "limit": 1}
    found = post(f"{url}/flow_runs/filter", json=asked, timeout=5, auth=_password()).raise_for_status().json()
    return None if found else f"“{flow}”一天多没有跑完过一次：请看 serve 或 worker 是否在运行，界面上它的运行为什么没有完成"


def _password() -> tuple[str, str] | None:
    user, _, password = os.environ.get("PREFECT_API_AUTH_STRING", "").partition(":")
    return (user, password) if user else None


def refresh(now: datetime) -> str | None:
    """Return the address of the pages, every campaign shown as it stands; None, and nothing done, without a server."""
    url = running_server()
    if url is None:
        return None
    _prepare(url)
    from prefect.exceptions import PrefectException

    from tasks.showing import show

    try:
        asyncio.run(show(_campaigns(), now))
    except (PrefectException, HTTPError) as error:
        # the work is done and stands in the ledger; the next tick draws what this one could not
        raise WorldError("台账已更新，但 Prefect 界面这次没有画上，下一次运行会补画") from error
    return url.removesuffix("/api")


def deploy(pool: str | None) -> list[str]:
    """Return the names of the deployments that the running server now has; WorldError when none runs.

    NotConfigured when it asks for another password, UnknownItem when it has no such pool.
    """
    with _served(f"work_pools/{quote(pool, safe='')}" if pool else "admin/version"):
        from liandong.deployments import deploy as deploy_all
        from liandong.deployments import launchable

        return asyncio.run(deploy_all(launchable(), pool))


def rebuild(now: datetime) -> str:
    """Return what was drawn again from the ledger, in words; WorldError when no server runs, NotConfigured without a password."""
    with _served("admin/version") as url:
        from tasks.showing import redraw

        drawn = asyncio.run(redraw(_campaigns(), now))
        return f"已按台账重画 {len(drawn)} 个专项行动：{url.removesuffix('/api')}"


@contextmanager
def _served(needed: str) -> Iterator[str]:
    """Yield the running server's address, Prefect turned to it, once it has what is needed; what it refuses is said in words."""
    url = running_server()
    if url is None:
        raise WorldError(_NO_SERVER)
    _must_have(url, needed)
    _prepare(url)
    from prefect.deployments.runner import DeploymentApplyError
    from prefect.exceptions import PrefectException

    try:
        yield url
    except (PrefectException, DeploymentApplyError, HTTPError) as error:
        raise WorldError(_NOT_DONE) from error


def _must_have(url: str, needed: str) -> None:
    try:
        status = get(f"{url}/{needed}", timeout=5, auth=_password()).status_code
    except HTTPError as error:
        raise WorldError(_NOT_DONE) from error
    if status == HTTPStatus.UNAUTHORIZED:
        raise NotConfigured("Prefect 服务设了密码，请设置环境变量 PREFECT_API_AUTH_STRING=用户名:密码（与服务的一致）后再试")
    if status == HTTPStatus.NOT_FOUND:
        raise UnknownItem("Prefect 服务里没有这个工作池，请核对名称，或先运行：prefect work-pool create 名称 --type process")


def _campaigns() -> list[str]:
    with office().ledger() as ledger:
        return [record.id for record in ledger.campaigns()]


def _prepare(url: str) -> None:
    """Set what Prefect reads when it is imported; it never sees the user's own profile."""
    os.environ.update(
        PREFECT_API_URL=url,
        PREFECT_HOME=str(settings.home() / "prefect"),
        DO_NOT_TRACK="1",
        PREFECT_SERVER_ANALYTICS_ENABLED="false",
        PREFECT_LOGGING_LEVEL="ERROR",
    )
