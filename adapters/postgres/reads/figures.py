"""The figures of the whole deployment, each kind in one statement. Business leaves out customers on test clocks; what
goes to and comes from providers does not."""

from decimal import Decimal
from typing import Any, NamedTuple

from sqlalchemy import text

from adapters.postgres import work
from adapters.postgres.connection import Engine
from adapters.postgres.reads.read_connection import read_connection
from adapters.postgres.work import Depth

COLLECTED_OVER_DAYS = 30

_REAL = "customer_id NOT IN (SELECT customer_id FROM customers WHERE clock_id IS NOT NULL)"
_SUBSCRIPTIONS = f"""
    SELECT plan_key, status, currency, count(*) AS number, sum(monthly) AS monthly
    FROM recurring WHERE {_REAL} GROUP BY 1, 2, 3
"""
_INVOICES = f"SELECT status, count(*) AS number FROM documents WHERE kind = 'INVOICE' AND {_REAL} GROUP BY 1"
_PAYMENTS = f"SELECT provider, status, failure, count(*) AS number FROM payments WHERE {_REAL} GROUP BY 1, 2, 3"
# Of the invoices that have fallen due lately, less what was credited: how much, and how much of it came in. Written off
# is not come in; what was voided was never owed. Who allows more than half a year to pay sees the earlier ones only.
_COLLECTION = f"""
    SELECT currency,
           sum(total - credited) AS owed,
           sum(CASE WHEN status = 'UNCOLLECTIBLE' THEN 0 ELSE total - credited - due END) AS collected
    FROM (
        SELECT i.currency, i.status, i.total, i.due, coalesce(n.credited, 0) AS credited
        FROM documents i
        LEFT JOIN (
            SELECT customer_id, about, sum(total) AS credited FROM documents
            WHERE kind = 'CREDIT_NOTE' AND issued_at > now() - interval '180 days' GROUP BY 1, 2
        ) n ON n.customer_id = i.customer_id AND n.about = i.id
        WHERE i.kind = 'INVOICE' AND i.issued_at > now() - interval '180 days' AND i.status <> 'VOID'
          AND i.due_at <= now() AND i.due_at > now() - interval '{COLLECTED_OVER_DAYS} days' AND i.{_REAL}
    ) fell_due GROUP BY 1
"""
_DRIFT = "SELECT id, count(*), sum(differences) FROM drifting GROUP BY 1"
_COMPARISONS = "SELECT provider, extract(epoch FROM now() - compared_until), differing FROM comparisons"


class Subscriptions(NamedTuple):
    plan_key: str
    status: str
    currency: str
    number: int
    monthly: Decimal


class Payments(NamedTuple):
    provider: str
    status: str
    failure: str | None
    number: int


class Collection(NamedTuple):
    currency: str
    owed: Decimal
    collected: Decimal


class Drift(NamedTuple):
    provider: str
    customers: int
    differences: int


class Compared(NamedTuple):
    """`age`: seconds since the instant up to which all was compared. `differing`: what the last run did not repair."""

    provider: str
    age: Decimal
    differing: int


class Figures(NamedTuple):
    """`invoices`: how many, by status."""

    subscriptions: list[Subscriptions]
    invoices: dict[str, int]
    payments: list[Payments]
    collection: list[Collection]
    drift: list[Drift]
    compared: list[Compared]
    work: list[Depth]


async def figures(engine: Engine) -> Figures:
    """As they stand. One connection, one statement after the other."""
    async with read_connection(engine) as connection:

        async def rows(statement: str) -> list[Any]:
            return list(await connection.execute(text(statement)))

        return Figures(
            [Subscriptions(*row) for row in await rows(_SUBSCRIPTIONS)],
            {row.status: row.number for row in await rows(_INVOICES)},
            [Payments(*row) for row in await rows(_PAYMENTS)],
            [Collection(*row) for row in await rows(_COLLECTION)],
            [Drift(*row) for row in await rows(_DRIFT)],
            [Compared(*row) for row in await rows(_COMPARISONS)],
            await work.depths(connection),
        )
