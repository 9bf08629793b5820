"""The ledger's tables. Rows never leave this package."""

from collections.abc import Mapping
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import JSON, BigInteger, Date, DateTime, ForeignKey, Index, MetaData, Text, UniqueConstraint, false, text
from sqlalchemy.dialects.postgresql import TIMESTAMP
from sqlalchemy.engine import Dialect
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column
from sqlalchemy.types import TypeDecorator, TypeEngine


class Instant(TypeDecorator[datetime]):
    """An aware instant, stored in UTC; a naive one is refused."""

    impl = DateTime
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        """Return timestamptz on PostgreSQL, a plain timestamp elsewhere."""
        return dialect.type_descriptor(TIMESTAMP(timezone=True) if dialect.name == "postgresql" else DateTime())

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Return the instant as it is stored; ValueError for a naive one."""
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("the ledger stores aware instants only")
        moment = value.astimezone(UTC)
        return moment if dialect.name == "postgresql" else moment.replace(tzinfo=None)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Return the instant in UTC."""
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


class Amount(TypeDecorator[Decimal]):
    """A figure with up to four decimals, stored as a whole number of ten-thousandths so that every database adds it exactly."""

    impl = BigInteger
    cache_ok = True

    def process_bind_param(self, value: Decimal | None, dialect: Dialect) -> int | None:
        """Return the stored whole number."""
        return None if value is None else int((value * 10000).to_integral_exact())

    def process_result_value(self, value: int | None, dialect: Dialect) -> Decimal | None:
        """Return the figure."""
        return None if value is None else amount(value)


def amount(stored: int) -> Decimal:
    """Return the figure that a stored whole number is."""
    return Decimal(stored) / 10000


class Base(DeclarativeBase):
    metadata = MetaData(
        naming_convention={
            "ix": "ix_%(table_name)s_%(column_0_N_name)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "ck": "ck_%(table_name)s_%(constraint_name)s",
            "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
            "pk": "pk_%(table_name)s",
        }
    )
    type_annotation_map: Mapping[Any, Any] = {
        datetime: Instant,
        Decimal: Amount,
        date: Date,
        dict[str, Any]: JSON,
        list[Any]: JSON,
        str: Text,
    }


class CampaignRow(Base):
    __tablename__ = "campaign"

    id: Mapped[str] = mapped_column(primary_key=True)
    title: Mapped[str]
    version: Mapped[str]
    definition: Mapped[str]
    directory: Mapped[str]
    status: Mapped[str]
    status_note: Mapped[str] = mapped_column(default="")
    launched_at: Mapped[datetime]
    timed_by: Mapped[str] = mapped_column(default="", server_default="")  # the ladder and calendar its reminders are timed by
    spared: Mapped[list[Any]] = mapped_column(default=list, server_default="[]")
    earlier: Mapped[list[Any]] = mapped_column(default=list, server_default="[]")  # what it was before it was amended


class DepartmentRow(Base):
    __tablename__ = "department"

    id: Mapped[str] = mapped_column(primary_key=True)
    name: Mapped[str]
    level: Mapped[str]
    parent: Mapped[str | None]
    valid_from: Mapped[date | None]
    valid_to: Mapped[date | None]


class ContactRow(Base):
    __tablename__ = "contact"

    department_id: Mapped[str] = mapped_column(ForeignKey("department.id"), primary_key=True)
    kind: Mapped[str] = mapped_column(primary_key=True)
    name: Mapped[str]
    email: Mapped[str] = mapped_column(index=True)
    phone: Mapped[str]


class AssignmentRow(Base):
    __tablename__ = "assignment"

    id: Mapped[str] = mapped_column(primary_key=True)
    campaign_id: Mapped[str] = mapped_column(ForeignKey("campaign.id"), index=True)
    duty: Mapped[int]
    department_id: Mapped[str] = mapped_column(ForeignKey("department.id"))
    role: Mapped[str]


class RoundRow(Base):
    __tablename__ = "round"

    id: Mapped[str] = mapped_column(primary_key=True)
    campaign_id: Mapped[str] = mapped_column(ForeignKey("campaign.id"), index=True)
    report: Mapped[str]
    label: Mapped[str]
    opens_on: Mapped[date]
    due_on: Mapped[date]
    closes_on: Mapped[date]
    opened_at: Mapped[datetime | None]
    closed_at: Mapped[datetime | None]
    tally: Mapped[dict[str, Any] | None]  # how its expected reports stood when it closed


class ExpectedReportRow(Base):
    """What is owed, and its standing: folded from events and written nowhere else.

    `next_at` is when the ladder has to look at it next: never while nobody owes anything.
    """

    __tablename__ = "expected_report"
    __table_args__ = (
        Index(
            "ix_expected_report_next_at",
            "next_at",
            sqlite_where=text("next_at IS NOT NULL"),
            postgresql_where=text("next_at IS NOT NULL"),
        ),
    )

    id: Mapped[str] = mapped_column(primary_key=True)
    campaign_id: Mapped[str] = mapped_column(ForeignKey("campaign.id"), index=True)
    round_id: Mapped[str] = mapped_column(ForeignKey("round.id"), index=True)
    duty: Mapped[int]
    department_id: Mapped[str] = mapped_column(ForeignKey("department.id"))
    role: Mapped[str]
    receivers: Mapped[list[Any]]
    due_at: Mapped[datetime]
    due_version: Mapped[int] = mapped_column(default=1)
    received_at: Mapped[datetime | None]
    nil: Mapped[bool] = mapped_column(default=False)
    version: Mapped[int] = mapped_column(default=0)
    returned: Mapped[bool] = mapped_column(default=False)
    waived: Mapped[bool] = mapped_column(default=False)
    not_applicable: Mapped[bool] = mapped_column(default=False)
    opened_at: Mapped[datetime | None]
    closed_at: Mapped[datetime | None]
    earlier: Mapped[list[Any]] = mapped_column(default=list, server_default="[]")
    accepted: Mapped[list[Any]] = mapped_column(default=list, server_default="[]")
    highest: Mapped[int] = mapped_column(default=0, server_default="0")
    retired: Mapped[bool] = mapped_column(default=False, server_default=false())
    next_at: Mapped[datetime | None]
    approved: Mapped[str] = mapped_column(default="", server_default="")  # the decision that holds it as it is


class DecisionRow(Base):
    """A decision, folded from its event."""

    __tablename__ = "decision"

    id: Mapped[str] = mapped_column(primary_key=True)
    campaign_id: Mapped[str] = mapped_column(ForeignKey("campaign.id"), index=True)
    kind: Mapped[str]
    by: Mapped[str]
    authority: Mapped[str]
    basis: Mapped[str]
    decided_on: Mapped[date]
    made_at: Mapped[datetime]
    scope: Mapped[list[Any]]
    granted: Mapped[dict[str, Any]]
    request_id: Mapped[str | None] = mapped_column(ForeignKey("request.id"))


class RequestRow(Base):
    """What a department asked for: it moves nothing, and is open until a decision answers it."""

    __tablename__ = "request"

    id: Mapped[str] = mapped_column(primary_key=True)
    campaign_id: Mapped[str] = mapped_column(ForeignKey("campaign.id"), index=True)
    scope: Mapped[list[Any]]
    wanted: Mapped[date | None]
    reason: Mapped[str]
    asked_by: Mapped[str]
    door: Mapped[str]
    made_at: Mapped[datetime]
    decision_id: Mapped[str | None]


class EdgeRow(Base):
    __tablename__ = "edge"

    campaign_id: Mapped[str] = mapped_column(ForeignKey("campaign.id"), primary_key=True)
    source: Mapped[str] = mapped_column(primary_key=True)
    target: Mapped[str] = mapped_column(primary_key=True)
    kind: Mapped[str]


class EventRow(Base):
    __tablename__ = "event"

    campaign_id: Mapped[str] = mapped_column(ForeignKey("campaign.id"), primary_key=True)
    sequence: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    kind: Mapped[str]
    about: Mapped[str] = mapped_column(index=True)
    occurred_at: Mapped[datetime]
    recorded_at: Mapped[datetime]
    text: Mapped[str]
    hash: Mapped[str]


class EnvelopeRow(Base):
    __tablename__ = "envelope"

    id: Mapped[str] = mapped_column(primary_key=True)
    door: Mapped[str]
    name: Mapped[str]
    sha256: Mapped[str] = mapped_column(index=True)
    size: Mapped[int]
    sender: Mapped[str]
    received_at: Mapped[datetime]
    campaign_id: Mapped[str | None]
    round_id: Mapped[str | None]
    department_id: Mapped[str | None]
    outcome: Mapped[str | None] = mapped_column(index=True)
    reason: Mapped[str] = mapped_column(default="")
    findings: Mapped[list[Any]] = mapped_column(default=list)
    tries: Mapped[int] = mapped_column(default=0)
    kind: Mapped[str | None] = mapped_column(index=True)


class PartRow(Base):
    """A file of an envelope; of a prose part, the demanded headings it does not have and the figures it speaks of."""

    __tablename__ = "part"

    envelope_id: Mapped[str] = mapped_column(ForeignKey("envelope.id"), primary_key=True)
    ordinal: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    name: Mapped[str]
    sha256: Mapped[str]
    kind: Mapped[str]
    problem: Mapped[str] = mapped_column(default="", server_default="")
    missing: Mapped[list[Any]] = mapped_column(default=list, server_default="[]")
    figures: Mapped[list[Any]] = mapped_column(default=list, server_default="[]")


class FetchedRow(Base):
    """A mail of a mailbox that was fetched, and the envelope its bytes are."""

    __tablename__ = "fetched"

    mailbox: Mapped[str] = mapped_column(primary_key=True)
    uid_validity: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    uid: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    envelope_id: Mapped[str] = mapped_column(ForeignKey("envelope.id"), index=True)


class UploadLinkRow(Base):
    """The upload link of a department for a round: a link with another nonce is revoked."""

    __tablename__ = "upload_link"

    round_id: Mapped[str] = mapped_column(ForeignKey("round.id"), primary_key=True)
    department_id: Mapped[str] = mapped_column(ForeignKey("department.id"), primary_key=True)
    nonce: Mapped[str]
    made_at: Mapped[datetime]


class SuperiorLinkRow(Base):
    """The upload link that the office above gave us for a round of ours."""

    __tablename__ = "superior_link"

    round_id: Mapped[str] = mapped_column(ForeignKey("round.id"), primary_key=True)
    link: Mapped[str]
    given_at: Mapped[datetime]


class HandedInRow(Base):
    """An envelope that came through an upload link, whose link it was, and the key its sender gave it."""

    __tablename__ = "handed_in"
    __table_args__ = (UniqueConstraint("round_id", "department_id", "key"),)

    envelope_id: Mapped[str] = mapped_column(ForeignKey("envelope.id"), primary_key=True)
    round_id: Mapped[str] = mapped_column(ForeignKey("round.id"), index=True)
    department_id: Mapped[str] = mapped_column(ForeignKey("department.id"))
    key: Mapped[str | None]


class SubmissionRow(Base):
    __tablename__ = "submission"
    __table_args__ = (UniqueConstraint("envelope_id", "expected_report_id", "ordinal"),)

    id: Mapped[str] = mapped_column(primary_key=True)
    envelope_id: Mapped[str] = mapped_column(ForeignKey("envelope.id"), index=True)
    ordinal: Mapped[int]
    expected_report_id: Mapped[str] = mapped_column(ForeignKey("expected_report.id"), index=True)
    version: Mapped[int]
    outcome: Mapped[str]
    nil: Mapped[bool]
    narrative: Mapped[str]
    received_at: Mapped[datetime]
    file: Mapped[str]
    findings: Mapped[list[Any]]
    texts: Mapped[dict[str, Any]] = mapped_column(default=dict, server_default="{}")


class FactRow(Base):
    __tablename__ = "fact"

    submission_id: Mapped[str] = mapped_column(ForeignKey("submission.id"), primary_key=True)
    line: Mapped[str] = mapped_column(primary_key=True)
    indicator: Mapped[str] = mapped_column(primary_key=True)
    value: Mapped[Decimal]
    sheet: Mapped[str]
    cell: Mapped[str]
    key: Mapped[str] = mapped_column(default="", server_default="")  # of a row of a list: which case it is


class FormRow(Base):
    __tablename__ = "form"
    __table_args__ = (UniqueConstraint("round_id", "department_id", "version"),)

    serial: Mapped[str] = mapped_column(primary_key=True)
    round_id: Mapped[str] = mapped_column(ForeignKey("round.id"))
    department_id: Mapped[str] = mapped_column(ForeignKey("department.id"))
    version: Mapped[int]
    sha256: Mapped[str]
    layout: Mapped[str]
    issued_at: Mapped[datetime]


class NoticeRow(Base):
    __tablename__ = "notice"

    key: Mapped[str] = mapped_column(primary_key=True)
    campaign_id: Mapped[str] = mapped_column(ForeignKey("campaign.id"), index=True)
    about: Mapped[str] = mapped_column(index=True)
    rung: Mapped[str]
    due_version: Mapped[int]
    slot: Mapped[datetime]
    made_at: Mapped[datetime]
    status: Mapped[str]
    message_key: Mapped[str | None] = mapped_column(ForeignKey("message.key"))
    by: Mapped[str] = mapped_column(default="", server_default="")  # of a superseded one: what was said instead


class MessageRow(Base):
    __tablename__ = "message"

    key: Mapped[str] = mapped_column(primary_key=True)
    message_id: Mapped[str] = mapped_column(unique=True)
    campaign_id: Mapped[str | None] = mapped_column(index=True)
    round_id: Mapped[str | None]
    department_id: Mapped[str | None]
    kind: Mapped[str]
    to_name: Mapped[str]
    to_email: Mapped[str]
    subject: Mapped[str]
    file: Mapped[str]
    sha256: Mapped[str]
    made_at: Mapped[datetime]
    status: Mapped[str] = mapped_column(index=True)
    claimed_at: Mapped[datetime | None]
    sent_at: Mapped[datetime | None]
    error: Mapped[str] = mapped_column(default="")
    claim: Mapped[str] = mapped_column(
        default="", server_default=""
    )  # whose turn it is to send it: a sender that froze has lost its
    resends: Mapped[str | None]  # the key of the letter it repeats


class RollUpRow(Base):
    __tablename__ = "rollup"

    round_id: Mapped[str] = mapped_column(ForeignKey("round.id"), primary_key=True)
    version: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    file: Mapped[str]
    sha256: Mapped[str]
    coverage: Mapped[str]
    published_at: Mapped[datetime]
    figures: Mapped[str] = mapped_column(default="", server_default="")  # SHA-256 of its figures, kept as JSON
