"""amendments: what a campaign was before, and expected reports that are asked for no more"""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("campaign", sa.Column("spared", sa.JSON(), server_default="[]", nullable=False))
    op.add_column("campaign", sa.Column("earlier", sa.JSON(), server_default="[]", nullable=False))
    op.add_column("expected_report", sa.Column("retired", sa.Boolean(), server_default=sa.false(), nullable=False))


def downgrade() -> None:
    op.drop_column("expected_report", "retired")
    op.drop_column("campaign", "earlier")
    op.drop_column("campaign", "spared")
