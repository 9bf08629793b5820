"""Rows in and out: what the tables hold, as frozen values."""

from collections.abc import Mapping
from dataclasses import fields
from datetime import datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from campaigns.events import digest
from campaigns.plan import ExpectedReport
from campaigns.prose import Mention
from campaigns.records import (
    CampaignRecord,
    DecisionRecord,
    EnvelopeRecord,
    FormerVersion,
    FormRecord,
    MessageRecord,
    NoticeRecord,
    PartRecord,
    RequestRecord,
    RollUpRecord,
    RoundRecord,
    SubmissionRecord,
)
from campaigns.rollup import Fact
from campaigns.states import Accepted, Standing
from integrations.database import tables as t


def as_row(table: Any, record: Any, names: Mapping[str, str], **more: Any) -> Any:
    """Return a table row of a record."""
    return table(**{names.get(one.name, one.name): getattr(record, one.name) for one in fields(record)}, **more)


def campaign(row: t.CampaignRow) -> CampaignRecord:
    """Return a campaign as a frozen value."""
    return CampaignRecord(
        row.id,
        row.title,
        row.version,
        row.definition,
        row.directory,
        row.status,
        row.status_note,
        row.launched_at,
        tuple(row.spared),
        tuple(
            FormerVersion(version, definition, directory, tuple(closed), tuple(spared))
            for version, definition, directory, closed, spared in row.earlier
        ),
    )


def of_former(version: FormerVersion) -> list[Any]:
    """Return an earlier version of a campaign as it is stored."""
    return [version.version, version.definition, version.directory, list(version.closed), list(version.spared)]


def round(row: t.RoundRow) -> RoundRecord:
    """Return a round as a frozen value."""
    return RoundRecord(
        row.id,
        row.campaign_id,
        row.report,
        row.label,
        row.opens_on,
        row.due_on,
        row.closes_on,
        row.opened_at,
        row.closed_at,
        row.tally,
    )


def standing(row: t.ExpectedReportRow) -> Standing:
    """Return the standing of an expected report as a frozen value."""
    return Standing(
        row.due_at,
        row.due_version,
        row.received_at,
        row.nil,
        row.version,
        row.returned,
        row.waived,
        row.not_applicable,
        row.opened_at,
        row.closed_at,
        tuple((datetime.fromisoformat(until), datetime.fromisoformat(due_at)) for until, due_at in row.earlier),
        tuple(Accepted(code, version, datetime.fromisoformat(at), nil) for code, version, at, nil in row.accepted),
        row.highest,
        row.approved,
        row.retired,
    )


def of_expected(campaign: str, one: ExpectedReport) -> dict[str, Any]:
    """Return the columns of what is owed, as the plan has it."""
    return {
        "id": one.id,
        "campaign_id": campaign,
        "round_id": one.round,
        "duty": one.duty,
        "department_id": one.department,
        "role": one.role.value,
        "receivers": list(one.receivers),
        "due_at": one.due_at,
    }


def of_standing(standing: Standing) -> dict[str, Any]:
    """Return the columns of a standing."""
    return {
        **{name: getattr(standing, name) for name in Standing.__slots__},
        "earlier": [[until.isoformat(), due_at.isoformat()] for until, due_at in standing.earlier],
        "accepted": [[one.submission, one.version, one.received_at.isoformat(), one.nil] for one in standing.accepted],
    }


def form(row: t.FormRow) -> FormRecord:
    """Return an issued form as a frozen value."""
    return FormRecord(row.serial, row.round_id, row.department_id, row.version, row.sha256, row.layout, row.issued_at)


def envelope(row: t.EnvelopeRow) -> EnvelopeRecord:
    """Return an envelope as a frozen value."""
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
        row.kind,
    )


def part(row: t.PartRow) -> PartRecord:
    """Return a part of an envelope as a frozen value."""
    figures = tuple(Mention(one[0], Decimal(one[1]), Decimal(one[2]), one[3]) for one in row.figures)
    return PartRecord(row.envelope_id, row.name, row.sha256, row.kind, row.problem, tuple(row.missing), figures, row.ordinal)


def mention_row(one: Mention) -> list[str]:
    """Return a figure of a prose part as it is stored."""
    return [one.indicator, str(one.value), str(one.step), one.text]


def fact(row: t.FactRow, submission: t.SubmissionRow, expected: t.ExpectedReportRow) -> Fact:
    """Return a figure with its pedigree as a frozen value."""
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
        key=row.key,
        version=submission.version,
        received_at=submission.received_at,
    )


def submission(row: t.SubmissionRow) -> SubmissionRecord:
    """Return a submission as a frozen value."""
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
        row.texts,
    )


def message(row: t.MessageRow) -> MessageRecord:
    """Return a message as a frozen value."""
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
        row.claim,
        row.resends,
    )


def rollup(row: t.RollUpRow) -> RollUpRecord:
    """Return a published roll-up as a frozen value."""
    return RollUpRecord(row.round_id, row.version, row.file, row.sha256, row.coverage, row.published_at, row.figures)


def decision(row: t.DecisionRow) -> DecisionRecord:
    """Return a decision as a frozen value."""
    return DecisionRecord(
        row.id,
        row.campaign_id,
        row.kind,
        row.by,
        row.authority,
        row.basis,
        row.decided_on,
        row.made_at,
        tuple(row.scope),
        row.granted,
        row.request_id,
    )


def request(row: t.RequestRow) -> RequestRecord:
    """Return a request as a frozen value."""
    return RequestRecord(
        row.id,
        row.campaign_id,
        tuple(row.scope),
        row.wanted,
        row.reason,
        row.asked_by,
        row.door,
        row.made_at,
        row.decision_id,
    )


def submission_digest(session: Session, code: str) -> str | None:
    """Return the digest of a submission and its figures, whatever became of it since; None when there is no such row."""
    row = session.get(t.SubmissionRow, code)
    if row is None:
        return None
    query = select(t.FactRow).where(t.FactRow.submission_id == code).order_by(t.FactRow.line, t.FactRow.indicator)
    said = _filled(row, *_SUBMISSION)
    return digest({**said, "facts": [_filled(one, *_FACT) for one in session.scalars(query)]})


def envelope_digest(session: Session, code: str) -> str | None:
    """Return the digest of a settled envelope and its parts; None when there is no such row."""
    row = session.get(t.EnvelopeRow, code)
    if row is None:
        return None
    query = select(t.PartRow).where(t.PartRow.envelope_id == code).order_by(t.PartRow.ordinal)
    return digest({**_filled(row, *_ENVELOPE), "parts": [_filled(one, *_PART) for one in session.scalars(query)]})


def message_digest(session: Session, key: str) -> str | None:
    """Return the digest of a message as it was made, and of its notices; None when there is no such row."""
    row = session.get(t.MessageRow, key)
    if row is None:
        return None
    query = select(t.NoticeRow).where(t.NoticeRow.message_key == key).order_by(t.NoticeRow.key)
    return digest({**_filled(row, *_MESSAGE), "notices": [notice_digest(one) for one in session.scalars(query)]})


def form_digest(session: Session, serial: str) -> str | None:
    """Return the digest of an issued form; None when there is no such row."""
    row = session.get(t.FormRow, serial)
    return None if row is None else digest(_filled(row, *_FORM))


def link_digest(session: Session, code: str) -> str | None:
    """Return the digest of the upload link of a round and department, `round/department`; None when there is no such row."""
    round_id, _, department = code.rpartition("/")
    row = session.get(t.UploadLinkRow, (round_id, department))
    return None if row is None else digest(_filled(row, *_LINK))


def _filled(row: Any, *names: str) -> dict[str, Any]:
    """Return the columns that hold something: one that a later version adds leaves the digests of older rows what they are."""
    return {name: value for name in names if (value := getattr(row, name)) not in _EMPTY}


_EMPTY: tuple[Any, ...] = (None, "", [], {})
# the columns that digests prove
_SUBMISSION = (
    "id",
    "envelope_id",
    "ordinal",
    "expected_report_id",
    "version",
    "nil",
    "narrative",
    "received_at",
    "file",
    "findings",
    "texts",
)
_FACT = ("line", "indicator", "value", "sheet", "cell", "key")
_ENVELOPE = (
    *("id", "door", "name", "sha256", "size", "sender", "received_at"),
    *("campaign_id", "round_id", "department_id", "kind", "outcome", "reason", "findings"),
)
_PART = ("ordinal", "name", "sha256", "kind", "problem", "missing", "figures")
_MESSAGE = (
    *("key", "message_id", "campaign_id", "round_id", "department_id", "kind", "to_name", "to_email"),
    *("subject", "file", "sha256", "made_at"),
)
_FORM = ("serial", "round_id", "department_id", "version", "sha256", "layout", "issued_at")
_LINK = ("round_id", "department_id", "nonce", "made_at")
_NOTICE = ("key", "campaign_id", "about", "rung", "due_version", "slot", "status", "by", "made_at", "message_key")


def of_notice(one: NoticeRecord, made_at: datetime, message: str | None) -> dict[str, Any]:
    """Return the columns of a notice."""
    said = (one.key, one.campaign, one.about, one.rung, one.due_version, one.slot, one.status, one.by, made_at, message)
    return dict(zip(_NOTICE, said, strict=True))


def digest_of_notice(said: Mapping[str, Any]) -> str:
    """Return the digest of a notice's columns."""
    return digest({name: said[name] for name in _NOTICE if said[name] not in _EMPTY})


def notice_digest(row: t.NoticeRow) -> str:
    """Return the digest of a notice."""
    return digest_of_notice({name: getattr(row, name) for name in _NOTICE})
