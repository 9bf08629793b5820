"""Deciding: what an order would do is shown first, and recorded word for word when it is confirmed. Requests only wait."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime

from campaigns.decisions import Decision, Effect, Kind, Selection, Situation, effect, select
from campaigns.errors import Refused, UnknownItem
from campaigns.events import Event
from campaigns.records import DecisionRecord, RequestRecord
from campaigns.workdays import office_date
from integrations.database.ledger import Ledger
from tasks.closing import publish_closed
from tasks.office import Office, office

_OF_DEPARTMENTS = (Kind.MERGE, Kind.SUBSTITUTE)


@dataclass(frozen=True, slots=True)
class Order:
    """A decision as somebody words it: `selection` names what it is about, `decided_on` is today unless said otherwise.

    The campaign is the one the named items belong to, or the only one that runs.
    """

    kind: Kind
    selection: Selection
    by: str
    authority: str = ""
    basis: str = ""
    decided_on: date | None = None
    granted: Mapping[str, str] = field(default_factory=dict)
    request: str | None = None
    campaign: str = ""


def decide(order: Order, as_of: datetime, *, confirm: bool) -> Effect:
    """Return what an order does, recorded in one transaction if it is confirmed; Refused, with every reason, if it cannot be.

    Without confirmation the ledger stays as it is.
    """
    at = office()
    with at.ledger() as ledger:
        code = _campaign(ledger, order)
        situation = situation_of(at, ledger, code, as_of)
        found = effect(situation, _decision(ledger, situation, order, code))
        if confirm:
            ledger.record(*found.events)
            if order.kind is Kind.CLOSE:
                publish_closed(at, ledger, found.decision.scope, as_of)
    return found


def situation_of(at: Office, ledger: Ledger, campaign: str, as_of: datetime) -> Situation:
    """Return what the ledger holds on a campaign when something is to be decided."""
    plan = at.plan(ledger.campaign(campaign))
    return Situation(
        plan,
        at.slots(plan),
        {one.id: one for one in ledger.rounds(campaign)},
        ledger.standings(campaign),
        as_of,
        {one.id: one for one in ledger.requests(campaign)},
    )


def ask(
    selection: Selection, wanted: date | None, reason: str, asked_by: str, door: str, as_of: datetime, campaign: str = ""
) -> RequestRecord:
    """Return what a department asked for, recorded as an open request: it moves nothing. Refused for an unknown scope.

    `door` is how it came: phone, mail or page.
    """
    at = office()
    with at.ledger() as ledger:
        code = _campaign(ledger, Order(Kind.EXTEND, selection, asked_by, campaign=campaign))
        return put_request(at, ledger, code, selection, wanted, reason, asked_by, door, as_of)


def put_request(
    at: Office,
    ledger: Ledger,
    campaign: str,
    selection: Selection,
    wanted: date | None,
    reason: str,
    asked_by: str,
    door: str,
    as_of: datetime,
) -> RequestRecord:
    """Return the request, recorded in the caller's transaction."""
    scope = select(situation_of(at, ledger, campaign, as_of), Kind.EXTEND, selection)
    reasons = []
    if not reason.strip():
        reasons.append("没有写明理由（--reason）")
    if not asked_by.strip():
        reasons.append("没有写明申请人（--by）")
    if reasons:
        raise Refused(reasons)
    number = ledger.next_request(campaign)
    data = {
        "scope": list(scope),
        "wanted": wanted.isoformat() if wanted else None,
        "reason": reason,
        "asked_by": asked_by,
        "door": door,
    }
    ledger.record(Event(campaign, "request.made", number, as_of, asked_by, f"request:{number}", data))
    return ledger.request(number)


def listed(campaign: str) -> tuple[list[DecisionRecord], list[RequestRecord]]:
    """Return the decisions and the requests of a campaign, in the order in which they were made."""
    with office().ledger() as ledger:
        return ledger.decisions(campaign), ledger.requests(campaign)


def _campaign(ledger: Ledger, order: Order) -> str:
    known = {one.id for one in ledger.campaigns()}
    named = order.campaign or (order.request or "").split("/")[0] or next(iter(order.selection.items), "").split("/")[0]
    if named in known:
        return ledger.campaign(named).id
    running = [one.id for one in ledger.campaigns("live", "paused")]
    if order.campaign or len(running) != 1:
        words = f"有{len(running)}个进行中的专项行动，请写明是哪一个：{'、'.join(running)}" if running else "没有进行中的专项行动"
        raise UnknownItem(words)
    return running[0]


def _decision(ledger: Ledger, situation: Situation, order: Order, campaign: str) -> Decision:
    asked = situation.requests.get(order.request or "")
    if order.kind in _OF_DEPARTMENTS:
        scope: tuple[str, ...] = _departments(situation, order.selection.items)
    elif order.kind is Kind.CLOSE or order.kind is Kind.EXEMPT:
        scope = order.selection.items
    elif order.kind is Kind.DECLINE or (asked and not order.selection.items):
        scope = asked.scope if asked else ()
    else:
        scope = select(situation, order.kind, order.selection, ledger.envelopes_of(campaign))
    granted = dict(order.granted)
    if "into" in granted:
        (granted["into"],) = _departments(situation, (granted["into"],))
    return Decision(
        ledger.next_decision(campaign),
        campaign,
        order.kind,
        scope,
        order.by,
        order.authority,
        order.basis,
        order.decided_on or office_date(situation.as_of),
        granted,
        order.request,
    )


def _departments(situation: Situation, names: tuple[str, ...]) -> tuple[str, ...]:
    """Return the codes of departments named by code or name; a name that is none is left for the effect to refuse."""
    known = {name: organ.id for organ in situation.plan.directory.organs for name in (organ.id, organ.name, organ.full_name)}
    return tuple(known.get(name, name) for name in names)
