"""What payment providers tell, and how far each was compared with the journal."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSON

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

instant = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.create_table(
        "inbox",
        sa.Column("provider", sa.Text, nullable=False),
        sa.Column("notice_id", sa.Text, nullable=False),
        sa.Column("id", sa.Text, nullable=False),
        sa.Column("type", sa.Text, nullable=False),
        sa.Column("about", JSON, nullable=False),
        sa.Column("api_version", sa.Text),
        sa.Column("created_at", instant, nullable=False),
        sa.Column("received_at", instant, nullable=False, server_default=sa.text("now()")),
        sa.Column("customer_id", sa.Text),
        sa.Column("state", sa.Text, nullable=False, server_default=sa.text("'PENDING'")),
        sa.Column("attempts", sa.Integer, nullable=False, server_default=sa.text("0")),
        sa.Column("next_at", instant, nullable=False, server_default=sa.text("now()")),
        sa.Column("handled_at", instant),
        sa.Column("error", sa.Text),
        sa.PrimaryKeyConstraint("provider", "notice_id", name="inbox_pkey"),
        sa.UniqueConstraint("id", name="inbox_id_key"),
    )
    op.create_index("inbox_next_idx", "inbox", ["next_at"], postgresql_where=sa.text("state = 'PENDING'"))
    op.create_index("inbox_failed_idx", "inbox", ["id"], postgresql_where=sa.text("state = 'FAILED'"))
    op.create_index(
        "inbox_customer_idx", "inbox", ["customer_id", "id"], postgresql_where=sa.text("customer_id IS NOT NULL")
    )
    op.create_table(
        "comparisons",
        sa.Column("provider", sa.Text, nullable=False),
        sa.Column("compared_until", instant, nullable=False),
        sa.Column("claimed_until", instant),
        sa.Column("finished_at", instant),
        sa.Column("compared", sa.BigInteger, nullable=False, server_default=sa.text("0")),
        sa.Column("repaired", sa.BigInteger, nullable=False, server_default=sa.text("0")),
        sa.Column("differing", sa.BigInteger, nullable=False, server_default=sa.text("0")),
        sa.PrimaryKeyConstraint("provider", name="comparisons_pkey"),
    )


def downgrade() -> None:
    op.drop_table("comparisons")
    op.drop_table("inbox")
