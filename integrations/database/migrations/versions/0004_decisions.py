"""dates as they were in force, valid versions, when to look again; decisions and requests"""

import json

import sqlalchemy as sa
from alembic import op

import integrations.database.tables

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

Instant = integrations.database.tables.Instant


def upgrade() -> None:
    with op.batch_alter_table("round", schema=None) as batch_op:
        batch_op.add_column(sa.Column("tally", sa.JSON(), nullable=True))
    with op.batch_alter_table("expected_report", schema=None) as batch_op:
        batch_op.add_column(sa.Column("opened_at", Instant(), nullable=True))
        batch_op.add_column(sa.Column("closed_at", Instant(), nullable=True))
        batch_op.add_column(sa.Column("earlier", sa.JSON(), server_default="[]", nullable=False))
        batch_op.add_column(sa.Column("accepted", sa.JSON(), server_default="[]", nullable=False))
        batch_op.add_column(sa.Column("highest", sa.Integer(), server_default="0", nullable=False))
        batch_op.add_column(sa.Column("next_at", Instant(), nullable=True))
    op.create_index(
        "ix_expected_report_next_at",
        "expected_report",
        ["next_at"],
        sqlite_where=sa.text("next_at IS NOT NULL"),
        postgresql_where=sa.text("next_at IS NOT NULL"),
    )
    _carry_over()
    op.create_table(
        "request",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("campaign_id", sa.Text(), nullable=False),
        sa.Column("scope", sa.JSON(), nullable=False),
        sa.Column("wanted", sa.Date(), nullable=True),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("asked_by", sa.Text(), nullable=False),
        sa.Column("door", sa.Text(), nullable=False),
        sa.Column("made_at", Instant(), nullable=False),
        sa.Column("decision_id", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(["campaign_id"], ["campaign.id"], name=op.f("fk_request_campaign_id_campaign")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_request")),
    )
    op.create_index(op.f("ix_request_campaign_id"), "request", ["campaign_id"], unique=False)
    op.create_table(
        "decision",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("campaign_id", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("by", sa.Text(), nullable=False),
        sa.Column("authority", sa.Text(), nullable=False),
        sa.Column("basis", sa.Text(), nullable=False),
        sa.Column("decided_on", sa.Date(), nullable=False),
        sa.Column("made_at", Instant(), nullable=False),
        sa.Column("scope", sa.JSON(), nullable=False),
        sa.Column("granted", sa.JSON(), nullable=False),
        sa.Column("request_id", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(["campaign_id"], ["campaign.id"], name=op.f("fk_decision_campaign_id_campaign")),
        sa.ForeignKeyConstraint(["request_id"], ["request.id"], name=op.f("fk_decision_request_id_request")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_decision")),
    )
    op.create_index(op.f("ix_decision_campaign_id"), "decision", ["campaign_id"], unique=False)


def _carry_over() -> None:
    """Give the standings of a ledger in use what they now hold: when their round opened and closed, and their valid versions."""
    here = op.get_bind()
    for column in ("opened_at", "closed_at"):
        value = f"(SELECT r.{column} FROM round r WHERE r.id = expected_report.round_id)"
        here.execute(sa.text(f"UPDATE expected_report SET {column} = {value}"))
    owed = "received_at IS NULL AND NOT waived AND NOT not_applicable AND opened_at IS NOT NULL AND closed_at IS NULL"
    here.execute(sa.text(f"UPDATE expected_report SET next_at = opened_at WHERE {owed}"))
    row = sa.table(
        "submission",
        sa.column("id", sa.Text),
        sa.column("expected_report_id", sa.Text),
        sa.column("version", sa.Integer),
        sa.column("nil", sa.Boolean),
        sa.column("outcome", sa.Text),
        sa.column("received_at", Instant()),
    )
    accepted: dict[str, list[list[object]]] = {}
    for one in here.execute(sa.select(row).where(row.c.outcome == "accepted").order_by(row.c.version)):
        version = [one.id, one.version, one.received_at.isoformat(), bool(one.nil)]
        accepted.setdefault(one.expected_report_id, []).append(version)
    for expected, versions in accepted.items():
        values = {"id": expected, "accepted": json.dumps(versions), "highest": versions[-1][1]}
        here.execute(sa.text("UPDATE expected_report SET accepted = :accepted, highest = :highest WHERE id = :id"), values)


def downgrade() -> None:
    op.drop_table("decision")
    op.drop_table("request")
    op.drop_index("ix_expected_report_next_at", table_name="expected_report")
    with op.batch_alter_table("expected_report", schema=None) as batch_op:
        for name in ("next_at", "highest", "accepted", "earlier", "closed_at", "opened_at"):
            batch_op.drop_column(name)
    with op.batch_alter_table("round", schema=None) as batch_op:
        batch_op.drop_column("tally")
