"""the ladder: what superseded a notice, who is sending a letter, which letter is repeated, what reminders are timed by"""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("notice", sa.Column("by", sa.Text(), server_default="", nullable=False))
    op.add_column("message", sa.Column("claim", sa.Text(), server_default="", nullable=False))
    op.add_column("message", sa.Column("resends", sa.Text(), nullable=True))
    op.add_column("campaign", sa.Column("timed_by", sa.Text(), server_default="", nullable=False))


def downgrade() -> None:
    op.drop_column("campaign", "timed_by")
    op.drop_column("message", "resends")
    op.drop_column("message", "claim")
    op.drop_column("notice", "by")
