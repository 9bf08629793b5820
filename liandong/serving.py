"""Serving an office on one machine: Prefect's server, its pages, and the runs that are scheduled or asked for."""

import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import Callable

from campaigns.errors import WorldError
from campaigns.workdays import office_time
from integrations import clock, settings
from liandong import prefect_server
from liandong.window import address_file, refresh


def serve(host: str, port: int, web_port: int | None, say: Callable[[str], None]) -> None:
    """Serve until interrupted or told to end, with a port for it the upload page too; WorldError when that page ends by itself.

    The address stands in the office's folder meanwhile, so that the command line finds the server.
    """
    signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell that starts this in the background had it ignored
    signal.signal(signal.SIGTERM, lambda *_: signal.raise_signal(signal.SIGINT))
    found = settings.load()
    say("正在启动 Prefect 服务，约需十几秒……")
    server = prefect_server.start(found.home, port, host)
    os.environ.update(server.variables)
    file = address_file(found.home)
    door: subprocess.Popen[bytes] | None = None
    try:
        file.write_text(server.api_url, "ascii")
        from liandong.deployments import deploy, launchable, serve_deployments

        served = launchable()
        asyncio.run(deploy(served))  # before anything is drawn: a window without its deployment cannot be resumed
        try:
            refresh(clock.now())
        except WorldError as error:
            say(str(error))
        say(f"Prefect 界面：{server.url}　按 Ctrl+C 结束")
        if web_port:  # a process of its own: what the world may reach shares nothing with Prefect's pages
            door = subprocess.Popen([sys.executable, "-m", "liandong.cli", "web", "--port", str(web_port)])
        if found.fixed_clock:
            say(f"这是演示数据，时间停在 {office_time(found.fixed_clock):%Y-%m-%d %H:%M}。")
        serve_deployments(served, *([_stands(door, web_port)] if door and web_port else []))
    except KeyboardInterrupt:
        say("已结束。")
    finally:
        if door:
            door.terminate()
            door.wait(10)
        file.unlink(missing_ok=True)
        server.stop()


async def _stands(door: subprocess.Popen[bytes], port: int) -> None:
    """Raise once the upload page has ended: whoever keeps this command running starts both again."""
    while door.poll() is None:
        await asyncio.sleep(1)
    raise WorldError(f"上传页面（端口 {port}）意外结束，服务随之停止：systemd 会重新启动它，否则请再运行 liandong serve")
