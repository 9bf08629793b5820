"""Decisions: by whom, on what authority and basis, what is granted; the only things that move a date or close a finding.

`effect` says exactly what a decision would do, as the events that would record it: what is shown before a person confirms is what
is written afterwards. A request moves nothing, and three dates stay apart: the one asked for, the one granted, the one in force.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from difflib import get_close_matches
from enum import StrEnum
from functools import cached_property, partial
from typing import Any

from pydantic import ValidationError

from campaigns.errors import Refused, UnknownOrgan
from campaigns.events import Event
from campaigns.graph import NEEDS, REPORTS_TO, Edge, digraph, edges, expected_label
from campaigns.ladder import moment_of
from campaigns.organs import Contact, Directory
from campaigns.plan import ExpectedReport, Plan
from campaigns.records import DecisionRecord, RequestRecord, RoundRecord
from campaigns.states import Rates, Standing, chinese, fold, in_effect, rates, state, tally
from campaigns.workdays import Slots, in_chinese, office_date


class Kind(StrEnum):
    """What can be decided."""

    EXTEND = "extend"
    WAIVE = "waive"
    RESUME = "resume"
    MERGE = "merge"
    RETURN = "return"
    WITHDRAW = "withdraw"
    ACCEPT = "accept"
    EXEMPT = "exempt"
    SUBSTITUTE = "substitute"
    CALL = "call"
    ENTER = "enter"
    CLOSE = "close"
    AMEND = "amend"
    DECLINE = "decline"
    APPROVE = "approve"
    UNAPPROVE = "unapprove"
    REOPEN = "reopen"

    @property
    def chinese(self) -> str:
        """Return what officers call it."""
        return _KINDS[self]


_KINDS = {
    Kind.EXTEND: "延期",
    Kind.WAIVE: "免报",
    Kind.RESUME: "恢复报送",
    Kind.MERGE: "机构合并",
    Kind.RETURN: "退回",
    Kind.WITHDRAW: "撤回",
    Kind.ACCEPT: "决定受理",
    Kind.EXEMPT: "豁免",
    Kind.SUBSTITUTE: "更换联系人",
    Kind.CALL: "电话催办",
    Kind.ENTER: "代为登记",
    Kind.CLOSE: "提前结束",
    Kind.AMEND: "补充通知",
    Kind.DECLINE: "不予同意",
    Kind.APPROVE: "审定",
    Kind.UNAPPROVE: "撤销审定",
    Kind.REOPEN: "重新开启",
}
_OF_ROLLUPS = (Kind.APPROVE, Kind.UNAPPROVE, Kind.REOPEN)
OF_REPORTS = (Kind.EXTEND, Kind.WAIVE, Kind.RESUME, Kind.RETURN, Kind.WITHDRAW, Kind.CALL, *_OF_ROLLUPS)


@dataclass(frozen=True, slots=True)
class Decision:
    """One decision. `scope` are the expected reports, rounds or departments it is about, `granted` what its kind grants.

    Granted are: to (extend, an office date), into (merge, a department), envelope (return, withdraw: a whole sending), rule and
    until (exempt), capacity, name, email and phone (substitute), person (call), file and envelope (enter),
    taken, rules and envelope (accept: the envelope that is taken, the rules left aside, the envelope it becomes), version (amend:
    that of the new file).
    """

    id: str
    campaign: str
    kind: Kind
    scope: tuple[str, ...]
    by: str
    authority: str
    basis: str
    decided_on: date
    granted: Mapping[str, str] = field(default_factory=dict)
    request: str | None = None


@dataclass(frozen=True, slots=True)
class Sending:
    """A summary, a scan or both as a department sent them for a round: what is taken back with the envelope they came in."""

    round: str
    department: str
    names: tuple[str, ...]


@dataclass(frozen=True)
class Situation:
    """What the ledger holds when a decision is taken: all that its effect follows from."""

    plan: Plan
    slots: Slots
    rounds: Mapping[str, RoundRecord]
    standings: Mapping[str, Standing]
    as_of: datetime
    requests: Mapping[str, RequestRecord] = field(default_factory=dict)
    entered: Mapping[str, bool] = field(default_factory=dict)  # what a file taken by decision reports, True for nil
    brought_at: datetime | None = None  # when that file came, if it came before it was decided on
    sending: Sending | None = None  # the summary and scan of the one envelope that is to be withdrawn

    @cached_property
    def expected(self) -> Mapping[str, ExpectedReport]:
        """Return what is expected, by id."""
        return {one.id: one for one in self.plan.expected if one.id in self.standings}

    @cached_property
    def successors(self) -> Mapping[str, Sequence[Edge]]:
        """Return what waits for each expected report: leads for their units, duties for the duties they need."""
        found: dict[str, list[Edge]] = defaultdict(list)
        for edge in edges(self.plan):
            if edge.kind in (REPORTS_TO, NEEDS) and edge.source in self.standings and edge.target in self.standings:
                found[edge.source].append(edge)
        return found

    def label(self, expected: str) -> str:
        """Return what an officer reads for an expected report."""
        one = self.expected[expected]
        return expected_label(one.duty, self.plan.organ(one.department).name, one.role)


@dataclass(frozen=True, slots=True)
class Moved:
    """A date that moves, from one instant to another; `because` is the predecessor it follows, empty when it was granted."""

    expected: str
    before: datetime
    after: datetime
    because: str = ""


@dataclass(frozen=True, slots=True)
class Changed:
    """An expected report whose state changes, in the words officers read."""

    expected: str
    before: str
    after: str


@dataclass(frozen=True, slots=True)
class ClosingMoved:
    """A round that closes later than it would have."""

    round: str
    before: date
    after: date


@dataclass(frozen=True, slots=True)
class RatesChanged:
    """The rates of a round before and after."""

    round: str
    before: Rates
    after: Rates


@dataclass(frozen=True, slots=True)
class Reminder:
    """A step of the ladder that is still to come for an expected report, and when."""

    expected: str
    rung: str
    title: str
    slot: datetime


@dataclass(frozen=True, slots=True)
class Effect:
    """Exactly what a decision does: the events that record it, and what they come to, as a person reads it."""

    decision: Decision
    events: tuple[Event, ...]
    moved: tuple[Moved, ...]
    changed: tuple[Changed, ...]
    closings: tuple[ClosingMoved, ...]
    withdrawn: tuple[Reminder, ...]
    arranged: tuple[Reminder, ...]
    rates: tuple[RatesChanged, ...]
    notes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Selection:
    """What an officer names: expected reports, rounds or envelopes by id, narrowed down by units (names) and duties."""

    items: tuple[str, ...]
    units: tuple[str, ...] = ()
    duties: tuple[int, ...] = ()


def select(situation: Situation, kind: Kind, wanted: Selection, envelopes: Iterable[str] = ()) -> tuple[str, ...]:
    """Return the expected reports that are meant, in the order of the plan; Refused, with candidates, for what is unknown.

    Who names a round, with or without units and duties, means those reports in it for which the decision makes sense; an expected
    report named by its id is meant whatever its state, and refused later if it must be.
    """
    reasons: list[str] = []
    units = set(departments(situation, wanted.units, reasons))
    numbers = {duty.number for duty in situation.plan.definition.duties}
    reasons += [
        f"没有任务{number}；任务编号是{min(numbers)}至{max(numbers)}" for number in wanted.duties if number not in numbers
    ]
    chosen: set[str] = set()
    for item in wanted.items:
        if item in situation.standings:
            chosen.add(item)
        elif item in situation.rounds:
            mine = [one for one in situation.expected.values() if one.round == item]
            named = [
                one
                for one in mine
                if (not wanted.units or one.department in units) and (not wanted.duties or one.duty in wanted.duties)
            ]
            fitting = {one.id for one in named if _fits(kind, situation.standings[one.id])}
            if not fitting and not reasons:
                why = "没有这样的应报" if not named else _UNFIT[kind]
                reasons.append(f"{situation.rounds[item].label}：{why}")
            chosen |= fitting
        elif item in set(envelopes):
            brought = {code for code, one in situation.standings.items() if _from(one, item)}
            if not brought and not situation.sending:
                reasons.append(f"来件{item}没有带来任何现在有效的报送")
            chosen |= brought
        else:
            reasons.append(_unknown(item, [*situation.rounds, *situation.standings, *envelopes]))
    if not wanted.items:
        reasons.append(f"没有写明是哪一份应报或哪一期；报送期有：{'、'.join(situation.rounds)}")
    if reasons:
        raise Refused(reasons)
    chosen = _chain(situation, kind, chosen)
    return tuple(code for code in situation.expected if code in chosen)


def _chain(situation: Situation, kind: Kind, chosen: set[str]) -> set[str]:
    """Return what is approved with some reports: all that lies below; and what is no longer: all that lies above too."""
    if kind not in (Kind.APPROVE, Kind.UNAPPROVE):
        return chosen
    above: dict[str, list[str]] = defaultdict(list)
    below: dict[str, list[str]] = defaultdict(list)
    for code, edges_ in situation.successors.items():
        for edge in edges_:
            if edge.kind == REPORTS_TO:
                above[code].append(edge.target)
                below[edge.target].append(code)
    found = set(chosen)
    for links in (below,) if kind is Kind.APPROVE else (below, above):
        waiting = list(chosen)
        while waiting:
            new = [code for code in links[waiting.pop()] if code not in found]
            found.update(new)
            waiting += new
    return {code for code in found if _fits(kind, situation.standings[code])} | (chosen & situation.standings.keys())


def departments(situation: Situation, names: Iterable[str], reasons: list[str]) -> Iterable[str]:
    """Yield the codes of departments named by code or name, of a group all its members; what is none is told in `reasons`."""
    directory, known = situation.plan.directory, situation.plan.organs
    here = {organ.id for organ in directory.organs}
    # whom an amendment has taken out may owe something in a round that was reopened
    codes = {one.name: code for code, one in known.items() if code not in here} | {code: code for code in known}
    for name in names:
        if name in codes:
            yield codes[name]
            continue
        try:
            holder = directory.resolve(name, office_date(situation.as_of))
        except UnknownOrgan as unknown:
            reasons.append(str(unknown))
        else:
            yield from (organ.id for organ in directory.members(holder))


def _fits(kind: Kind, standing: Standing) -> bool:
    if kind in (Kind.RETURN, Kind.WITHDRAW):
        return bool(standing.accepted)
    if kind is Kind.RESUME:
        return standing.waived or standing.not_applicable
    if kind is Kind.APPROVE:
        return not standing.approved
    if kind is Kind.UNAPPROVE:
        return bool(standing.approved)
    if kind is Kind.REOPEN:
        return standing.closed_at is not None and not standing.approved
    return standing.owed


_UNFIT = dict.fromkeys(Kind, "所列各项都已报送或不需要报送") | {
    Kind.RETURN: "所列各项都没有现在有效的报送",
    Kind.WITHDRAW: "所列各项都没有现在有效的报送",
    Kind.RESUME: "所列各项都没有免报",
    Kind.APPROVE: "所列各项都已审定",
    Kind.UNAPPROVE: "所列各项都没有审定",
    Kind.REOPEN: "所列各项都没有结束，或已审定（须先撤销审定）",
}


def _from(standing: Standing, envelope: str) -> bool:
    return any(one.submission.startswith(f"{envelope}:") for one in standing.accepted)


def _unknown(item: str, known: Iterable[str]) -> str:
    close = get_close_matches(item, list(known), n=3, cutoff=0.5)
    hint = f"，您是否指：{'、'.join(close)}？" if close else "，可用 liandong status --json 查看全部代码"
    return f"台账里没有“{item}”{hint}"


def effect(situation: Situation, decision: Decision, already: Iterable[str] = ()) -> Effect:
    """Return what a decision does; Refused, with every reason at once, when it cannot be made.

    `already` are the reasons found while it was put into words.
    """
    reasons = [*already, *improper(situation, decision), *_unfit(situation, decision)]
    if reasons:
        raise Refused(reasons)
    moved = _moved(situation, decision) if decision.kind is Kind.EXTEND else ()
    closings = _closings(situation, moved)
    events = _events(situation, decision, moved, closings)
    after = _folded(situation, [*events, *_brought(situation, decision)])
    touched = {code: one for code, one in after.items() if one != situation.standings[code]}
    return Effect(
        decision,
        events,
        moved,
        _changed(situation, touched),
        closings,
        tuple(r for code in touched for r in reminders_to_come(situation, code, situation.standings[code])),
        tuple(r for code, one in touched.items() for r in reminders_to_come(situation, code, one)),
        _rates(situation, after),
        _notes(situation, decision, moved),
    )


def improper(situation: Situation, decision: Decision) -> Iterable[str]:
    """Yield what every decision must say and this one does not."""
    if not decision.by.strip():
        yield "没有写明经办人（--by）"
    if decision.kind not in (Kind.CALL, Kind.ENTER) and not decision.authority.strip():
        yield "没有写明批准人（--authority）"
    if decision.kind is not Kind.CALL and not decision.basis.strip():
        yield "没有写明依据（--basis）"
    if decision.decided_on > office_date(situation.as_of):
        yield f"决定日期{in_chinese(decision.decided_on)}还没有到"
    if decision.request is not None:
        asked = situation.requests.get(decision.request)
        if asked is None:
            yield _unknown(decision.request, situation.requests)
        elif asked.decision is not None:
            yield f"申请{asked.id}已有决定{asked.decision}"
    elif decision.kind is Kind.DECLINE:
        yield "没有写明答复的是哪一份申请（--request）"


def _unfit(situation: Situation, decision: Decision) -> Iterable[str]:
    """Yield why this kind of decision cannot be made on this scope."""
    if decision.kind in OF_REPORTS:
        known = [code for code in decision.scope if code in situation.expected]
        yield from (_unknown(code, situation.expected) for code in decision.scope if code not in situation.expected)
        for code in known:
            yield from _unfit_report(situation, decision, code)
        if decision.kind is Kind.EXTEND:
            yield from _unfit_date(situation, decision, known)
        if decision.kind is Kind.REOPEN:
            yield from _unfit_reopening(situation, decision)
        if decision.kind is Kind.WITHDRAW and situation.sending and not known:
            yield from _unfit_sending(situation, situation.sending)
        return
    match decision.kind:
        case Kind.CLOSE:
            yield from _unfit_close(situation, decision)
        case Kind.MERGE:
            yield from _unfit_merge(situation, decision)
        case Kind.SUBSTITUTE:
            yield from _unfit_contact(situation, decision)
        case Kind.ACCEPT:
            yield from _overtaken(situation, decision)
        case Kind.EXEMPT:
            yield from _unfit_rule(situation, decision)


def _unfit_report(situation: Situation, decision: Decision, code: str) -> Iterable[str]:
    standing, label = situation.standings[code], situation.label(code)
    a_round = situation.rounds[situation.expected[code].round]
    match decision.kind:
        case Kind.APPROVE if a_round.opened_at is None:
            yield f"{label}：{a_round.label}还没有开启，无从审定"
        case Kind.APPROVE if standing.approved:
            yield f"{label}已审定（{standing.approved}）"
        case Kind.UNAPPROVE if not standing.approved:
            yield f"{label}没有审定，不需要撤销"
        case Kind.REOPEN if standing.closed_at is None:
            yield f"{label}没有结束，不需要重新开启"
    if decision.kind in (Kind.APPROVE, Kind.UNAPPROVE):
        return
    if standing.approved:
        yield f"{label}已审定（{standing.approved}），须先撤销审定（decide unapprove）"
        return
    if decision.kind is Kind.REOPEN:
        return
    if standing.closed_at is not None:
        yield f"{label}：{a_round.label}已于{in_chinese(office_date(standing.closed_at))}结束，不能再改"
        return
    match decision.kind:
        case Kind.EXTEND | Kind.WAIVE if standing.received_at is not None:
            yield f"{label}已经报送，不需要{decision.kind.chinese}"
        case Kind.EXTEND | Kind.WAIVE if not standing.owed:
            yield f"{label}不需要报送（{chinese(standing, situation.as_of)}）"
        case Kind.RESUME if not (standing.waived or standing.not_applicable):
            yield f"{label}没有免报，不需要恢复"
        case Kind.RETURN | Kind.WITHDRAW if _taken_back(standing, decision) is None:
            yield f"{label}没有现在有效的报送，无从{decision.kind.chinese}"


def _unfit_sending(situation: Situation, sending: Sending) -> Iterable[str]:
    """Yield why a summary or scan that came without a workbook can no longer be withdrawn."""
    a_round = situation.rounds[sending.round]
    if a_round.closed_at is not None:
        yield f"{a_round.label}已于{in_chinese(office_date(a_round.closed_at))}结束，不能再改"
    for code, one in situation.expected.items():
        approved = situation.standings[code].approved
        if approved and (one.round, one.department) == (sending.round, sending.department):
            yield f"{situation.label(code)}已审定（{approved}），须先撤销审定（decide unapprove）"


def _unfit_date(situation: Situation, decision: Decision, known: Sequence[str]) -> Iterable[str]:
    try:
        to = date.fromisoformat(decision.granted.get("to", ""))
    except ValueError:
        yield "没有写明延到哪一天（--to，如 2020-12-10）"
        return
    if situation.slots.hours.deadline(to) <= situation.as_of:
        yield f"{in_chinese(to)}已经过去，不能延到这一天"
        return
    for code in known:
        standing = situation.standings[code]
        if standing.owed and to <= office_date(standing.due_at):
            yield f"{situation.label(code)}现在的截止日期是{in_chinese(office_date(standing.due_at))}，不能改为更早或同一天"


def _unfit_reopening(situation: Situation, decision: Decision) -> Iterable[str]:
    try:
        to = date.fromisoformat(decision.granted.get("to", ""))
    except ValueError:
        yield "没有写明到哪一天再汇总（--to，如 2021-01-15）"
        return
    if to <= office_date(situation.as_of):
        yield f"{in_chinese(to)}不在今天以后，不能定为再次汇总的日期"


def _unfit_close(situation: Situation, decision: Decision) -> Iterable[str]:
    for code in decision.scope:
        a_round = situation.rounds.get(code)
        if a_round is None:
            yield _unknown(code, situation.rounds)
        elif a_round.opened_at is None:
            yield f"{a_round.label}还没有开启"
        elif a_round.closed_at is not None:
            yield f"{a_round.label}已于{in_chinese(office_date(a_round.closed_at))}结束"


def _unfit_merge(situation: Situation, decision: Decision) -> Iterable[str]:
    into = decision.granted.get("into", "")
    if into not in {organ.id for organ in situation.plan.directory.organs}:
        yield "没有写明并入哪一个单位（--into）"
    if into in decision.scope:
        yield "一个单位不能并入它自己"
    if not _merged(situation, decision):
        yield "并入的单位没有尚未报送的应报，不需要处理"


def _unfit_contact(situation: Situation, decision: Decision) -> Iterable[str]:
    if decision.granted.get("capacity") not in ("liaison", "deputy", "leader"):
        yield "没有写明更换的是联络员（liaison）、副联络员（deputy）还是分管领导（leader）"
    try:
        _contact(decision)
    except ValidationError as error:
        words = {"name": "姓名（--name）", "email": "邮箱（--email）", "phone": "电话（--phone）"}
        wrong = "、".join(words[str(one["loc"][0])] for one in error.errors())
        yield f"新联系人的{wrong}没有写或写得不对"


def _contact(decision: Decision) -> Contact:
    said = decision.granted
    return Contact(
        name=said.get("name", ""), email=said.get("email", "").strip().lower(), phone=said.get("phone", ""), assumed=None
    )


def _overtaken(situation: Situation, decision: Decision) -> Iterable[str]:
    came = situation.brought_at or situation.as_of
    for code in decision.scope:
        newer = [one.version for one in situation.standings[code].accepted if one.received_at > came]
        if newer:
            yield f"{situation.label(code)}此后已收到新的有效版本（第{max(newer)}版），不能再用这份来件替换"
    if not decision.scope:
        yield "这份来件里的各项都已受理，不需要再作决定"


def unknown_rule(situation: Situation, name: str) -> str:
    """Return that a rule is none of the campaign's, with those that are; empty for one of them."""
    rules = {rule.id: rule for rule in situation.plan.definition.rules}
    if name in rules:
        return ""
    return f"没有逻辑关系“{name}”，可以豁免的有：{'；'.join(f'{rule.id}（{rule.text}）' for rule in rules.values())}"


def _unfit_rule(situation: Situation, decision: Decision) -> Iterable[str]:
    if problem := unknown_rule(situation, decision.granted.get("rule", "")):
        yield problem
    try:
        until = date.fromisoformat(decision.granted.get("until", ""))
    except ValueError:
        yield "没有写明豁免到哪一天为止（--until，如 2020-12-31）"
    else:
        if until < office_date(situation.as_of):
            yield f"{in_chinese(until)}已经过去，豁免没有意义"
    known = {*situation.expected, *(organ.id for organ in situation.plan.directory.organs)}
    yield from (_unknown(code, known) for code in decision.scope if code not in known)


# -- what follows ------------------------------------------------------------------------------------------------------


def _moved(situation: Situation, decision: Decision) -> tuple[Moved, ...]:
    """Return the dates that move: those granted, then each successor whose date the new one, with its lead, would pass."""
    import networkx as nx

    to = date.fromisoformat(decision.granted["to"])
    new: dict[str, tuple[date, str]] = dict.fromkeys(decision.scope, (to, ""))
    workdays, hours = situation.slots.workdays, situation.slots.hours
    for code in nx.topological_sort(digraph(edge for found in situation.successors.values() for edge in found)):
        if code not in new:
            continue
        for edge in situation.successors.get(code, ()):
            standing = situation.standings[edge.target]
            if edge.target in decision.scope or not standing.owed or standing.closed_at is not None:
                continue  # who was granted a date has that date; who has reported waits for nobody
            needed = workdays.shift(new[code][0], _lead(situation, edge))
            if needed > new.get(edge.target, (office_date(standing.due_at), ""))[0]:
                new[edge.target] = needed, code
    return tuple(
        Moved(code, situation.standings[code].due_at, hours.deadline(new[code][0]), new[code][1])
        for code in situation.expected
        if code in new
    )


def _lead(situation: Situation, edge: Edge) -> int:
    """Return how many working days the plan leaves a lead between its units' date and its own; none between duties."""
    if edge.kind == NEEDS:
        return 0
    source, target = situation.expected[edge.source], situation.expected[edge.target]
    return situation.slots.workdays.between(office_date(source.due_at), office_date(target.due_at))


def _closings(situation: Situation, moved: Iterable[Moved]) -> tuple[ClosingMoved, ...]:
    """Return the rounds that must close later: those in which a new date lies after the closing day."""
    latest: dict[str, date] = {}
    for one in moved:
        code = situation.expected[one.expected].round
        latest[code] = max(office_date(one.after), latest.get(code, date.min))
    workdays, found = situation.slots.workdays, []
    for code, day in latest.items():
        a_round = situation.rounds[code]
        if day > a_round.closes_on:
            planned = situation.plan.round(code)
            gap = workdays.between(planned.due_on, planned.closes_on)
            found.append(ClosingMoved(code, a_round.closes_on, workdays.shift(day, gap)))
    return tuple(found)


def _taken_back(standing: Standing, decision: Decision) -> str | None:
    """Return the submission that a decision takes back: the one of the envelope it names, else the one in effect."""
    envelope = decision.granted.get("envelope", "")
    found = in_effect(one for one in standing.accepted if not envelope or one.submission.startswith(f"{envelope}:"))
    return found.submission if found else None


def _merged(situation: Situation, decision: Decision) -> list[str]:
    return [
        code
        for code, one in situation.expected.items()
        if one.department in decision.scope and situation.standings[code].owed and situation.standings[code].closed_at is None
    ]


def _events(
    situation: Situation, decision: Decision, moved: Sequence[Moved], closings: Sequence[ClosingMoved]
) -> tuple[Event, ...]:
    event = partial(event_of, decision, situation.as_of)
    found = [made(decision, situation.as_of)]
    match decision.kind:
        case Kind.EXTEND:
            for one in moved:
                dates = {"from": one.before.isoformat(), "to": one.after.isoformat(), "because": one.because}
                found.append(event("due.moved", one.expected, **dates))
            for closing in closings:
                days = {"from": closing.before.isoformat(), "to": closing.after.isoformat()}
                found.append(event("round.closing_moved", closing.round, **days))
        case Kind.WAIVE:
            found += [event("report.waived", code) for code in decision.scope]
        case Kind.RESUME:
            found += [event("report.resumed", code) for code in decision.scope]
        case Kind.MERGE:
            found += [
                event("report.not_applicable", code, into=decision.granted["into"]) for code in _merged(situation, decision)
            ]
        case Kind.RETURN | Kind.WITHDRAW:
            kind = "submission.returned" if decision.kind is Kind.RETURN else "submission.withdrawn"
            taken = {code: _taken_back(situation.standings[code], decision) for code in decision.scope}
            found += [event(kind, code, submission=submission) for code, submission in taken.items()]
        case Kind.SUBSTITUTE:
            contact = _contact(decision)
            person = {"name": contact.name, "email": contact.email, "phone": contact.phone}
            person["capacity"] = decision.granted["capacity"]
            found += [event("contact.replaced", decision.campaign, department=code, **person) for code in decision.scope]
        case Kind.APPROVE | Kind.UNAPPROVE:
            found += [event(f"report.{decision.kind.value}d", code) for code in decision.scope]
        case Kind.REOPEN:
            found += [event("report.reopened", code) for code in decision.scope]
            rounds = dict.fromkeys(situation.expected[code].round for code in decision.scope)
            found += [event("round.reopened", code, to=decision.granted["to"]) for code in rounds]
        case Kind.CLOSE:
            for code in decision.scope:
                mine = [one for one in situation.expected.values() if one.round == code]
                counts = tally(state(situation.standings[one.id], situation.as_of) for one in mine)
                found.append(event("round.closed", code, tally=dict(counts)))
    return tuple(found)


def event_of(decision: Decision, as_of: datetime, what: str, about: str, **data: Any) -> Event:
    """Return an event that a decision brings."""
    command = f"decide:{decision.id}"
    return Event(decision.campaign, what, about, as_of, decision.by, command, {"decision": decision.id, **data})


def made(decision: Decision, as_of: datetime) -> Event:
    """Return the event that a decision is."""
    return event_of(
        decision,
        as_of,
        "decision.made",
        decision.id,
        kind=decision.kind.value,
        scope=list(decision.scope),
        by=decision.by,
        authority=decision.authority,
        basis=decision.basis,
        decided_on=decision.decided_on.isoformat(),
        granted=dict(decision.granted),
        request=decision.request,
    )


def _brought(situation: Situation, decision: Decision) -> Iterable[Event]:
    """Yield what the check of a file taken by decision will record: what was read in it, as any sending brings it."""
    if decision.kind not in (Kind.ENTER, Kind.ACCEPT):
        return
    came = situation.brought_at or situation.as_of
    for code in decision.scope:
        data = {"submission": code, "version": situation.standings[code].highest + 1, "nil": situation.entered[code]}
        yield Event(decision.campaign, "submission.accepted", code, came, decision.by, "", data)


def _folded(situation: Situation, events: Iterable[Event]) -> dict[str, Standing]:
    after = dict(situation.standings)
    for event in events:
        if event.about in after:
            after[event.about] = fold(after[event.about], event)
        elif event.kind == "round.closed":
            after |= {code: fold(after[code], event) for code, one in situation.expected.items() if one.round == event.about}
    return after


def _changed(situation: Situation, touched: Mapping[str, Standing]) -> tuple[Changed, ...]:
    pairs = (
        Changed(code, chinese(situation.standings[code], situation.as_of), chinese(one, situation.as_of))
        for code, one in touched.items()
    )
    return tuple(one for one in pairs if one.before != one.after)


def folded(directory: Directory, event: Event) -> Directory:
    """Return the directory of a running campaign after a contact was replaced."""
    data = event.data
    contact = Contact(name=data["name"], email=data["email"], phone=data["phone"], assumed=None)
    organs = tuple(
        organ.model_copy(update={data["capacity"]: contact}) if organ.id == data["department"] else organ
        for organ in directory.organs
    )
    return directory.model_copy(update={"organs": organs})


def exempted(decisions: Iterable[DecisionRecord], received_at: datetime) -> frozenset[tuple[str, str]]:
    """Return the rules left aside for what was stored at a moment, each with the expected report or department it is for."""
    day = office_date(received_at).isoformat()
    return frozenset(
        (code, one.granted["rule"])
        for one in decisions
        if one.kind == Kind.EXEMPT and one.made_at <= received_at and day <= one.granted["until"]
        for code in one.scope
    )


def reminders_to_come(situation: Situation, code: str, standing: Standing) -> Iterable[Reminder]:
    """Return the steps of the ladder still to come for an expected report that is owed, as its date now is."""
    if not standing.owed or standing.closed_at is not None:
        return
    for rung in situation.plan.definition.ladder:
        slot = moment_of(rung, standing.due_at, situation.slots)
        if slot > situation.as_of:
            yield Reminder(code, rung.id, rung.title, slot)


def _rates(situation: Situation, after: Mapping[str, Standing]) -> tuple[RatesChanged, ...]:
    found = []
    for code in situation.rounds:
        mine = [one.id for one in situation.expected.values() if one.round == code]
        before, now = (
            rates(tally(state(standings[one], situation.as_of) for one in mine)) for standings in (situation.standings, after)
        )
        if before != now:
            found.append(RatesChanged(code, before, now))
    return tuple(found)


def _notes(situation: Situation, decision: Decision, moved: Sequence[Moved]) -> tuple[str, ...]:
    notes = []
    if situation.sending:
        notes.append(f"{'、'.join(situation.sending.names)}不再计入")
    if decision.kind is Kind.EXTEND:
        to = date.fromisoformat(decision.granted["to"])
        if not situation.slots.workdays.is_working(to):
            notes.append(f"{in_chinese(to)}不是工作日")
        if any(office_date(one.after) > situation.plan.definition.campaign.ends for one in moved):
            notes.append(f"有截止日期晚于专项行动结束日期{in_chinese(situation.plan.definition.campaign.ends)}")
        asked = situation.requests.get(decision.request or "")
        if asked and asked.wanted and asked.wanted != to:
            notes.append(f"申请延到{in_chinese(asked.wanted)}，批准延到{in_chinese(to)}")
    if decision.kind is Kind.SUBSTITUTE:
        capacity = decision.granted["capacity"]
        word = {"liaison": "联络员", "deputy": "副联络员", "leader": "分管领导"}[capacity]
        new = _contact(decision)
        for organ in (situation.plan.directory.organ(code) for code in decision.scope):
            old: Contact | None = getattr(organ, capacity)
            before = f"{old.name} <{old.email}>" if old else "（未登记）"
            notes.append(f"{organ.name}{word}：{before} → {new.name} <{new.email}>，以后的信件发给新联系人")
    if decision.kind is Kind.EXEMPT:
        rule = next(one for one in situation.plan.definition.rules if one.id == decision.granted["rule"])
        until = date.fromisoformat(decision.granted["until"])
        notes.append(f"到{in_chinese(until)}为止，不因“{rule.text}”退回，仍提示核对")
    if decision.kind is Kind.CLOSE:
        for code in decision.scope:
            mine = [situation.standings[one.id] for one in situation.expected.values() if one.round == code]
            if owed := sum(one.owed for one in mine):
                notes.append(
                    f"{situation.rounds[code].label}应报{len(mine)}项，还有{owed}项没有报送，结束后按没有报送定格，不能再改"
                )
    return tuple(notes)
