"""Which subscription a usage event names, and a reservation of usage.

What was recorded before names none, so no figure changes.
"""

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("usage_events", sa.Column("subscription_id", sa.Text))
    op.add_column("usage_reservations", sa.Column("subscription_id", sa.Text))


def downgrade() -> None:
    op.drop_column("usage_reservations", "subscription_id")
    op.drop_column("usage_events", "subscription_id")
    op.execute("DELETE FROM usage_hours WHERE meter_key LIKE '%/%'")
