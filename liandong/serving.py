"""Serving an office on one machine: Prefect's server, its pages, and the runs that are scheduled or asked for."""

import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Mapping
from functools import partial

from campaigns.errors import WorldError
from campaigns.workdays import office_time
from integrations import clock, settings
from liandong import prefect_server
from liandong.window import address_file, refresh


def serve(host: str, port: int, web_port: int | None, say: Callable[[str], None]) -> None:
    """Serve until interrupted or told to end, with a port for it the upload page too; WorldError when one of them ends.

    The address stands in the office's folder meanwhile, so that the command line finds the server.
    """
    signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell that starts this in the background had it ignored
    signal.signal(signal.SIGTERM, lambda *_: signal.raise_signal(signal.SIGINT))
    found = settings.load()
    say("正在启动 Prefect 服务，约需十几秒……")
    server = prefect_server.start(found.home, port, host)
    os.environ.update(server.variables)
    file = address_file(found.home)
    running = {f"Prefect 服务（端口 {port}）": server.process}
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
            command = [sys.executable, "-m", "liandong.cli", "web", "--port", str(web_port)]
            running[f"上传页面（端口 {web_port}）"] = subprocess.Popen(command)
        if found.fixed_clock:
            say(f"这是演示数据，时间停在 {office_time(found.fixed_clock):%Y-%m-%d %H:%M}。")
        serve_deployments(served, partial(_stand, running))
    except KeyboardInterrupt:
        say("已结束。")
    except Exception as error:
        if told := _ended(running):  # whatever else that brought about
            raise WorldError(told) from error
        raise
    finally:
        file.unlink(missing_ok=True)
        for process in reversed(running.values()):
            prefect_server.end(process)


async def _stand(running: Mapping[str, subprocess.Popen[bytes]]) -> None:
    """Raise once one of the processes has ended: whoever keeps this command running starts all of them again."""
    while not (told := _ended(running)):
        await asyncio.sleep(1)
    raise WorldError(told)


def _ended(running: Mapping[str, subprocess.Popen[bytes]]) -> str | None:
    """Return in words which of the processes has ended, None while all of them run."""
    gone = next((called for called, process in running.items() if process.poll() is not None), None)
    return f"{gone}意外结束，liandong serve 随之停止：systemd 会重新启动它，否则请再运行一次" if gone else None
