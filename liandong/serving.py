"""Serving an office on one machine: Prefect's server, its pages, and the runs that are scheduled or asked for."""

import os
from collections.abc import Callable

from integrations import clock, settings
from liandong import prefect_server
from liandong.window import address_file, refresh
from tasks.definitions import known, load


def serve(host: str, port: int, say: Callable[[str], None]) -> None:
    """Serve until interrupted; the address stands in the office's folder meanwhile, so that the command line finds the server."""
    found = settings.load()
    say("正在启动 Prefect 服务，约需十几秒……")
    server = prefect_server.start(found.home, port, host)
    os.environ.update(server.variables)
    os.environ.setdefault("PREFECT_LOGGING_LEVEL", "WARNING")
    file = address_file(found.home)
    try:
        file.write_text(server.api_url, "ascii")
        refresh(clock.now())
        say(f"Prefect 界面：{server.url}　按 Ctrl+C 结束")
        if found.fixed_clock:
            say(f"这是演示数据，时间停在 {found.fixed_clock:%Y-%m-%d %H:%M}。")
        from liandong.deployments import serve_deployments

        plans = [load(str(path)) for path in known()]
        serve_deployments([(one.definition.campaign.id, one.definition.campaign.title) for one in plans if one.usable])
    finally:
        file.unlink(missing_ok=True)
        server.stop()
