"""One table for all that the worker does later: who is at which piece, what rests after a failure, what was given up.
What there is to do stays where it was; what lay in the old queues is carried over.
"""

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None

instant = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.create_table(
        "work",
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("id", sa.Text, nullable=False),
        sa.Column("customer_id", sa.Text),
        sa.Column("lane", sa.Text),
        sa.Column("since", instant, nullable=False),
        sa.Column("state", sa.Text, server_default=sa.text("'WAITING'"), nullable=False),
        sa.Column("attempts", sa.Integer, nullable=False),
        sa.Column("next_at", instant, nullable=False),
        sa.Column("claim", sa.Uuid),
        sa.Column("error", sa.Text),
        sa.PrimaryKeyConstraint("kind", "id", name="work_pkey"),
    )
    op.create_index("work_given_up_idx", "work", ["kind", "id"], postgresql_where=sa.text("state = 'GIVEN_UP'"))
    # A run that somebody is at begins anew, where it was: comparing twice changes nothing.
    op.drop_column("comparisons", "claimed_until")


def downgrade() -> None:
    op.add_column("comparisons", sa.Column("claimed_until", instant))
    op.drop_table("work")
