"""What the record keeps of a row must still prove it after an upgrade, years later."""

from datetime import UTC, datetime
from decimal import Decimal

from sqlalchemy import create_engine
from sqlalchemy.orm import Session

from integrations.database import tables as t
from integrations.database.ledger import rows

THEN = datetime(2020, 12, 3, 9, 30, tzinfo=UTC)
A, B = "a" * 64, "b" * 64
ROWS = (
    t.EnvelopeRow(
        id="R-2020-000001",
        door="mail",
        name="报表.eml",
        sha256=A,
        size=1,
        sender="liaison@example.gov.cn",
        received_at=THEN,
        campaign_id="test",
        round_id="test/one",
        department_id="jyj",
        outcome="accepted",
        kind="report",
    ),
    t.PartRow(envelope_id="R-2020-000001", ordinal=1, name="报表.xlsx", sha256=B, kind="workbook"),
    t.SubmissionRow(
        id="S",
        envelope_id="R-2020-000001",
        ordinal=1,
        expected_report_id="test/one/1/jyj",
        version=1,
        outcome="accepted",
        nil=False,
        narrative="",
        received_at=THEN,
        file="报表.xlsx",
        findings=[],
    ),
    t.FactRow(submission_id="S", line="1", indicator="cases", value=Decimal("3"), sheet="牵头任务", cell="D6"),
    t.FormRow(serial="F", round_id="test/one", department_id="jyj", version=1, sha256=A, layout="{}", issued_at=THEN),
    t.UploadLinkRow(round_id="test/one", department_id="jyj", nonce="n", made_at=THEN),
    t.MessageRow(
        key="m",
        message_id="<m@example.gov.cn>",
        campaign_id="test",
        kind="assignment",
        to_name="联络员",
        to_email="liaison@example.gov.cn",
        subject="任务分工",
        file="m.eml",
        sha256=B,
        made_at=THEN,
        status="queued",
    ),
    t.NoticeRow(
        key="n",
        campaign_id="test",
        about="test/one/1/jyj",
        rung="before3",
        due_version=1,
        slot=THEN,
        made_at=THEN,
        status="made",
        message_key="m",
    ),
)


def test_the_digests_of_rows_that_were_once_recorded_never_change() -> None:
    """A column that is added must be empty in older rows: None, no text, an empty list."""
    engine = create_engine("sqlite://")
    t.Base.metadata.create_all(engine)
    with Session(engine) as session:
        session.add_all(ROWS)
        session.flush()
        found = {
            "submission": rows.submission_digest(session, "S"),
            "envelope": rows.envelope_digest(session, "R-2020-000001"),
            "message": rows.message_digest(session, "m"),
            "form": rows.form_digest(session, "F"),
            "link": rows.link_digest(session, "test/one/jyj"),
        }
    engine.dispose()
    assert {name: value and value[:12] for name, value in found.items()} == {
        "submission": "f89a8af7b1da",
        "envelope": "d33bf3704a0f",
        "message": "f8a0b1da4315",
        "form": "23e2ebfa8740",
        "link": "7ad3b501af5f",
    }
