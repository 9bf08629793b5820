"""Telling Prefect what happened, as events: what the ledger recorded since the last telling, and what a drawing found overdue.

Automations hang on these events; the ledger hangs on none of them. Nothing is lost when an event is: the next tick does the work.
"""

import json
from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import Any

from prefect.client.orchestration import PrefectClient
from prefect.client.schemas.actions import VariableCreate, VariableUpdate
from prefect.events.schemas.events import Event

from campaigns.window import OVERDUE, Bar, Picture
from campaigns.workdays import office_time
from tasks.office import office
from tasks.window import Drawn, campaign_tag, told_until

MOST = 500  # events of a telling; what is left is told next time
_MOST_RELATED = 60  # the server takes a hundred related resources at most
_QUIET = ("message.", "notice.")  # told by the letters themselves
_NAMES = {"envelope.settled": "submission.received"}


async def announce(client: PrefectClient, one: Picture, drawn: Drawn, as_of: datetime) -> int:
    """Return how many events were emitted of a campaign: each ledger event once; none of what lies before the window was drawn.

    An event is `liandong.<what happened>`, its resource what it happened to, its related ones the campaign and its run.
    """
    last = await client.read_variable_by_name(told_until(one.campaign))
    with office().ledger() as ledger:
        end = ledger.last_sequence(one.campaign)
        texts = ledger.events_after(one.campaign, int(str(last.value)), MOST) if last else []
    told = [*_recorded(texts, drawn), *_overdue(one, drawn, as_of)]
    if told:
        path: Any = "/events"
        await client.request("POST", path, json=[event.model_dump(mode="json") for event in told])
    reached = json.loads(texts[-1])["sequence"] if texts else end
    if last is None:
        await client.create_variable(VariableCreate(name=told_until(one.campaign), value=reached))
    elif texts:
        await client.update_variable(VariableUpdate(name=told_until(one.campaign), value=reached))
    return len(told)


def _recorded(texts: Iterable[str], drawn: Drawn) -> Iterator[Event]:
    for text in texts:
        said = json.loads(text)
        if said["kind"].startswith(_QUIET):
            continue
        yield Event(
            event=f"liandong.{_NAMES.get(said['kind'], said['kind'])}",
            resource={
                "prefect.resource.id": f"liandong.{said['about']}",
                "prefect.resource.name": said["about"],
                "liandong.checked": "yes",
            },
            related=_related(said["campaign"], drawn),
            payload={key: said[key] for key in ("sequence", "occurred_at", "actor", "data")},
        )


def _overdue(one: Picture, drawn: Drawn, as_of: datetime) -> Iterator[Event]:
    """Yield an event for each round in which reports have become overdue, the first of them named."""
    labels = {a_round.id: a_round.label for a_round in one.rounds}
    late: dict[str, list[Bar]] = {}
    for bar, before in drawn.changed:
        if bar.state in OVERDUE and not before.startswith(OVERDUE):
            late.setdefault("/".join(bar.key.split("/")[:2]), []).append(bar)
    for round_id, bars in late.items():
        yield Event(
            event="liandong.submission.overdue",
            resource={"prefect.resource.id": f"liandong.{round_id}", "prefect.resource.name": labels[round_id]},
            related=[
                *_related(one.campaign, drawn),
                *(
                    {
                        "prefect.resource.id": f"liandong.{bar.key}",
                        "prefect.resource.role": "expected-report",
                        "prefect.resource.name": bar.label,
                    }
                    for bar in bars[:_MOST_RELATED]
                ),
            ],
            payload={
                "campaign": one.title,
                "round": labels[round_id],
                "count": len(bars),
                "reports": "；".join(bar.label for bar in bars[:_MOST_RELATED])
                + (f"；……共{len(bars)}项" if len(bars) > _MOST_RELATED else ""),
                "as_of": f"{office_time(as_of):%Y-%m-%d %H:%M}",
            },
        )


def _related(campaign: str, drawn: Drawn) -> list[dict[str, str]]:
    return [
        {"prefect.resource.id": f"liandong.{campaign}", "prefect.resource.role": "campaign"},
        {"prefect.resource.id": f"prefect.flow-run.{drawn.run}", "prefect.resource.role": "flow-run"},
        {"prefect.resource.id": f"prefect.tag.{campaign_tag(campaign)}", "prefect.resource.role": "tag"},
    ]
