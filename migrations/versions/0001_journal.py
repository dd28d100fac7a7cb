"""The journal, the states and views folded from it, the vault and the idempotency rows."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import ARRAY, JSON

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

instant = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.create_table("journal_epoch", sa.Column("shift", sa.BigInteger, nullable=False))
    op.execute("INSERT INTO journal_epoch VALUES (0)")
    op.execute(
        "CREATE FUNCTION journal_xact(xid8) RETURNS bigint LANGUAGE sql STABLE"
        " AS 'SELECT $1::text::bigint + shift FROM journal_epoch'"
    )
    op.create_table(
        "journal",
        sa.Column("stream_id", sa.Text, primary_key=True),
        sa.Column("seq", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("position", sa.BigInteger, sa.Identity(always=True), nullable=False),
        sa.Column("xact", sa.BigInteger, nullable=False, server_default=sa.text("journal_xact(pg_current_xact_id())")),
        sa.Column("id", sa.Text, nullable=False),
        sa.Column("type", sa.Text, nullable=False),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("effective_at", instant, nullable=False),
        sa.Column("recorded_at", instant, nullable=False),
        sa.Column("actor", sa.Text, nullable=False),
        sa.Column("reason", sa.Text),
        sa.Column("cause", sa.Text),
        sa.Column("payload", JSON, nullable=False),
        sa.Column("previous", sa.LargeBinary, nullable=False),
        sa.Column("hash", sa.LargeBinary, nullable=False),
        sa.PrimaryKeyConstraint("stream_id", "seq", name="journal_pkey"),
    )
    op.create_index("journal_xact_position_idx", "journal", ["xact", "position"])
    op.execute(
        """
        CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
            RAISE EXCEPTION '% is append-only: % refused', TG_TABLE_NAME, TG_OP USING ERRCODE = 'restrict_violation';
        END $$
        """
    )
    op.execute(
        "CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON journal"
        " FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()"
    )

    op.create_table(
        "streams",
        sa.Column("id", sa.Text, nullable=False),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("seq", sa.BigInteger, nullable=False),
        sa.Column("hash", sa.LargeBinary, nullable=False),
        sa.Column("effective_at", instant),
        sa.Column("state", JSON, nullable=False),
        sa.PrimaryKeyConstraint("id", name="streams_pkey"),
    )
    op.create_table(
        "customers",
        sa.Column("customer_id", sa.Text, nullable=False),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("anonymous_id", sa.Text, nullable=False),
        sa.Column("clock_id", sa.Text),
        sa.Column("created_at", instant, nullable=False),
        sa.Column("erased_at", instant),
        sa.Column("due_at", instant),
        sa.PrimaryKeyConstraint("customer_id", name="customers_pkey"),
        sa.UniqueConstraint("anonymous_id", name="customers_anonymous_id_key"),
    )
    op.create_index(
        "customers_due_idx",
        "customers",
        ["due_at"],
        postgresql_where=sa.text("due_at IS NOT NULL AND clock_id IS NULL"),
    )
    op.create_index("customers_clock_idx", "customers", ["clock_id"], postgresql_where=sa.text("clock_id IS NOT NULL"))
    op.create_table(
        "holdings",
        sa.Column("customer_id", sa.Text, nullable=False),
        sa.Column("id", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("customer_id", "id", name="holdings_pkey"),
    )
    op.create_index("holdings_id_idx", "holdings", ["id"], unique=True)
    op.create_table(
        "api_keys",
        sa.Column("key_id", sa.Text, nullable=False),
        sa.Column("secret_hash", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("key_id", name="api_keys_pkey"),
        sa.UniqueConstraint("secret_hash", name="api_keys_secret_hash_key"),
    )

    op.create_table(
        "vault",
        sa.Column("customer_id", sa.Text, nullable=False),
        sa.Column("wrapped_key", sa.LargeBinary, nullable=False),
        sa.Column("external_hash", sa.LargeBinary, nullable=False),
        sa.Column("search_hashes", ARRAY(sa.LargeBinary), nullable=False),
        sa.PrimaryKeyConstraint("customer_id", name="vault_pkey"),
        sa.UniqueConstraint("external_hash", name="vault_external_hash_key"),
    )
    op.create_index("vault_search_idx", "vault", ["search_hashes"], postgresql_using="gin")
    op.create_table(
        "idempotency",
        sa.Column("scope", sa.Text, nullable=False),
        sa.Column("operation", sa.Text, nullable=False),
        sa.Column("key", sa.Text, nullable=False),
        sa.Column("input_hash", sa.LargeBinary, nullable=False),
        sa.Column("stream_id", sa.Text),
        sa.Column("first_seq", sa.BigInteger),
        sa.Column("last_seq", sa.BigInteger),
        sa.Column("result", JSON),
        sa.Column("created_at", instant, nullable=False, server_default=sa.text("now()")),
        sa.PrimaryKeyConstraint("scope", "operation", "key", name="idempotency_pkey"),
    )
    op.create_index("idempotency_created_at_idx", "idempotency", ["created_at"])


def downgrade() -> None:
    for table in ("idempotency", "vault", "api_keys", "holdings", "customers", "streams", "journal", "journal_epoch"):
        op.drop_table(table)
    op.execute("DROP FUNCTION refuse_change()")
    op.execute("DROP FUNCTION journal_xact(xid8)")
