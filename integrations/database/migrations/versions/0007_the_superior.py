"""the upload link that the office above gave us for a round"""

import sqlalchemy as sa
from alembic import op

import integrations.database.tables

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

Instant = integrations.database.tables.Instant


def upgrade() -> None:
    op.create_table(
        "superior_link",
        sa.Column("round_id", sa.Text(), nullable=False),
        sa.Column("link", sa.Text(), nullable=False),
        sa.Column("given_at", Instant(), nullable=False),
        sa.ForeignKeyConstraint(["round_id"], ["round.id"], name=op.f("fk_superior_link_round_id_round")),
        sa.PrimaryKeyConstraint("round_id", name=op.f("pk_superior_link")),
    )


def downgrade() -> None:
    op.drop_table("superior_link")
