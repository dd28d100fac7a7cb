"""The books of each customer, the documents made of them, and the legal series their numbers come from."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSON

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

instant = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.add_column("streams", sa.Column("books", JSON))
    op.create_table(
        "documents",
        sa.Column("customer_id", sa.Text, nullable=False),
        sa.Column("id", sa.Text, nullable=False),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("number", sa.Text, nullable=False),
        sa.Column("about", sa.Text),
        sa.Column("status", sa.Text, nullable=False),
        sa.Column("currency", sa.Text, nullable=False),
        sa.Column("total", sa.Numeric, nullable=False),
        sa.Column("due", sa.Numeric, nullable=False),
        sa.Column("issued_at", instant, nullable=False),
        sa.Column("due_at", instant, nullable=False),
        sa.Column("document", JSON, nullable=False),
        sa.PrimaryKeyConstraint("customer_id", "id", name="documents_pkey"),
        sa.UniqueConstraint("number", name="documents_number_key"),
    )
    op.create_index("documents_id_idx", "documents", ["id"], unique=True)
    op.create_index("documents_issued_idx", "documents", ["kind", "issued_at", "id"])
    op.create_table(
        "series",
        sa.Column("prefix", sa.Text, primary_key=True),
        sa.Column("next", sa.BigInteger, nullable=False),
    )


def downgrade() -> None:
    op.drop_table("series")
    op.drop_table("documents")
    op.drop_column("streams", "books")
