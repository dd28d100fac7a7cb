"""When a reservation was used or given back, so that what was held at a past instant can be told."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("usage_reservations", sa.Column("settled_at", sa.DateTime(timezone=True)))
    op.drop_index("usage_reservations_open_idx", "usage_reservations")
    op.create_index(
        "usage_reservations_held_idx", "usage_reservations", ["customer_id", "meter_key", "expires_at"], unique=False
    )


def downgrade() -> None:
    op.drop_index("usage_reservations_held_idx", "usage_reservations")
    op.create_index(
        "usage_reservations_open_idx",
        "usage_reservations",
        ["customer_id", "meter_key"],
        unique=False,
        postgresql_where=sa.text("state = 'OPEN'"),
    )
    op.drop_column("usage_reservations", "settled_at")
