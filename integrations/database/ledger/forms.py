"""Forms that were issued."""

from sqlalchemy import select

from campaigns.events import Event
from campaigns.records import FormRecord
from integrations.database import tables as t
from integrations.database.ledger import rows
from integrations.database.ledger.record import Record


class Forms(Record):
    """Questions and changes about issued forms."""

    def add_form(self, record: FormRecord) -> None:
        """Store an issued form; the same serial again changes nothing."""
        if self._session.get(t.FormRow, record.serial) is None:
            self._session.add(rows.as_row(t.FormRow, record, {"round": "round_id", "department": "department_id"}))
            self._session.flush()
            campaign = record.round.partition("/")[0]  # every id begins with the campaign's
            self.record(Event(campaign, "form.issued", record.serial, record.issued_at, "tick", f"issue:{record.serial}", {}))

    def form(self, serial: str) -> FormRecord | None:
        """Return an issued form, None when there is none with that serial."""
        row = self._session.get(t.FormRow, serial)
        return rows.form(row) if row else None

    def issued(self, campaign: str) -> set[tuple[str, str]]:
        """Return who has a form of which round of a campaign, as (round, department)."""
        query = select(t.FormRow.round_id, t.FormRow.department_id).join(t.RoundRow, t.RoundRow.id == t.FormRow.round_id)
        return {(row[0], row[1]) for row in self._session.execute(query.where(t.RoundRow.campaign_id == campaign))}

    def forms(self, round_id: str, department: str | None = None) -> list[FormRecord]:
        """Return the forms issued in a round, oldest version first."""
        query = select(t.FormRow).where(t.FormRow.round_id == round_id).order_by(t.FormRow.department_id, t.FormRow.version)
        if department:
            query = query.where(t.FormRow.department_id == department)
        return [rows.form(row) for row in self._session.scalars(query)]
