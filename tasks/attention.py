"""What waits for a person: letters that did not arrive, mail to look at, files that cannot be taken in."""

from collections import Counter
from datetime import datetime, timedelta

from campaigns.decisions import Kind
from campaigns.intake import MOST_RECEIPTS
from campaigns.upward import unsent
from integrations.database.ledger import Ledger
from integrations.inbox.folder import left_lying
from tasks.office import Office

_A_DAY = timedelta(days=1)
_RECENT = timedelta(days=30)  # what nobody has looked at for so long is no news


def attention(at: Office, ledger: Ledger, as_of: datetime) -> tuple[str, ...]:
    """Return what the office must see to, one Chinese sentence each."""
    recent = ledger.messages(since=as_of - _RECENT)
    refused = [
        f"信件没有送达：发给{one.to_name}（{one.to_email}）的《{one.subject}》。{one.error}"
        for one in recent
        if one.status in ("refused", "undelivered")
    ]
    waiting = Counter(one.error for one in recent if one.status == "queued" and one.error)
    queued = [f"{count}封信件还没有发出，下一次运行时再发。{error}" for error, count in waiting.items()]
    arrived = ledger.envelopes(since=as_of - _RECENT)
    running = ledger.campaigns("live", "paused")
    taken = {one.granted["taken"] for record in running for one in ledger.decisions(record.id) if one.kind == Kind.ACCEPT}
    unclear = [
        f"来件待核：{one.id}《{one.name}》。{one.reason}"
        for one in arrived
        if one.outcome == "quarantined" and one.id not in taken
    ]
    returned = [
        f"退信待核：{one.id}《{one.name}》。{one.reason}" for one in arrived if one.kind == "bounce" and one.department is None
    ]
    today = Counter(
        one.sender for one in arrived if one.door == "mail" and one.kind == "submission" and one.received_at > as_of - _A_DAY
    )
    many = [
        f"“{sender or '发件人不明'}”一天内来件{count}件；都已登记，超过{MOST_RECEIPTS}件的不再逐件回执。"
        for sender, count in today.items()
        if count > MOST_RECEIPTS
    ]
    lying = [f"收件文件夹里的“{name}”没有收取：{why}" for name, why in left_lying(at.settings.watched_folder)]
    asked = [
        f"延期申请待决定：{one.id}（{one.asked_by}）{one.reason}"
        for record in running
        for one in ledger.requests(record.id)
        if one.decision is None
    ]
    templates = [note for record in ledger.campaigns() for note in ledger.document_notes(record.id, as_of - _RECENT)]
    return (*templates, *refused, *queued, *unclear, *asked, *_not_handed_in(at, ledger, as_of), *returned, *many, *lying)


def _not_handed_in(at: Office, ledger: Ledger, as_of: datetime) -> list[str]:
    """Return the rounds closed of late whose totals the office above has not accepted, though it should have them."""
    told = []
    for record in ledger.campaigns("live", "closed"):
        above = {one.id: one.upward.to for one in at.running(record).definition.reports if one.upward}
        for one in ledger.rounds(record.id) if above else ():
            if one.report not in above or one.closed_at is None or one.closed_at < as_of - _RECENT:
                continue
            if why := unsent(len(ledger.rollups(one.id)), ledger.sent_up(one.id)):
                told.append(f"应报给{above[one.report]}：{one.label}{why}。请用 liandong submit {one.id} 查看、上报")
    return told
