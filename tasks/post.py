"""Making and sending messages: rendered and stored once, sent by a second step."""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from email import message_from_bytes
from email.policy import default
from pathlib import Path

from campaigns.errors import WorldError
from campaigns.letters import Attachment, Letter
from campaigns.notices import Notice, message_id
from campaigns.records import MessageRecord, NoticeRecord
from campaigns.workdays import office_time
from integrations.database.ledger import Ledger
from integrations.mail.outbox import deliver_to_folder
from integrations.mail.outbox import file_name as outbox_name
from integrations.mail.rendering import render
from integrations.mail.smtp import PermanentRefusal, SmtpAccount, deliver_by_smtp
from tasks.office import Office, office
from tasks.step import step

_ENOUGH = 3
_STALE = timedelta(minutes=10)  # a sender silent for so long is taken for dead


def make_message(
    at: Office, ledger: Ledger, letter: Letter, attachments: Sequence[Attachment], notices: Iterable[Notice], as_of: datetime
) -> bool:
    """Return whether the message was made now: rendered, its bytes stored, queued in the ledger with its notices."""
    if ledger.has_message(letter.key):
        return False
    settings = at.settings
    own_id = message_id(letter.key, settings.mailbox)
    raw = render(letter, attachments, sender=(settings.office, settings.mailbox), message_id=own_id, date=as_of)
    occasion, to = letter.occasion, letter.to
    subject = str(message_from_bytes(raw, policy=default)["Subject"])
    record = MessageRecord(
        key=letter.key,
        message_id=own_id,
        campaign=occasion.campaign or None,
        round=occasion.round or None,
        department=to.department or None,
        kind=letter.kind.value,
        to_name=to.name,
        to_email=to.email,
        subject=subject,
        file=file_name(as_of, to.unit, subject, letter.key),
        sha256=at.keep(raw),
        made_at=as_of,
        status="queued",
    )
    return ledger.add_message(record, map(as_record, notices), as_of)


def as_record(notice: Notice) -> NoticeRecord:
    """Return a notice as the ledger keeps it: superseded when something else was said instead."""
    campaign = notice.about.partition("/")[0]  # every id begins with the campaign's
    status = "superseded" if notice.by else "made"
    return NoticeRecord(notice.key, campaign, notice.about, notice.rung, notice.due_version, notice.slot, status, notice.by)


def file_name(moment: datetime, unit: str, subject: str, key: str) -> str:
    """Return the name of a letter's file: when, to whom, what, and a mark that keeps two alike apart."""
    mark = message_id(key, "x@x")[1:9]
    plain = f"{office_time(moment):%Y%m%d-%H%M} {unit} {subject}".replace(":", "：")
    return outbox_name(f"{plain.encode()[:200].decode(errors='ignore')} {mark}")


@step("投递信件", retries=2)
def deliver(as_of: datetime) -> int:
    """Return how many letters left: to the outbox folder, or by SMTP when the settings say so.

    When several fail one after another the server is down: the rest wait for the next tick, rather than each for its own timeout.
    """
    at = office()
    with at.ledger() as ledger:
        claimed = ledger.claim_messages(as_of, as_of - _STALE)
    sent, failures = 0, 0
    for message in claimed:
        if failures == _ENOUGH:
            with at.ledger() as ledger:
                ledger.mark_unsent(message.key, "queued", "邮件服务器暂时不通，等下一次运行再发")
            continue
        raw = at.bytes_of(message.sha256)
        try:
            send(at, raw, message.to_email, message.file)
        except PermanentRefusal as refusal:
            with at.ledger() as ledger:
                ledger.mark_unsent(message.key, "refused", str(refusal))
        except WorldError as error:
            with at.ledger() as ledger:
                ledger.mark_unsent(message.key, "queued", str(error))
            failures += 1
        else:
            failures = 0
            with at.ledger() as ledger:
                ledger.mark_sent(message.key, as_of)
            sent += 1
    return sent


def send(at: Office, raw: bytes, to: str, name: str) -> Path:
    """Return the copy of a letter in the outbox folder, after it went out by SMTP when the settings say so.

    WorldError when trying again may help, PermanentRefusal when it will not.
    """
    if at.settings.smtp:
        smtp = at.settings.smtp
        account = SmtpAccount(smtp.host, smtp.port, smtp.security, smtp.user, smtp.password.get_secret_value())
        deliver_by_smtp(raw, to, account)
    return deliver_to_folder(raw, at.home / "outbox", name)
