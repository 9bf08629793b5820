"""Roll-ups that were published."""

from sqlalchemy import select

from campaigns.records import (
    RollUpRecord,
)
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
