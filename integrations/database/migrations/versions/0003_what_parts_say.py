"""what the parts of an envelope say: why one cannot count, headings it lacks, figures it speaks of"""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("part", schema=None) as batch_op:
        batch_op.add_column(sa.Column("problem", sa.Text(), server_default="", nullable=False))
        batch_op.add_column(sa.Column("missing", sa.JSON(), server_default="[]", nullable=False))
        batch_op.add_column(sa.Column("figures", sa.JSON(), server_default="[]", nullable=False))


def downgrade() -> None:
    with op.batch_alter_table("part", schema=None) as batch_op:
        batch_op.drop_column("figures")
        batch_op.drop_column("missing")
        batch_op.drop_column("problem")
