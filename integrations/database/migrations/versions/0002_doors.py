"""mails fetched, upload links and what came through them"""

import sqlalchemy as sa
from alembic import op

import integrations.database.tables

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "fetched",
        sa.Column("mailbox", sa.Text(), nullable=False),
        sa.Column("uid_validity", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("uid", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("envelope_id", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["envelope_id"], ["envelope.id"], name=op.f("fk_fetched_envelope_id_envelope")),
        sa.PrimaryKeyConstraint("mailbox", "uid_validity", "uid", name=op.f("pk_fetched")),
    )
    op.create_index(op.f("ix_fetched_envelope_id"), "fetched", ["envelope_id"], unique=False)
    op.create_table(
        "upload_link",
        sa.Column("round_id", sa.Text(), nullable=False),
        sa.Column("department_id", sa.Text(), nullable=False),
        sa.Column("nonce", sa.Text(), nullable=False),
        sa.Column("made_at", integrations.database.tables.Instant(), nullable=False),
        sa.ForeignKeyConstraint(["round_id"], ["round.id"], name=op.f("fk_upload_link_round_id_round")),
        sa.ForeignKeyConstraint(["department_id"], ["department.id"], name=op.f("fk_upload_link_department_id_department")),
        sa.PrimaryKeyConstraint("round_id", "department_id", name=op.f("pk_upload_link")),
    )
    op.create_table(
        "handed_in",
        sa.Column("envelope_id", sa.Text(), nullable=False),
        sa.Column("round_id", sa.Text(), nullable=False),
        sa.Column("department_id", sa.Text(), nullable=False),
        sa.Column("key", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(["envelope_id"], ["envelope.id"], name=op.f("fk_handed_in_envelope_id_envelope")),
        sa.ForeignKeyConstraint(["round_id"], ["round.id"], name=op.f("fk_handed_in_round_id_round")),
        sa.ForeignKeyConstraint(["department_id"], ["department.id"], name=op.f("fk_handed_in_department_id_department")),
        sa.PrimaryKeyConstraint("envelope_id", name=op.f("pk_handed_in")),
        sa.UniqueConstraint("round_id", "department_id", "key", name=op.f("uq_handed_in_round_id_department_id_key")),
    )
    op.create_index(op.f("ix_handed_in_round_id"), "handed_in", ["round_id"], unique=False)


def downgrade() -> None:
    op.drop_index(op.f("ix_handed_in_round_id"), table_name="handed_in")
    op.drop_table("handed_in")
    op.drop_table("upload_link")
    op.drop_index(op.f("ix_fetched_envelope_id"), table_name="fetched")
    op.drop_table("fetched")
