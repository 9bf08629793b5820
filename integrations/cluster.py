"""A Dask cluster as the settings name it: asked before work is given to it, because work that nobody takes waits for ever."""

import importlib.util
import socket
from urllib.parse import urlsplit

_PORT = 8786  # of a scheduler that names none
_SECONDS = 5  # for a scheduler to answer
_HERE = "在此期间由本机读取"


def out_of_reach(scheduler: str) -> str | None:
    """Return in words why a cluster can read nothing now, None when it can."""
    if importlib.util.find_spec("prefect_dask") is None:
        return f"没有安装 Dask，请安装 liandong[dask]，或删去设置里的 dask；{_HERE}"
    from distributed import Client

    try:
        where = urlsplit(scheduler)
        # a client that finds nobody goes on complaining after it has failed
        socket.create_connection((where.hostname, where.port or _PORT), _SECONDS).close()
        with Client(scheduler, timeout=_SECONDS, set_as_default=False) as client:  # type: ignore[no-untyped-call]
            workers = client.scheduler_info()["workers"]
    except (OSError, ValueError):
        return f"连不上 Dask 的 scheduler（{scheduler}），请启动它，或改正、删去设置里的 dask；{_HERE}"
    return None if workers else f"Dask 的 scheduler（{scheduler}）没有 worker，请启动 dask worker；{_HERE}"
