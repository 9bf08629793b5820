"""Making messages: rendered and stored once; `tasks/sending.py` sends them."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from email import message_from_bytes
from email.policy import default

from campaigns.letters import Attachment, Letter
from campaigns.notices import Notice, message_id
from campaigns.records import MessageRecord, NoticeRecord
from campaigns.workdays import office_time
from integrations.database.ledger import Ledger
from integrations.mail.outbox import file_name as outbox_name
from integrations.mail.rendering import render
from tasks.office import Office


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
