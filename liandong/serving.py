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
    """Serve until interrupted or told to end, with a port for it the upload page too.

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
        serve_deployments(served)
    except KeyboardInterrupt:
        say("已结束。")
    finally:
        if door:
            door.terminate()
            door.wait(10)
        file.unlink(missing_ok=True)
        server.stop()
