"""Deciding: what an order would do is shown first, and recorded word for word when it is confirmed. Requests only wait."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime

from campaigns.decisions import Decision, Effect, Kind, Selection, Sending, Situation, departments, effect, select
from campaigns.definition import Part
from campaigns.errors import Refused, UnknownItem
from campaigns.events import Event
from campaigns.ladder import after_taken_back
from campaigns.letters import Decided, Item, Letter
from campaigns.notices import Notice
from campaigns.plain import one_line
from campaigns.plan import ExpectedReport
from campaigns.records import DecisionRecord, RequestRecord
from campaigns.workdays import in_chinese, office_date
from integrations.database.ledger import Ledger
from tasks.closing import publish_closed
from tasks.due_dates import dates_of
from tasks.office import Office, names, office
from tasks.parts import KINDS
from tasks.post import make_message
from tasks.wording import item, moment_in_chinese

_OF_DEPARTMENTS = (Kind.MERGE, Kind.SUBSTITUTE, Kind.EXEMPT)


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
        situation = replace(situation_of(at, ledger, code, as_of), sending=_sending(ledger, order, code))
        reasons: list[str] = []
        found = effect(situation, _decision(ledger, situation, order, code, reasons), reasons)
        if confirm:
            ledger.record(*found.events)
            _give_time(ledger, situation, found, as_of)
            if order.kind is Kind.REOPEN and ledger.campaign(code).status == "closed":
                note = {"note": f"重新开启报送期（{found.decision.id}）"}
                ledger.set_status(
                    Event(code, "campaign.revived", code, as_of, order.by, f"revive:{found.decision.id}", note), "live"
                )
            if order.kind is Kind.CLOSE:
                publish_closed(at, ledger, found.decision.scope, as_of)
            _tell(at, ledger, found, situation.sending, as_of)
    return found


def _sending(ledger: Ledger, order: Order, campaign: str) -> Sending | None:
    """Return the summary and scan that are withdrawn with a whole envelope; None when it holds none that count."""
    number = order.granted.get("envelope", "")
    if order.kind is not Kind.WITHDRAW or number not in ledger.envelopes_of(campaign):
        return None
    envelope = ledger.envelope(number)
    if envelope.round is None or envelope.department is None:
        return None
    counted = [part for _, part in ledger.parts(envelope.round, envelope.department) if part.envelope == envelope.id]
    names = tuple(f"{Part(one.kind).chinese}《{one.name}》" for one in counted if one.kind in KINDS)
    return Sending(envelope.round, envelope.department, names) if names else None


_SENTENCES = {
    Kind.EXTEND: "经批准，以下各项的截止日期已经调整，请按新的日期报送。",
    Kind.WAIVE: "经批准，以下各项本期不需要报送。",
    Kind.RESUME: "以下各项恢复报送，请按所列日期报送。",
    Kind.MERGE: "因机构合并，以下各项不再由贵单位报送，由承接单位一并报送。",
    Kind.RETURN: "以下各项此前已受理，经复核退回，请按依据中的说明改好后重新报送；此前另有有效版本的，暂以那一版为准。",
    Kind.WITHDRAW: "以下各项的报送已经撤回，所报数字和随附的总结、扫描件不再计入；仍需报送的，请重新填报。",
    Kind.DECLINE: "贵单位的申请未获同意，日期不变，请按所列日期报送。",
    Kind.SUBSTITUTE: "您已登记为贵单位的联系人，以后的信件发到这个邮箱，也请从这个邮箱报送。",
    Kind.REOPEN: "经批准，以下各项重新开启，可以报送更正或补报；原截止日期不变，到期后再次汇总，并说明变动。",
    Kind.EXEMPT: "经批准，在批准的期限内，所列逻辑关系不作为退回贵单位报表的理由，仍会提示核对。",
}


_PARTS = "贵单位单独报来的材料已经撤回，不再计入；仍需报送的，请重新报送。"
_FOLLOWS = "前面的单位经批准延期，以下各项的截止日期随之顺延，请按新的日期报送。"


def _give_time(ledger: Ledger, situation: Situation, found: Effect, as_of: datetime) -> None:
    """Let nobody, and no leader, hear the same day that what a decision has just made owed again is overdue."""
    after, ladder = ledger.standings(found.decision.campaign), situation.plan.definition.ladder
    again = [
        code
        for code in {event.about for event in found.events} & after.keys()
        if after[code].owed and not situation.standings[code].owed and after[code].due_at < as_of
    ]
    ledger.looked_at({code: after_taken_back(ladder, after[code].due_at, situation.slots, as_of) for code in again})


def _tell(at: Office, ledger: Ledger, found: Effect, sending: Sending | None, as_of: datetime) -> None:
    """Make the letters in which those it concerns hear of a decision: one a department, with how each report stands now."""
    decision = found.decision
    if decision.kind not in _SENTENCES:
        return
    moved = {one.expected: moment_in_chinese(one.before) for one in found.moved}
    plan = at.plan(ledger.campaign(decision.campaign))
    standings, named, workdays = ledger.standings(decision.campaign), names(plan), at.workdays(plan.definition)
    concerned = {event.about for event in found.events} | set(decision.scope)
    organs = {organ.id for organ in plan.directory.organs}
    rounds = {one.id: one for one in ledger.rounds(decision.campaign)}
    running = {decision.campaign: at.running(ledger.campaign(decision.campaign))}
    mine: dict[str, list[ExpectedReport]] = {code: [] for code in decision.scope if code in organs}
    if sending:
        mine[sending.department] = []
    for one in plan.expected:
        if one.id in concerned and one.id in standings:
            mine.setdefault(one.department, []).append(one)
    capacity = decision.granted.get("capacity", "liaison")
    for department, reports in mine.items():
        mine_in = dict.fromkeys(one.round for one in reports)
        if sending and not mine_in:
            mine_in = {sending.round: None}
        round_id = next(iter(mine_in)) if len(mine_in) == 1 else ""
        follows = decision.kind is Kind.EXTEND and not any(one.id in decision.scope for one in reports)
        items = tuple(
            replace(item(plan, one, standings[one.id], as_of, workdays, named), was=moved.get(one.id, "")) for one in reports
        )
        sentence = _FOLLOWS if follows else _PARTS if sending and not items else _SENTENCES[decision.kind]
        body = decided(decision, sentence, items, granted=_granted(found, named))
        occasion = at.occasion(plan, round_id, plan.round(round_id).label if round_id else "")
        letter = Letter(f"decision:{decision.id}:{department}", occasion, at.recipient(plan, department, capacity), body)
        notice = Notice(letter.key, decision.id, "decision", 1, as_of, department, capacity)
        dates = dates_of(at, ledger, running, [(rounds[code], department) for code in mine_in], as_of) if moved else None
        make_message(at, ledger, letter, [dates] if dates else [], [notice], as_of)


def decided(
    decision: Decision, sentence: str, items: tuple[Item, ...], *, granted: str = "", lines: tuple[str, ...] = ()
) -> Decided:
    """Return what a letter says of a decision."""
    day = in_chinese(decision.decided_on)
    said = (decision.kind.chinese, sentence, decision.id, decision.authority, decision.basis, day)
    return Decided(*said, items, granted, lines)


def _granted(found: Effect, named: Mapping[str, str]) -> str:
    """Return the content of a decision that its items do not show."""
    granted = found.decision.granted
    match found.decision.kind:
        case Kind.EXEMPT | Kind.WITHDRAW:
            return "；".join(found.notes)
        case Kind.MERGE:
            return f"由{named[granted['into']]}承接"
        case Kind.REOPEN:
            return f"{in_chinese(date.fromisoformat(granted['to']))}再次汇总"
    return ""


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
    """Return the request, recorded in the caller's transaction; its words on one line, whatever came in by a mail."""
    reason, asked_by = one_line(reason), one_line(asked_by)
    scope = select(situation_of(at, ledger, campaign, as_of), Kind.EXTEND, selection)
    reasons = []
    if not reason:
        reasons.append("没有写明理由（--reason）")
    if not asked_by:
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


def _decision(ledger: Ledger, situation: Situation, order: Order, campaign: str, reasons: list[str]) -> Decision:
    """Return an order as a decision; names in it that are unknown are told in `reasons`."""
    granted = dict(order.granted)
    if granted.get("into"):
        found = tuple(departments(situation, (granted["into"],), reasons))
        granted["into"] = found[0] if len(found) == 1 else ""
    return Decision(
        ledger.next_decision(campaign),
        campaign,
        order.kind,
        _scope(ledger, situation, order, campaign, reasons),
        order.by,
        order.authority,
        order.basis,
        order.decided_on or office_date(situation.as_of),
        granted,
        order.request,
    )


def _scope(ledger: Ledger, situation: Situation, order: Order, campaign: str, reasons: list[str]) -> tuple[str, ...]:
    """Return what a decision is about, in codes: what it names, else what the request it answers asks for."""
    items = order.selection.items
    if order.kind in _OF_DEPARTMENTS:  # of an exemption also expected reports, which keep their ids
        kept = [one for one in items if one in situation.standings]
        return (*kept, *departments(situation, [one for one in items if one not in kept], reasons))
    if order.kind is Kind.CLOSE:
        return items
    if order.kind is Kind.DECLINE or (order.request and not items):
        asked = situation.requests.get(order.request or "")
        return asked.scope if asked else ()
    try:
        return select(situation, order.kind, order.selection, ledger.envelopes_of(campaign))
    except Refused as refused:
        reasons += refused.reasons
        return ()
