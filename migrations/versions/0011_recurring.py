"""What metrics count of each customer: running subscriptions with what they bring in a month, payments, and where a
provider's record differs from ours.

Empty at first: what was recorded before fills them with the next change of its customer, or at once by
`tollgate replay`.
"""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "recurring",
        sa.Column("customer_id", sa.Text, nullable=False),
        sa.Column("id", sa.Text, nullable=False),
        sa.Column("plan_key", sa.Text, nullable=False),
        sa.Column("status", sa.Text, nullable=False),
        sa.Column("currency", sa.Text, nullable=False),
        sa.Column("monthly", sa.Numeric, nullable=False),
        sa.PrimaryKeyConstraint("customer_id", "id", name="recurring_pkey"),
    )
    op.create_table(
        "payments",
        sa.Column("customer_id", sa.Text, nullable=False),
        sa.Column("id", sa.Text, nullable=False),
        sa.Column("provider", sa.Text, nullable=False),
        sa.Column("status", sa.Text, nullable=False),
        sa.Column("failure", sa.Text),
        sa.PrimaryKeyConstraint("customer_id", "id", name="payments_pkey"),
    )
    op.create_table(
        "drifting",
        sa.Column("customer_id", sa.Text, nullable=False),
        sa.Column("id", sa.Text, nullable=False),
        sa.Column("differences", sa.Integer, nullable=False),
        sa.PrimaryKeyConstraint("customer_id", "id", name="drifting_pkey"),
    )


def downgrade() -> None:
    op.drop_table("drifting")
    op.drop_table("payments")
    op.drop_table("recurring")
