"""One table for all that the worker does later: who is at which piece, what rests after a failure, what was given up.
What there is to do stays where it was; what lay in the old queues is carried over.
"""

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None

instant = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.create_table(
        "work",
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("id", sa.Text, nullable=False),
        sa.Column("customer_id", sa.Text),
        sa.Column("lane", sa.Text),
        sa.Column("since", instant, nullable=False),
        sa.Column("state", sa.Text, server_default=sa.text("'WAITING'"), nullable=False),
        sa.Column("attempts", sa.Integer, nullable=False),
        sa.Column("next_at", instant, nullable=False),
        sa.Column("claim", sa.Uuid),
        sa.Column("error", sa.Text),
        sa.PrimaryKeyConstraint("kind", "id", name="work_pkey"),
    )
    op.create_index("work_given_up_idx", "work", ["kind", "id"], postgresql_where=sa.text("state = 'GIVEN_UP'"))
    op.add_column("effects", sa.Column("provider", sa.Text))
    op.execute(
        "UPDATE effects SET provider = substr(id, 8, length(id) - 8 - length(customer_id)) WHERE kind = 'FORGET'"
    )
    op.execute(
        """
        WITH payment AS (
            SELECT streams.id AS customer_id, payment.value
            FROM streams, json_each(streams.books -> 'payments') payment
            WHERE streams.id IN (SELECT customer_id FROM effects)
        ), asked AS (
            SELECT customer_id, value ->> 'id' AS id, value ->> 'provider' AS provider FROM payment
            UNION ALL
            SELECT customer_id, refund.value ->> 'id', payment.value ->> 'provider'
            FROM payment, json_array_elements(payment.value -> 'refunds') refund
        )
        UPDATE effects SET provider = asked.provider FROM asked
        WHERE effects.customer_id = asked.customer_id AND effects.id = asked.id
        """
    )
    # Books of before payments had a provider do not say: views of an older fold are made anew from the journal anyhow.
    op.execute("DELETE FROM effects WHERE provider IS NULL")
    op.alter_column("effects", "provider", nullable=False)
    op.execute(
        """
        INSERT INTO work (kind, id, customer_id, lane, since, state, attempts, next_at, error)
        SELECT 'WEBHOOK', id, customer_id, provider, received_at,
               CASE state WHEN 'FAILED' THEN 'GIVEN_UP' ELSE 'WAITING' END, attempts,
               CASE state WHEN 'FAILED' THEN now() + interval '1 day' ELSE next_at END, error
        FROM inbox WHERE state <> 'HANDLED' AND attempts > 0
        """
    )
    op.execute(
        """
        INSERT INTO work (kind, id, customer_id, lane, since, attempts, next_at, error)
        SELECT 'SYNC', customer_id || '/' || provider, customer_id, provider, dirty_since, attempts,
               coalesce(due_at, now()), error
        FROM provider_sync WHERE dirty_since IS NOT NULL AND attempts > 0
        """
    )
    op.create_index(
        "provider_sync_due_idx", "provider_sync", ["due_at"], postgresql_where=sa.text("due_at IS NOT NULL")
    )
    for name in ("attempts", "error"):
        op.drop_column("provider_sync", name)
    op.execute("UPDATE inbox SET handled_at = received_at WHERE state = 'HANDLED' AND handled_at IS NULL")
    for name in ("inbox_next_idx", "inbox_failed_idx"):
        op.drop_index(name, "inbox")
    for name in ("state", "next_at", "error"):
        op.drop_column("inbox", name)
    op.create_index("inbox_waiting_idx", "inbox", ["received_at"], postgresql_where=sa.text("handled_at IS NULL"))
    # A run that somebody is at begins anew, where it was: comparing twice changes nothing.
    op.drop_column("comparisons", "claimed_until")


def downgrade() -> None:
    op.drop_column("effects", "provider")
    op.drop_index("provider_sync_due_idx", "provider_sync")
    op.add_column("provider_sync", sa.Column("attempts", sa.Integer, nullable=False, server_default=sa.text("0")))
    op.add_column("provider_sync", sa.Column("error", sa.Text))
    op.execute(
        """
        UPDATE provider_sync SET attempts = work.attempts, due_at = work.next_at, error = work.error
        FROM work WHERE work.kind = 'SYNC' AND work.id = provider_sync.customer_id || '/' || provider_sync.provider
        """
    )
    op.drop_index("inbox_waiting_idx", "inbox")
    op.add_column("inbox", sa.Column("state", sa.Text, nullable=False, server_default=sa.text("'PENDING'")))
    op.add_column("inbox", sa.Column("next_at", instant, nullable=False, server_default=sa.text("now()")))
    op.add_column("inbox", sa.Column("error", sa.Text))
    op.execute("UPDATE inbox SET state = 'HANDLED' WHERE handled_at IS NOT NULL")
    op.execute(
        """
        UPDATE inbox SET state = CASE work.state WHEN 'GIVEN_UP' THEN 'FAILED' ELSE 'PENDING' END,
               attempts = work.attempts, next_at = work.next_at, error = work.error
        FROM work WHERE work.kind = 'WEBHOOK' AND work.id = inbox.id AND inbox.handled_at IS NULL
        """
    )
    op.create_index("inbox_next_idx", "inbox", ["next_at"], postgresql_where=sa.text("state = 'PENDING'"))
    op.create_index("inbox_failed_idx", "inbox", ["id"], postgresql_where=sa.text("state = 'FAILED'"))
    op.add_column("comparisons", sa.Column("claimed_until", instant))
    op.drop_table("work")
