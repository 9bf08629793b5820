"""Opening rounds: the denominator is frozen, every department gets one letter with its form."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime

from campaigns.definition import Part, Role
from campaigns.events import Event
from campaigns.letters import Assignment, Attachment, Letter
from campaigns.notices import Notice
from campaigns.plan import ExpectedReport, Plan, Round
from campaigns.records import RoundRecord
from campaigns.states import Standing
from campaigns.workdays import Slots, in_chinese
from integrations.mail.dates import ICS, NAME, DueDate, calendar_file
from tasks.doors import upload_address
from tasks.forms import issue_form
from tasks.office import Office, names, office
from tasks.post import make_message
from tasks.step import step
from tasks.wording import item, moment_in_chinese


def opening_slot(a_round: Round | RoundRecord, slots: Slots) -> datetime:
    """Return when a round opens: the first daily round on or after its opening date."""
    return slots.first_of(a_round.opens_on)


@step("开启报送期、下发报表")
def open_rounds(campaign: str, as_of: datetime) -> int:
    """Return how many letters of assignment were made: for every round whose time has come, one a department.

    Each department is its own transaction, so a crash half-way is carried on by the next tick.
    """
    at = office()
    with at.ledger() as ledger:
        plan = at.plan(ledger.campaign(campaign))
        rounds = [one for one in ledger.rounds(campaign) if one.closed_at is None]
        known = ledger.message_keys(campaign)
    slots = at.slots(plan)
    made = 0
    for a_round in rounds:
        if opening_slot(a_round, slots) <= as_of:
            if a_round.opened_at is None:
                _open(at, plan, a_round, as_of)
            made += sum(
                assign(at, plan, a_round.id, department, as_of)
                for department in departments_in(plan, a_round.id)
                if assignment_key(a_round.id, department) not in known
            )
    return made


def _open(at: Office, plan: Plan, a_round: RoundRecord, as_of: datetime) -> None:
    data = {"expected": len(plan.expected_in(a_round.id))}
    event = Event(a_round.campaign, "round.opened", a_round.id, as_of, "tick", f"open:{a_round.id}", data)
    with at.ledger() as ledger:
        ledger.open_round(a_round.id, event)


def departments_in(plan: Plan, round_id: str) -> list[str]:
    """Return the departments that owe something in a round, in the order of the directory."""
    owing = {one.department for one in plan.expected_in(round_id)}
    return [organ.id for organ in plan.directory.organs if organ.id in owing]


def assignment_key(round_id: str, department: str) -> str:
    """Return the key of a department's letter of assignment for a round."""
    return f"{round_id}:assignment:{department}"


def assign(at: Office, plan: Plan, round_id: str, department: str, as_of: datetime) -> bool:
    """Return whether a department's letter of assignment for a round was made now."""
    key = assignment_key(round_id, department)
    with at.ledger() as ledger:
        if ledger.has_message(key):
            return False
        form = issue_form(at, ledger, plan, round_id, department, as_of, as_of)
        a_round = ledger.round(round_id)
        upload = upload_address(at, ledger, a_round, department, as_of)
        letter = assignment_letter(at, plan, round_id, department, as_of, key, upload)
        notice = Notice(key, round_id, "assignment", 1, as_of, department, "liaison")
        return make_message(at, ledger, letter, [form, dates(at, plan, round_id, department, as_of)], [notice], as_of)


def dates(at: Office, plan: Plan, round_id: str, department: str, as_of: datetime) -> Attachment:
    """Return when a department owes what in a round, for a calendar program: an event a role; reminders move it with the date."""
    owed: dict[Role, list[ExpectedReport]] = {}
    for one in plan.expected_of(round_id, department):
        owed.setdefault(one.role, []).append(one)
    about, unit = plan.definition.campaign, plan.directory.organ(department).name
    found = [
        DueDate(
            code=f"{round_id}/{department}/{role.value}",
            version=1,
            title=f"{about.short_title}{plan.round(round_id).label}报送截止（{unit}）",
            due_at=min(one.due_at for one in mine),
            words="；".join(f"任务{one.duty}　{plan.definition.duty(one.duty).title}" for one in mine),
        )
        for role, mine in owed.items()
    ]
    return Attachment(NAME, ICS, calendar_file(found, at.settings.mailbox, as_of))


def assignment_letter(
    at: Office, plan: Plan, round_id: str, department: str, as_of: datetime, key: str, upload: str = ""
) -> Letter:
    """Return the letter that tells a department what it owes in a round."""
    a_round = plan.round(round_id)
    report = plan.definition.report(a_round.report)
    mine = plan.expected_of(round_id, department)
    named, workdays = names(plan), at.workdays(plan.definition)
    roles = {one.role for one in mine}
    parts = _parts(hop.parts for hop in report.hops if hop.role in roles)
    body = Assignment(
        items=tuple(
            replace(
                item(plan, one, Standing(one.due_at), as_of, workdays, named), clause=plan.definition.duty(one.duty).clause or ""
            )
            for one in mine
        ),
        due=moment_in_chinese(min(one.due_at for one in mine)),
        covers=f"{in_chinese(a_round.covers_from)}至{in_chinese(a_round.covers_until)}",
        parts=parts,
        headings=report.summary_headings if Role.LEAD in roles else (),
        upload=upload,
    )
    return Letter(key, at.occasion(plan, round_id, a_round.label), at.recipient(plan, department), body)


def _parts(wanted: Iterable[Iterable[Part]]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(part.chinese for parts in wanted for part in parts))
