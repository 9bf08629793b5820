"""Roll-ups that were published, and the documents made of them."""

import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import select

from campaigns.events import Event
from campaigns.records import DocumentRecord, RollUpRecord
from integrations.database import tables as t
from integrations.database.ledger import rows
from integrations.database.ledger.record import Record


class RollUps(Record):
    """Questions and changes about published roll-ups."""

    def add_rollup(self, record: RollUpRecord) -> None:
        """Store a published roll-up."""
        self._session.add(rows.as_row(t.RollUpRow, record, {"round": "round_id"}))
        self._session.flush()

    def rollups(self, round_id: str) -> list[RollUpRecord]:
        """Return the roll-ups of a round, oldest version first."""
        query = select(t.RollUpRow).where(t.RollUpRow.round_id == round_id).order_by(t.RollUpRow.version)
        return [rows.rollup(row) for row in self._session.scalars(query)]

    def untold_rollups(self) -> list[tuple[str, RollUpRecord]]:
        """Return the campaign and the newest roll-up of every round of which the office has no letter about that version yet."""
        query = select(t.RoundRow.campaign_id, t.RollUpRow).join(t.RoundRow, t.RoundRow.id == t.RollUpRow.round_id)
        newest = {row.round_id: (code, row) for code, row in self._session.execute(query.order_by(t.RollUpRow.version))}
        told = set(self._session.scalars(select(t.MessageRow.key).where(t.MessageRow.kind == "rollup")))
        return [(code, rows.rollup(row)) for code, row in newest.values() if rollup_key(row.round_id, row.version) not in told]

    def add_documents(
        self,
        campaign: str,
        round_id: str,
        documents: list[DocumentRecord],
        facts: Mapping[str, Any] | None = None,
        note: str = "",
    ) -> None:
        """Record documents that were made of a round, with what the office must know of them.

        `facts` is what a leader's page said, for the next to be compared with.
        """
        one = documents[0]
        data = {
            "version": one.version,
            "documents": [{"kind": each.kind, "file": each.file, "sha256": each.sha256} for each in documents],
            **({"facts": facts} if facts else {}),
            **({"note": note} if note else {}),
        }
        key = f"documents:{round_id}:{one.kind}:v{one.version}"
        self.record(Event(campaign, MADE, round_id, one.made_at, "office", key, data))

    def documents(self, campaign: str) -> list[DocumentRecord]:
        """Return every document made of a campaign's rounds, oldest first."""
        return [one for row, said in self._made(campaign) for one in _documents(row, said)]

    def document_notes(self, campaign: str, since: datetime) -> list[str]:
        """Return what the office must know of the documents made since a moment."""
        made = self._made(campaign)
        return list(dict.fromkeys(said["note"] for row, said in made if row.occurred_at > since and "note" in said))

    def last_page(self, campaign: str) -> tuple[Mapping[str, Any], list[DocumentRecord]] | None:
        """Return what the last leader's page of a campaign said and was written to; None when there was none."""
        told = [(row, said) for row, said in self._made(campaign) if "facts" in said]
        if not told:
            return None
        row, said = told[-1]
        return said["facts"], _documents(row, said)

    def _made(self, campaign: str) -> list[tuple[t.EventRow, dict[str, Any]]]:
        query = select(t.EventRow).where(t.EventRow.campaign_id == campaign, t.EventRow.kind == MADE)
        return [(row, json.loads(row.text)["data"]) for row in self._session.scalars(query.order_by(t.EventRow.sequence))]


def _documents(row: t.EventRow, said: Mapping[str, Any]) -> list[DocumentRecord]:
    version, at = said["version"], row.occurred_at
    return [DocumentRecord(row.about, version, one["kind"], one["file"], one["sha256"], at) for one in said["documents"]]


MADE = "documents.made"


def rollup_key(round_id: str, version: int) -> str:
    """Return the key of the letter that tells the office of a roll-up."""
    return f"{round_id}:rollup:v{version}"
