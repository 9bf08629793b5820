"""What stands on the page of a campaign's run besides its graph: tables, a progress bar, the picture, where the files are."""

import json
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any
from urllib.parse import quote
from uuid import UUID

from prefect.client.orchestration import PrefectClient

from campaigns.account import plain
from campaigns.forms import header
from campaigns.plain import still
from campaigns.window import Picture, RoundPicture, done, matrix, mermaid, overdue, progress
from integrations.pictures import graph_picture
from tasks.office import Office, office
from tasks.rolling import rolled_up

FILES = "/files"  # where the server's own pages hand out the office's files, see liandong/prefect_server.py
GRAPHS = "关系图"
_MOST_PICTURED = 3_000  # reports in a picture


class Page:
    """The page of one run: what is put on it under a key replaces what stood there, so a campaign of months keeps one of each."""

    def __init__(self, client: PrefectClient, run: UUID) -> None:
        self._client, self._run = client, run

    async def table(self, key: str, description: str, rows: Sequence[Mapping[str, Any]]) -> None:
        """Put a table on the page."""
        told = [{still(name): still(one) if isinstance(one, str) else one for name, one in row.items()} for row in rows]
        await self.put(key, "table", description, json.dumps(told, ensure_ascii=False))

    async def put(self, key: str, kind: str, description: str, data: Any) -> None:
        """Put something on the page; nothing is written when it stands there already."""
        said = {"description": still(description), "data": data}
        held = await self._held(key)
        if held is None:
            path: Any = "/artifacts/"
            await self._client.request("POST", path, json={"key": key, "type": kind, "flow_run_id": str(self._run), **said})
        elif {name: held[name] for name in said} != said:
            path = f"/artifacts/{held['id']}"
            await self._client.request("PATCH", path, json=said)

    async def _held(self, key: str) -> dict[str, Any] | None:
        path: Any = "/artifacts/filter"
        asked = {"artifacts": {"key": {"any_": [key]}, "flow_run_id": {"any_": [str(self._run)]}}, "limit": 1}
        found = (await self._client.request("POST", path, json=asked)).json()
        return dict(found[0]) if found else None


def key_of(what: str, code: str) -> str:
    """Return the key of an artifact: Prefect takes small letters, digits and dashes."""
    return f"{what}-{code}".replace("/", "-").replace("_", "-").lower()


async def show_campaign(page: Page, one: Picture, closed: Iterable[str], as_of: datetime) -> None:
    """Put on a campaign's page how far it is, round by round and duty by department, what is overdue, and where its files are.

    What each is comes first in its description: the page's cards show no more than the first dozen characters.
    """
    at = office()
    await page.put(key_of("done", one.campaign), "progress", f"已报送的百分比（{one.title}）", done(one))
    await page.table(key_of("progress", one.campaign), f"各报送期进度（{one.title}）", progress(one))
    late = overdue(one)
    await page.table(key_of("overdue", one.campaign), f"逾期未报 {len(late)} 项（{one.title}）", late)
    for a_round in one.rounds:
        if not a_round.closed or a_round.id in closed:
            said = f"{a_round.label}：各任务、各单位的情况（{one.title}）"
            await page.table(key_of("matrix", a_round.id), said, matrix(a_round))
            await _graph(page, at, one, a_round)
    for round_id in closed:
        await _rollup(page, at, one, round_id, as_of)
    await page.put(key_of("files", one.campaign), "markdown", f"台账、汇总等文件（{one.title}）", _files(at, one))


async def _graph(page: Page, at: Office, one: Picture, a_round: RoundPicture) -> None:
    """Put a round's graph on the page: as Mermaid, which the page draws, or as a picture when it is too large for that."""
    said, key = f"{a_round.label}：任务关系图（{one.title}）", key_of("graph", a_round.id)
    if text := mermaid(a_round):
        await page.put(key, "markdown", said, f"```mermaid\n{text}\n```")
    elif len(a_round.reports) <= _MOST_PICTURED:
        folder = at.home / GRAPHS
        folder.mkdir(exist_ok=True)
        with at.ledger() as ledger:
            plan = at.plan(ledger.campaign(one.campaign))
        graph_picture(plan, a_round.id, {bar.key: bar.state for bar in a_round.bars}, folder / f"{key}.png")
        await page.put(key, "image", said, f"{FILES}/{quote(GRAPHS)}/{key}.png")


async def _rollup(page: Page, at: Office, one: Picture, round_id: str, as_of: datetime) -> None:
    with at.ledger() as ledger:
        plan = at.plan(ledger.campaign(one.campaign))
        result = rolled_up(ledger, plan, round_id, as_of)
    both = (("本期", result.overall), ("累计", result.cumulative.overall))
    rows = [  # what nobody reported stands empty: it is no zero
        {"指标": header(item)} | {name: plain(totals[item.id]) if item.id in totals else "" for name, totals in both}
        for item in result.indicators
    ]
    said = f"{plan.round(round_id).label}汇总（{one.title}）。{result.coverage.text}"
    await page.table(key_of("rollup", round_id), said, rows)


def _files(at: Office, one: Picture) -> str:
    """Return links to the roll-ups published and the ledger page, and the folders where the rest stands."""
    lines = ["* [台账](/files/台账.html)"] if (at.home / "台账.html").is_file() else []
    with at.ledger() as ledger:
        published = [record for a_round in one.rounds for record in ledger.rollups(a_round.id)]
    for record in published:
        lines.append(f"* [{still(record.file)}]({FILES}/{quote(record.file)})　第{record.version}版")
    lines += [f"* {name}：`{at.home / folder}`" for name, folder in (("下发的报表", "forms"), ("发出的信件", "outbox"))]
    return "\n".join(lines)
