"""Entering figures on a department's behalf: its form, filled in by the office, checked as any workbook is."""

import hashlib
from collections.abc import Iterable
from dataclasses import replace
from datetime import date, datetime
from pathlib import Path

from campaigns.decisions import Decision, Effect, Kind, effect
from campaigns.errors import Refused
from campaigns.findings import Severity
from campaigns.intake import Issued, Read, Sender, decided
from campaigns.letters import Outcome
from campaigns.workdays import office_date
from integrations.excel.reader import read
from tasks.decide import departments, situation_of
from tasks.doors import check, numbering
from tasks.office import office
from tasks.workbooks import stands_for

_MOST_BYTES = 32 * 2**20  # more than any file that is taken


def enter(
    unit: str, file: Path, by: str, authority: str, basis: str, on: date | None, as_of: datetime, *, confirm: bool
) -> Effect:
    """Return what a department's form, filled in by the office, brings; Refused, with every reason, if it would not be taken.

    Confirmed, the decision and the envelope, of the door `office`, are recorded in one transaction; then the envelope is checked
    as any other, now or by the next tick, and its receipt tells the department who entered what on what basis. On time is judged
    by the moment of entering. `unit` is a code or name, `on` the day of the decision, today unless said otherwise.
    """
    try:
        with file.open("rb") as stream:
            data = stream.read(_MOST_BYTES)
    except OSError:
        raise Refused([f"找不到或读不到文件“{file}”，请检查路径"]) from None
    at, book, digest = office(), read(data), hashlib.sha256(data).hexdigest()
    with numbering(at) as ledger:
        told = stands_for(at, ledger, book, digest, as_of)
        found = decided(file.name, digest, book, told, Sender("folder"))
        if not isinstance(told, Issued) or found.checked is None or found.decision.outcome is not Outcome.ACCEPTED:
            raise Refused(list(_why(found)))
        form, blocks = told.form, [one for one in found.checked.blocks if one.outcome.value == "accepted"]
        situation = replace(situation_of(at, ledger, form.campaign, as_of), entered={one.expected: one.nil for one in blocks})
        if departments(situation, (unit,)) != (form.department,):
            raise Refused([f"《{file.name}》是下发给{form.department_name}的报表，不是“{unit}”的，请核对单位和文件"])
        granted = {"file": file.name}
        if confirm:
            granted["envelope"] = ledger.add_envelope("office", file.name, at.keep(data), len(data), "", as_of)
        decision = Decision(
            ledger.next_decision(form.campaign),
            form.campaign,
            Kind.ENTER,
            tuple(situation.entered),
            by,
            authority,
            basis,
            on or office_date(as_of),
            granted,
        )
        made = effect(situation, decision)
        if confirm:
            ledger.record(*made.events)
    if confirm:
        check([granted["envelope"]], as_of)
    return made


def _why(found: Read) -> Iterable[str]:
    """Yield why a file is not taken, each fault with its sheet and cell."""
    if found.decision.reason:
        yield found.decision.reason
    for one in found.checked.all_findings if found.checked else ():
        if one.severity is Severity.BLOCK:
            yield f"{one.sheet}{one.cell}：{one.message}" if one.cell else one.message
