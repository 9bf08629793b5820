"""Keeping the upload page and the API open on this machine; links to them."""

import socket
from collections.abc import Callable
from datetime import datetime

import uvicorn

from campaigns.errors import UnknownItem, WorldError
from campaigns.records import RoundRecord
from integrations import clock
from liandong.views import the_campaign
from liandong.web import create_app
from tasks.doors import upload_link
from tasks.office import office


def keep_open(host: str, port: int, say: Callable[[str], None]) -> None:
    """Serve the upload page and the API until interrupted."""
    at = office()
    with at.ledger():
        pass  # a ledger that cannot be opened is told now, in Chinese, not at the first upload
    _must_be_free(host, port)
    say(f"上传页面：http://{host}:{port}　按 Ctrl+C 结束")
    if at.settings.web is None:
        say("设置中还没有 [web] public_url，信里不会有上传链接；可用 liandong link 查看各单位的链接。")
    # no access log: the addresses are keys
    uvicorn.run(
        create_app(clock.now),
        host=host,
        port=port,
        log_level="warning",
        access_log=False,
        server_header=False,
        limit_concurrency=100,
        timeout_keep_alive=5,
    )


def _must_be_free(host: str, port: int) -> None:
    """WorldError when nobody can listen there: uvicorn would say so in English, after the address was given out."""
    with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except (OSError, OverflowError):
            raise WorldError(f"地址 {host} 的端口 {port} 打不开，可能已被别的程序占用，请用 --port 换一个") from None


def link_of(unit: str, round_id: str | None, renew: bool, as_of: datetime) -> str:
    """Return the address of a department's upload page for a round: the one given, or the newest that is open."""
    at = office()
    with at.ledger() as ledger:
        code = round_id.split("/")[0] if round_id else the_campaign(None)
        plan = at.plan(ledger.campaign(code))
        a_round = _round(ledger.rounds(code), round_id)
        found = [one.id for one in plan.organs.values() if unit in (one.id, one.name, one.full_name)]
        owing = {one.department for one in plan.expected_in(a_round.id)}
        if not found or found[0] not in owing:
            raise UnknownItem(f"“{unit}”在{a_round.label}没有应报的任务，请用单位代码或全称")
        token = upload_link(at, ledger, a_round, found[0], as_of, renew)
    base = at.settings.web.public_url.rstrip("/") if at.settings.web else "http://127.0.0.1:4300"
    return f"{base}/u/{token}"


def _round(rounds: list[RoundRecord], wanted: str | None) -> RoundRecord:
    if wanted:
        found = [one for one in rounds if one.id == wanted]
    else:
        found = [one for one in rounds if one.opened_at and one.closed_at is None]
    if not found:
        raise UnknownItem(f"没有报送期“{wanted}”" if wanted else "现在没有开启的报送期，请写明报送期")
    return found[-1]
