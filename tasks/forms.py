"""Issuing a form: designed, written, signed, stored."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from itertools import takewhile

from campaigns.forms import Form, design
from campaigns.formulas import total
from campaigns.items import figures_of
from campaigns.letters import Attachment
from campaigns.plan import Plan
from campaigns.records import FormRecord
from campaigns.rollup import Fact
from campaigns.states import Standing, State, state
from integrations.database.ledger import Ledger
from integrations.excel.forms_out import write_form
from integrations.files import write_whole
from integrations.signing import sign
from tasks.office import Office, names

XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


def issue_form(
    at: Office, ledger: Ledger, plan: Plan, round_id: str, department: str, until: datetime, issued_at: datetime
) -> Attachment:
    """Return the newest form of a department for a round as an attachment, recorded in the ledger.

    A lead's form shows what its cooperating units had reported until that instant; every form shows what the rounds before had
    come to by then, corrections included. It asks what the plan asks that the round stands under; the rounds before may have
    stood under others.
    """
    version = len(ledger.forms(round_id, department)) + 1
    campaign, stands = plan.definition.campaign.id, plan.of(round_id)
    units = plan.owed_to(round_id, department)  # only a lead's form shows what others reported
    standings = ledger.standings_of(one.id for one in (*units, *plan.expected_of(round_id, department)))
    before = _before(plan, round_id)
    reports = (one.id for code in before for one in (*plan.expected_of(code, department), *plan.owed_to(code, department)))
    earlier = ledger.figures(campaign, "own", of=reports, until=until)
    reported = ledger.figures(campaign, "own", of=(one.id for one in units), until=until)
    form = design(
        stands,
        round_id,
        department,
        serial=f"{round_id}:{department}:v{version}",
        version=version,
        previous=_previous(stands, round_id, department, before, earlier),
        coop=_sub_totals(stands, round_id, department, reported),
        last=_last(plan, round_id, department, before, earlier),
        coop_notes=_notes(plan, round_id, department, standings, until),
        due={code: one.due_at for code, one in standings.items()},
    )
    data = write_form(form, sign({**form.identity, "office": at.settings.mailbox}, at.settings.secret))
    digest = at.keep(data)
    record = FormRecord(form.serial, round_id, department, version, digest, form.model_dump_json(), issued_at)
    ledger.add_form(record)
    target = at.home / form_path(record)
    target.parent.mkdir(parents=True, exist_ok=True)
    write_whole(target, data)
    return Attachment(form.filename, XLSX, data)


def form_path(record: FormRecord) -> str:
    """Return where an issued form stands in the office's folder."""
    return f"forms/{record.round.replace('/', '_')}/{record.department}_v{record.version}.xlsx"


def _before(plan: Plan, round_id: str) -> list[str]:
    """Return the rounds of the same report before a round, the earliest first."""
    report = plan.round(round_id).report
    return list(takewhile(lambda code: code != round_id, (one.id for one in plan.rounds if one.report == report)))


def _previous(
    stands: Plan, round_id: str, department: str, before: Sequence[str], earlier: Iterable[Fact]
) -> Mapping[str, Mapping[str, Sequence[Decimal]]]:
    """Return the figures of each round before, the earliest first, by the expected report of this round they come before.

    Of a duty that the department led they are what it and its cooperating units come to. They are worked out from what everybody
    reported, not from the forms of then: those did not know what came after them.
    """
    items = {one.id: one for one in figures_of(stands.definition, stands.directory, stands.round(round_id).report)}
    values: dict[tuple[str, int, str], list[Decimal]] = defaultdict(list)
    for fact in earlier:
        if fact.indicator in items:
            values[fact.round, fact.duty, fact.indicator].append(fact.value)
    found: dict[str, dict[str, list[Decimal]]] = defaultdict(lambda: defaultdict(list))
    order = {code: at for at, code in enumerate(before)}
    for (_, duty, code), said in sorted(values.items(), key=lambda one: order[one[0][0]]):
        found[f"{round_id}/{duty}/{department}"][code].append(total(items[code], said))
    return found


def _last(
    plan: Plan, round_id: str, department: str, before: Sequence[str], earlier: Iterable[Fact]
) -> Mapping[str, Mapping[str, Decimal]]:
    """Return a department's own figures of the round before, by the expected report of this round they precede."""
    due = plan.round(round_id).due_on
    last = next((code for code in reversed(before) if plan.round(code).due_on < due), None)
    found: dict[str, dict[str, Decimal]] = defaultdict(dict)
    for fact in earlier:
        if fact.round == last and fact.department == department:
            found[f"{round_id}/{fact.duty}/{department}"][fact.indicator] = fact.value
    return found


def _sub_totals(plan: Plan, round_id: str, lead: str, figures: Iterable[Fact]) -> Mapping[str, Mapping[str, Decimal]]:
    """Return what the figures of a lead's cooperating units come to, by its expected report of each duty."""
    found: dict[str, dict[str, list[Decimal]]] = defaultdict(lambda: defaultdict(list))
    items = {one.id: one for one in figures_of(plan.definition, plan.directory, plan.round(round_id).report)}
    for fact in figures:
        if fact.indicator in items:  # one that was asked for once
            found[f"{round_id}/{fact.duty}/{lead}"][fact.indicator].append(fact.value)
    return {expected: {code: total(items[code], values) for code, values in mine.items()} for expected, mine in found.items()}


def _notes(plan: Plan, round_id: str, lead: str, standings: Mapping[str, Standing], until: datetime) -> Mapping[str, str]:
    """Return, for each duty a department leads, who of its cooperating units had reported and who had not.

    Units that need not report are neither.
    """
    named = names(plan)
    by_duty: dict[int, list[tuple[str, bool]]] = defaultdict(list)
    for one in plan.owed_to(round_id, lead):
        units, now = by_duty[one.duty], state(standings[one.id], until)
        if not now.excused:
            units.append((named[one.department], now not in (State.OPEN, State.MISSING)))
    return {f"{round_id}/{duty}/{lead}": _note(units) for duty, units in by_duty.items()}


def _note(units: list[tuple[str, bool]]) -> str:
    reported = [name for name, there in units if there]
    missing = [name for name, there in units if not there]
    if not units:
        return "本期没有应报的配合单位"
    if not missing:
        return f"应报{len(units)}家，已全部报送：{'、'.join(reported)}"
    if not reported:
        return f"应报{len(units)}家，尚未收到：{'、'.join(missing)}"
    return f"应报{len(units)}家，已报{len(reported)}家：{'、'.join(reported)}；尚未收到：{'、'.join(missing)}"


def newest_form(at: Office, ledger: Ledger, round_id: str, department: str) -> Attachment | None:
    """Return the form a department was sent last for a round, as it was sent; None when there is none."""
    forms = ledger.forms(round_id, department)
    if not forms:
        return None
    return Attachment(Form.model_validate_json(forms[-1].layout).filename, XLSX, at.bytes_of(forms[-1].sha256))
