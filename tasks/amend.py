"""Amending a running campaign: what a new file would change is shown first, and recorded word for word when it is confirmed."""

from dataclasses import dataclass, replace
from datetime import date, datetime

from campaigns import graph
from campaigns.amendment import Amendment, Running, Told, amendment
from campaigns.decisions import Decision, Kind, improper
from campaigns.errors import Conflict, Refused
from campaigns.letters import Attachment, Letter
from campaigns.notices import Notice
from campaigns.organs import Directory
from campaigns.plan import Plan
from campaigns.records import CampaignRecord
from campaigns.workdays import office_date
from integrations.database.ledger import Ledger
from tasks.campaign import must_not_clash, version_of
from tasks.closing import end_if_over, publish_closed
from tasks.decide import decided, situation_of
from tasks.due_dates import dates_of
from tasks.forms import issue_form
from tasks.office import Office, names, office
from tasks.office import Running as Ticking
from tasks.post import make_message
from tasks.wording import item, moment_in_chinese

_SENTENCE = "经批准，本专项行动的安排按补充通知调整，与贵单位有关的变动如下，请按调整后的安排报送；此前已经报送的仍然留存。"
_OVER = {"cancelled": "已经撤销", "closed": "已经结束"}


@dataclass(frozen=True, slots=True)
class Order:
    """An amendment as somebody words it: `decided_on` is today unless said otherwise."""

    by: str = ""
    authority: str = ""
    basis: str = ""
    decided_on: date | None = None


def compare(campaign: str, plan: Plan, as_of: datetime) -> Amendment:
    """Return what amending a campaign to a plan would do, whoever may decide it; Refused, with every reason, if it cannot be."""
    at = office()
    with at.ledger() as ledger:
        return _amendment(at, ledger, ledger.campaign(campaign), plan, Order(), as_of)


def amend(plan: Plan, order: Order, as_of: datetime, *, confirm: bool) -> Amendment:
    """Return what amending its campaign to a plan does, done in one transaction if it is confirmed.

    Refused, with every reason, if it cannot be; unconfirmed, an order that does not say all it has to is only told of
    (`missing`). The version in force again changes nothing.
    """
    at = office()
    must_not_clash(plan)
    with at.ledger() as ledger:
        record = ledger.campaign(plan.definition.campaign.id)
        found = _amendment(at, ledger, record, plan, order, as_of, signed=True)
        if confirm and found.missing:
            raise Refused(found.missing)
        if confirm and not found.nothing:
            _carry_out(at, ledger, found, as_of)
    return found


def _amendment(
    at: Office, ledger: Ledger, record: CampaignRecord, plan: Plan, order: Order, as_of: datetime, *, signed: bool = False
) -> Amendment:
    if record.status in _OVER:
        raise Conflict(f"“{record.title}”{_OVER[record.status]}，不能再调整")
    situation, version = situation_of(at, ledger, record.id, as_of), version_of(plan)
    running = Running(
        situation,
        Directory.model_validate_json(ledger.written_directory(record.id)),
        record.version,
        frozenset(ledger.issued(record.id)),
    )
    decision = Decision(
        ledger.next_decision(record.id),
        record.id,
        Kind.AMEND,
        (record.id,),
        order.by,
        order.authority,
        order.basis,
        order.decided_on or office_date(as_of),
        {"version": version},
    )
    missing = tuple(improper(situation, decision)) if signed and version != record.version else ()
    try:
        return replace(amendment(running, plan, version, decision), missing=missing)
    except Refused as refused:
        raise Refused([*missing, *refused.reasons]) from None


def _carry_out(at: Office, ledger: Ledger, found: Amendment, as_of: datetime) -> None:
    campaign = found.decision.campaign
    ledger.add_directory(found.plan.directory)
    ledger.record(*found.events)
    record = ledger.campaign(campaign)
    plan = at.plan(record)
    stands = {one.id for one in ledger.rounds(campaign)}
    edges = (one for one in graph.edges(plan) if {_round_of(one.source), _round_of(one.target)} <= stands)
    ledger.replan(campaign, plan.assignments, edges)
    publish_closed(at, ledger, [event.about for event in found.events if event.kind == "round.closed"], as_of)
    end_if_over(ledger, campaign, as_of)
    desk = _Desk(at, ledger, found, plan, at.running(record), as_of)
    for one in found.told:
        desk.tell(one)


def _round_of(node: str) -> str:
    return "/".join(node.split("/")[:2])


@dataclass(frozen=True)
class _Desk:
    """What the letters about an amendment are written from, after it was recorded."""

    at: Office
    ledger: Ledger
    found: Amendment
    plan: Plan
    running: Ticking
    as_of: datetime

    def tell(self, told: Told) -> None:
        """Make a department's letter: what changes for it, how its open reports stand now, its forms anew, its dates."""
        decision, plan = self.found.decision, self.plan
        rounds = [one for one in self.ledger.rounds(decision.campaign) if one.opened_at and one.closed_at is None]
        standings, named = self.ledger.standings(decision.campaign), names(plan)
        owed = [one for each in rounds for one in plan.expected_of(each.id, told.department)]
        workdays = self.running.slots.workdays
        moved = {one.expected: moment_in_chinese(one.before) for one in self.found.moved}
        items = tuple(
            replace(item(plan, one, standings[one.id], self.as_of, workdays, named), was=moved.get(one.id, "")) for one in owed
        )
        body = decided(decision, _SENTENCE, items, lines=told.lines)
        redated = {one.round for one in owed if one.id in moved} | set(told.forms)
        owing = [(one, told.department) for one in rounds if one.id in redated]
        dates = dates_of(self.at, self.ledger, {decision.campaign: self.running}, owing, self.as_of)
        attached = [*(self._form(code, told.department) for code in told.forms), *([dates] if dates else [])]
        occasion = self.at.occasion(plan)
        letter = Letter(f"decision:{decision.id}:{told.department}", occasion, self.at.recipient(plan, told.department), body)
        notice = Notice(letter.key, decision.id, "decision", 1, self.as_of, told.department, "liaison")
        make_message(self.at, self.ledger, letter, attached, [notice], self.as_of)

    def _form(self, round_id: str, department: str) -> Attachment:
        return issue_form(self.at, self.ledger, self.plan, round_id, department, self.as_of, self.as_of)
