"""What a plan laid out: assignments, rounds, expected reports and their standings."""

from collections.abc import Iterable

from sqlalchemy import delete, select

from campaigns.events import Event
from campaigns.graph import Edge
from campaigns.plan import Assignment, ExpectedReport, Round
from campaigns.records import (
    RoundRecord,
)
from campaigns.states import Standing
from integrations.database import tables as t
from integrations.database.bulk import put_all
from integrations.database.ledger import rows
from integrations.database.ledger.record import Record


class Plans(Record):
    """Questions and changes about rounds and what is expected in them."""

    def add_plan(
        self,
        campaign: str,
        assignments: Iterable[Assignment],
        rounds: Iterable[Round],
        expected: Iterable[ExpectedReport],
        edges: Iterable[Edge],
    ) -> None:
        """Store an expanded plan; ids that are there already are left as they are, so expanding again changes nothing."""
        self._put_assignments(campaign, assignments)
        put_all(
            self._session,
            t.RoundRow,
            (
                {
                    "id": r.id,
                    "campaign_id": campaign,
                    "report": r.report,
                    "label": r.label,
                    "opens_on": r.opens_on,
                    "due_on": r.due_on,
                    "closes_on": r.closes_on,
                }
                for r in rounds
            ),
        )
        put_all(self._session, t.ExpectedReportRow, (rows.of_expected(campaign, one) for one in expected))
        self._put_edges(campaign, edges)

    def replan(self, campaign: str, assignments: Iterable[Assignment], edges: Iterable[Edge]) -> None:
        """Store who does what and what waits for what in place of what was stored: a campaign was amended."""
        for table in (t.AssignmentRow, t.EdgeRow):
            self._session.execute(delete(table).where(table.campaign_id == campaign))
        self._put_assignments(campaign, assignments)
        self._put_edges(campaign, edges)

    def _put_assignments(self, campaign: str, assignments: Iterable[Assignment]) -> None:
        put_all(
            self._session,
            t.AssignmentRow,
            (
                {"id": a.id, "campaign_id": campaign, "duty": a.duty, "department_id": a.department, "role": a.role.value}
                for a in assignments
            ),
        )

    def _put_edges(self, campaign: str, edges: Iterable[Edge]) -> None:
        put_all(
            self._session,
            t.EdgeRow,
            ({"campaign_id": campaign, "source": one.source, "target": one.target, "kind": one.kind} for one in edges),
        )

    def rounds(self, campaign: str) -> list[RoundRecord]:
        """Return the rounds of a campaign by date."""
        query = select(t.RoundRow).where(t.RoundRow.campaign_id == campaign).order_by(t.RoundRow.due_on, t.RoundRow.id)
        return [rows.round(row) for row in self._session.scalars(query)]

    def round(self, code: str) -> RoundRecord:
        """Return a round that is known to be there."""
        return rows.round(self._session.get_one(t.RoundRow, code))

    def open_round(self, round_id: str, event: Event) -> bool:
        """Return whether the round was opened now: its expected reports are its denominator from here on."""
        if self._session.get_one(t.RoundRow, round_id).opened_at is not None:
            return False
        self.record(event)
        return True

    def close_round(self, round_id: str, event: Event) -> bool:
        """Return whether the round was closed now: how it stands, as the event says it, never changes again."""
        if self._session.get_one(t.RoundRow, round_id).closed_at is not None:
            return False
        self.record(event)
        return True

    def standing(self, expected: str) -> Standing:
        """Return the standing of one expected report."""
        return rows.standing(self._session.get_one(t.ExpectedReportRow, expected))

    def standings_of(self, expected: Iterable[str]) -> dict[str, Standing]:
        """Return the standings of some expected reports: what one department owes is found without looking at what others do."""
        query = select(t.ExpectedReportRow).where(t.ExpectedReportRow.id.in_(list(expected)))
        return {row.id: rows.standing(row) for row in self._session.scalars(query)}

    def standings(self, campaign: str, round_id: str | None = None) -> dict[str, Standing]:
        """Return the standing of every expected report of a campaign, or of one round of it."""
        query = select(t.ExpectedReportRow).where(t.ExpectedReportRow.campaign_id == campaign)
        if round_id:
            query = query.where(t.ExpectedReportRow.round_id == round_id)
        return {row.id: rows.standing(row) for row in self._session.scalars(query)}
