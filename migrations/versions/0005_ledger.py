"""The double-entry ledger: a view of the journal that accounting can trust, since it neither changes nor fails to
balance."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

instant = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.create_table(
        "ledger",
        sa.Column("customer_id", sa.Text, nullable=False),
        sa.Column("seq", sa.BigInteger, nullable=False, autoincrement=False),
        sa.Column("n", sa.Integer, nullable=False, autoincrement=False),
        sa.Column("at", instant, nullable=False),
        sa.Column("account", sa.Text, nullable=False),
        sa.Column("currency", sa.Text, nullable=False),
        sa.Column("amount", sa.Numeric, nullable=False),
        sa.Column("about", sa.Text, nullable=False),
        sa.Column("document", sa.Text, nullable=False),
        sa.Column("starts_at", instant),
        sa.Column("ends_at", instant),
        sa.PrimaryKeyConstraint("customer_id", "seq", "n", name="ledger_pkey"),
    )
    op.create_index("ledger_at_idx", "ledger", ["at", "customer_id", "seq", "n"])
    op.create_index(
        "ledger_deferred_idx",
        "ledger",
        ["ends_at", "customer_id", "seq", "n"],
        postgresql_where=sa.text("account = 'DEFERRED_REVENUE'"),
    )
    # Only replay, which writes the same again, may clear a customer's rows; it says so for its transaction.
    op.execute(
        "CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON ledger FOR EACH STATEMENT"
        " WHEN (current_setting('tollgate.replay', true) IS DISTINCT FROM 'on') EXECUTE FUNCTION refuse_change()"
    )
    op.execute(
        "CREATE TRIGGER never_emptied BEFORE TRUNCATE ON ledger FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()"
    )
    op.execute(
        """
        CREATE FUNCTION refuse_unbalanced() RETURNS trigger LANGUAGE plpgsql AS $$
        DECLARE
            changed ledger := CASE WHEN TG_OP = 'DELETE' THEN OLD ELSE NEW END;
            unbalanced text;
        BEGIN
            SELECT currency INTO unbalanced FROM ledger
            WHERE customer_id = changed.customer_id AND seq = changed.seq
            GROUP BY currency HAVING sum(amount) <> 0 LIMIT 1;
            IF FOUND THEN
                RAISE EXCEPTION 'entry % of % does not balance in %', changed.seq, changed.customer_id, unbalanced
                    USING ERRCODE = 'check_violation';
            END IF;
            RETURN NULL;
        END $$
        """
    )
    op.execute(
        "CREATE CONSTRAINT TRIGGER balanced AFTER INSERT OR UPDATE OR DELETE ON ledger"
        " DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION refuse_unbalanced()"
    )


def downgrade() -> None:
    op.drop_table("ledger")
    op.execute("DROP FUNCTION refuse_unbalanced()")
