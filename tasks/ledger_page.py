"""The ledger page 台账.html, written anew by every tick."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from campaigns.definition import Role
from campaigns.intake import EnvelopeKind
from campaigns.ledger_view import Entry, LedgerView, Link, PartSeen, RoundView, Unclear, Unit
from campaigns.letters import Outcome
from campaigns.organs import Organ
from campaigns.parts import PartStanding
from campaigns.plan import ExpectedReport, Plan
from campaigns.records import (
    CampaignRecord,
    DocumentRecord,
    EnvelopeRecord,
    FormRecord,
    MessageRecord,
    RoundRecord,
    SubmissionRecord,
)
from campaigns.states import Standing, as_it_stood
from campaigns.window import picture
from campaigns.workdays import Workdays, in_chinese, office_date
from integrations.database.ledger import Ledger
from integrations.files import write_whole
from integrations.pages import ledger_page
from tasks.assessing import questions_of
from tasks.attention import attention
from tasks.forms import form_path
from tasks.office import Office, names, office
from tasks.parts import RoundParts, copy_of, original_of, parts_of_round
from tasks.step import step
from tasks.wording import moment_in_chinese, remaining

PAGE = "台账.html"
_MOST_UNCLEAR = 200
_SOON = 3  # working days before a date at which the page turns yellow


@step("更新台账")
def write_ledger_page(as_of: datetime) -> None:
    """Write the page of every campaign: 台账.html of the first, 台账-<代码>.html of each later one; they lead to one another."""
    at = office()
    with at.ledger() as ledger:
        records = sorted(ledger.campaigns(), key=lambda record: (record.launched_at, record.id))
        pages = {record.id: f"台账-{record.id}.html" if number else PAGE for number, record in enumerate(records)}
        urgent = attention(at, ledger, as_of)
        views = {record.id: ledger_view(at, ledger, record, as_of) for record in records}
    for code, view in views.items():
        others = tuple(Link(views[other].short_title, pages[other]) for other in views if other != code)
        page = ledger_page(replace(view, links=others, attention=urgent))
        write_whole(at.home / pages[code], page.encode("utf-8", "replace"))


@dataclass(frozen=True, slots=True)
class _Campaign:
    """What is read once for all rounds and departments of a campaign."""

    at: Office
    plan: Plan
    as_of: datetime
    workdays: Workdays
    names: Mapping[str, str]
    standings: Mapping[str, Standing]
    states: Mapping[str, str]
    letters: Mapping[tuple[str | None, str | None], Sequence[MessageRecord]]  # by round and department
    documents: Mapping[tuple[str, str], DocumentRecord]  # the newest of each round and kind
    questions: Mapping[str, Sequence[str]]  # of the rounds that are open, by expected report


def ledger_view(at: Office, ledger: Ledger, record: CampaignRecord, as_of: datetime) -> LedgerView:
    """Return how a campaign stands, as the page and the workbook show it."""
    plan, rounds = at.plan(record), ledger.rounds(record.id)
    standings = {code: as_it_stood(one, as_of) for code, one in ledger.standings(record.id).items()}
    opened = {one.id: one.closed_at is not None for one in rounds if one.opened_at}
    drawn = picture(plan, record.version, standings, opened, as_of)
    states = {bar.key: bar.state for one in drawn.rounds for bar in one.reports}
    letters: dict[tuple[str | None, str | None], list[MessageRecord]] = defaultdict(list)
    for message in ledger.messages(record.id):
        letters[message.round, message.department].append(message)
    questions = _questions(ledger, plan, [code for code, closed in opened.items() if not closed], as_of)
    documents = {(one.round, one.kind): one for one in ledger.documents(record.id)}
    workdays = at.workdays(plan.definition)
    shared = _Campaign(at, plan, as_of, workdays, names(plan), standings, states, letters, documents, questions)
    campaign = plan.definition.campaign
    return LedgerView(
        office=at.settings.office,
        mailbox=at.settings.mailbox,
        title=campaign.title,
        short_title=campaign.short_title,
        as_of=moment_in_chinese(as_of),
        doc_no=campaign.doc_no or "",
        rounds=tuple(_round(shared, ledger, one) for one in rounds),
        unclear=_unclear(at, ledger, record.id),
    )


def _questions(ledger: Ledger, plan: Plan, rounds: Sequence[str], as_of: datetime) -> dict[str, list[str]]:
    """Return what asks to be looked at again in the figures of these rounds, by expected report."""
    facts = ledger.figures(plan.definition.campaign.id, "own", until=as_of) if rounds else []
    found: dict[str, list[str]] = defaultdict(list)
    for code in rounds:
        for one in questions_of(plan, code, facts):
            found[one.expected].append(f"{one.chinese}：{one.text.partition('：')[2]}")
    return found


def _round(shared: _Campaign, ledger: Ledger, a_round: RoundRecord) -> RoundView:
    plan = shared.plan.of(a_round.id)
    laid = plan.round(a_round.id)
    dates = tuple((f"{role.chinese}单位报送", laid.when(role)) for role, _ in laid.due)
    if a_round.opened_at is None:
        return RoundView(a_round.id, a_round.label, f"{in_chinese(a_round.opens_on)}下发", dates)
    status = f"{moment_in_chinese(a_round.closed_at)}已汇总" if a_round.closed_at else "报送中"
    came = (one for one in ledger.submissions(a_round.id) if one.received_at <= shared.as_of)
    submissions = {one.expected: one for one in came if one.outcome == "accepted"}
    parts = parts_of_round(ledger, plan, a_round.id)
    forms = {one.department: one for one in ledger.forms(a_round.id)}  # the newest version of each remains
    owed: dict[str, list[ExpectedReport]] = defaultdict(list)
    for expected in plan.expected_in(a_round.id):
        owed[expected.department].append(expected)
    units = []
    for organ in plan.directory.organs:
        if organ.id not in owed:
            continue
        entries = tuple(_entry(shared, one, submissions.get(one.id), parts) for one in owed[organ.id])
        units.append(_unit(shared, a_round, organ, entries, forms.get(organ.id)))
    links = [Link(f"汇总表第{one.version}版", one.file) for one in ledger.rollups(a_round.id)]
    links += [Link(f"{one.kind}第{one.version}版", one.file) for one in shared.documents.values() if one.round == a_round.id]
    return RoundView(a_round.id, a_round.label, status, dates, tuple(units), tuple(links), a_round.closed_at is not None)


def _unit(shared: _Campaign, a_round: RoundRecord, organ: Organ, entries: tuple[Entry, ...], form: FormRecord | None) -> Unit:
    person = organ.reporter
    letters = (one for one in shared.letters.get((a_round.id, organ.id), ()) if _in_outbox(shared.at, one))
    return Unit(
        code=organ.id,
        name=organ.name,
        entries=entries,
        contact=person.name if person else "",
        phone=person.phone if person else "",
        email=person.email if person else "",
        form=Link(f"第{form.version}版报表", form_path(form)) if form else None,
        letters=tuple(Link(f"{moment_in_chinese(one.made_at)} {one.subject}", f"outbox/{one.file}") for one in letters),
    )


def _in_outbox(at: Office, message: MessageRecord) -> bool:
    """Return whether the letter stands in the outbox: one that was sent does, one that came back may."""
    return message.status == "sent" or (at.home / "outbox" / message.file).is_file()


def _entry(shared: _Campaign, one: ExpectedReport, submission: SubmissionRecord | None, parts: RoundParts) -> Entry:
    plan, standing = shared.plan.of(one.round), shared.standings[one.id]
    standings = parts.of_report(one.department, reported=submission is not None) if one.role is Role.LEAD else ()
    left = shared.workdays.between(office_date(shared.as_of), office_date(standing.due_at))
    still_owed = standing.received_at is None
    return Entry(
        duty=one.duty,
        title=plan.definition.duty(one.duty).title,
        role=one.role.chinese,
        receiver="、".join(shared.names[code] for code in one.receivers),
        state=shared.states[one.id],
        due=moment_in_chinese(standing.due_at),
        remaining=remaining(standing.due_at, shared.as_of, shared.workdays) if still_owed else "",
        soon=still_owed and left <= _SOON,
        received=moment_in_chinese(standing.received_at) if standing.received_at else "",
        version=standing.version,
        extended=standing.due_version > 1,
        parts=tuple(_part(shared.at, standing) for standing in standings),
        files=(Link(submission.file, original_of(shared.at, submission.envelope)),) if submission else (),
        doubts=(
            *(finding.message for finding in (parts.differences(one.department) if standings and submission else ())),
            *shared.questions.get(one.id, ()),
        ),
    )


def _part(at: Office, standing: PartStanding) -> PartSeen:
    return PartSeen(standing.part.chinese, standing.present, standing.lacks, copy_of(at, standing))


def _word(one: EnvelopeRecord) -> str:
    return Outcome(one.outcome).chinese if one.outcome else EnvelopeKind(one.kind or "").chinese


def _unclear(at: Office, ledger: Ledger, campaign: str) -> tuple[Unclear, ...]:
    """Return what came and was not taken for anybody, the newest first; what no campaign is known of stands on every page."""
    return tuple(
        Unclear(
            one.id, one.name, moment_in_chinese(one.received_at), one.sender, _word(one), one.reason,
            original_of(at, one.id),
        )
        for one in ledger.unclear(campaign, _MOST_UNCLEAR)
    )  # fmt: skip
