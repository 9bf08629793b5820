"""What the office is given of a round: report, bulletin, ledger sheet, charts, the leader's page; and the letter they come with.

Facts are gathered in one transaction, documents set outside of any, and recorded in another: what was made is an event with the
SHA-256 of each file. What would be the same as last time is not made again.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any

from campaigns.account import Account, Summary, account
from campaigns.definition import Part
from campaigns.errors import Conflict
from campaigns.leader_page import Facts, facts, page
from campaigns.ledger_view import LedgerView
from campaigns.letters import Attachment
from campaigns.notices import Notice
from campaigns.parts import Document, sections
from campaigns.plain import file_name
from campaigns.plan import Plan
from campaigns.records import DocumentRecord, PartRecord, RollUpRecord
from campaigns.rollup import Fact, RollUp
from campaigns.workdays import moment_in_chinese
from integrations.database.ledger import Ledger
from integrations.database.ledger.rollups import rollup_key
from integrations.excel.ledger_book import write_ledger
from integrations.files import write_whole
from integrations.word.reader import read
from tasks.assessing import Assessed, assess, sheets
from tasks.closing import rollup_letter
from tasks.forms import XLSX
from tasks.ledger_page import ledger_view
from tasks.office import Office, office
from tasks.papers import DOCX
from tasks.post import make_message
from tasks.rolling import rolled_up
from tasks.step import step

FOLDER, TEMPLATES = "documents", "templates"
PNG = "image/png"
_TYPES = {"docx": DOCX, "xlsx": XLSX, "png": PNG}
Template = Callable[[Office, str], bytes]
LEDGER_BOOK = "台账"
PAGE, PAGE_PICTURE = "领导一页纸", "领导一页纸图"


@dataclass(frozen=True, slots=True)
class _Gathered:
    """What the documents of a round are made of."""

    plan: Plan
    rollup: RollUp
    before: RollUp | None
    summaries: Mapping[str, PartRecord | None]  # of each lead: its newest readable one
    narratives: Mapping[str, tuple[str, str]]
    assessed: Assessed
    view: LedgerView
    page: Facts
    last: Mapping[str, Any] | None
    last_files: Sequence[DocumentRecord]


def write_documents(campaign: str, round_id: str, as_of: datetime) -> list[DocumentRecord]:
    """Return report, bulletin, ledger and charts of a round as it stands, written now unless the last ones say the same."""
    at = office()
    with at.ledger() as ledger:
        gathered = _gather(at, ledger, campaign, round_id, as_of)
    made = _account_files(at, gathered, _template)
    with at.ledger() as ledger:
        return _keep(at, ledger, gathered, made, as_of)


def write_page(campaign: str, round_id: str, as_of: datetime) -> list[DocumentRecord]:
    """Return the leader's page of a round, as a document and as a picture; an unchanged ledger gives the same page."""
    at = office()
    with at.ledger() as ledger:
        gathered = _gather(at, ledger, campaign, round_id, as_of)
    made = _page_files(at, gathered, _template)
    with at.ledger() as ledger:
        return _keep(at, ledger, gathered, made, as_of, gathered.page.record()) if made else list(gathered.last_files)


@step("写情况报告、告知办公室")
def tell_of_rollups(as_of: datetime) -> int:
    """Return how many roll-ups the office was told of now: each once, the workbook with all that was made of it."""
    at = office()
    with at.ledger() as ledger:
        untold = ledger.untold_rollups()
    for campaign, record in untold:
        _tell(at, campaign, record, as_of)
    return len(untold)


def _tell(at: Office, campaign: str, record: RollUpRecord, as_of: datetime) -> None:
    with at.ledger() as ledger:
        gathered = _gather(at, ledger, campaign, record.round, record.published_at)
    note = ""
    try:
        made, page_made = _account_files(at, gathered, _template), _page_files(at, gathered, _template)
    except Conflict as error:  # a template the office has broken keeps no letter back
        note = f"{error}。这一次用了随程序提供的模板"
        made, page_made = _account_files(at, gathered, _shipped), _page_files(at, gathered, _shipped)
    with at.ledger() as ledger:
        documents = _keep(at, ledger, gathered, made, as_of, note=note)
        if page_made:
            documents += _keep(at, ledger, gathered, page_made, as_of, gathered.page.record())
        else:
            documents += gathered.last_files
        key = rollup_key(record.round, record.version)
        letter = rollup_letter(at, ledger, gathered.plan, record, gathered.rollup, key)
        files = [(record.file, record.sha256), *((one.file, one.sha256) for one in documents)]
        attached = [Attachment(name.rpartition("/")[2], _type(name), at.bytes_of(digest)) for name, digest in files]
        notice = Notice(key, record.round, "rollup", record.version, as_of, "office", "office")
        make_message(at, ledger, letter, attached, [notice], as_of)


def _type(name: str) -> str:
    return _TYPES[name.rpartition(".")[2]]


def _gather(at: Office, ledger: Ledger, campaign: str, round_id: str, as_of: datetime) -> _Gathered:
    plan = at.plan(ledger.campaign(campaign))
    known = ledger.figures(campaign, "own", until=as_of)
    rollup = rolled_up(ledger, plan, round_id, as_of, known)
    last = ledger.last_page(campaign)
    a_round = ledger.round(round_id)
    requests = [one for one in ledger.requests(campaign) if one.decision is None]
    unclear = [one for one in ledger.unclear(campaign) if one.outcome == "quarantined"]
    now = facts(
        plan,
        rollup,
        before := _before(ledger, plan, round_id, as_of, known),
        ledger.late_rounds(campaign, as_of),
        requests,
        len(unclear),
        closed=a_round.closed_at is not None,
    )
    submitted = [one for one in ledger.submissions(round_id) if one.outcome == "accepted" and one.received_at <= as_of]
    return _Gathered(
        plan=plan,
        rollup=rollup,
        before=before,
        summaries=_summaries(ledger, plan, rollup),
        narratives={one.expected: (one.narrative, one.envelope) for one in submitted},
        assessed=assess(ledger, plan, a_round, rollup, known, as_of),
        view=ledger_sheet_view(at, ledger, campaign, as_of),
        page=now,
        last=last[0] if last else None,
        last_files=last[1] if last else (),
    )


def ledger_sheet_view(at: Office, ledger: Ledger, campaign: str, as_of: datetime) -> LedgerView:
    """Return the ledger of a campaign as its workbook shows it: as of the last moment at which anything in it changed."""
    standings = ledger.standings(campaign).values()
    moments = [moment for one in standings for moment in (one.received_at, one.due_at) if moment and moment <= as_of]
    view = ledger_view(at, ledger, ledger.campaign(campaign), as_of)
    return replace(view, as_of=moment_in_chinese(max(moments, default=as_of)))


def _before(ledger: Ledger, plan: Plan, round_id: str, as_of: datetime, known: Sequence[Fact]) -> RollUp | None:
    """Return the roll-up of the round before of the same report, once there was one: to be open again takes nothing back."""
    a_round = plan.round(round_id)
    earlier = [one.id for one in plan.rounds if one.report == a_round.report and one.due_on < a_round.due_on]
    return rolled_up(ledger, plan, earlier[-1], as_of, known) if earlier and ledger.rollups(earlier[-1]) else None


def _summaries(ledger: Ledger, plan: Plan, rollup: RollUp) -> Mapping[str, PartRecord | None]:
    """Return the newest readable summary of each department that owes one, or sent one although it was let off."""
    roles = {hop.role for hop in plan.report(rollup.round).hops if Part.SUMMARY in hop.parts}
    leads = [one for one in rollup.entries if one.role in roles]
    asked = {one.department for one in leads}
    found: dict[str, PartRecord | None] = {one.department: None for one in leads if one.owes}
    for department, part in ledger.parts(rollup.round, until=rollup.as_of):
        if part.kind == Part.SUMMARY.value and not part.problem and department in asked:
            found[department] = part
    return found


def _account_files(at: Office, gathered: _Gathered, template: Template) -> dict[str, tuple[str, bytes]]:
    """Return report, bulletin and charts by their kinds, each with its suffix."""
    from integrations.pictures.charts import charts  # matplotlib takes a second to load, and most ticks close nothing
    from integrations.word.filling import filled_account
    from integrations.word.templates import ACCOUNT, BULLETIN

    drawn = charts(gathered.rollup)
    told = _account(at, gathered)
    made = {
        LEDGER_BOOK: ("xlsx", write_ledger(gathered.view)),
        ACCOUNT: ("docx", filled_account(template(at, ACCOUNT), ACCOUNT, told, list(drawn.values()))),
        BULLETIN: ("docx", filled_account(template(at, BULLETIN), BULLETIN, told)),
    }
    return made | {name: ("png", data) for name, data in drawn.items()}


def _account(at: Office, gathered: _Gathered) -> Account:
    plan, rollup = gathered.plan, gathered.rollup
    demanded = plan.report(rollup.round).summary_headings
    read_ones, unread = [], []
    for department, part in gathered.summaries.items():
        document = read(at.bytes_of(part.sha256)) if part else None
        if part and isinstance(document, Document):
            read_ones.append(Summary(department, part.envelope, sections(demanded, document)))
        else:
            unread.append(department)
    found = gathered.assessed
    said = (found.attainments, len(found.questions), sheets(plan.of(rollup.round), found))
    return account(plan, rollup, gathered.before, read_ones, unread, gathered.narratives, *said)


def _page_files(at: Office, gathered: _Gathered, template: Template) -> dict[str, tuple[str, bytes]]:
    """Return the leader's page as document and picture; nothing when the last one says the same."""
    from integrations.pictures.charts import page_picture
    from integrations.word.filling import filled_page
    from integrations.word.templates import PAGE as TEMPLATE

    if gathered.last == gathered.page.record():
        return {}
    told = page(gathered.page, gathered.last)
    made = {PAGE: ("docx", filled_page(template(at, TEMPLATE), TEMPLATE, told))}
    picture = page_picture(told)
    return made | ({PAGE_PICTURE: ("png", picture)} if picture else {})


def put_templates(home: Path) -> None:
    """Put the templates into an office's folder for it to edit; one that is there already is left as it is."""
    from integrations.word.templates import default_templates

    folder = home / TEMPLATES
    folder.mkdir(parents=True, exist_ok=True)
    for name, data in default_templates().items():
        if not (folder / f"{name}.docx").exists():
            write_whole(folder / f"{name}.docx", data)


def _template(at: Office, name: str) -> bytes:
    """Return the office's own template, or the one that comes with the program."""
    own = at.home / TEMPLATES / f"{name}.docx"
    return own.read_bytes() if own.exists() else _shipped(at, name)


def _shipped(_: Office, name: str) -> bytes:
    """Return a template as it comes with the program."""
    from integrations.word.templates import default_templates

    return default_templates()[name]


def _keep(
    at: Office,
    ledger: Ledger,
    gathered: _Gathered,
    made: Mapping[str, tuple[str, bytes]],
    as_of: datetime,
    said: Mapping[str, Any] | None = None,
    note: str = "",
) -> list[DocumentRecord]:
    """Return the records of documents: those of the last time when they are the same, else new ones, with copies to edit."""
    campaign, rollup = gathered.plan.definition.campaign, gathered.rollup
    mine = [one for one in ledger.documents(campaign.id) if one.round == rollup.round and one.kind in made]
    digests = {kind: at.keep(data) for kind, (_, data) in made.items()}
    last = {one.kind: one for one in mine}
    if all(kind in last and last[kind].sha256 == digest for kind, digest in digests.items()):
        return [last[kind] for kind in digests]
    version = max((one.version for one in mine), default=0) + 1
    folder = at.home / FOLDER
    folder.mkdir(parents=True, exist_ok=True)
    records = []
    for kind, (suffix, data) in made.items():
        name = file_name(f"{campaign.short_title}_{rollup.round_label}_{kind}_第{version}版", f".{suffix}")
        write_whole(folder / name, data)
        records.append(DocumentRecord(rollup.round, version, kind, f"{FOLDER}/{name}", digests[kind], as_of))
    ledger.add_documents(campaign.id, rollup.round, records, said, note)
    return records
