"""What payment providers are still to be told of customers, and what they have a copy of."""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

instant = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.create_table(
        "provider_sync",
        sa.Column("customer_id", sa.Text, nullable=False),
        sa.Column("provider", sa.Text, nullable=False),
        sa.Column("reference", sa.Text, nullable=False),
        sa.Column("dirty_since", instant),
        sa.Column("changes", sa.BigInteger, server_default=sa.text("0"), nullable=False),
        sa.Column("due_at", instant),
        sa.Column("pushed_digest", sa.LargeBinary),
        sa.Column("methods_digest", sa.LargeBinary),
        sa.Column("looked_at", instant, server_default=sa.text("now()"), nullable=False),
        sa.Column("synced_at", instant),
        sa.Column("attempts", sa.Integer, server_default=sa.text("0"), nullable=False),
        sa.Column("error", sa.Text),
        sa.PrimaryKeyConstraint("customer_id", "provider", name="provider_sync_pkey"),
    )
    op.create_index(
        "provider_sync_dirty_idx",
        "provider_sync",
        ["dirty_since"],
        postgresql_where=sa.text("dirty_since IS NOT NULL"),
    )
    op.create_index(
        "provider_sync_clean_idx",
        "provider_sync",
        ["looked_at"],
        postgresql_where=sa.text("dirty_since IS NULL"),
    )
    op.create_index("provider_sync_reference_idx", "provider_sync", ["provider", "reference"])
    op.create_table(
        "provider_copies",
        sa.Column("customer_id", sa.Text, nullable=False),
        sa.Column("provider", sa.Text, nullable=False),
        sa.Column("invoice_id", sa.Text, nullable=False),
        sa.Column("reference", sa.Text),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("digest", sa.LargeBinary),
        sa.Column("drift", sa.Text),
        sa.PrimaryKeyConstraint("customer_id", "provider", "invoice_id", name="provider_copies_pkey"),
    )
    # Customers whom a provider knows already, as far as there are any.
    op.execute(
        """
        INSERT INTO provider_sync (customer_id, provider, reference, dirty_since)
        SELECT streams.id, link.key, link.value ->> 'reference', now()
        FROM streams, json_each(streams.books -> 'links') link
        WHERE streams.kind = 'account'
        """
    )


def downgrade() -> None:
    op.drop_table("provider_copies")
    op.drop_table("provider_sync")
