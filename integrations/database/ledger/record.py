"""The event record: what every change of the ledger ends in."""

from dataclasses import asdict
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from campaigns.events import GENESIS, Event, canonical, chain
from campaigns.states import fold
from integrations.database import tables as t
from integrations.database.ledger import rows


class Record:
    """One transaction, and the event record it writes to."""

    def __init__(self, session: Session, recorded_at: datetime) -> None:
        self._session, self._recorded_at = session, recorded_at

    def record(self, event: Event) -> None:
        """Append an event to its campaign's chain and fold it into the expected report it is about."""
        # writers of one campaign take turns: on PostgreSQL by this lock, on SQLite because it has one writer
        self._session.execute(select(t.CampaignRow.id).where(t.CampaignRow.id == event.campaign).with_for_update())
        last = self._session.scalars(
            select(t.EventRow).where(t.EventRow.campaign_id == event.campaign).order_by(t.EventRow.sequence.desc()).limit(1)
        ).first()
        sequence = last.sequence + 1 if last else 1
        text = canonical(event, sequence, self._recorded_at)
        self._session.add(
            t.EventRow(
                campaign_id=event.campaign,
                sequence=sequence,
                kind=event.kind,
                about=event.about,
                occurred_at=event.occurred_at,
                recorded_at=self._recorded_at,
                text=text,
                hash=chain(last.hash if last else GENESIS, text),
            )
        )
        row = self._session.get(t.ExpectedReportRow, event.about)
        if row is not None:
            for name, value in asdict(fold(rows.standing(row), event)).items():
                setattr(row, name, value)
        self._session.flush()

    def events(self, campaign: str) -> list[tuple[str, str]]:
        """Return a campaign's events in order: canonical text and hash."""
        query = select(t.EventRow).where(t.EventRow.campaign_id == campaign).order_by(t.EventRow.sequence)
        return [(row.text, row.hash) for row in self._session.scalars(query)]
