"""The figures that are read from the database: each from its table, as it stands there."""

from decimal import Decimal as D

import pytest
from e2e.deployment import Deployment
from sqlalchemy.ext.asyncio import AsyncEngine

from adapters.postgres.engine import create_engine
from adapters.postgres.reads.figures import Collection, Figures, figures
from domain import commands as c
from service.clock import Clock
from service.write.record import By, Record


async def found(deployment: Deployment) -> Figures:
    engine = create_engine(deployment.dsn, 1)
    try:
        return await figures(engine)
    finally:
        await engine.dispose()


@pytest.fixture
async def customers(deployment: Deployment) -> list[str]:
    """Four who owe 99 dollars each, due since yesterday."""
    made = []
    for _ in range(4):
        made.append(await deployment.api.customer())
        await deployment.api.subscribe(made[-1], "starter")
    await deployment.fetch("UPDATE documents SET due_at = now() - interval '1 day'")
    return made


async def stands(deployment: Deployment, customer: str, status: str, due: int) -> None:
    statement = "UPDATE documents SET status = $2, due = $3 WHERE customer_id = $1"
    await deployment.fetch(statement, customer, status, D(due))


async def test_what_fell_due_and_what_of_it_came_in(deployment: Deployment, customers: list[str]) -> None:
    assert (await found(deployment)).collection == [Collection("USD", D(396), D(0))]
    paid, partly, written_off, void = customers
    await stands(deployment, paid, "PAID", 0)
    await stands(deployment, partly, "OPEN", 60)  # 39 came in
    await stands(deployment, written_off, "UNCOLLECTIBLE", 0)  # owes nothing any more, and paid nothing
    await stands(deployment, void, "VOID", 0)  # never owed
    assert (await found(deployment)).collection == [Collection("USD", D(297), D(99 + 39))]


async def test_what_was_credited_was_not_owed(deployment: Deployment, customers: list[str]) -> None:
    await deployment.fetch(
        """INSERT INTO documents SELECT customer_id, 'note_1', 'CREDIT_NOTE', 'CN-1', id, 'ISSUED', currency, 99, 0,
           issued_at, due_at, document FROM documents WHERE customer_id = $1""",
        customers[0],
    )
    await deployment.fetch("UPDATE documents SET due = 0 WHERE customer_id = $1", customers[0])
    assert (await found(deployment)).collection == [Collection("USD", D(297), D(0))]


@pytest.mark.parametrize("days", [-1, 31])
async def test_what_is_not_due_yet_or_was_long_ago_says_nothing(
    deployment: Deployment, customers: list[str], days: int
) -> None:
    await deployment.fetch(f"UPDATE documents SET due_at = now() - interval '{days} days'")
    assert (await found(deployment)).collection == []


async def test_webhooks_that_wait_or_were_given_up(deployment: Deployment) -> None:
    for id, handled, seconds in [("1", "NULL", 40), ("2", "NULL", 400), ("3", "now()", 4000), ("4", "NULL", 40_000)]:
        await deployment.fetch(
            f"""INSERT INTO inbox (provider, notice_id, id, type, about, created_at, received_at, handled_at)
                VALUES ('stripe', $1, $1, 'x', '{{}}', now(), now() - interval '{seconds} seconds', {handled})""",
            id,
        )
    for id, state in [("2", "WAITING"), ("4", "GIVEN_UP")]:
        await deployment.fetch(
            """INSERT INTO work (kind, id, since, state, attempts, next_at, error)
               VALUES ('WEBHOOK', $1, now(), $2, 7, now() + interval '1 hour', 'no answer')""",
            id,
            state,
        )
    (webhooks,) = [depth for depth in (await found(deployment)).work if depth.kind == "WEBHOOK"]
    assert (webhooks.number, webhooks.resting, webhooks.given_up, round(webhooks.age, -1)) == (3, 1, 1, 40_000)


async def test_what_a_provider_is_to_be_told_and_how_far_it_was_compared(deployment: Deployment) -> None:
    await deployment.fetch(
        """INSERT INTO provider_sync (customer_id, provider, reference, dirty_since, due_at, changes) VALUES
           ('customer_1', 'stripe', 'cus_1', now(), now() - interval '600 seconds', 3),
           ('customer_2', 'stripe', 'cus_2', NULL, NULL, 0)"""
    )
    await deployment.fetch(
        "INSERT INTO comparisons (provider, compared_until, differing) VALUES ('stripe', now() - interval '1 hour', 2)"
    )
    told = await found(deployment)
    assert [(depth.number, round(depth.age, -1)) for depth in told.work if depth.kind == "SYNC"] == [(1, 600)]
    assert [(one.provider, round(one.age, -1), one.differing) for one in told.compared] == [("stripe", 3600, 2)]


async def test_drift_comes_and_goes_with_what_is_noted(deployment: Deployment, engine: AsyncEngine) -> None:
    customer = await deployment.api.customer()
    record = Record(engine, Clock(), lambda _: None)
    await record(customer, c.LinkProvider("stripe", "cus_1"), By("test"))
    assert (await found(deployment)).drift == []
    await record(customer, c.NoteDrift("stripe", ("payment p1: not there", "customer: deleted there")), By("test"))
    assert await deployment.faults() == []
    assert [tuple(one) for one in (await found(deployment)).drift] == [("stripe", 1, 2)]
    await record(customer, c.NoteDrift("stripe", ()), By("test"))
    assert (await found(deployment)).drift == []
    assert await deployment.faults() == []
