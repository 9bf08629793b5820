"""What comes back to our letters, and how often somebody was answered."""

from collections.abc import Collection
from datetime import datetime

from sqlalchemy import func, literal, select

from campaigns.records import MessageRecord
from integrations.database import tables as t
from integrations.database.ledger import rows
from integrations.database.ledger.record import Record


class Replies(Record):
    """Questions and changes about what is said to our letters."""

    def letters_with(self, message_ids: Collection[str]) -> list[MessageRecord]:
        """Return the letters with those Message-IDs, the newest first."""
        query = select(t.MessageRow).where(t.MessageRow.message_id.in_(message_ids)).order_by(t.MessageRow.made_at.desc())
        return [rows.message(row) for row in self._session.scalars(query)]

    def last_letter_to(self, addresses: Collection[str], before: datetime) -> MessageRecord | None:
        """Return the newest letter that left for one of some mailboxes, lower case, before a moment; None when none did."""
        query = (
            select(t.MessageRow)
            .where(
                func.lower(t.MessageRow.to_email).in_(addresses),
                t.MessageRow.status.in_(("sending", "sent", "undelivered")),
                t.MessageRow.made_at <= before,
            )
            .order_by(t.MessageRow.made_at.desc(), t.MessageRow.key)
            .limit(1)
        )
        row = self._session.scalar(query)
        return rows.message(row) if row else None

    def mark_undelivered(self, key: str, reason: str, at: datetime) -> bool:
        """Return whether a letter that had left is now known not to have arrived; told again, it stays as it was told first."""
        left = t.MessageRow.status.in_(("sending", "sent"))
        return self._settle(key, at, left, status="undelivered", error=reason)

    def receipts_of(self, sender: str, since: datetime) -> int:
        """Return how many receipts were made for mails of one sender since a moment."""
        query = (
            select(func.count())
            .select_from(t.MessageRow)
            .join(t.EnvelopeRow, t.MessageRow.key == literal("receipt:") + t.EnvelopeRow.id)
            .where(t.EnvelopeRow.door == "mail", t.EnvelopeRow.sender == sender, t.MessageRow.made_at > since)
        )
        return self._session.scalar(query) or 0
