"""The one receipt of an envelope: to whom, and what it says."""

from dataclasses import dataclass
from datetime import datetime

from campaigns.findings import Finding, Severity
from campaigns.letters import Attachment, Item, Letter, Line, Material, Outcome, Receipt, Recipient, Trouble
from campaigns.plan import Plan
from campaigns.records import EnvelopeRecord, RoundRecord
from campaigns.states import State, state
from integrations.database.ledger import Ledger
from integrations.excel.annotate import annotate
from tasks.forms import XLSX
from tasks.office import Office, names
from tasks.parts import parts_of_round
from tasks.wording import item, moment_in_chinese


@dataclass(frozen=True, slots=True)
class Answer:
    """What a receipt needs to know beyond the settled envelope: `about` is whose form it holds, when that is known.

    `to_office` when nobody else may be answered: a machine wrote.
    """

    lines: tuple[Line, ...] = ()
    findings: tuple[Finding, ...] = ()
    file_name: str = ""
    workbook: bytes = b""
    issued: bytes = b""  # the form it was sent as
    about: str | None = None
    to_office: bool = False


def receipt(
    at: Office, ledger: Ledger, envelope: EnvelopeRecord, answer: Answer, as_of: datetime
) -> tuple[Letter, list[Attachment]]:
    """Return the letter that answers a settled envelope, and the sender's own workbook with the faults marked."""
    plan, a_round = _context(at, ledger, envelope)
    outcome = Outcome(envelope.outcome or "")
    materials, differences = _materials(ledger, plan, a_round, envelope, outcome)
    body = Receipt(
        outcome=outcome,
        number=envelope.id,
        file_name=answer.file_name or envelope.name,
        received_at=moment_in_chinese(envelope.received_at),
        lines=answer.lines,
        troubles=tuple(_trouble(one) for one in (*answer.findings, *differences)),
        unreported=_unreported(at, ledger, plan, a_round, envelope.department, as_of) if plan and a_round else (),
        explanation=envelope.reason,
        sender=envelope.sender,
        materials=materials,
        place=_place(ledger, envelope),
    )
    occasion = at.occasion(plan, a_round.id if a_round else "", a_round.label if a_round else "") if plan else at.no_occasion()
    attachments: list[Attachment] = []
    if outcome is Outcome.RETURNED and answer.workbook and any(one.cell for one in answer.findings):
        copy = annotate(answer.workbook, answer.findings, answer.issued)
        attachments.append(Attachment(_annotated_name(answer.file_name), XLSX, copy))
        at.keep(copy)
    return Letter(f"receipt:{envelope.id}", occasion, _recipient(at, plan, envelope, answer), body), attachments


def _place(ledger: Ledger, envelope: EnvelopeRecord) -> str:
    """Return where the record of a settled envelope stands in its campaign's chain; empty when it belongs to none."""
    if envelope.campaign is None:
        return ""
    sequence, mark = ledger.place(envelope.campaign)
    return f"第{sequence}号 {mark[:16]}"


def _recipient(at: Office, plan: Plan | None, envelope: EnvelopeRecord, answer: Answer) -> Recipient:
    """Return who gets the receipt: always a registered contact or the office, never an address that only stands in a mail.

    When nobody registered sent a department's form, that department's liaison is told, who alone can say whether it was theirs.
    """
    department = envelope.department or answer.about
    return at.recipient(plan, department) if plan and department and not answer.to_office else at.office_recipient()


def _context(at: Office, ledger: Ledger, envelope: EnvelopeRecord) -> tuple[Plan | None, RoundRecord | None]:
    """Return the plan and round an envelope belongs to; a registered sender's only live campaign stands in for an unknown one."""
    code = envelope.campaign
    if code is None:
        live = ledger.campaigns("live", "paused")
        if not envelope.department or len(live) != 1:
            return None, None
        code = live[0].id
    plan = at.plan(ledger.campaign(code))
    return plan, next((one for one in ledger.rounds(code) if one.id == envelope.round), None)


def _materials(
    ledger: Ledger, plan: Plan | None, a_round: RoundRecord | None, envelope: EnvelopeRecord, outcome: Outcome
) -> tuple[tuple[Material, ...], tuple[Finding, ...]]:
    """Return how the department's whole submission stands, and where its prose says other figures than its table."""
    if not (plan and a_round and envelope.department) or a_round.closed_at or outcome is Outcome.QUARANTINED:
        return (), ()
    return materials_of(ledger, plan, a_round.id, envelope.department)


def materials_of(ledger: Ledger, plan: Plan, round_id: str, department: str) -> tuple[tuple[Material, ...], tuple[Finding, ...]]:
    """Return which parts of a department's whole submission are there, and where its prose says other figures than its table."""
    parts = parts_of_round(ledger, plan, round_id, department)
    standings = parts.of(department, ledger.standings_of(parts.leads.get(department, ())))
    return tuple(Material(one.part.chinese, one.present, one.lacks) for one in standings), parts.differences(department)


def _unreported(
    at: Office, ledger: Ledger, plan: Plan, a_round: RoundRecord, department: str | None, as_of: datetime
) -> tuple[Item, ...]:
    """Return what the department still owes in the round."""
    named, workdays = names(plan), at.workdays(plan.definition)
    owed = plan.expected_of(a_round.id, department or "")
    standings = ledger.standings_of(one.id for one in owed)
    return tuple(
        item(plan, one, standings[one.id], as_of, workdays, named)
        for one in owed
        if state(standings[one.id], as_of) in (State.OPEN, State.MISSING)
    )


def _trouble(finding: Finding) -> Trouble:
    return Trouble(
        finding.message, finding.sheet, finding.cell, finding.value, finding.expected, blocking=finding.severity is Severity.BLOCK
    )


def _annotated_name(name: str) -> str:
    stem = name.rsplit(".", 1)[0] or "报表"
    return f"{stem}_退回修改.xlsx"
