"""Which master secrets personal data may be sealed with, as fingerprints."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "master_secrets",
        sa.Column("fingerprint", sa.LargeBinary, nullable=False),
        sa.Column("first_used_at", sa.DateTime(timezone=True), nullable=False, server_default=sa.text("now()")),
        sa.PrimaryKeyConstraint("fingerprint", name="master_secrets_pkey"),
    )


def downgrade() -> None:
    op.drop_table("master_secrets")
