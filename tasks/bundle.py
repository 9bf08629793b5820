"""Sending leads what their cooperating units reported: after the first hop's date, and again after each later arrival."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from campaigns.definition import Role
from campaigns.forms import header
from campaigns.items import Item, in_all_rows, in_letters, items_of, rolled_of
from campaigns.letters import Attachment, Bundle, DutyBundle, Letter, Reported, Row
from campaigns.notices import Notice, bundle_slots
from campaigns.plan import ExpectedReport, Plan
from campaigns.records import RoundRecord, SubmissionRecord
from campaigns.rollup import Figures, Totals, totals
from campaigns.states import Standing, State, as_it_stood, state
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
    owed = plan.owed_to(a_round.id, lead)
    leading = [one for one in plan.expected_of(a_round.id, lead) if one.role is Role.LEAD]
    slots = at.slots(plan)
    # the plan's dates say when letters go, so that a date moved later sends none twice; what they say of dates is in force
    due_at, own = max((one.due_at for one in owed), default=as_of), leading[0].due_at
    if not owed or not bundle_slots(due_at, own, (), slots, as_of):
        return 0  # nobody cooperates, or the first hop's date has not passed
    ids, stands = {one.id for one in owed}, plan.of(a_round.id)
    rolled = rolled_of(stands.definition, stands.directory, plan.report(a_round.id).id)
    items = tuple(one for one in rolled if not one.ratio_of)  # what units send: ratios stand on no form
    made = 0
    with at.ledger() as ledger:
        accepted = [one for one in ledger.submissions(a_round.id, of=ids) if one.outcome == "accepted"]
        standings = ledger.standings_of([*ids, *(one.id for one in leading)])
        for slot in bundle_slots(due_at, own, [s.received_at for s in accepted], slots, as_of):
            key = f"{a_round.id}:bundle:{lead}:{office_time(slot):%Y-%m-%dT%H:%M}"
            if ledger.has_message(key):
                continue
            figures = ledger.figures(plan.definition.campaign.id, "own", of=ids, until=slot)
            facts = [one._replace(indicator=in_all_rows(one.indicator)) for one in figures]
            material = _Material(
                stands,
                names(plan),
                owed,
                {s.expected: s for s in accepted if s.received_at <= slot},
                {code: as_it_stood(one, slot) for code, one in standings.items()},
                items,
                totals(facts, items, {}),
                slot,
            )
            body = _body(material, a_round, leading, {one.duty: standings[one.id].due_at for one in leading})
            letter = Letter(key, at.occasion(plan, a_round.id, a_round.label), at.recipient(plan, lead), body)
            book = write_bundle(f"{a_round.label}配合单位材料", [(one.id, header(one)) for one in items], material.sheets())
            form = issue_form(at, ledger, plan, a_round.id, lead, slot, as_of)
            attached = Attachment(f"{material.named[lead]}_{a_round.label}_配合单位材料.xlsx", XLSX, book)
            notice = Notice(key, a_round.id, "bundle", 1, slot, lead, "liaison")
            made += make_message(at, ledger, letter, [form, attached], [notice], as_of)
    return made


def _body(
    material: "_Material", a_round: RoundRecord, leading: Sequence[ExpectedReport], due_at: Mapping[int, datetime]
) -> Bundle:
    """Return what the letter says; `leading` is what the lead itself owes, `due_at` the dates in force of that, by duty."""
    by_duty: dict[int, list[ExpectedReport]] = defaultdict(list)
    for one in material.owed:
        by_duty[one.duty].append(one)
    definition, directory = material.stands.definition, material.stands.directory
    forms = [definition.form(code) for code in material.stands.report(a_round.id).forms]
    first = min((moment for duty, moment in due_at.items() if duty in by_duty), default=min(due_at.values()))
    due = {duty: moment_in_chinese(moment) for duty, moment in due_at.items() if moment != first}
    return Bundle(
        tuple(material.of_duty(duty, units, due.get(duty, "")) for duty, units in by_duty.items()),
        due=moment_in_chinese(first),
        receiver="、".join(dict.fromkeys(material.named[code] for one in leading for code in one.receivers)),
        prefilled=tuple(
            form.title for form in forms if form.layout != "list" and items_of(form, leading[0].department, definition, directory)
        ),
    )


@dataclass(frozen=True)
class _Material:
    """What the cooperating units of a lead had reported at a moment, under the plan that the round stands under."""

    stands: Plan
    named: Mapping[str, str]
    owed: tuple[ExpectedReport, ...]
    newest: Mapping[str, SubmissionRecord]
    standings: Mapping[str, Standing]
    items: tuple[Item, ...]
    sums: Totals
    moment: datetime

    def of_duty(self, duty: int, units: list[ExpectedReport], due: str) -> DutyBundle:
        """Return who has reported what for one duty, and who has not; who need not is neither."""
        states = {unit.id: state(self.standings[unit.id], self.moment) for unit in units}
        items, came = in_letters(self.items), [unit for unit in units if unit.id in self.newest]
        rows = [_row(self.named[unit.department], items, self.sums.cells.get((duty, unit.department), {})) for unit in came]
        return DutyBundle(
            duty,
            self.stands.definition.duty(duty).title,
            reported=tuple(self._reported(unit, states[unit.id]) for unit in came),
            missing=tuple(self.named[unit.department] for unit in units if states[unit.id] in (State.OPEN, State.MISSING)),
            columns=tuple(header(one) for one in items),
            rows=tuple(row for row in rows if any(row.values)),
            total=_row("小计", items, self.sums.by_duty[duty]) if duty in self.sums.by_duty else None,
            due=due,
        )

    def _reported(self, unit: ExpectedReport, now: State) -> Reported:
        submission = self.newest[unit.id]
        remarks = (
            ["零报告"] * submission.nil
            + ["迟报"] * (now is State.LATE)
            + [f"第{submission.version}版"] * (submission.version > 1)
        )
        return Reported(self.named[unit.department], moment_in_chinese(submission.received_at), "、".join(remarks))

    def sheets(self) -> list[UnitSheet]:
        """Return, for each unit that has reported, what it sent for the lead's duties: values only, never its own file.

        A unit's workbook may hold what it owes to other leads, and whatever else its sender put in it.
        """
        sheets: dict[str, list[tuple[str, Figures, str, str]]] = defaultdict(list)
        for one in self.owed:
            submission = self.newest.get(one.id)
            if submission:
                title = f"任务{one.duty}　{self.stands.definition.duty(one.duty).title}"
                source = f"{submission.file}（{moment_in_chinese(submission.received_at)}收到，回执号{submission.envelope}）"
                figures = self.sums.cells.get((one.duty, one.department), {})
                sheets[one.department].append((title, figures, submission.narrative, source))
        return [UnitSheet(self.named[department], tuple(rows)) for department, rows in sheets.items()]


def _row(name: str, items: tuple[Item, ...], figures: Figures) -> Row:
    """Return a line of a table: blank where nothing was reported."""
    return Row(name, tuple(_plain(figures[one.id]) if one.id in figures else "" for one in items))


def _plain(value: Decimal) -> str:
    return f"{value.normalize():f}"
