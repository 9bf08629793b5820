"""Bringing a workbook in by decision: figures entered on a department's behalf, and what was returned or set aside accepted.

Either way the decision and an envelope, of the door `office`, are recorded in one transaction; then the envelope is checked like
any other, now or by the next tick, and its receipt tells the department who decided what on what basis.
"""

import hashlib
from collections.abc import Collection, Iterable
from dataclasses import replace
from datetime import datetime
from pathlib import Path

from campaigns.decisions import Decision, Effect, Kind, Selection, Situation, departments, effect, unknown_rule
from campaigns.errors import Refused
from campaigns.findings import Severity
from campaigns.intake import Issued, Read, Sender, by_decision, decided
from campaigns.letters import Outcome
from campaigns.records import EnvelopeRecord
from campaigns.workdays import office_date
from integrations.database.ledger import Ledger
from integrations.excel.reader import read
from integrations.inbox.mime import Part, parts_of, unpacked
from tasks.decide import Order, situation_of
from tasks.doors import check, numbering
from tasks.office import Office, office
from tasks.parts import kinds_of
from tasks.workbooks import stands_for

_MOST_BYTES = 32 * 2**20  # more than any file that is taken


def enter(order: Order, unit: str, file: Path, as_of: datetime, *, confirm: bool) -> Effect:
    """Return what a department's form, filled in by the office, brings; Refused, with every reason, if it would not be taken.

    `unit` is a code or name. On time is judged by the moment of entering.
    """
    try:
        with file.open("rb") as stream:
            data = stream.read(_MOST_BYTES)
    except OSError:
        raise Refused([f"找不到或读不到文件“{file}”，请检查路径"]) from None
    at, book, digest = office(), read(data), hashlib.sha256(data).hexdigest()
    with numbering(at) as ledger:
        found = decided(file.name, digest, book, stands_for(at, ledger, book, digest, as_of), Sender("folder"))
        form = found.form
        if form is None or found.decision.outcome is not Outcome.ACCEPTED:
            raise Refused(list(_why(found)))
        situation = _reported(situation_of(at, ledger, form.campaign, as_of), found)
        if tuple(departments(situation, (unit,), [])) != (form.department,):
            raise Refused([f"《{file.name}》是下发给{form.department_name}的报表，不是“{unit}”的，请核对单位和文件"])
        order = replace(order, granted={"file": file.name})
        made = _bring(at, ledger, order, situation, Part(file.name, "", data), confirm=confirm)
    return _checked(made, as_of, confirm=confirm)


def release(made: Effect, as_of: datetime) -> tuple[str, ...]:
    """Return the envelopes that waited for what is no longer approved, taken in now, or why one was not."""
    decision, at = made.decision, office()
    with at.ledger() as ledger:
        waiting = ledger.held(decision.scope)
    told = []
    for number, expected in sorted(waiting.items()):
        order = Order(Kind.ACCEPT, Selection(()), decision.by, decision.authority, f"撤销审定（{decision.id}）：{decision.basis}")
        try:
            accept(order, number, (), as_of, confirm=True, waited=expected)
        except Refused as refused:
            told.append(f"等待的来件{number}没有受理：{refused}")
        else:
            told.append(f"等待的来件{number}已受理")
    return tuple(told)


def accept(
    order: Order, number: str, rules: Collection[str], as_of: datetime, *, confirm: bool, waited: Collection[str] = ()
) -> Effect:
    """Return what accepting a returned or quarantined envelope as it stands brings; Refused, with every reason, if it cannot be.

    The office answers for its sender. The named rules are left aside, and nothing else is: what cannot be read stays returned.
    What of it was accepted when it came stays as it is; `waited` limits it to reports that were approved when it came. On time is
    judged by when its bytes came.
    """
    at = office()
    with numbering(at) as ledger:
        envelope = ledger.envelope(number)
        if envelope.outcome not in ("returned", "quarantined") and not waited:
            raise Refused([f"来件{number}没有退回修改，也没有暂存待核，不需要决定受理"])
        file, told = _form_in(at, ledger, envelope)
        situation = replace(situation_of(at, ledger, told.form.campaign, as_of), brought_at=envelope.received_at)
        if unknown := [problem for rule in rules if (problem := unknown_rule(situation, rule))]:
            raise Refused(unknown)
        digest = hashlib.sha256(file.data).hexdigest()
        found = decided(file.name, digest, read(file.data), by_decision(told, number, rules), Sender("folder"))
        if found.decision.outcome is not Outcome.ACCEPTED:
            raise Refused(list(_why(found, {f"rule-{rule.id}" for rule in told.rules})))
        situation = _reported(situation, found, number)
        if waited:
            situation = replace(situation, entered={code: nil for code, nil in situation.entered.items() if code in waited})
        order = replace(order, granted={"taken": number, "rules": " ".join(rules)})
        made = _bring(at, ledger, order, situation, file, confirm=confirm)
    return _checked(made, as_of, confirm=confirm)


def _form_in(at: Office, ledger: Ledger, envelope: EnvelopeRecord) -> tuple[Part, Issued]:
    """Return the one form of this office in an envelope, with what bears on it; Refused when there is none, or more."""
    data = at.bytes_of(envelope.sha256)
    parts = parts_of(data).parts if envelope.door == "mail" else unpacked(Part(envelope.name, "", data))
    found = []
    for part, kind in zip(parts, kinds_of(parts), strict=True):
        if kind == "workbook":
            digest = hashlib.sha256(part.data).hexdigest()
            told = stands_for(at, ledger, read(part.data), digest, envelope.received_at, envelope.id)
            found += [(replace(part, name=part.name or envelope.name), told)] if isinstance(told, Issued) else []
    if len(found) != 1:
        why = (
            f"有{len(found)}份本办公室下发的报表，请把要受理的一份放入收件文件夹"
            if found
            else "没有可以读取的、本办公室下发的报表"
        )
        raise Refused([f"来件{envelope.id}中{why}，不能决定受理"])
    return found[0]


def _reported(situation: Situation, found: Read, number: str = "") -> Situation:
    """Return the situation with what a file reports, save what its envelope brought when it came."""
    blocks = [one for one in found.checked.blocks if one.outcome.value == "accepted"] if found.checked else []
    there = {
        code
        for code, standing in situation.standings.items()
        if number and any(one.submission.startswith(f"{number}:") for one in standing.accepted)
    }
    return replace(situation, entered={one.expected: one.nil for one in blocks if one.expected not in there})


def _bring(at: Office, ledger: Ledger, order: Order, situation: Situation, file: Part, *, confirm: bool) -> Effect:
    """Return the effect, recorded with the envelope it brings in the caller's transaction if it is confirmed."""
    campaign, granted = situation.plan.definition.campaign.id, dict(order.granted)
    if confirm:
        came = situation.brought_at or situation.as_of
        granted["envelope"] = ledger.add_envelope("office", file.name, at.keep(file.data), len(file.data), "", came)
    decision = Decision(
        ledger.next_decision(campaign),
        campaign,
        order.kind,
        tuple(situation.entered),
        order.by,
        order.authority,
        order.basis,
        order.decided_on or office_date(situation.as_of),
        granted,
    )
    made = effect(situation, decision)
    if confirm:
        ledger.record(*made.events)
    return made


def _checked(made: Effect, as_of: datetime, *, confirm: bool) -> Effect:
    if confirm:
        check([made.decision.granted["envelope"]], as_of)
    return made


def _why(found: Read, rules: Collection[str] = ()) -> Iterable[str]:
    """Yield why a file is not taken, each fault with its sheet and cell; of a rule that can be left aside, how."""
    if found.decision.reason:
        yield found.decision.reason
    for one in found.checked.all_findings if found.checked else ():
        if one.severity is Severity.BLOCK:
            where = f"{one.sheet}{one.cell}：" if one.cell else ""
            yield f"{where}{one.message}" + (
                f"（如确属实，加 --rule {one.rule.removeprefix('rule-')}）" if one.rule in rules else ""
            )
