"""Sending: claim, send, mark. What a crash leaves in between is sent again under the same Message-ID."""

import secrets
import time
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from email import message_from_bytes
from email.policy import default
from pathlib import Path

from campaigns.errors import UnknownItem, WorldError
from campaigns.ladder import may_speak
from campaigns.letters import Recipient
from campaigns.notices import message_id
from campaigns.plan import OFFICE
from campaigns.records import MessageRecord
from integrations.mail.outbox import deliver_to_folder
from integrations.mail.rendering import readdress
from integrations.mail.smtp import PermanentRefusal, SmtpAccount, deliver_by_smtp
from tasks.correspondence import tell_undelivered
from tasks.office import Office, office
from tasks.post import file_name
from tasks.step import step

_ENOUGH = 3  # failures one after another: the server is down
_AT_ONCE = 500
_STALE = timedelta(minutes=10)  # a sender silent for so long is taken for dead
_LOST = ("refused", "undelivered")
SMTP_LIMIT = "liandong-smtp"  # one sender at a time, so that several workers keep the pace the settings give


@step("投递信件", retries=2, limit=SMTP_LIMIT)
def deliver(as_of: datetime) -> int:
    """Return how many letters left: to the outbox folder, or by SMTP, not faster than the settings say.

    Reminders leave only in office hours, and none whose reader has reported since. When several letters fail one after another
    the server is down: the rest wait for the next tick, rather than each for its own timeout.
    """
    at = office()
    smtp = at.settings.smtp
    gap = 60 / smtp.per_minute if smtp else 0.0
    many = min(_AT_ONCE, 5 * smtp.per_minute) if smtp else _AT_ONCE  # claimed no longer than half of what is taken for dead
    turn, speaking = secrets.token_hex(8), may_speak(as_of, at.days(as_of))
    sent, failures, tried, last = 0, 0, set[str](), float("-inf")
    while True:
        with at.ledger() as ledger:
            claimed = ledger.claim_messages(as_of, as_of - _STALE, turn, reminders=speaking, but_not=tried, limit=many)
        if not claimed:
            return sent
        for message in claimed:
            tried.add(message.key)
            with at.ledger() as ledger:
                if not ledger.holds(message.key, turn):
                    continue  # we were silent for too long: another sender has it
                if ledger.is_needless(message):
                    ledger.mark_unsent(message.key, "withdrawn", "所催事项已经报送，不再发出", as_of, turn)
                    continue
            time.sleep(max(0.0, last + gap - time.monotonic()))
            last = time.monotonic()
            ended = _send_one(at, message, turn, as_of)
            sent += ended == "sent"
            failures = failures + 1 if ended == "queued" else 0
            if failures == _ENOUGH:
                with at.ledger() as ledger:
                    ledger.put_back(turn, "邮件服务器暂时不通，等下一次运行再发")
                return sent


def _send_one(at: Office, message: MessageRecord, turn: str, as_of: datetime) -> str:
    """Return what became of the letter: sent, queued again, or refused for good, which the office is told."""
    try:
        send(at, at.bytes_of(message.sha256), message.to_email, message.file)
    except PermanentRefusal as refusal:
        with at.ledger() as ledger:
            ledger.mark_unsent(message.key, "refused", str(refusal), as_of, turn)
            tell_undelivered(at, ledger, message, str(refusal), as_of)
        return "refused"
    except WorldError as error:
        with at.ledger() as ledger:
            ledger.mark_queued(message.key, str(error), turn)
        return "queued"
    with at.ledger() as ledger:
        ledger.mark_sent(message.key, as_of, turn)
    return "sent"


def send(at: Office, raw: bytes, to: str, name: str) -> Path:
    """Return the copy of a letter in the outbox folder, after it went out by SMTP when the settings say so.

    WorldError when trying again may help, PermanentRefusal when it will not.
    """
    if at.settings.smtp:
        smtp = at.settings.smtp
        password = smtp.password.get_secret_value()
        account = SmtpAccount(smtp.host, smtp.port, smtp.security, smtp.user, password, smtp.ca_file)
        deliver_by_smtp(raw, to, account)
    return deliver_to_folder(raw, at.home / "outbox", name)


def lost_letters(target: str) -> list[tuple[MessageRecord, Recipient]]:
    """Return the letters a person asks to repeat, each with the person who gets it now.

    One by its key, Message-ID or file, or all of a department that did not arrive; UnknownItem when there are none.
    """
    at = office()
    with at.ledger() as ledger:
        messages = ledger.messages()
        directories = {record.id: at.running(record).directory for record in ledger.campaigns()}
    meant = {target, *(organ.id for one in directories.values() for organ in one.organs if organ.name == target)}
    repeated = {one.resends for one in messages}
    named = [one for one in messages if target in (one.key, one.message_id, one.message_id.strip("<>"), one.file)]
    of_department = [one for one in messages if one.department in meant and one.status in _LOST and one.key not in repeated]
    found = named or of_department
    if not found:
        raise UnknownItem(f"没有找到要重发的信件：“{target}”应是信件编号、outbox 里的文件名，或有信件没有送达的单位的代码、名称")
    pairs = []
    for one in found:
        to = Recipient(one.to_name, one.to_email, "", one.department or "")
        if one.campaign and one.department and one.department != OFFICE:
            organ = directories[one.campaign].organ(one.department)
            leads = organ.leader is not None and organ.leader.name == one.to_name
            to = at.person(directories[one.campaign], one.department, "leader" if leads else "liaison")
        pairs.append((one, to))
    return pairs


def resend(letters: Sequence[tuple[MessageRecord, Recipient]], as_of: datetime) -> int:
    """Return how many letters were made anew: the same words under a new key and Message-ID, linked to the old one."""
    at, made = office(), 0
    for old, to in letters:
        with at.ledger() as ledger:
            root = old.resends or old.key
            number = sum(one.resends == root for one in ledger.messages()) + 1
            key = f"resend:{root}:{number}"
            own_id = message_id(key, at.settings.mailbox)
            name = " ".join(dict.fromkeys(one for one in (to.unit, to.name) if one))
            raw = readdress(at.bytes_of(old.sha256), (name, to.email), own_id, as_of)
            subject = str(message_from_bytes(raw, policy=default)["Subject"])
            record = replace(
                old, key=key, message_id=own_id, to_name=to.name, to_email=to.email, sha256=at.keep(raw), made_at=as_of,
                file=file_name(as_of, to.unit or to.name, subject, key), status="queued", sent_at=None, error="", claim="",
                resends=root,
            )  # fmt: skip
            made += ledger.add_message(record, [], as_of)
    return made
