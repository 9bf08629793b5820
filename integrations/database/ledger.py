"""Every question and every change the ledger knows. A Ledger lives inside one transaction; rows never leave it."""

import json
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict
from datetime import datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import func, insert, select, update
from sqlalchemy.orm import Session

from campaigns.errors import Conflict, UnknownItem
from campaigns.events import GENESIS, Event, canonical, chain
from campaigns.graph import Edge
from campaigns.organs import Directory
from campaigns.plan import Assignment, ExpectedReport, Round
from campaigns.prose import Mention
from campaigns.records import (
    CampaignRecord,
    EnvelopeRecord,
    FormRecord,
    MessageRecord,
    NoticeRecord,
    PartRecord,
    RollUpRecord,
    RoundRecord,
    SubmissionRecord,
)
from campaigns.rollup import Fact
from campaigns.states import Standing, fold
from campaigns.workdays import office_date
from integrations.database import tables as t


class Ledger:
    """The ledger inside one transaction."""

    def __init__(self, session: Session, recorded_at: datetime) -> None:
        self._session, self._recorded_at = session, recorded_at

    # -- campaigns ---------------------------------------------------------------------------------------------------

    def campaign(self, code: str) -> CampaignRecord:
        """Return a launched campaign; UnknownItem when there is none."""
        row = self._session.get(t.CampaignRow, code)
        if row is None:
            raise UnknownItem(f"台账里没有专项行动“{code}”，请先用 liandong launch 下发")
        return _campaign(row)

    def campaigns(self, *statuses: str) -> list[CampaignRecord]:
        """Return the launched campaigns, all or those with one of these statuses, by id."""
        query = select(t.CampaignRow).order_by(t.CampaignRow.id)
        if statuses:
            query = query.where(t.CampaignRow.status.in_(statuses))
        return [_campaign(row) for row in self._session.scalars(query)]

    def add_campaign(self, record: CampaignRecord) -> bool:
        """Return whether the campaign is new; the same version again changes nothing, another one is a Conflict."""
        known = self._session.get(t.CampaignRow, record.id)
        if known is None:
            self._session.add(t.CampaignRow(**asdict(record)))
            self._session.flush()
            return True
        if known.version != record.version:
            raise Conflict(f"专项行动“{record.id}”已按另一版定义下发，本版不同；如需另行下发，请在定义文件里换一个代码")
        return False

    def set_status(self, event: Event, status: str) -> None:
        """Change a campaign's status, with the event that says why; the event's data carries the note."""
        self._session.execute(
            update(t.CampaignRow)
            .where(t.CampaignRow.id == event.campaign)
            .values(status=status, status_note=event.data.get("note", ""))
        )
        self.record(event)

    def add_directory(self, directory: Directory) -> None:
        """Store the departments and contacts of a place; what is there already is brought up to date."""
        for organ in directory.organs:
            self._session.merge(
                t.DepartmentRow(
                    id=organ.id,
                    name=organ.name,
                    level=organ.level,
                    parent=organ.parent,
                    valid_from=organ.since,
                    valid_to=organ.until,
                )
            )
        self._session.flush()
        for organ in directory.organs:
            for kind, person in (("liaison", organ.liaison), ("leader", organ.leader)):
                if person:
                    self._session.merge(
                        t.ContactRow(
                            department_id=organ.id, kind=kind, name=person.name, email=person.email.lower(), phone=person.phone
                        )
                    )
        self._session.flush()

    def departments_of(self, email: str) -> frozenset[str]:
        """Return the codes of the departments one of whose registered contacts has that mailbox: mostly one, or none."""
        query = select(t.ContactRow.department_id).where(t.ContactRow.email == email.lower())
        return frozenset(self._session.scalars(query)) if email else frozenset()

    # -- the plan ----------------------------------------------------------------------------------------------------

    def add_plan(
        self,
        campaign: str,
        assignments: Iterable[Assignment],
        rounds: Iterable[Round],
        expected: Iterable[ExpectedReport],
        edges: Iterable[Edge],
    ) -> None:
        """Store an expanded plan; ids that are there already are left as they are, so expanding again changes nothing."""
        self._add_missing(
            t.AssignmentRow,
            [
                {"id": a.id, "campaign_id": campaign, "duty": a.duty, "department_id": a.department, "role": a.role.value}
                for a in assignments
            ],
        )
        self._add_missing(
            t.RoundRow,
            [
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
            ],
        )
        self._add_missing(
            t.ExpectedReportRow,
            [
                {
                    "id": e.id,
                    "campaign_id": campaign,
                    "round_id": e.round,
                    "duty": e.duty,
                    "department_id": e.department,
                    "role": e.role.value,
                    "receivers": list(e.receivers),
                    "due_at": e.due_at,
                }
                for e in expected
            ],
        )
        known = {
            (row.source, row.target) for row in self._session.scalars(select(t.EdgeRow).where(t.EdgeRow.campaign_id == campaign))
        }
        rows = [{"campaign_id": campaign, **asdict(edge)} for edge in edges if (edge.source, edge.target) not in known]
        if rows:
            self._session.execute(insert(t.EdgeRow), rows)

    def _add_missing(self, table: type[t.Base], rows: Sequence[Mapping[str, Any]]) -> None:
        column = table.__table__.c["id"]
        known = set(self._session.scalars(select(column)))
        new = [dict(row) for row in rows if row["id"] not in known]
        if new:
            self._session.execute(insert(table), new)

    def rounds(self, campaign: str) -> list[RoundRecord]:
        """Return the rounds of a campaign by date."""
        query = select(t.RoundRow).where(t.RoundRow.campaign_id == campaign).order_by(t.RoundRow.due_on, t.RoundRow.id)
        return [_round(row) for row in self._session.scalars(query)]

    def open_round(self, round_id: str, event: Event) -> bool:
        """Return whether the round was opened now: its expected reports are its denominator from here on."""
        return self._stamp(t.RoundRow.opened_at, round_id, event)

    def close_round(self, round_id: str, event: Event) -> bool:
        """Return whether the round was closed now."""
        return self._stamp(t.RoundRow.closed_at, round_id, event)

    def _stamp(self, column: Any, round_id: str, event: Event) -> bool:
        row = self._session.get_one(t.RoundRow, round_id)
        if getattr(row, column.key) is not None:
            return False
        setattr(row, column.key, event.occurred_at)
        self.record(event)
        return True

    def standing(self, expected: str) -> Standing:
        """Return the standing of one expected report."""
        return _standing(self._session.get_one(t.ExpectedReportRow, expected))

    def standings(self, campaign: str, round_id: str | None = None) -> dict[str, Standing]:
        """Return the standing of every expected report of a campaign, or of one round of it."""
        query = select(t.ExpectedReportRow).where(t.ExpectedReportRow.campaign_id == campaign)
        if round_id:
            query = query.where(t.ExpectedReportRow.round_id == round_id)
        return {row.id: _standing(row) for row in self._session.scalars(query)}

    # -- the event record --------------------------------------------------------------------------------------------

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
            for name, value in asdict(fold(_standing(row), event)).items():
                setattr(row, name, value)
        self._session.flush()

    def events(self, campaign: str) -> list[tuple[str, str]]:
        """Return a campaign's events in order: canonical text and hash."""
        query = select(t.EventRow).where(t.EventRow.campaign_id == campaign).order_by(t.EventRow.sequence)
        return [(row.text, row.hash) for row in self._session.scalars(query)]

    # -- forms -------------------------------------------------------------------------------------------------------

    def add_form(self, record: FormRecord) -> None:
        """Store an issued form; the same serial again changes nothing."""
        if self._session.get(t.FormRow, record.serial) is None:
            self._session.add(_row(t.FormRow, record, {"round": "round_id", "department": "department_id"}))
            self._session.flush()

    def form(self, serial: str) -> FormRecord | None:
        """Return an issued form, None when there is none with that serial."""
        row = self._session.get(t.FormRow, serial)
        return _form(row) if row else None

    def forms(self, round_id: str, department: str | None = None) -> list[FormRecord]:
        """Return the forms issued in a round, oldest version first."""
        query = select(t.FormRow).where(t.FormRow.round_id == round_id).order_by(t.FormRow.department_id, t.FormRow.version)
        if department:
            query = query.where(t.FormRow.department_id == department)
        return [_form(row) for row in self._session.scalars(query)]

    # -- envelopes and submissions -----------------------------------------------------------------------------------

    def add_envelope(self, door: str, name: str, sha256: str, size: int, sender: str, received_at: datetime) -> str:
        """Return the id of a newly arrived envelope, which is also its receipt's number: `R-2020-000123`, counted through.

        One that waits unchecked under the same name with the same bytes is that envelope: its file was not put away in time.
        """
        waiting = select(t.EnvelopeRow.id).where(
            t.EnvelopeRow.door == door,
            t.EnvelopeRow.name == name,
            t.EnvelopeRow.sha256 == sha256,
            t.EnvelopeRow.outcome.is_(None),
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
        return [_envelope(row) for row in self._session.scalars(query)]

    def envelope(self, code: str) -> EnvelopeRecord:
        """Return an envelope; UnknownItem when there is none with that number."""
        row = self._session.get(t.EnvelopeRow, code)
        if row is None:
            raise UnknownItem(f"没有编号为“{code}”的来件")
        return _envelope(row)

    def unchecked_envelopes(self) -> list[EnvelopeRecord]:
        """Return the envelopes without an outcome, oldest first."""
        query = select(t.EnvelopeRow).where(t.EnvelopeRow.outcome.is_(None)).order_by(t.EnvelopeRow.received_at, t.EnvelopeRow.id)
        return [_envelope(row) for row in self._session.scalars(query)]

    def envelopes(self) -> list[EnvelopeRecord]:
        """Return every envelope, oldest first."""
        query = select(t.EnvelopeRow).order_by(t.EnvelopeRow.received_at, t.EnvelopeRow.id)
        return [_envelope(row) for row in self._session.scalars(query)]

    def try_envelope(self, code: str) -> int:
        """Return how often the envelope has now been tried."""
        row = self._session.get_one(t.EnvelopeRow, code)
        row.tries += 1
        return row.tries

    def earlier_envelope(self, sha256: str, envelope: str) -> EnvelopeRecord | None:
        """Return the last other envelope, accepted or returned, in which a workbook with these bytes came; None without one."""
        query = (
            select(t.EnvelopeRow)
            .join(t.PartRow, t.PartRow.envelope_id == t.EnvelopeRow.id)
            .where(
                t.PartRow.sha256 == sha256,
                t.PartRow.kind == "workbook",
                t.EnvelopeRow.id != envelope,
                t.EnvelopeRow.outcome.in_(("accepted", "returned")),
            )
            .order_by(t.EnvelopeRow.received_at.desc(), t.EnvelopeRow.id.desc())
            .limit(1)
        )
        row = self._session.scalar(query)
        return _envelope(row) if row else None

    def settle_envelope(self, record: EnvelopeRecord, parts: Sequence[PartRecord]) -> bool:
        """Return whether the envelope got its outcome now; one that has an outcome keeps it."""
        row = self._session.get_one(t.EnvelopeRow, record.id)
        if row.outcome is not None:
            return False
        row.campaign_id, row.round_id, row.department_id = record.campaign, record.round, record.department
        row.outcome, row.reason, row.findings = record.outcome, record.reason, list(record.findings)
        for ordinal, part in enumerate(parts):
            said = {
                "problem": part.problem,
                "missing": list(part.missing),
                "figures": [_mention_row(one) for one in part.figures],
            }
            self._session.add(
                t.PartRow(envelope_id=record.id, ordinal=ordinal, name=part.name, sha256=part.sha256, kind=part.kind, **said)
            )
        self._session.flush()
        return True

    def parts(self, round_id: str) -> list[tuple[str, PartRecord]]:
        """Return the parts that arrived for a round in envelopes not turned away, oldest first, each with its department.

        A part in an envelope whose workbook came before, or was returned, arrived all the same.
        """
        query = (
            select(t.EnvelopeRow.department_id, t.PartRow)
            .join(t.PartRow, t.PartRow.envelope_id == t.EnvelopeRow.id)
            .where(t.EnvelopeRow.round_id == round_id, t.EnvelopeRow.outcome.in_(("accepted", "returned", "duplicate")))
            .order_by(t.EnvelopeRow.received_at, t.EnvelopeRow.id, t.PartRow.ordinal)
        )
        return [(department, _part(row)) for department, row in self._session.execute(query)]

    def versions(self, expected: str) -> list[tuple[SubmissionRecord, list[Fact]]]:
        """Return everything that was submitted for an expected report, oldest first, each with its own line's figures."""
        query = (
            select(t.SubmissionRow, t.ExpectedReportRow)
            .join(t.ExpectedReportRow, t.ExpectedReportRow.id == t.SubmissionRow.expected_report_id)
            .where(t.SubmissionRow.expected_report_id == expected)
            .order_by(t.SubmissionRow.received_at, t.SubmissionRow.version, t.SubmissionRow.id)
        )
        found = [(s, e) for s, e in self._session.execute(query)]
        facts: dict[str, list[t.FactRow]] = defaultdict(list)
        own = select(t.FactRow).where(t.FactRow.submission_id.in_([s.id for s, _ in found]), t.FactRow.line == "own")
        for row in self._session.scalars(own):
            facts[row.submission_id].append(row)
        return [(_submission(s), [_fact(row, s, e) for row in facts[s.id]]) for s, e in found]

    def next_version(self, expected: str) -> int:
        """Return the version the next accepted submission of an expected report gets."""
        return self._session.get_one(t.ExpectedReportRow, expected).version + 1

    def add_submission(self, record: SubmissionRecord, figures: Iterable[tuple[str, str, Decimal, str, str]]) -> None:
        """Store a submission and its figures: line, indicator, value, sheet, cell."""
        ordinal = int(record.id.rsplit("#", 1)[1])
        row = _row(t.SubmissionRow, record, {"envelope": "envelope_id", "expected": "expected_report_id"}, ordinal=ordinal)
        row.findings = list(record.findings)
        self._session.add(row)
        self._session.flush()
        rows = [
            {"submission_id": record.id, "line": line, "indicator": indicator, "value": value, "sheet": sheet, "cell": cell}
            for line, indicator, value, sheet, cell in figures
        ]
        if rows:
            self._session.execute(insert(t.FactRow), rows)

    def submissions(self, round_id: str) -> list[SubmissionRecord]:
        """Return every submission of a round, oldest first."""
        query = (
            select(t.SubmissionRow)
            .join(t.ExpectedReportRow, t.ExpectedReportRow.id == t.SubmissionRow.expected_report_id)
            .where(t.ExpectedReportRow.round_id == round_id)
            .order_by(t.SubmissionRow.received_at, t.SubmissionRow.id)
        )
        return [_submission(row) for row in self._session.scalars(query)]

    def figures(self, campaign: str, line: str, *, round_id: str | None = None, until: datetime | None = None) -> list[Fact]:
        """Return the figures of one line of every submission in effect: the newest accepted version of each expected report.

        `until` asks as of an instant: what arrived later is left out, and versions replaced later count again.
        """
        newest = (
            select(t.SubmissionRow.expected_report_id, func.max(t.SubmissionRow.version).label("version"))
            .where(t.SubmissionRow.outcome == "accepted")
            .group_by(t.SubmissionRow.expected_report_id)
        )
        if until:
            newest = newest.where(t.SubmissionRow.received_at <= until)
        effective = newest.subquery()
        query = (
            select(
                t.ExpectedReportRow.id,
                t.ExpectedReportRow.duty,
                t.ExpectedReportRow.department_id,
                t.ExpectedReportRow.role,
                t.FactRow.indicator,
                t.FactRow.value,
                t.FactRow.sheet,
                t.FactRow.cell,
                t.SubmissionRow.id,
                t.SubmissionRow.envelope_id,
                t.SubmissionRow.file,
            )
            .select_from(t.FactRow)
            .join(t.SubmissionRow, t.SubmissionRow.id == t.FactRow.submission_id)
            .join(
                effective,
                (effective.c.expected_report_id == t.SubmissionRow.expected_report_id)
                & (effective.c.version == t.SubmissionRow.version),
            )
            .join(t.ExpectedReportRow, t.ExpectedReportRow.id == t.SubmissionRow.expected_report_id)
            .where(t.ExpectedReportRow.campaign_id == campaign, t.FactRow.line == line, t.SubmissionRow.outcome == "accepted")
            .order_by(t.ExpectedReportRow.round_id, t.ExpectedReportRow.duty, t.ExpectedReportRow.id, t.FactRow.indicator)
        )
        if round_id:
            query = query.where(t.ExpectedReportRow.round_id == round_id)
        return [Fact(*row) for row in self._session.execute(query)]

    # -- notices and messages ----------------------------------------------------------------------------------------

    def notices(self, campaign: str) -> dict[str, str]:
        """Return the notices of a campaign that were made: key -> status."""
        query = select(t.NoticeRow.key, t.NoticeRow.status).where(t.NoticeRow.campaign_id == campaign)
        return {row.key: row.status for row in self._session.execute(query)}

    def message_keys(self, campaign: str) -> set[str]:
        """Return the keys of the messages made in a campaign."""
        return set(self._session.scalars(select(t.MessageRow.key).where(t.MessageRow.campaign_id == campaign)))

    def has_message(self, key: str) -> bool:
        """Return whether a message with that key was made."""
        return self._session.get(t.MessageRow, key) is not None

    def message(self, key: str) -> MessageRecord | None:
        """Return the message with that key, None when it was not made."""
        row = self._session.get(t.MessageRow, key)
        return _message(row) if row else None

    def add_message(self, record: MessageRecord, notices: Iterable[NoticeRecord], made_at: datetime) -> bool:
        """Return whether the message and its notices were made now; a message with that key is made once, for ever."""
        if self.has_message(record.key):
            return False
        names = {"campaign": "campaign_id", "round": "round_id", "department": "department_id"}
        self._session.add(_row(t.MessageRow, record, names))
        self._session.flush()
        self._add_notices(notices, made_at, record.key)
        return True

    def supersede(self, notices: Iterable[NoticeRecord], made_at: datetime) -> None:
        """Store notices that nobody needs to hear any more, so that they are never made later."""
        self._add_notices(notices, made_at, None)

    def _add_notices(self, notices: Iterable[NoticeRecord], made_at: datetime, message: str | None) -> None:
        for one in notices:
            self._session.add(_row(t.NoticeRow, one, {"campaign": "campaign_id"}, made_at=made_at, message_key=message))
        self._session.flush()

    def claim_messages(self, as_of: datetime, stale_before: datetime, limit: int = 500) -> list[MessageRecord]:
        """Return the messages to send now, marked as being sent: queued ones, and those left behind by a sender that died.

        Sent long ago or, after a clock was set back, sent in a time to come: either way nobody is at it any more.

        A paused campaign sends nothing; a cancelled one only answers what still arrives.
        """
        claimed, ahead = t.MessageRow.claimed_at, as_of + (as_of - stale_before)
        left_behind = (t.MessageRow.status == "sending") & ((claimed < stale_before) | (claimed > ahead))
        answer = (t.MessageRow.kind == "receipt") & (t.CampaignRow.status == "cancelled")
        may_go = t.CampaignRow.id.is_(None) | t.CampaignRow.status.in_(("live", "closed")) | answer
        query = (
            select(t.MessageRow)
            .outerjoin(t.CampaignRow, t.CampaignRow.id == t.MessageRow.campaign_id)
            .where((t.MessageRow.status == "queued") | left_behind, may_go)
            .order_by(t.MessageRow.made_at, t.MessageRow.key)
            .limit(limit)
            .with_for_update(of=t.MessageRow, skip_locked=True)
        )
        rows = list(self._session.scalars(query))
        for row in rows:
            row.status, row.claimed_at = "sending", as_of
        return [_message(row) for row in rows]

    def mark_sent(self, key: str, sent_at: datetime) -> None:
        """Mark a message as sent."""
        self._session.execute(
            update(t.MessageRow).where(t.MessageRow.key == key).values(status="sent", sent_at=sent_at, error="")
        )

    def mark_unsent(self, key: str, status: str, error: str) -> None:
        """Mark a message as queued again (the world failed) or refused (for good), with the reason."""
        self._session.execute(update(t.MessageRow).where(t.MessageRow.key == key).values(status=status, error=error))

    def messages(self, campaign: str | None = None) -> list[MessageRecord]:
        """Return the messages, all or a campaign's, in the order they were made."""
        query = select(t.MessageRow).order_by(t.MessageRow.made_at, t.MessageRow.key)
        if campaign:
            query = query.where(t.MessageRow.campaign_id == campaign)
        return [_message(row) for row in self._session.scalars(query)]

    # -- roll-ups ----------------------------------------------------------------------------------------------------

    def add_rollup(self, record: RollUpRecord) -> None:
        """Store a published roll-up."""
        self._session.add(_row(t.RollUpRow, record, {"round": "round_id"}))
        self._session.flush()

    def rollups(self, round_id: str) -> list[RollUpRecord]:
        """Return the roll-ups of a round, oldest version first."""
        query = select(t.RollUpRow).where(t.RollUpRow.round_id == round_id).order_by(t.RollUpRow.version)
        return [
            RollUpRecord(r.round_id, r.version, r.file, r.sha256, r.coverage, r.published_at)
            for r in self._session.scalars(query)
        ]


def business_state(session: Session) -> str:
    """Return every row of every table as one text, sorted: two equal texts are two equal ledgers."""
    lines = []
    for table in t.Base.metadata.sorted_tables:
        for row in session.execute(select(table)).mappings():
            lines.append(json.dumps([table.name, {k: str(v) for k, v in row.items()}], ensure_ascii=False, sort_keys=True))
    return "\n".join(sorted(lines))


def _row(table: Any, record: Any, names: Mapping[str, str], **more: Any) -> Any:
    return table(**{names.get(name, name): value for name, value in asdict(record).items()}, **more)


def _campaign(row: t.CampaignRow) -> CampaignRecord:
    return CampaignRecord(
        row.id, row.title, row.version, row.definition, row.directory, row.status, row.status_note, row.launched_at
    )


def _round(row: t.RoundRow) -> RoundRecord:
    return RoundRecord(
        row.id, row.campaign_id, row.report, row.label, row.opens_on, row.due_on, row.closes_on, row.opened_at, row.closed_at
    )


def _standing(row: t.ExpectedReportRow) -> Standing:
    return Standing(
        row.due_at, row.due_version, row.received_at, row.nil, row.version, row.returned, row.waived, row.not_applicable
    )


def _form(row: t.FormRow) -> FormRecord:
    return FormRecord(row.serial, row.round_id, row.department_id, row.version, row.sha256, row.layout, row.issued_at)


def _envelope(row: t.EnvelopeRow) -> EnvelopeRecord:
    return EnvelopeRecord(
        row.id,
        row.door,
        row.name,
        row.sha256,
        row.size,
        row.sender,
        row.received_at,
        row.campaign_id,
        row.round_id,
        row.department_id,
        row.outcome,
        row.reason,
        tuple(row.findings),
        row.tries,
    )


def _part(row: t.PartRow) -> PartRecord:
    figures = tuple(Mention(one[0], Decimal(one[1]), Decimal(one[2]), one[3]) for one in row.figures)
    return PartRecord(row.envelope_id, row.name, row.sha256, row.kind, row.problem, tuple(row.missing), figures, row.ordinal)


def _mention_row(one: Mention) -> list[str]:
    return [one.indicator, str(one.value), str(one.step), one.text]


def _fact(row: t.FactRow, submission: t.SubmissionRow, expected: t.ExpectedReportRow) -> Fact:
    return Fact(
        expected=expected.id,
        duty=expected.duty,
        department=expected.department_id,
        role=expected.role,
        indicator=row.indicator,
        value=row.value,
        sheet=row.sheet,
        cell=row.cell,
        submission=submission.id,
        envelope=submission.envelope_id,
        file=submission.file,
    )


def _submission(row: t.SubmissionRow) -> SubmissionRecord:
    return SubmissionRecord(
        row.id,
        row.envelope_id,
        row.expected_report_id,
        row.version,
        row.outcome,
        row.nil,
        row.narrative,
        row.received_at,
        row.file,
        tuple(row.findings),
    )


def _message(row: t.MessageRow) -> MessageRecord:
    return MessageRecord(
        row.key,
        row.message_id,
        row.campaign_id,
        row.round_id,
        row.department_id,
        row.kind,
        row.to_name,
        row.to_email,
        row.subject,
        row.file,
        row.sha256,
        row.made_at,
        row.status,
        row.sent_at,
        row.error,
    )
