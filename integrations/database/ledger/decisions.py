"""Decisions that were made and requests that were put."""

from sqlalchemy import func, select

from campaigns.errors import UnknownItem
from campaigns.records import DecisionRecord, RequestRecord
from integrations.database import tables as t
from integrations.database.ledger import rows
from integrations.database.ledger.record import Record


class Decisions(Record):
    """Questions about decisions and requests; both are made by recording their events."""

    def decisions(self, campaign: str) -> list[DecisionRecord]:
        """Return a campaign's decisions in the order they were made."""
        query = select(t.DecisionRow).where(t.DecisionRow.campaign_id == campaign).order_by(t.DecisionRow.id)
        return [rows.decision(row) for row in self._session.scalars(query)]

    def requests(self, campaign: str) -> list[RequestRecord]:
        """Return a campaign's requests in the order they were put, answered ones included."""
        query = select(t.RequestRow).where(t.RequestRow.campaign_id == campaign).order_by(t.RequestRow.id)
        return [rows.request(row) for row in self._session.scalars(query)]

    def request(self, code: str) -> RequestRecord:
        """Return a request; UnknownItem when there is none with that number."""
        row = self._session.get(t.RequestRow, code)
        if row is None:
            raise UnknownItem(f"没有编号为“{code}”的申请，可用 liandong list 查看")
        return rows.request(row)

    def next_decision(self, campaign: str) -> str:
        """Return the number the campaign's next decision gets: `test-2020/D0001`."""
        return self._next(t.DecisionRow, campaign, "D")

    def next_request(self, campaign: str) -> str:
        """Return the number the campaign's next request gets: `test-2020/Q0001`."""
        return self._next(t.RequestRow, campaign, "Q")

    def _next(self, table: type[t.DecisionRow] | type[t.RequestRow], campaign: str, letter: str) -> str:
        self._end(campaign)  # nobody else takes the number before this transaction ends
        count = self._session.scalar(select(func.count()).select_from(table).where(table.campaign_id == campaign)) or 0
        return f"{campaign}/{letter}{count + 1:04}"
