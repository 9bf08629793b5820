"""The doors by which departments' files come in. Bytes and their row first; only then is anything moved, checked or answered."""

import secrets
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from email import message_from_bytes
from email.policy import default
from hmac import compare_digest
from typing import Any

from campaigns.errors import Conflict, LiandongError, UnknownItem
from campaigns.findings import Severity
from campaigns.forms import Form
from campaigns.letters import Line, Outcome, Trouble
from campaigns.plan import ExpectedReport, Plan
from campaigns.records import EnvelopeRecord, RoundRecord
from campaigns.states import Standing
from campaigns.upload_view import ReceiptView, UploadView
from campaigns.workdays import in_chinese, office_date
from integrations.database.ledger import Ledger
from integrations.inbox.folder import Arrival, alone, arrivals, must_be_usable, put_away, put_beside
from integrations.inbox.imap import Fetched, ImapAccount, new_mails
from integrations.inbox.mime import Part, file_name, parts_of, unpacked
from integrations.signing import sign_link, unsign_link
from tasks.asking import put_from_page
from tasks.asking import shown as asked_for
from tasks.forms import XLSX
from tasks.intake import check_envelope
from tasks.office import Office, names, office
from tasks.receipts import materials_of
from tasks.step import step
from tasks.wording import item, moment_in_chinese

_INBOX_LOCK, _MAILBOX_LOCK, _NUMBER_LOCK = ".inbox.lock", ".mailbox.lock", ".number.lock"
_WORKBOOKS = (".xlsx", ".xls", ".et", ".ods")
_LINK_OUTLIVES_ROUND = timedelta(days=30)  # what was handed in can still be looked at


class BadLink(LiandongError):
    """A link that this office did not make."""

    def __init__(self) -> None:
        super().__init__("链接不正确，请从最近一封联合执法信件中重新打开，不要改动或截断")


class ExpiredLink(LiandongError):
    """A link whose time is over, or that was replaced by another."""


@dataclass(frozen=True, slots=True)
class Scope:
    """Whose door it is: one department in one round, until a day; nothing else is read or written through it."""

    round: str
    department: str
    until: date

    @property
    def key(self) -> tuple[str, str]:
        """Return what the ledger calls it."""
        return self.round, self.department

    @property
    def campaign(self) -> str:
        """Return the campaign the round belongs to."""
        return self.round.split("/")[0]


# -- the watched folder ------------------------------------------------------------------------------------------------


@step("收件入库")
def take_in(as_of: datetime) -> int:
    """Return how many files of the watched folder were stored and recorded; only then is each moved out of the way."""
    at = office()
    count = 0
    must_be_usable(at.settings.watched_folder)
    with alone(at.home / _INBOX_LOCK):
        for arrival in arrivals(at.settings.watched_folder):
            count += _take(at, arrival, as_of)
    return count


def _take(at: Office, arrival: Arrival, as_of: datetime) -> int:
    digest = at.keep(arrival.data)
    files = forms_apart(arrival.name, arrival.data) if arrival.door == "folder" else []
    if not files:
        sender = parts_of(arrival.data).sender if arrival.door == "mail" else ""
        with numbering(at) as ledger:
            envelope = ledger.add_envelope(arrival.door, arrival.name, digest, len(arrival.data), sender, as_of)
        put_away(arrival, envelope)
        return 1
    envelopes = []
    digests = [at.keep(part.data) for part in files]
    with numbering(at) as ledger:
        for part, one in zip(files, digests, strict=True):
            envelopes.append(ledger.add_envelope("folder", part.name, one, len(part.data), "", as_of))
    for envelope, part in zip(envelopes, files, strict=True):
        put_beside(arrival, envelope, part.name, part.data)
    put_away(arrival, f"压缩包/{envelopes[0]}")
    return len(files)


def forms_apart(name: str, data: bytes) -> list[Part]:
    """Return the files of an archive that holds several workbooks, each an envelope of its own; none when it is one envelope."""
    files = unpacked(Part(name, "", data))
    return files if sum(part.name.lower().endswith(_WORKBOOKS) for part in files) > 1 else []


@contextmanager
def numbering(at: Office) -> Iterator[Ledger]:
    """Yield the ledger while nobody else gives out receipt numbers: the doors are open in several processes."""
    with alone(at.home / _NUMBER_LOCK), at.ledger() as ledger:
        yield ledger


# -- the mailbox -------------------------------------------------------------------------------------------------------


@step("到邮箱取信")
def fetch_mails(as_of: datetime) -> int:
    """Return how many mails of the office's mailbox were stored and recorded: those since the first running campaign began.

    WorldError when the mailbox fails half-way: what was fetched stands, the rest comes next time.
    """
    at = office()
    imap = at.settings.imap
    if imap is None:
        return 0
    with at.ledger() as ledger:
        running = ledger.campaigns("live", "paused")
    if not running:
        return 0
    since = min(office_date(one.launched_at) for one in running)
    password = imap.password.get_secret_value()
    account = ImapAccount(imap.host, imap.port, imap.security, imap.user, password, imap.folder, imap.ca_file)
    return fetch_from(at, account, since, as_of)


def fetch_from(at: Office, account: ImapAccount, since: date, as_of: datetime) -> int:
    """Return how many mails of a mailbox were stored and recorded, each before the next is asked for."""

    def known(uid_validity: int) -> set[int]:
        with at.ledger() as ledger:
            return ledger.fetched(account.mailbox, uid_validity)

    count = 0
    with alone(at.home / _MAILBOX_LOCK):
        for mail in new_mails(account, known, since):
            _record(at, account, mail, as_of)
            count += 1
    return count


def _record(at: Office, account: ImapAccount, mail: Fetched, as_of: datetime) -> None:
    digest = at.keep(mail.raw)
    found = parts_of(mail.raw)
    # when the server got it is when it arrived, however long the office's program was off
    received = min(mail.arrived_at or as_of, as_of)
    with numbering(at) as ledger:
        ledger.add_fetched(
            account.mailbox,
            mail.uid_validity,
            mail.uid,
            found.subject or "（无主题）",
            digest,
            len(mail.raw),
            found.sender,
            received,
        )


# -- upload links ------------------------------------------------------------------------------------------------------


def upload_link(at: Office, ledger: Ledger, a_round: RoundRecord, department: str, as_of: datetime, renew: bool = False) -> str:
    """Return the signed token of a department's link for a round, the same each time; `renew` revokes the one before."""
    nonce = ledger.upload_nonce(a_round.id, department)
    if nonce is None or renew:
        nonce = secrets.token_urlsafe(9)
        ledger.set_upload_nonce(a_round.id, department, nonce, as_of)
    until = a_round.closes_on + _LINK_OUTLIVES_ROUND
    payload = {"round": a_round.id, "department": department, "until": until.isoformat(), "nonce": nonce}
    return sign_link(payload, at.settings.secret)


def upload_address(at: Office, ledger: Ledger, a_round: RoundRecord, department: str, as_of: datetime) -> str:
    """Return the address of a department's upload page for its letters; empty when the office has no such page."""
    if at.settings.web is None:
        return ""
    return f"{at.settings.web.public_url.rstrip('/')}/u/{upload_link(at, ledger, a_round, department, as_of)}"


def scope_of(token: str, as_of: datetime) -> Scope:
    """Return whose link it is; BadLink when it is none of ours, ExpiredLink when its time is over or it was replaced."""
    at = office()
    payload = unsign_link(token, at.settings.secret)
    if payload is None:
        raise BadLink
    scope = Scope(str(payload["round"]), str(payload["department"]), date.fromisoformat(str(payload["until"])))
    if office_date(as_of) > scope.until:
        raise ExpiredLink("链接已过期，该报送期已经结束；如需更正，请与办公室联系")
    with at.ledger() as ledger:
        nonce = ledger.upload_nonce(*scope.key)
    if nonce is None or not compare_digest(nonce, str(payload["nonce"])):
        raise ExpiredLink("链接已作废，办公室已换发新的链接，请从最近的信件中打开")
    return scope


# -- handing in through a link -------------------------------------------------------------------------------------------


def hand_in(scope: Scope, door: str, files: Sequence[tuple[str, bytes]], as_of: datetime, key: str | None = None) -> list[str]:
    """Return the receipt numbers of files handed in through a link: stored and recorded, then checked and answered."""
    numbers = store(scope, door, files, as_of, key)
    check(numbers, as_of)
    return numbers


def store(scope: Scope, door: str, files: Sequence[tuple[str, bytes]], as_of: datetime, key: str | None = None) -> list[str]:
    """Return the numbers of the envelopes that the files now are: their bytes are on the disk, their rows committed.

    A key that was used before gives the number it gave then; with other bytes it is a Conflict. With a key there is one file,
    and it is one envelope, whatever it is.
    """
    at = office()
    parts: list[Part] = []
    for name, data in files:
        at.keep(data)
        parts += (forms_apart(name, data) if key is None else []) or [Part(name, "", data)]
    kept = [(file_name(part.name) or "未命名", part.data, at.keep(part.data)) for part in parts]
    with numbering(at) as ledger:
        if key is not None and (known := ledger.handed_in(scope.key, key)):
            if known[0].sha256 != kept[0][2]:
                raise Conflict("这个 Idempotency-Key 已用于另一份文件，请换一个")
            return [known[0].id]
        return [ledger.add_handed_in(door, name, digest, len(data), as_of, scope.key, key) for name, data, digest in kept]


def check(numbers: Sequence[str], as_of: datetime) -> None:
    """Check what was stored and answer it; nothing happens to what is checked already."""
    at = office()
    for number in numbers:
        check_envelope(at, number, as_of)


# -- what a link shows -----------------------------------------------------------------------------------------------------


def upload_view(scope: Scope, as_of: datetime, numbers: Sequence[str] = ()) -> UploadView:
    """Return a department's page; UnknownItem when one of the numbers is not of this link."""
    at = office()
    with at.ledger() as ledger:
        plan = at.plan(ledger.campaign(scope.campaign)).of(scope.round)
        a_round = plan.round(scope.round)
        owed = plan.expected_of(scope.round, scope.department)
        standings = ledger.standings_of(one.id for one in owed)
        mine = ledger.handed_in(scope.key)
        shown = [_own(mine, number) for number in numbers]
        receipts = {one.id: _receipt_view(at, ledger, plan, one) for one in mine}
        has_form = bool(ledger.forms(scope.round, scope.department))
        materials, differences = materials_of(ledger, plan, scope.round, scope.department)
        requests = asked_for(ledger, scope.round, scope.department)
    return UploadView(
        office=at.settings.office,
        mailbox=at.settings.mailbox,
        campaign_title=plan.definition.campaign.title,
        round_label=a_round.label,
        unit=plan.organ(scope.department).name,
        until=in_chinese(scope.until),
        items=_items(at, plan, owed, standings, as_of),
        has_form=has_form,
        earlier=tuple(receipts.values()),
        shown=tuple(receipts[one.id] for one in shown),
        materials=materials,
        differences=tuple(one.message for one in differences),
        requests=requests,
    )


def ask(scope: Scope, until: str, reason: str, as_of: datetime) -> str:
    """Return the number of a request for more time put through a link; Refused, with every reason, when it cannot be."""
    return put_from_page(office(), *scope.key, until, reason, as_of).id


def receipt(scope: Scope, number: str) -> EnvelopeRecord:
    """Return what came through a link under that number; UnknownItem when nothing did."""
    with office().ledger() as ledger:
        return _own(ledger.handed_in(scope.key), number)


def annotated_copy(scope: Scope, number: str) -> tuple[str, bytes]:
    """Return the annotated workbook of a returned file: its name and bytes; UnknownItem when there is none."""
    at = office()
    with at.ledger() as ledger:
        _own(ledger.handed_in(scope.key), number)
        found = _copy(at, ledger, number)
    if found is None:
        raise UnknownItem("这份来件没有批注件")
    return found


def newest_form(scope: Scope) -> tuple[Form, bytes]:
    """Return the newest form the department was sent in the round: what stands where in it, and its bytes."""
    at = office()
    with at.ledger() as ledger:
        forms = ledger.forms(*scope.key)
    if not forms:
        raise UnknownItem("本期报表还没有下发")
    return Form.model_validate_json(forms[-1].layout), at.bytes_of(forms[-1].sha256)


def _own(mine: Sequence[EnvelopeRecord], number: str) -> EnvelopeRecord:
    found = next((one for one in mine if one.id == number), None)
    if found is None:
        raise UnknownItem("没有这份来件")  # the same words for one that is another department's
    return found


def _items(
    at: Office, plan: Plan, owed: Iterable[ExpectedReport], standings: dict[str, Standing], as_of: datetime
) -> tuple[Any, ...]:
    named, workdays = names(plan), at.workdays(plan.definition)
    return tuple(item(plan, one, standings[one.id], as_of, workdays, named) for one in owed)


def _receipt_view(at: Office, ledger: Ledger, plan: Plan, envelope: EnvelopeRecord) -> ReceiptView:
    said = ledger.submissions_in(envelope.id)
    expected = {one.id: one for one in plan.expected}
    lines = []
    for one in said:
        duty = expected[one.expected].duty
        accepted = one.outcome == "accepted"
        count = sum(finding["severity"] == Severity.BLOCK for finding in one.findings)
        notes = (
            ["零报告"] * one.nil + [f"第{one.version}版"] * (one.version > 1) if accepted else [f"{count}处问题"] * bool(count)
        )
        word = "已收到" if accepted else "退回修改"
        lines.append(Line(duty, plan.titles[duty], word, "、".join(notes)))
    return ReceiptView(
        number=envelope.id,
        file_name=envelope.name,
        received_at=moment_in_chinese(envelope.received_at),
        outcome=Outcome(envelope.outcome) if envelope.outcome else None,
        explanation=envelope.reason,
        lines=tuple(lines),
        troubles=tuple(_trouble(one) for one in envelope.findings),
        has_copy=envelope.outcome == "returned" and any(one["cell"] for one in envelope.findings),
    )


def _trouble(one: dict[str, Any]) -> Trouble:
    return Trouble(one["message"], one["sheet"], one["cell"], one["value"], one["expected"], one["severity"] == Severity.BLOCK)


def _copy(at: Office, ledger: Ledger, number: str) -> tuple[str, bytes] | None:
    """Return the workbook that went out with a receipt's letter."""
    letter = ledger.message(f"receipt:{number}")
    if letter is None:
        return None
    mail = message_from_bytes(at.bytes_of(letter.sha256), policy=default)
    for part in mail.iter_attachments():
        data = part.get_payload(decode=True)
        if part.get_content_type() == XLSX and isinstance(data, bytes):
            return part.get_filename() or "退回修改.xlsx", data
    return None
