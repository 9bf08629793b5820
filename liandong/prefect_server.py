"""A local Prefect server whose pages keep the browser on this host, run by uvicorn in a process of its own."""

import os
import socket
import subprocess
import sys
import time
from base64 import b64encode
from contextlib import suppress
from dataclasses import dataclass
from hmac import compare_digest
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote

from campaigns.errors import NotConfigured, WorldError

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

AUTHENTICATION = "PREFECT_SERVER_API_AUTH_STRING"
SHOWN = ("rollup", "关系图")  # folders of the office whose files the pages link to
LOOPBACK = ("127.0.0.1", "localhost", "::1")
# Prefect's page asks an analytics host whatever the settings; the browser is told to refuse everything but this host.
# Inline code, workers from blobs and eval are the page's own: without eval it draws no graph.
POLICY = "; ".join(
    (
        "default-src 'self'",
        "script-src 'self' 'unsafe-inline' 'unsafe-eval' 'wasm-unsafe-eval' blob:",
        "style-src 'self' 'unsafe-inline'",
        "img-src 'self' data: blob:",
        "font-src 'self' data:",
        "connect-src 'self' data: blob:",
        "worker-src 'self' blob:",
        "object-src 'none'",
        "base-uri 'self'",
        "form-action 'self'",
        "frame-ancestors 'none'",
    )
)


def environment(home: Path, port: int, host: str = "127.0.0.1") -> dict[str, str]:
    """Return the variables of the server, its runner and its clients: data in the office's folder, nothing sent out."""
    password = os.environ.get(AUTHENTICATION)
    return {
        **({"PREFECT_API_AUTH_STRING": password} if password else {}),
        "PREFECT_HOME": str(home.absolute() / "prefect"),
        "PREFECT_API_URL": f"http://{_bracketed(host)}:{port}/api",
        "PREFECT_UI_API_URL": "/api",
        "PREFECT_SERVER_UI_SHOW_PROMOTIONAL_CONTENT": "false",
        "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
        "DO_NOT_TRACK": "1",
        # each open round is looked at once a loop; at the default 20 s the server is never idle
        "PREFECT_SERVER_SERVICES_CANCELLATION_CLEANUP_LOOP_SECONDS": "600",
        # one by one, as shipped, a flow's task runs reach the server half a minute late
        "PREFECT_SERVER_SERVICES_TASK_RUN_RECORDER_BATCH_SIZE": "200",
        "PREFECT_SERVER_SERVICES_TASK_RUN_RECORDER_READ_BATCH_SIZE": "200",
        "PREFECT_SERVER_SERVICES_TASK_RUN_RECORDER_FLUSH_INTERVAL": "1",
        "PREFECT_SERVER_SERVICES_EVENT_PERSISTER_READ_BATCH_SIZE": "200",
        "PREFECT_SERVER_SERVICES_DB_VACUUM_ENABLED": "events,flow_runs",
        # slots held by runs are kept in files: a server that is restarted would else never give back the slot of a run that
        # died, and every later run of that deployment would be dropped
        "PREFECT_SERVER_CONCURRENCY_LEASE_STORAGE": "prefect.server.concurrency.lease_storage.filesystem",
        # a run whose worker was killed is found by its silence (liandong/automations/silent_run.yaml)
        "PREFECT_FLOWS_HEARTBEAT_FREQUENCY": "60",
        # what runs log, with campaign and report, stands on their pages; in the terminal or journal only what needs somebody
        "PREFECT_LOGGING_HANDLERS_CONSOLE_LEVEL": "WARNING",
        # no result is kept: between runs only ids travel, bytes are in raw/
        "PREFECT_RESULTS_PERSIST_BY_DEFAULT": "false",
        "PYTHONUTF8": "1",
        "TZ": "Asia/Shanghai",
    }


@dataclass(frozen=True, slots=True)
class RunningServer:
    """A server that answers at `url`; `variables` are those its clients need."""

    url: str
    process: "subprocess.Popen[bytes]"
    variables: dict[str, str]
    log: Path

    @property
    def api_url(self) -> str:
        """Return the address of the server's interface."""
        return f"{self.url}/api"

    def stop(self) -> None:
        """End the server and wait for it."""
        end(self.process)


def end(process: "subprocess.Popen[bytes]") -> None:
    """End a process, kindly at first, and wait for it."""
    process.terminate()
    try:
        process.wait(20)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def start(home: Path, port: int = 0, host: str = "127.0.0.1", patience: float = 120) -> RunningServer:
    """Return a server once it answers; port 0 takes a free one; NotConfigured or WorldError when it cannot."""
    check_host(host)
    port = port or _free_port(host)
    if _answers(host, port):
        raise WorldError(f"端口 {port} 上已有一个 Prefect 服务在运行，请先结束它，或用 --port 换一个端口")
    variables = environment(home, port, host)
    (home / "prefect").mkdir(parents=True, exist_ok=True)
    log = home / "prefect" / "server.log"
    command = [sys.executable, "-m", "uvicorn", "liandong.prefect_server:app", "--factory", "--host", host, "--port", str(port)]
    command += ["--log-level", "warning", "--timeout-graceful-shutdown", "5"]
    with log.open("ab") as output:
        process = subprocess.Popen(
            command, env={**os.environ, **variables}, stdin=subprocess.DEVNULL, stdout=output, stderr=output, cwd=_checkout()
        )
    server = RunningServer(f"http://{_bracketed(host)}:{port}", process, variables, log)
    until = time.monotonic() + patience
    try:
        while not _answers(host, port):
            if process.poll() is not None:
                raise WorldError(f"Prefect 服务没有启动成功（端口 {port} 可能已被占用），详见 {log}")
            if time.monotonic() > until:
                raise WorldError(f"等了{patience:.0f}秒，Prefect 服务仍未就绪，详见 {log}")
            time.sleep(0.1)
    except BaseException:  # told to end meanwhile, too
        server.stop()
        raise
    return server


def check_host(host: str) -> None:
    """Return nothing when the server may listen there; NotConfigured, because its pages know no roles, without a password."""
    if host not in LOOPBACK and not os.environ.get(AUTHENTICATION):
        raise NotConfigured(f"Prefect 页面没有分权限：要在 {host} 上开放，请先用环境变量 {AUTHENTICATION} 设置“用户名:密码”")


def app() -> "ASGIApp":
    """Return Prefect's own server application with the security policy on every answer."""
    from prefect.server.api.server import create_app

    pages = with_newer_pages(create_app())
    return with_policy(with_files(pages, Path(os.environ["PREFECT_HOME"]).parent, os.environ.get(AUTHENTICATION)))


def with_files(inner: "ASGIApp", home: Path, password: str | None = None) -> "ASGIApp":
    """Return an ASGI application that also shows the office's roll-ups, pictures and ledger pages under /files.

    With a password, `user:password`, the browser asks for it: Prefect's pages send theirs to the API only, not where links lead.
    """
    from starlette.exceptions import HTTPException
    from starlette.responses import FileResponse, PlainTextResponse
    from starlette.staticfiles import StaticFiles

    folders = {name: StaticFiles(directory=home / name, check_dir=False) for name in SHOWN}
    wanted = f"Basic {b64encode(password.encode()).decode()}".encode() if password else b""
    asking = PlainTextResponse("请输入界面的用户名和密码", 401, {"www-authenticate": 'Basic realm="liandong", charset="UTF-8"'})

    async def outer(scope: "Scope", receive: "Receive", send: "Send") -> None:
        if scope["type"] != "http" or not scope["path"].startswith("/files/"):
            return await inner(scope, receive, send)
        if wanted and not compare_digest(dict(scope["headers"]).get(b"authorization", b""), wanted):
            return await asking(scope, receive, send)
        top, _, rest = scope["path"].removeprefix("/files/").partition("/")
        page = home / top
        answer: ASGIApp = PlainTextResponse("没有这个文件", 404)
        if not rest and page.suffix == ".html" and page.name.startswith("台账") and page.is_file():
            answer = FileResponse(page)
        elif top in folders and (home / top).is_dir():
            inside = {**scope, "path": f"/{rest}", "root_path": ""}
            with suppress(HTTPException):
                answer = await folders[top].get_response(folders[top].get_path(inside), inside)
        return await answer(scope, receive, send)

    return outer


def with_newer_pages(inner: "ASGIApp") -> "ASGIApp":
    """Return an ASGI application that sends browsers from the old pages to the new ones: the old graph draws no Chinese."""

    async def outer(scope: "Scope", receive: "Receive", send: "Send") -> None:
        if scope["type"] == "http" and b"text/html" in dict(scope["headers"]).get(b"accept", b""):
            path = scope["path"]
            if path.split("/")[1] not in ("v2", "api", "docs", "redoc"):
                query = b"?" + scope["query_string"] if scope["query_string"] else b""
                location = quote(f"/v2{path}").encode() + query
                await send({"type": "http.response.start", "status": 307, "headers": [(b"location", location)]})
                await send({"type": "http.response.body", "body": b""})
                return
        await inner(scope, receive, send)

    return outer


def with_policy(inner: "ASGIApp") -> "ASGIApp":
    """Return an ASGI application that adds the policy to every answer of another."""

    async def outer(scope: "Scope", receive: "Receive", send: "Send") -> None:
        async def send_with_policy(message: "Message") -> None:
            if message["type"] == "http.response.start":
                added = [(b"content-security-policy", POLICY.encode()), (b"referrer-policy", b"no-referrer")]
                message = {**message, "headers": [*message.get("headers", []), *added]}
            await send(message)

        await inner(scope, receive, send_with_policy)

    return outer


def _checkout() -> Path:
    """Return the folder from which the project's packages are imported."""
    return Path(__file__).parent.parent


def _bracketed(host: str) -> str:
    return f"[{host}]" if ":" in host else host


def _free_port(host: str) -> int:
    with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET) as probe:
        probe.bind((host, 0))
        return int(probe.getsockname()[1])


def _answers(host: str, port: int) -> bool:
    connection = HTTPConnection(host, port, timeout=5)
    try:
        connection.request("GET", "/api/health")
        return connection.getresponse().status == 200
    except (OSError, HTTPException):
        return False
    finally:
        connection.close()
