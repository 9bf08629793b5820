"""Envelopes: what arrived, by which door, in which parts, and what became of it."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from sqlalchemy import func, or_, select

from campaigns.errors import UnknownItem
from campaigns.events import Event
from campaigns.records import (
    EnvelopeRecord,
    PartRecord,
)
from campaigns.workdays import office_date
from integrations.database import tables as t
from integrations.database.ledger import rows
from integrations.database.ledger.record import Record


class Envelopes(Record):
    """Questions and changes about what arrived."""

    def add_envelope(self, door: str, name: str, sha256: str, size: int, sender: str, received_at: datetime) -> str:
        """Return the id of a newly arrived envelope, which is also its receipt's number: `R-2020-000123`, counted through.

        One that waits unchecked under the same name with the same bytes is that envelope: its file was not put away in time.
        """
        waiting = select(t.EnvelopeRow.id).where(
            t.EnvelopeRow.door == door,
            t.EnvelopeRow.name == name,
            t.EnvelopeRow.sha256 == sha256,
            t.EnvelopeRow.kind.is_(None),
        )
        if found := self._session.scalar(waiting):
            return found
        return self._new_envelope(door, name, sha256, size, sender, received_at)

    def _new_envelope(self, door: str, name: str, sha256: str, size: int, sender: str, received_at: datetime) -> str:
        count = self._session.scalar(select(func.count()).select_from(t.EnvelopeRow)) or 0
        code = f"R-{office_date(received_at):%Y}-{count + 1:06}"
        self._session.add(
            t.EnvelopeRow(
                id=code, door=door, name=name, sha256=sha256, size=size, sender=sender, received_at=received_at, findings=[]
            )
        )
        self._session.flush()
        return code

    def fetched(self, mailbox: str, uid_validity: int) -> set[int]:
        """Return the UIDs of a mailbox whose mails are in the ledger."""
        query = select(t.FetchedRow.uid).where(t.FetchedRow.mailbox == mailbox, t.FetchedRow.uid_validity == uid_validity)
        return set(self._session.scalars(query))

    def add_fetched(
        self, mailbox: str, uid_validity: int, uid: int, name: str, sha256: str, size: int, sender: str, received_at: datetime
    ) -> str:
        """Return the envelope of a mail fetched from a mailbox: when the same bytes were fetched before, it is that one.

        So a mailbox that numbers its mails anew (another UIDVALIDITY) brings nothing twice.
        """
        query = (
            select(t.EnvelopeRow.id)
            .join(t.FetchedRow, t.FetchedRow.envelope_id == t.EnvelopeRow.id)
            .where(t.EnvelopeRow.sha256 == sha256)
            .limit(1)
        )
        code = self._session.scalar(query) or self._new_envelope("mail", name, sha256, size, sender, received_at)
        self._session.add(t.FetchedRow(mailbox=mailbox, uid_validity=uid_validity, uid=uid, envelope_id=code))
        self._session.flush()
        return code

    def upload_nonce(self, round_id: str, department: str) -> str | None:
        """Return the nonce of a department's upload link for a round, None when it has none."""
        row = self._session.get(t.UploadLinkRow, (round_id, department))
        return row.nonce if row else None

    def set_upload_nonce(self, round_id: str, department: str, nonce: str, made_at: datetime) -> None:
        """Give a department an upload link for a round; the one before is revoked."""
        self._session.merge(t.UploadLinkRow(round_id=round_id, department_id=department, nonce=nonce, made_at=made_at))
        self._session.flush()
        campaign, code = round_id.partition("/")[0], f"{round_id}/{department}"
        self.record(Event(campaign, "link.made", code, made_at, "tick", f"link:{code}", {}))

    def add_handed_in(
        self, door: str, name: str, sha256: str, size: int, received_at: datetime, scope: tuple[str, str], key: str | None
    ) -> str:
        """Return the envelope of a file that came through the upload link of a round and department; a key is used once."""
        code = self._new_envelope(door, name, sha256, size, "", received_at)
        self._session.add(t.HandedInRow(envelope_id=code, round_id=scope[0], department_id=scope[1], key=key))
        self._session.flush()
        return code

    def scope_of(self, envelope: str) -> tuple[str, str] | None:
        """Return the round and department whose upload link an envelope came through, None when it came otherwise."""
        row = self._session.get(t.HandedInRow, envelope)
        return (row.round_id, row.department_id) if row else None

    def handed_in(self, scope: tuple[str, str], key: str | None = None) -> list[EnvelopeRecord]:
        """Return the envelopes that came through an upload link, newest first: all, or the one with that key."""
        query = (
            select(t.EnvelopeRow)
            .join(t.HandedInRow, t.HandedInRow.envelope_id == t.EnvelopeRow.id)
            .where(t.HandedInRow.round_id == scope[0], t.HandedInRow.department_id == scope[1])
            .order_by(t.EnvelopeRow.received_at.desc(), t.EnvelopeRow.id.desc())
        )
        if key is not None:
            query = query.where(t.HandedInRow.key == key)
        return [rows.envelope(row) for row in self._session.scalars(query)]

    def envelope(self, code: str) -> EnvelopeRecord:
        """Return an envelope; UnknownItem when there is none with that number."""
        row = self._session.get(t.EnvelopeRow, code)
        if row is None:
            raise UnknownItem(f"没有编号为“{code}”的来件")
        return rows.envelope(row)

    def unchecked_envelopes(self) -> list[EnvelopeRecord]:
        """Return the envelopes nobody has looked into, oldest first."""
        query = select(t.EnvelopeRow).where(t.EnvelopeRow.kind.is_(None)).order_by(t.EnvelopeRow.received_at, t.EnvelopeRow.id)
        return [rows.envelope(row) for row in self._session.scalars(query)]

    def envelopes(self, since: datetime | None = None) -> list[EnvelopeRecord]:
        """Return every envelope, or those that arrived after a moment, oldest first."""
        query = select(t.EnvelopeRow).order_by(t.EnvelopeRow.received_at, t.EnvelopeRow.id)
        if since:
            query = query.where(t.EnvelopeRow.received_at > since)
        return [rows.envelope(row) for row in self._session.scalars(query)]

    def unclear(self, campaign: str, most: int | None = None) -> list[EnvelopeRecord]:
        """Return the newest envelopes that were taken for nobody, of a campaign and of none that is known; all, or so many."""
        row = t.EnvelopeRow
        taken_for_nobody = or_(row.outcome.in_(("quarantined", "refused")), row.kind == "bounce")
        query = select(row).where(taken_for_nobody, or_(row.campaign_id.is_(None), row.campaign_id == campaign))
        query = query.order_by(row.received_at.desc(), row.id.desc()).limit(most)
        return [rows.envelope(one) for one in self._session.scalars(query)]

    def envelopes_of(self, campaign: str) -> list[str]:
        """Return the numbers of the envelopes put down to a campaign."""
        query = select(t.EnvelopeRow.id).where(t.EnvelopeRow.campaign_id == campaign).order_by(t.EnvelopeRow.id)
        return list(self._session.scalars(query))

    def after_closing(self, campaign: str) -> dict[str, int]:
        """Return how many envelopes came for each closed round after it closed: kept, and counted nowhere."""
        query = (
            select(t.RoundRow.id, func.count())
            .join(t.EnvelopeRow, t.EnvelopeRow.round_id == t.RoundRow.id)
            .where(t.RoundRow.campaign_id == campaign, t.EnvelopeRow.received_at > t.RoundRow.closed_at)
            .group_by(t.RoundRow.id)
        )
        return {row[0]: row[1] for row in self._session.execute(query)}

    def try_envelope(self, code: str) -> int:
        """Return how often the envelope has now been tried."""
        row = self._session.get_one(t.EnvelopeRow, code)
        row.tries += 1
        return row.tries

    def earlier_envelope(self, sha256: str, envelope: str) -> EnvelopeRecord | None:
        """Return the last other envelope, accepted or returned, in which a workbook with these bytes came; None without one.

        One of which anything was withdrawn does not stand in the way: its bytes may come again. One of which anything was sent
        back after it had been accepted is returned, whatever became of it when it came.
        """
        taken_back = select(t.SubmissionRow.envelope_id).where(t.SubmissionRow.outcome == "withdrawn")
        query = (
            select(t.EnvelopeRow)
            .join(t.PartRow, t.PartRow.envelope_id == t.EnvelopeRow.id)
            .where(
                t.PartRow.sha256 == sha256,
                t.PartRow.kind == "workbook",
                t.EnvelopeRow.id != envelope,
                t.EnvelopeRow.outcome.in_(("accepted", "returned")),
                t.EnvelopeRow.id.not_in(taken_back),
            )
            .order_by(t.EnvelopeRow.received_at.desc(), t.EnvelopeRow.id.desc())
            .limit(1)
        )
        row = self._session.scalar(query)
        if row is None:
            return None
        mine = select(t.SubmissionRow.id).where(t.SubmissionRow.envelope_id == row.id)
        sent_back = self._session.scalar(mine.where(t.SubmissionRow.outcome == "returned", t.SubmissionRow.version > 0).limit(1))
        return replace(rows.envelope(row), outcome="returned") if sent_back else rows.envelope(row)

    def settle_envelope(self, record: EnvelopeRecord, parts: Sequence[PartRecord]) -> bool:
        """Return whether the envelope got its kind and outcome now; one that has them keeps them."""
        row = self._session.get_one(t.EnvelopeRow, record.id)
        if row.kind is not None:
            return False
        row.kind = record.kind
        row.campaign_id, row.round_id, row.department_id = record.campaign, record.round, record.department
        row.outcome, row.reason, row.findings = record.outcome, record.reason, list(record.findings)
        for ordinal, part in enumerate(parts):
            said = {
                "problem": part.problem,
                "missing": list(part.missing),
                "figures": [rows.mention_row(one) for one in part.figures],
            }
            self._session.add(
                t.PartRow(envelope_id=record.id, ordinal=ordinal, name=part.name, sha256=part.sha256, kind=part.kind, **said)
            )
        self._session.flush()
        return True

    def parts_of(self, envelope: str) -> list[PartRecord]:
        """Return the parts of an envelope, in their order."""
        query = select(t.PartRow).where(t.PartRow.envelope_id == envelope).order_by(t.PartRow.ordinal)
        return [rows.part(row) for row in self._session.scalars(query)]

    def parts(
        self, round_id: str, department: str | None = None, *, until: datetime | None = None
    ) -> list[tuple[str, PartRecord]]:
        """Return the parts that arrived for a round in envelopes not turned away, oldest first, each with its department.

        A part in an envelope whose workbook came before, or was returned, arrived all the same; one that was withdrawn, or of
        which all was, took its parts back with it.
        """
        number = t.DecisionRow.granted["envelope"].as_string()
        whole = select(number).where(t.DecisionRow.kind == "withdraw", number.is_not(None))
        withdrawn, counts = (
            select(t.SubmissionRow.envelope_id).where(t.SubmissionRow.outcome == outcome) for outcome in ("withdrawn", "accepted")
        )
        query = (
            select(t.EnvelopeRow.department_id, t.PartRow)
            .join(t.PartRow, t.PartRow.envelope_id == t.EnvelopeRow.id)
            .where(t.EnvelopeRow.round_id == round_id, t.EnvelopeRow.outcome.in_(("accepted", "returned", "duplicate")))
            .where(t.EnvelopeRow.id.not_in(withdrawn) | t.EnvelopeRow.id.in_(counts))
            .where(t.EnvelopeRow.id.not_in(whole))
            .order_by(t.EnvelopeRow.received_at, t.EnvelopeRow.id, t.PartRow.ordinal)
        )
        if department:
            query = query.where(t.EnvelopeRow.department_id == department)
        if until:
            query = query.where(t.EnvelopeRow.received_at <= until)
        return [(sender, rows.part(row)) for sender, row in self._session.execute(query)]
