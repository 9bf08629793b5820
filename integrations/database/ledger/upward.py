"""What was handed in to the office above: the link it gave us for a round, and every workbook sent through it.

What was sent and answered stands in the record alone; only the link, which is a key, does not.
"""

import json
from datetime import datetime

from sqlalchemy import select

from campaigns.records import SentUp
from integrations.database import tables as t
from integrations.database.ledger.record import Record


class Upwards(Record):
    """Questions and changes about what goes to the office above."""

    def superior_link(self, round_id: str) -> str | None:
        """Return the upload link the office above gave us for a round, None when nobody has entered it."""
        row = self._session.get(t.SuperiorLinkRow, round_id)
        return row.link if row else None

    def set_superior_link(self, round_id: str, link: str, given_at: datetime) -> None:
        """Keep the upload link of the office above for a round, in place of the one before."""
        self._session.merge(t.SuperiorLinkRow(round_id=round_id, link=link, given_at=given_at))
        self._session.flush()

    def linked_rounds(self) -> list[str]:
        """Return the rounds for which the office above gave us a link."""
        return list(self._session.scalars(select(t.SuperiorLinkRow.round_id).order_by(t.SuperiorLinkRow.round_id)))

    def sent_up(self, round_id: str) -> list[SentUp]:
        """Return what was made of a round for the office above, oldest first, with the newest answer to each."""
        query = (
            select(t.EventRow.text)
            .where(t.EventRow.about == round_id, t.EventRow.kind.in_(("upward.made", "upward.answered")))
            .order_by(t.EventRow.sequence)
        )
        found: dict[str, SentUp] = {}
        for text in self._session.scalars(query):
            told = json.loads(text)
            data = told["data"]
            if told["kind"] == "upward.made":
                made_at = datetime.fromisoformat(told["occurred_at"])
                found[data["key"]] = SentUp(round_id, data["key"], data["version"], data["file"], data["sha256"], made_at)
            else:
                one = found[data["key"]]
                answer = (data["receipt"], data["outcome"], data["reason"], tuple(data["findings"]))
                found[data["key"]] = SentUp(one.round, one.key, one.version, one.file, one.sha256, one.made_at, *answer)
        return list(found.values())
