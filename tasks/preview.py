"""Before a launch: every letter shown, one to oneself on request; nothing is written into the ledger."""

from dataclasses import replace
from datetime import datetime
from typing import Any

from campaigns.errors import DefinitionError
from campaigns.findings import Severity
from campaigns.forms import design
from campaigns.letters import Attachment, Recipient
from campaigns.notices import message_id
from campaigns.plan import Plan
from campaigns.workdays import in_chinese, office_date
from integrations.excel.forms_out import write_form
from integrations.mail.dates import NAME
from integrations.mail.rendering import render, subject
from integrations.signing import sign
from tasks.campaign import must_not_be_over, must_not_clash
from tasks.definitions import load
from tasks.dispatch import assignment_letter, dates, departments_in, opening_slot
from tasks.forms import XLSX
from tasks.office import office
from tasks.sending import send
from tasks.wording import moment_in_chinese


def usable(name: str, now: datetime) -> Plan:
    """Return the plan of a definition that can be launched; DefinitionError with its errors, Conflict when it cannot."""
    plan = load(name)
    if not plan.usable:
        raise DefinitionError([one for one in plan.problems if one.severity in (Severity.ERROR, Severity.ASKED)])
    must_not_be_over(plan, now)
    must_not_clash(plan)
    return plan


def preview(name: str, now: datetime) -> list[dict[str, Any]]:
    """Return every letter of assignment that launching would bring, round by round: when, to whom, subject, attachments.

    Reminders, receipts and bundles depend on what departments do; they follow the ladder of the definition.
    """
    at, plan = office(), usable(name, now)
    slots = at.slots(plan)
    letters = []
    for a_round in plan.rounds:
        if a_round.due_on < office_date(now):
            continue
        when = max(now, opening_slot(a_round, slots))
        for department in departments_in(plan, a_round.id):
            letter = assignment_letter(at, plan, a_round.id, department, when, "preview")
            form = design(plan, a_round.id, department, serial="", version=1, previous={}, coop={}, coop_notes={})
            letters.append(
                {
                    "when": moment_in_chinese(when),
                    "round": a_round.id,
                    "department": department,
                    "to": f"{letter.to.unit} {letter.to.name}",
                    "email": letter.to.email,
                    "subject": subject(letter),
                    "attachments": [form.filename, NAME],
                }
            )
    return letters


def dates_of(name: str, now: datetime) -> list[dict[str, str]]:
    """Return the dates of a campaign that launching now would set: for each round when it is sent out and when it is due."""
    at, plan = office(), usable(name, now)
    slots = at.slots(plan)
    return [
        {
            "报送期": one.label,
            "下发": moment_in_chinese(max(now, opening_slot(one, slots))),
            "截止": in_chinese(one.due_on),
        }
        for one in plan.rounds
        if one.due_on >= office_date(now)
    ]


def send_sample(name: str, to: str, now: datetime) -> str:
    """Return where the first letter of the campaign went, addressed to oneself; its form is no form of the campaign."""
    at, plan = office(), usable(name, now)
    a_round = plan.rounds[0]
    department = departments_in(plan, a_round.id)[0]
    form = design(plan, a_round.id, department, serial="sample", version=1, previous={}, coop={}, coop_notes={})
    key = f"sample:{plan.definition.campaign.id}:{to}:{now.isoformat()}"
    letter = assignment_letter(at, plan, a_round.id, department, now, key)
    letter = replace(letter, to=Recipient("样信", to, letter.to.unit, department))
    attachment = Attachment(form.filename, XLSX, write_form(form, sign(form.identity, at.settings.secret)))
    raw = render(
        letter,
        [attachment, dates(at, plan, a_round.id, department, now)],
        sender=(at.settings.office, at.settings.mailbox),
        message_id=message_id(key, at.settings.mailbox),
        date=now,
    )
    return str(send(at, raw, to, f"样信 {subject(letter)}"))
