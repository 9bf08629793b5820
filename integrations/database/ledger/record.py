"""The event record: what every change of the ledger ends in, and the one place where what follows from it is written."""

from dataclasses import replace
from datetime import date, datetime
from typing import Any

from sqlalchemy import ColumnElement, delete, func, insert, select, update
from sqlalchemy.orm import Session

from campaigns.decisions import folded
from campaigns.events import GENESIS, Event, canonical, chain
from campaigns.organs import Directory
from campaigns.plan import ExpectedReport
from campaigns.replay import amended, decision_of, request_of, told
from campaigns.states import fold
from integrations.database import tables as t
from integrations.database.bulk import put_all
from integrations.database.ledger import rows

_MANY = 500  # ids in one statement


class Record:
    """One transaction, and the event record it writes to."""

    def __init__(self, session: Session, recorded_at: datetime) -> None:
        self._session, self._recorded_at = session, recorded_at
        self._ends: dict[str, tuple[int, str]] = {}  # of the chains written to: nobody else writes until this transaction ends

    def record(self, *events: Event) -> None:
        """Append events to their campaigns' chains and fold each into what it is about."""
        found = []
        for event in events:
            sequence, previous = self._end(event.campaign)
            proof = self._digest(event)
            said = replace(event, data={**event.data, "digest": proof}) if proof else event
            text = canonical(said, sequence + 1, self._recorded_at)
            mark = chain(previous, text)
            found.append(
                {
                    "campaign_id": event.campaign,
                    "sequence": sequence + 1,
                    "kind": event.kind,
                    "about": event.about,
                    "occurred_at": event.occurred_at,
                    "recorded_at": self._recorded_at,
                    "text": text,
                    "hash": mark,
                }
            )
            self._ends[event.campaign] = sequence + 1, mark
            self._fold(event)
        self._session.flush()
        if found:
            self._session.execute(insert(t.EventRow), found)

    def _end(self, campaign: str) -> tuple[int, str]:
        """Return the sequence and hash of the last event of a chain, which is this transaction's to write from now on."""
        if campaign not in self._ends:
            # writers of one campaign take turns: on PostgreSQL by this lock, on SQLite because it has one writer
            self._session.execute(select(t.CampaignRow.id).where(t.CampaignRow.id == campaign).with_for_update())
            mine = select(t.EventRow.sequence, t.EventRow.hash).where(t.EventRow.campaign_id == campaign)
            last = self._session.execute(mine.order_by(t.EventRow.sequence.desc()).limit(1)).first()
            self._ends[campaign] = (last.sequence, last.hash) if last else (0, GENESIS)
        return self._ends[campaign]

    def place(self, campaign: str) -> tuple[int, str]:
        """Return the sequence and hash of the last event of a campaign: where its record stands now."""
        return self._end(campaign)

    def _digest(self, event: Event) -> str | None:
        """Return the digest of the rows that an event brings, so that its chain proves them; None when it brings none."""
        match event.kind:
            case "submission.accepted" | "submission.returned" if "decision" not in event.data:
                return rows.submission_digest(self._session, event.data["submission"])
            case "envelope.settled":
                return rows.envelope_digest(self._session, event.about)
            case "message.made":
                return rows.message_digest(self._session, event.about)
            case "form.issued":
                return rows.form_digest(self._session, event.about)
            case "link.made":
                return rows.link_digest(self._session, event.about)
        return None

    def _settle(self, key: str, at: datetime, *only: ColumnElement[bool], **values: Any) -> bool:
        """Return whether a message of that key was there to change: what became of it is an event of its campaign."""
        wanted = update(t.MessageRow).where(t.MessageRow.key == key, *only).values(**values)
        found = self._session.execute(wanted.returning(t.MessageRow.campaign_id, t.MessageRow.sent_at)).first()
        if found and found.campaign_id:
            data = {"status": values["status"], "sent_at": found.sent_at.isoformat() if found.sent_at else None}
            self.record(Event(found.campaign_id, "message.settled", key, at, "tick", f"send:{key}", data))
        return found is not None

    def _fold(self, event: Event) -> None:
        data, moment = event.data, event.occurred_at
        match event.kind:
            case "round.opened":
                self._set_round(event.about, opened_at=moment)
                self._set_reports(event.about, opened_at=moment)
                owed = (
                    t.ExpectedReportRow.received_at.is_(None) & ~t.ExpectedReportRow.waived & ~t.ExpectedReportRow.not_applicable
                )
                self._set_reports(event.about, owed, next_at=moment)
            case "round.closed":
                self._set_round(event.about, closed_at=moment, tally=data.get("tally"))
                still_open = t.ExpectedReportRow.closed_at.is_(None)
                self._set_reports(event.about, still_open, closed_at=moment, next_at=None)
            case "round.reopened":
                self._set_round(event.about, closed_at=None, closes_on=date.fromisoformat(data["to"]))
            case "round.closing_moved":
                self._set_round(event.about, closes_on=date.fromisoformat(data["to"]))
            case "decision.made":
                self._add_decision(event)
            case "request.made":
                self._add_request(event)
            case "campaign.amended":
                self._amend(event)
            case "contact.replaced":
                row = self._session.get_one(t.CampaignRow, event.about)
                row.directory = folded(Directory.model_validate_json(row.directory), event).model_dump_json()
            case kind if kind.startswith(("submission.", "due.", "report.")):
                self._fold_into_report(event)

    def _amend(self, event: Event) -> None:
        """Let the campaign, its rounds and what is expected be what an amendment says: nothing of an opened round goes."""
        data, row = event.data, self._session.get_one(t.CampaignRow, event.campaign)
        after = amended(rows.campaign(row), data)
        row.title, row.version, row.definition, row.directory = after.title, after.version, after.definition, after.directory
        row.spared, row.earlier = list(after.spared), [rows.of_former(one) for one in after.earlier]
        self._session.flush()
        reports, rounds = t.ExpectedReportRow, t.RoundRow
        for start in range(0, len(data["dropped"]), _MANY):
            self._session.execute(delete(reports).where(reports.id.in_(data["dropped"][start : start + _MANY])))
        self._session.execute(delete(reports).where(reports.round_id.in_(data["removed"])))
        self._session.execute(delete(rounds).where(rounds.id.in_(data["removed"])))
        self._session.expire_all()
        for code, report, label, *days in data["rounds"]:
            opens, due, closes = map(date.fromisoformat, days)
            self._session.merge(
                rounds(
                    id=code,
                    campaign_id=event.campaign,
                    report=report,
                    label=label,
                    opens_on=opens,
                    due_on=due,
                    closes_on=closes,
                )
            )
        self._session.flush()
        opened = {
            one.id for one in self._session.scalars(select(rounds).where(rounds.campaign_id == event.campaign)) if one.opened_at
        }
        put_all(self._session, reports, (self._new_report(event, one, one.round in opened) for one in told(data)))
        for code, role, receivers in data["roles"]:
            report_row = self._session.get_one(reports, code)
            report_row.role, report_row.receivers = role, list(receivers)

    def _new_report(self, event: Event, one: ExpectedReport, opened: bool) -> dict[str, Any]:
        since = event.occurred_at if opened else None
        return {**rows.of_expected(event.campaign, one), "opened_at": since, "next_at": since}

    def _fold_into_report(self, event: Event) -> None:
        row = self._session.get(t.ExpectedReportRow, event.about)
        if row is None:
            return
        before = rows.standing(row)
        after = fold(before, event)
        if after == before and event.kind != "submission.returned":
            return
        for name, value in rows.of_standing(after).items():
            setattr(row, name, value)
        looked_at = after.owed and after.opened_at is not None and after.closed_at is None
        row.next_at = event.occurred_at if looked_at else None
        gone = {one.submission for one in before.accepted} - {one.submission for one in after.accepted}
        for code in gone:
            self._session.get_one(t.SubmissionRow, code).outcome = event.kind.removeprefix("submission.")

    def _set_round(self, round_id: str, **values: Any) -> None:
        row = self._session.get_one(t.RoundRow, round_id)
        for name, value in values.items():
            setattr(row, name, value)

    def _set_reports(self, round_id: str, *which: Any, **values: Any) -> None:
        self._session.flush()
        of_round = t.ExpectedReportRow.round_id == round_id
        self._session.execute(update(t.ExpectedReportRow).where(of_round, *which).values(**values))

    def _add_decision(self, event: Event) -> None:
        record = decision_of(event)
        self._session.add(rows.as_row(t.DecisionRow, record, {"campaign": "campaign_id", "request": "request_id"}))
        if record.request:
            self._session.get_one(t.RequestRow, record.request).decision_id = event.about

    def _add_request(self, event: Event) -> None:
        names = {"campaign": "campaign_id", "decision": "decision_id"}
        self._session.add(rows.as_row(t.RequestRow, request_of(event), names))

    def last_sequence(self, campaign: str) -> int:
        """Return the number of a campaign's last event."""
        query = select(func.max(t.EventRow.sequence)).where(t.EventRow.campaign_id == campaign)
        return self._session.scalar(query) or 0

    def events_after(self, campaign: str, sequence: int, most: int) -> list[str]:
        """Return the canonical texts of a campaign's events after one, in order, at most so many."""
        query = select(t.EventRow.text).where(t.EventRow.campaign_id == campaign, t.EventRow.sequence > sequence)
        return list(self._session.scalars(query.order_by(t.EventRow.sequence).limit(most)))

    def events(self, campaign: str) -> list[tuple[str, str]]:
        """Return a campaign's events in order: canonical text and hash."""
        query = select(t.EventRow).where(t.EventRow.campaign_id == campaign).order_by(t.EventRow.sequence)
        return [(row.text, row.hash) for row in self._session.scalars(query)]
