"""what an envelope is: a submission has an outcome, a bounce or an automatic reply has none"""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("envelope", schema=None) as batch_op:
        batch_op.add_column(sa.Column("kind", sa.Text(), nullable=True))
        batch_op.create_index(batch_op.f("ix_envelope_kind"), ["kind"], unique=False)
    op.execute("UPDATE envelope SET kind = 'submission' WHERE outcome IS NOT NULL")


def downgrade() -> None:
    op.execute("UPDATE envelope SET outcome = 'refused' WHERE kind IS NOT NULL AND outcome IS NULL")
    with op.batch_alter_table("envelope", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_envelope_kind"))
        batch_op.drop_column("kind")
