"""What the simulated provider knows, so that a server and a worker ask the same one."""

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "simulated",
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("id", sa.Text, nullable=False),
        sa.Column("anonymous_id", sa.Text, nullable=False),
        sa.Column("state", sa.JSON, nullable=False),
        sa.PrimaryKeyConstraint("kind", "id", name="simulated_pkey"),
    )
    op.create_index("simulated_anonymous_idx", "simulated", ["anonymous_id", "kind"])


def downgrade() -> None:
    op.drop_table("simulated")
