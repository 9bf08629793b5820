"""words: the texts of a submission by the cell they were asked in, so that those of a case go up with it"""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("submission", sa.Column("texts", sa.JSON(), server_default="{}", nullable=False))


def downgrade() -> None:
    op.drop_column("submission", "texts")
