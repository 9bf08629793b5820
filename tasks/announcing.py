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

from campaigns.window import OVERDUE, Picture
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
    name = told_until(one.campaign)
    last = await client.read_variable_by_name(name)
    known: Any = last.value if last else None
    with office().ledger() as ledger:
        end = ledger.last_sequence(one.campaign)
        texts = ledger.events_after(one.campaign, known["event"], MOST) if known else []
    late = list(_overdue(one, drawn, datetime.fromisoformat(known["overdue"]), as_of)) if known else []
    told = [*_recorded(texts, drawn), *late]
    if told:
        path: Any = "/events"
        await client.request("POST", path, json=[event.model_dump(mode="json") for event in told])
    if known is None:
        await client.create_variable(VariableCreate(name=name, value={"event": end, "overdue": as_of.isoformat()}))
    elif texts or late:
        reached = {
            "event": json.loads(texts[-1])["sequence"] if texts else known["event"],
            "overdue": as_of.isoformat() if late else known["overdue"],
        }
        await client.update_variable(VariableUpdate(name=name, value=reached))
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


def _overdue(one: Picture, drawn: Drawn, since: datetime, as_of: datetime) -> Iterator[Event]:
    """Yield an event for each round in which reports have become overdue since a moment, the first of them named."""
    for a_round in one.rounds:
        late = [bar for bar in a_round.reports if bar.state in OVERDUE and bar.due_at and bar.due_at >= since]
        if not late:
            continue
        yield Event(
            event="liandong.submission.overdue",
            resource={"prefect.resource.id": f"liandong.{a_round.id}", "prefect.resource.name": a_round.label},
            related=[
                *_related(one.campaign, drawn),
                *(
                    {
                        "prefect.resource.id": f"liandong.{bar.key}",
                        "prefect.resource.role": "expected-report",
                        "prefect.resource.name": bar.label,
                    }
                    for bar in late[:_MOST_RELATED]
                ),
            ],
            payload={
                "campaign": one.title,
                "round": a_round.label,
                "count": len(late),
                "due": f"{office_time(max(bar.due_at for bar in late if bar.due_at)):%Y-%m-%dT%H:%M}",
                "reports": "；".join(bar.label for bar in late[:_MOST_RELATED])
                + (f"；……共{len(late)}项" if len(late) > _MOST_RELATED else ""),
                "as_of": f"{office_time(as_of):%Y-%m-%d %H:%M}",
            },
        )


def _related(campaign: str, drawn: Drawn) -> list[dict[str, str]]:
    return [
        {"prefect.resource.id": f"liandong.{campaign}", "prefect.resource.role": "campaign"},
        {"prefect.resource.id": f"prefect.flow-run.{drawn.run}", "prefect.resource.role": "flow-run"},
        {"prefect.resource.id": f"prefect.tag.{campaign_tag(campaign)}", "prefect.resource.role": "tag"},
    ]
