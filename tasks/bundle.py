"""Sending leads what their cooperating units reported: after the first hop's date, and again after each later arrival."""

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal

from campaigns.definition import Role
from campaigns.forms import header
from campaigns.items import Item, figures_of, in_letters
from campaigns.letters import Attachment, Bundle, DutyBundle, Letter, Reported, Row
from campaigns.notices import Notice, bundle_slots, cooperating_of
from campaigns.plan import ExpectedReport, Plan
from campaigns.records import RoundRecord, SubmissionRecord
from campaigns.rollup import Fact
from campaigns.workdays import office_time
from integrations.excel.bundle_book import UnitSheet, write_bundle
from tasks.forms import XLSX, issue_form
from tasks.office import Office, names, office
from tasks.post import make_message
from tasks.step import step
from tasks.wording import moment_in_chinese


@step("向牵头单位转送配合单位材料")
def bundle_leads(campaign: str, as_of: datetime) -> int:
    """Return how many bundles were made: one a lead for every slot at which it has something new to hear."""
    at = office()
    with at.ledger() as ledger:
        plan = at.plan(ledger.campaign(campaign))
        rounds = [one for one in ledger.rounds(campaign) if one.opened_at and one.closed_at is None]
    return sum(
        _bundle(at, plan, a_round, lead, as_of)
        for a_round in rounds
        for lead in dict.fromkeys(one.department for one in plan.expected_in(a_round.id) if one.role is Role.LEAD)
    )


def hourly_campaigns() -> list[str]:
    """Return the ids of the running campaigns whose leads may owe the office before the next daily round: hops with an hour."""
    at = office()
    with at.ledger() as ledger:
        running = [at.running(record).definition for record in ledger.campaigns("live")]
    return [one.campaign.id for one in running if any(hop.hour for report in one.reports for hop in report.hops)]


def _bundle(at: Office, plan: Plan, a_round: RoundRecord, lead: str, as_of: datetime) -> int:
    owed = cooperating_of(lead, plan.expected_in(a_round.id))
    slots = at.slots(plan)
    due_at = max((one.due_at for one in owed), default=as_of)
    own = next(one.due_at for one in plan.expected_of(a_round.id, lead) if one.role is Role.LEAD)
    if not owed or not bundle_slots(due_at, own, (), slots, as_of):
        return 0  # nobody cooperates, or the first hop's date has not passed
    ids = {one.id for one in owed}
    made = 0
    with at.ledger() as ledger:
        accepted = [s for s in ledger.submissions(a_round.id) if s.outcome == "accepted" and s.expected in ids]
        for slot in bundle_slots(due_at, own, [s.received_at for s in accepted], slots, as_of):
            key = f"{a_round.id}:bundle:{lead}:{office_time(slot):%Y-%m-%dT%H:%M}"
            if ledger.has_message(key):
                continue
            then = [s for s in accepted if s.received_at <= slot]
            figures = [
                f
                for f in ledger.figures(plan.definition.campaign.id, "own", round_id=a_round.id, until=slot)
                if f.expected in ids
            ]
            letter = _letter(at, plan, a_round, lead, owed, then, figures, key)
            book = write_bundle(f"{a_round.label}配合单位材料", _columns(plan, a_round), _sheets(plan, owed, then, figures))
            form = issue_form(at, ledger, plan, a_round.id, lead, slot, as_of)
            material = Attachment(f"{names(plan)[lead]}_{a_round.label}_配合单位材料.xlsx", XLSX, book)
            notice = Notice(key, a_round.id, "bundle", 1, slot, lead, "liaison")
            made += make_message(at, ledger, letter, [form, material], [notice], as_of)
    return made


def _letter(
    at: Office,
    plan: Plan,
    a_round: RoundRecord,
    lead: str,
    owed: Sequence[ExpectedReport],
    accepted: Sequence[SubmissionRecord],
    figures: Sequence[Fact],
    key: str,
) -> Letter:
    due = next(one.due_at for one in plan.expected_of(a_round.id, lead) if one.role is Role.LEAD)
    by_duty: dict[int, list[ExpectedReport]] = defaultdict(list)
    for one in owed:
        by_duty[one.duty].append(one)
    duties = tuple(_duty(plan, a_round, duty, units, accepted, figures) for duty, units in by_duty.items())
    body = Bundle(duties, due=moment_in_chinese(due))
    return Letter(key, at.occasion(plan, a_round.id, a_round.label), at.recipient(plan, lead), body)


def _duty(
    plan: Plan,
    a_round: RoundRecord,
    duty: int,
    units: Sequence[ExpectedReport],
    accepted: Sequence[SubmissionRecord],
    figures: Sequence[Fact],
) -> DutyBundle:
    named, stands, indicators = names(plan), plan.of(a_round.id), in_letters(_indicators(plan, a_round))
    newest = {s.expected: s for s in accepted}
    rows, reported = [], []
    totals: dict[str, Decimal] = defaultdict(Decimal)
    for unit in units:
        submission = newest.get(unit.id)
        if submission is None:
            continue
        first = min(s.received_at for s in accepted if s.expected == unit.id)
        remarks = (
            ["零报告"] * submission.nil
            + ["迟报"] * (first > unit.due_at)
            + [f"第{submission.version}版"] * (submission.version > 1)
        )
        reported.append(Reported(named[unit.department], moment_in_chinese(submission.received_at), "、".join(remarks)))
        values = {fact.indicator: fact.value for fact in figures if fact.expected == unit.id}
        rows.append(Row(named[unit.department], tuple(_plain(values.get(one.id, Decimal(0))) for one in indicators)))
        for one in indicators:
            totals[one.id] += values.get(one.id, Decimal(0))
    return DutyBundle(
        duty,
        stands.definition.duty(duty).title,
        reported=tuple(reported),
        missing=tuple(named[unit.department] for unit in units if unit.id not in newest),
        columns=tuple(header(one) for one in indicators),
        rows=tuple(rows),
        total=Row("小计", tuple(_plain(totals[one.id]) for one in indicators)) if rows else None,
    )


def _sheets(
    plan: Plan, owed: Sequence[ExpectedReport], accepted: Sequence[SubmissionRecord], figures: Sequence[Fact]
) -> list[UnitSheet]:
    """Return, for each unit that has reported, what it sent for the lead's duties: values only, never its own file.

    A unit's workbook may hold what it owes to other leads, and whatever else its sender put in it.
    """
    named = names(plan)
    newest = {s.expected: s for s in accepted}
    sheets: dict[str, list[tuple[str, dict[str, Decimal], str, str]]] = defaultdict(list)
    for one in owed:
        submission = newest.get(one.id)
        if submission:
            values = {fact.indicator: fact.value for fact in figures if fact.expected == one.id}
            title = f"任务{one.duty}　{plan.of(one.round).definition.duty(one.duty).title}"
            source = f"{submission.file}（{moment_in_chinese(submission.received_at)}收到，回执号{submission.envelope}）"
            sheets[one.department].append((title, values, submission.narrative, source))
    return [UnitSheet(named[department], tuple(rows)) for department, rows in sheets.items()]


def _indicators(plan: Plan, a_round: RoundRecord) -> Sequence[Item]:
    stands = plan.of(a_round.id)
    return figures_of(stands.definition, stands.directory, stands.round(a_round.id).report)


def _columns(plan: Plan, a_round: RoundRecord) -> list[tuple[str, str]]:
    return [(one.id, header(one)) for one in _indicators(plan, a_round)]


def _plain(value: Decimal) -> str:
    return f"{value.normalize():f}"
