"""What the ledger hands out: frozen values, never rows. Instants are aware and in UTC."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from campaigns.prose import Mention


@dataclass(frozen=True, slots=True)
class FormerVersion:
    """A campaign as it was before it was amended: `closed` are the rounds that ended under it; `spared` as in the campaign's."""

    version: str
    definition: str
    directory: str
    closed: tuple[str, ...]
    spared: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class CampaignRecord:
    """A campaign as launched, or last amended: its definition and directory are the JSON they were launched with.

    `spared` are expected reports and rounds of the plan that are not owed: their date had passed when an amendment brought them;
    `earlier` are the versions before, the newest last.
    """

    id: str
    title: str
    version: str
    definition: str
    directory: str
    status: str  # live, paused, cancelled, closed
    status_note: str
    launched_at: datetime
    spared: tuple[str, ...] = ()
    earlier: tuple[FormerVersion, ...] = ()


@dataclass(frozen=True, slots=True)
class RoundRecord:
    """A round in the ledger."""

    id: str
    campaign: str
    report: str
    label: str
    opens_on: date
    due_on: date
    closes_on: date
    opened_at: datetime | None
    closed_at: datetime | None
    tally: Mapping[str, int] | None = None  # how it stood when it closed


@dataclass(frozen=True, slots=True)
class FormRecord:
    """A form that was issued; `layout` is the JSON of campaigns.forms.Form."""

    serial: str
    round: str
    department: str
    version: int
    sha256: str
    layout: str
    issued_at: datetime


@dataclass(frozen=True, slots=True)
class EnvelopeRecord:
    """One file or mail as it arrived; `kind` is None until it has been checked, and only a submission has an outcome."""

    id: str
    door: str
    name: str
    sha256: str
    size: int
    sender: str
    received_at: datetime
    campaign: str | None
    round: str | None
    department: str | None
    outcome: str | None
    reason: str
    findings: tuple[dict[str, Any], ...]
    tries: int = 0
    kind: str | None = None  # submission, request, bounce, machine


@dataclass(frozen=True, slots=True)
class PartRecord:
    """One part of an envelope: its kind is workbook, summary, scan or other.

    `problem` says why it cannot count as that part; of prose, `missing` are demanded headings it does not have and `figures`
    what it says of indicators.
    """

    envelope: str
    name: str
    sha256: str
    kind: str
    problem: str = ""
    missing: tuple[str, ...] = ()
    figures: tuple[Mention, ...] = ()
    place: int = 0  # which part of its envelope, counted from 0


@dataclass(frozen=True, slots=True)
class SubmissionRecord:
    """What one envelope says for one expected report; `texts` by the code of what was asked."""

    id: str
    envelope: str
    expected: str
    version: int
    outcome: str
    nil: bool
    narrative: str
    received_at: datetime
    file: str
    findings: tuple[dict[str, Any], ...]
    texts: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class NoticeRecord:
    """That someone must hear something: made once; its key is that of architecture decision 4."""

    key: str
    campaign: str
    about: str
    rung: str
    due_version: int
    slot: datetime
    status: str  # made, superseded
    by: str = ""  # of a superseded one: date, opened, moved, nobody, or the code of the rung that was said instead


@dataclass(frozen=True, slots=True)
class MessageRecord:
    """One mail to one person; its key and Message-ID are fixed for ever before it is sent."""

    key: str
    message_id: str
    campaign: str | None
    round: str | None
    department: str | None
    kind: str
    to_name: str
    to_email: str
    subject: str
    file: str
    sha256: str
    made_at: datetime
    status: str  # queued, sending, sent, refused, undelivered
    sent_at: datetime | None = None
    error: str = ""
    claim: str = ""
    resends: str | None = None


@dataclass(frozen=True, slots=True)
class RollUpRecord:
    """A roll-up that was published."""

    round: str
    version: int
    file: str
    sha256: str
    coverage: str
    published_at: datetime
    figures: str = ""  # SHA-256 of its figures as JSON


@dataclass(frozen=True, slots=True)
class SentUp:
    """A workbook handed in to the office above with the totals of a round, and its answer: none while `receipt` is empty.

    `version` is that of the roll-up it holds; the key makes sending it twice one submission.
    """

    round: str
    key: str
    version: int
    file: str
    sha256: str
    made_at: datetime
    receipt: str = ""
    outcome: str | None = None
    reason: str = ""
    findings: tuple[dict[str, Any], ...] = ()


@dataclass(frozen=True, slots=True)
class DocumentRecord:
    """A document the office was given of a round: `file` is a copy for people to edit, the bytes as made are kept by `sha256`."""

    round: str
    version: int
    kind: str
    file: str
    sha256: str
    made_at: datetime


@dataclass(frozen=True, slots=True)
class DecisionRecord:
    """A decision that was made: `scope` are ids of expected reports, rounds or departments, `granted` what its kind grants."""

    id: str
    campaign: str
    kind: str
    by: str
    authority: str
    basis: str
    decided_on: date
    made_at: datetime
    scope: tuple[str, ...]
    granted: Mapping[str, Any]
    request: str | None = None


@dataclass(frozen=True, slots=True)
class RequestRecord:
    """What a department asked for; `decision` is what answered it, None while it is open."""

    id: str
    campaign: str
    scope: tuple[str, ...]
    wanted: date | None
    reason: str
    asked_by: str
    door: str
    made_at: datetime
    decision: str | None = None
