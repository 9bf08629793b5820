"""figures: keys of rows of lists, the figures of a published roll-up, what was approved as it is"""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("fact", sa.Column("key", sa.Text(), server_default="", nullable=False))
    op.add_column("rollup", sa.Column("figures", sa.Text(), server_default="", nullable=False))
    op.add_column("expected_report", sa.Column("approved", sa.Text(), server_default="", nullable=False))


def downgrade() -> None:
    op.drop_column("expected_report", "approved")
    op.drop_column("rollup", "figures")
    op.drop_column("fact", "key")
