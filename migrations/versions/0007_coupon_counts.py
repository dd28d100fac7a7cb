"""How many customers have redeemed each coupon."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "coupon_counts",
        sa.Column("code", sa.Text, nullable=False),
        sa.Column("redeemed", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("code", name="coupon_counts_pkey"),
    )


def downgrade() -> None:
    op.drop_table("coupon_counts")
