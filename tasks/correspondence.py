"""Mails that are no submission: letters of ours that came back, automatic replies, our own letters. Recorded, never answered."""

from dataclasses import dataclass, replace
from datetime import datetime

from campaigns.events import Event
from campaigns.intake import EnvelopeKind
from campaigns.letters import Letter, Undelivered
from campaigns.parts import kind_of
from campaigns.records import EnvelopeRecord, MessageRecord
from integrations.database.ledger import Ledger
from integrations.inbox.mime import Mail
from tasks.office import Office
from tasks.post import make_message
from tasks.wording import moment_in_chinese


@dataclass(frozen=True, slots=True)
class Aside:
    """A mail that is no submission: what it is, what is told of it, and the letter of ours that it is about."""

    kind: EnvelopeKind
    reason: str
    letter: MessageRecord | None = None
    why: str = ""  # of a bounce: the reason it gives


def aside(at: Office, envelope: EnvelopeRecord, mail: Mail) -> Aside | None:
    """Return what a mail is when it is no submission, None when it may be one.

    A program may hand in a form; an answering machine, which sends back what it was sent, may not.
    """
    machine = mail.machine
    with at.ledger() as ledger:
        own = mail.sender == at.settings.mailbox.lower() and (
            machine.automatic or bool(mail.message_id and ledger.letters_with([mail.message_id]))
        )
        letter = next(iter(ledger.letters_with(mail.about)), None) if mail.about else None
        if machine.bounce and letter is None:
            letter = ledger.last_letter_to(machine.failed, envelope.received_at)
    if own:
        return Aside(EnvelopeKind.MACHINE, "这是本办公室自己发出的信，已登记，不作答复。")
    if machine.bounce and letter:
        told = f"这是系统退信：发往“{letter.to_email}”的《{letter.subject}》没有送达。{machine.why}。"
        return Aside(EnvelopeKind.BOUNCE, told, letter, machine.why)
    if machine.bounce:
        reason = f"这是系统退信，对不上发出的哪一封信，请打开原件查看。{machine.why}。"
        return Aside(EnvelopeKind.BOUNCE, reason, None, machine.why)
    if machine.reply:
        left = "其中的附件没有作为报送登记。" if mail.parts else ""
        return Aside(EnvelopeKind.MACHINE, f"这是自动回复，已登记，不作答复。{left}", letter)
    if machine.automatic and not any(kind_of(part.name, part.data) == "workbook" for part in mail.parts):
        left = "其中没有报表，附件没有作为报送登记。" if mail.parts else ""
        return Aside(EnvelopeKind.MACHINE, f"这是系统自动发出的邮件，已登记，不作答复。{left}", letter)
    return None


def settle_aside(at: Office, ledger: Ledger, envelope: EnvelopeRecord, found: Aside, as_of: datetime) -> None:
    """Write what the mail is; a letter that came back is marked 未送达 and the office is told, once."""
    letter = found.letter
    settled = replace(
        envelope,
        kind=found.kind.value,
        reason=found.reason,
        campaign=letter.campaign if letter else None,
        round=letter.round if letter else None,
        department=letter.department if letter else None,
    )
    if not ledger.settle_envelope(settled, []):
        return
    if settled.campaign:
        data = {"kind": found.kind.value, "outcome": None, "sha256": envelope.sha256, "department": settled.department}
        ledger.record(Event(settled.campaign, "envelope.settled", envelope.id, as_of, "tick", f"settle:{envelope.id}", data))
    if found.kind is EnvelopeKind.BOUNCE and letter and ledger.mark_undelivered(letter.key, f"{found.why}。", as_of):
        tell_undelivered(at, ledger, letter, found.why, as_of, envelope.id)


def tell_undelivered(at: Office, ledger: Ledger, letter: MessageRecord, reason: str, as_of: datetime, number: str = "") -> bool:
    """Return whether the office is told now, by a letter, that one did not arrive; `number` is the bounce's.

    Not of a letter to the office itself: that one would come back like it.
    """
    if letter.to_email.lower() == at.settings.mailbox.lower():
        return False
    occasion = at.no_occasion()
    if letter.campaign:
        plan = at.plan(ledger.campaign(letter.campaign))
        label = next((one.label for one in plan.rounds if one.id == letter.round), "")
        occasion = at.occasion(plan, letter.round or "", label)
    sent_at = moment_in_chinese(letter.sent_at or letter.made_at)
    body = Undelivered(letter.to_name, letter.to_email, letter.subject, sent_at, reason, number)
    return make_message(at, ledger, Letter(f"undelivered:{letter.key}", occasion, at.office_recipient(), body), [], [], as_of)
