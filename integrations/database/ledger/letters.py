"""Notices and messages."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, insert, select, update

from campaigns.events import Event
from campaigns.records import (
    MessageRecord,
    NoticeRecord,
)
from integrations.database import tables as t
from integrations.database.ledger import rows
from integrations.database.ledger.record import Record

_MANY = 500  # ids in one query


class Letters(Record):
    """Questions and changes about who hears what."""

    def notices(self, campaign: str) -> dict[str, str]:
        """Return the notices of a campaign that were made: key -> status."""
        query = select(t.NoticeRow.key, t.NoticeRow.status).where(t.NoticeRow.campaign_id == campaign)
        return {row.key: row.status for row in self._session.execute(query)}

    def notices_about(self, codes: Iterable[str]) -> set[str]:
        """Return the keys of the notices about these expected reports that were made or superseded."""
        wanted, found = list(codes), set[str]()
        for start in range(0, len(wanted), _MANY):
            some = wanted[start : start + _MANY]
            found |= set(self._session.scalars(select(t.NoticeRow.key).where(t.NoticeRow.about.in_(some))))
        return found

    def message_keys(self, campaign: str) -> set[str]:
        """Return the keys of the messages made in a campaign."""
        return set(self._session.scalars(select(t.MessageRow.key).where(t.MessageRow.campaign_id == campaign)))

    def has_message(self, key: str) -> bool:
        """Return whether a message with that key was made."""
        return self._session.get(t.MessageRow, key) is not None

    def message(self, key: str) -> MessageRecord | None:
        """Return the message with that key, None when it was not made."""
        row = self._session.get(t.MessageRow, key)
        return rows.message(row) if row else None

    def add_message(self, record: MessageRecord, notices: Iterable[NoticeRecord], made_at: datetime) -> bool:
        """Return whether the message and its notices were made now; a message with that key is made once, for ever."""
        if self.has_message(record.key):
            return False
        names = {"campaign": "campaign_id", "round": "round_id", "department": "department_id"}
        self._session.add(rows.as_row(t.MessageRow, record, names))
        self._session.flush()
        self._add_notices(notices, made_at, record.key)
        if record.campaign:
            data = {"to": record.to_email, "sha256": record.sha256}
            self.record(Event(record.campaign, "message.made", record.key, made_at, "office", f"message:{record.key}", data))
        return True

    def supersede(self, notices: Iterable[NoticeRecord], made_at: datetime) -> None:
        """Store notices that nobody needs to hear any more, so that they are never made later; those stored already stay."""
        wanted = {one.key: one for one in notices}
        known = self.notices_about({one.about for one in wanted.values()}) if wanted else set()
        made = self._add_notices((one for key, one in wanted.items() if key not in known), made_at, None)
        self.record(
            *(
                Event(one["campaign_id"], "notice.superseded", one["key"], made_at, "office", f"notice:{one['key']}", data)
                for one, data in ((one, {"digest": rows.digest_of_notice(one)}) for one in made)
            )
        )

    def _add_notices(
        self, notices: Iterable[NoticeRecord], made_at: datetime, message: str | None
    ) -> Sequence[Mapping[str, Any]]:
        """Return the rows that were stored, in bulk: there may be thousands."""
        made = [rows.of_notice(one, made_at, message) for one in notices]
        if made:
            self._session.execute(insert(t.NoticeRow), made)
        return made

    def claim_messages(
        self,
        as_of: datetime,
        stale_before: datetime,
        claim: str = "",
        *,
        reminders: bool = True,
        but_not: Collection[str] = (),
        limit: int = 500,
    ) -> list[MessageRecord]:
        """Return the messages to send now, marked as being sent under this claim: queued ones, and what a dead sender left.

        Sent long ago or, after a clock was set back, sent in a time to come: either way nobody is at it any more.

        A paused campaign sends nothing; a cancelled one only answers what still arrives.
        """
        claimed, ahead = t.MessageRow.claimed_at, as_of + (as_of - stale_before)
        left_behind = (t.MessageRow.status == "sending") & ((claimed < stale_before) | (claimed > ahead))
        answer = (t.MessageRow.kind == "receipt") & (t.CampaignRow.status == "cancelled")
        may_go = t.CampaignRow.id.is_(None) | t.CampaignRow.status.in_(("live", "closed")) | answer
        wanted: list[ColumnElement[bool]] = [(t.MessageRow.status == "queued") | left_behind, may_go]
        if not reminders:
            wanted.append(t.MessageRow.kind.not_in(("reminder", "overdue")))
        if but_not:
            wanted.append(t.MessageRow.key.not_in(but_not))
        query = (
            select(t.MessageRow)
            .outerjoin(t.CampaignRow, t.CampaignRow.id == t.MessageRow.campaign_id)
            .where(*wanted)
            .order_by(t.MessageRow.made_at, t.MessageRow.key)
            .limit(limit)
            .with_for_update(of=t.MessageRow, skip_locked=True)
        )
        claimed_rows = list(self._session.scalars(query))
        for row in claimed_rows:
            row.status, row.claimed_at, row.claim = "sending", as_of, claim
        return [rows.message(row) for row in claimed_rows]

    def holds(self, key: str, claim: str) -> bool:
        """Return whether a sender still has its claim on a message: one that was silent for too long has lost it to another."""
        row = self._session.get_one(t.MessageRow, key)
        return row.status == "sending" and row.claim == claim

    def is_needless(self, message: MessageRecord) -> bool:
        """Return whether everything that a letter of reminders speaks of is no longer owed."""
        if message.kind not in ("reminder", "overdue"):
            return False
        about = select(t.NoticeRow.about).where(t.NoticeRow.message_key == message.key)
        reports = self._session.scalars(select(t.ExpectedReportRow).where(t.ExpectedReportRow.id.in_(about)))
        standings = [rows.standing(row) for row in reports]
        return bool(standings) and not any(one.owed for one in standings)

    def mark_sent(self, key: str, sent_at: datetime, claim: str = "") -> None:
        """Mark a message as sent by the sender that has its claim."""
        self._settle(key, sent_at, *_claimed(claim), status="sent", sent_at=sent_at, error="")

    def mark_queued(self, key: str, error: str, claim: str = "") -> None:
        """Mark a message as queued again, because the world failed."""
        again = update(t.MessageRow).where(t.MessageRow.key == key, *_claimed(claim))
        self._session.execute(again.values(status="queued", error=error))

    def mark_unsent(self, key: str, status: str, error: str, at: datetime, claim: str = "") -> None:
        """Mark a message as refused or withdrawn: it will never be sent, with the reason."""
        self._settle(key, at, *_claimed(claim), status=status, error=error)

    def put_back(self, claim: str, error: str) -> None:
        """Queue again all that is still claimed by a sender that gives up."""
        mine = t.MessageRow.claim == claim, t.MessageRow.status == "sending"
        self._session.execute(update(t.MessageRow).where(*mine).values(status="queued", error=error))

    def messages(self, campaign: str | None = None, since: datetime | None = None) -> list[MessageRecord]:
        """Return the messages, all or a campaign's, ever or after a moment, in the order they were made."""
        query = select(t.MessageRow).order_by(t.MessageRow.made_at, t.MessageRow.key)
        if campaign:
            query = query.where(t.MessageRow.campaign_id == campaign)
        if since:
            query = query.where(t.MessageRow.made_at > since)
        return [rows.message(row) for row in self._session.scalars(query)]


def _claimed(claim: str) -> tuple[ColumnElement[bool], ...]:
    """Return that a message is still a sender's own; nothing when nobody claimed it."""
    return (t.MessageRow.claim == claim,) if claim else ()
