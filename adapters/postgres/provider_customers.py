"""Which customer a provider speaks of: found by the ids of ours that the provider keeps, by the anonymous id, or by the
provider's own reference."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import select

from adapters.postgres.connection import Connection
from adapters.postgres.reads.read_connection import among
from adapters.postgres.tables import customers, holdings, ledger, provider_sync
from domain.ledger.posting import LedgerAccount
from domain.owned_ids import provider_id


async def owner_of(connection: Connection, *ids: str | None) -> str | None:
    """The customer who owns the first of these ids (of payments, refunds) that anybody owns."""
    wanted = [id for id in ids if id is not None]
    query = select(holdings.c.id, holdings.c.customer_id).where(among(holdings.c.id, wanted))
    found = {row.id: row.customer_id for row in await connection.execute(query)} if wanted else {}
    return next((found[id] for id in wanted if id in found), None)


async def owner_of_reference(connection: Connection, provider: str, reference: str) -> str | None:
    """The customer whom the provider knows, or once knew, by this reference."""
    return await owner_of(connection, provider_id(provider, reference))


async def owner_of_anonymous_id(connection: Connection, anonymous_id: str) -> str | None:
    query = select(customers.c.customer_id).where(customers.c.anonymous_id == anonymous_id)
    return (await connection.execute(query)).scalar_one_or_none()


async def clock_of(connection: Connection, anonymous_id: str) -> str | None:
    """The test clock that the customer lives by; None: real time."""
    query = select(customers.c.clock_id).where(customers.c.anonymous_id == anonymous_id)
    return (await connection.execute(query)).scalar_one_or_none()


async def known_on_clock(connection: Connection, clock_id: str, provider: str) -> list[str]:
    """The customers on this test clock whom the provider knows."""
    query = (
        select(customers.c.customer_id)
        .join(provider_sync, provider_sync.c.customer_id == customers.c.customer_id)
        .where(customers.c.clock_id == clock_id, provider_sync.c.provider == provider)
    )
    return sorted((await connection.execute(query)).scalars())


async def paid_between(
    connection: Connection, since: datetime, until: datetime, after: tuple[str, str], limit: int
) -> Sequence[tuple[str, str]]:
    """(customer, payment or refund) for which money moved in that time, behind `after` in this order; of customers in
    real time."""
    place = (ledger.c.customer_id, ledger.c.about)
    query = (
        select(*place)
        .join(customers, customers.c.customer_id == ledger.c.customer_id)
        .where(
            ledger.c.at >= since,
            ledger.c.at < until,
            ledger.c.account == LedgerAccount.CASH,
            customers.c.clock_id.is_(None),
            (ledger.c.customer_id > after[0]) | ((ledger.c.customer_id == after[0]) & (ledger.c.about > after[1])),
        )
        .distinct()
        .order_by(*place)
        .limit(limit)
    )
    return [(row.customer_id, row.about) for row in await connection.execute(query)]
