"""A page of 100 customers with subscriptions, plans and entitlements (about 3,000 fields) through the whole
application, against one hand-written statement that makes the same JSON of the same tables, behind a bare Starlette
route in the same process: `python -m bench.page`. And how many statements the page takes, as the server logs them.

The statement knows what the application has to find out: that everybody has one plan by the month, no grants, nothing
reserved, nothing due, and no test clock.
"""

import random
import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from os import SEEK_END
from pathlib import Path
from typing import Any, NamedTuple

import asyncpg
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import ASGIApp

from adapters.postgres.engine import plain_dsn
from adapters.postgres.reads import catalog as catalogs
from adapters.secrets import Secrets, open_secrets
from adapters.settings import DeploymentSettings
from bench.database import run as measured
from bench.database import server, tables
from bench.edge import http
from bench.worker import Rate, Worker, ask, beside, compare, post, settings_of, worker
from domain.account import CustomerKind
from domain.commands import Subscribe
from domain.period import Cadence
from service.customers import NewCustomer, Personal
from service.ids import new_id
from service.operations.seed import seed
from service.usage import CustomerRef, UsageEvent, UsageEventStatus
from service.write.record import By
from tollgate.application import create_app
from tollgate.wiring import open_runtime

CUSTOMERS = 100
FEW = 5
EVENTS = 6
CONNECTIONS = 1
ROUNDS = 7
SECONDS = 1.5
WARM_UP = 5
TIMES = 5
QUERY = """query Page($first: Int!) {
  customers(first: $first) {
    edges {
      node {
        id kind currency timezone
        subscriptions(first: 1) { edges { node { id status quantity plan { key name } } } }
        entitlements { feature { key } limit used remaining hard }
      }
    }
  }
}"""
STATEMENT = """
SELECT json_build_object('data', json_build_object('customers', json_build_object(
    'edges', json_agg(json_build_object('node', node) ORDER BY customer_id))))::text
FROM (
    SELECT c.customer_id, json_build_object(
        'id', c.customer_id,
        'kind', c.kind,
        'currency', account -> 'customer' ->> 'currency',
        'timezone', account -> 'customer' ->> 'timezone',
        'subscriptions', json_build_object('edges', json_build_array(json_build_object('node', json_build_object(
            'id', held ->> 'id',
            'status', CASE WHEN held ? 'ended_at' THEN 'ENDED' WHEN held ? 'paused_at' THEN 'PAUSED'
                           WHEN held ->> 'trialing' = 'true' THEN 'TRIALING' ELSE 'ACTIVE' END,
            'quantity', (held ->> 'quantity')::int,
            'plan', json_build_object('key', held -> 'plan' ->> 'plan_key', 'name', held -> 'plan' ->> 'plan_name')
        )))),
        'entitlements', (
            SELECT json_agg(json_build_object(
                'feature', json_build_object('key', given ->> 'feature'),
                'limit', given ->> 'limit',
                'used', trim_scale(used)::text,
                'remaining', trim_scale(greatest((given ->> 'limit')::numeric - used, 0))::text,
                'hard', (given ->> 'hard')::boolean
            ) ORDER BY given ->> 'feature' COLLATE "C")
            FROM jsonb_array_elements(held -> 'plan' -> 'terms' -> 'entitlements') AS given
            JOIN jsonb_array_elements(held -> 'plan' -> 'meters') AS meter ON meter ->> 'key' = given ->> 'feature'
            CROSS JOIN LATERAL (
                SELECT coalesce(CASE meter ->> 'aggregation' WHEN 'SUM' THEN sum(h.sum)
                    ELSE (array_agg(h.last_value ORDER BY h.last_time DESC))[1] END, 0) AS used
                FROM usage_hours h
                WHERE h.customer_id = c.customer_id AND h.meter_key = meter ->> 'key'
                  AND h.hour >= (held -> 'period' ->> 'start')::timestamptz
            ) AS counted
        )
    ) AS node
    FROM (
        SELECT c.customer_id, c.kind, s.state::jsonb AS account
        FROM customers c JOIN streams s ON s.id = c.customer_id ORDER BY c.customer_id LIMIT $1
    ) AS c  -- the LIMIT also keeps the state from being parsed anew wherever it is named
    CROSS JOIN LATERAL (SELECT account -> 'subscriptions' -> 0 AS held OFFSET 0) AS subscribed
) AS page
"""
_EXECUTED = re.compile(r"LOG:  (?:statement|execute [^:]+): (.*)")
_FRAMES = ("BEGIN", "COMMIT", "ROLLBACK", "LISTEN", "SELECT pg_notify", "SET ")


class Page(NamedTuple):
    """`few` and `many`: the statements of a page of 5 customers and of one of 100."""

    rate: Rate
    fields: int
    few: int
    many: int


def both(settings: DeploymentSettings, secrets: Secrets, dsn: str) -> ASGIApp:
    pool: asyncpg.Pool | None = None

    async def sql(request: Request) -> Response:
        nonlocal pool
        if pool is None:
            pool = await asyncpg.create_pool(plain_dsn(dsn), min_size=1, max_size=10, server_settings={"jit": "off"})
        first = (await request.json())["variables"]["first"]
        return Response(await pool.fetchval(STATEMENT, first), media_type="application/json")

    return beside(create_app(settings, secrets, dsn), "/sql", Starlette(routes=[Route("/sql", sql, methods=["POST"])]))


async def prepare(dsn: str) -> None:
    """100 customers with a plan and usage in several hours of its period."""
    await tables(dsn)
    settings, by, chance = settings_of(dsn), By("bench"), random.Random(0)
    async with open_runtime(settings, open_secrets(settings), dsn) as runtime:
        await seed(runtime.record)
        plan = (await catalogs.catalog(runtime.engine)).catalog.on_sale("professional")
        now, events = datetime.now(UTC), []
        for n in range(CUSTOMERS):
            new = NewCustomer(f"page-{n}", CustomerKind.GROUP, "USD", "UTC", None, None, Personal(name=f"Page {n}"))
            customer = (await runtime.customers.create(new, by)).customer
            assert customer is not None
            start = now - timedelta(days=10)
            await runtime.record(
                customer.id, Subscribe(new_id("subscription"), plan, 3, Cadence.MONTH, start_at=start), by
            )
            for type, most in (
                ("api.calls", 4_000_000),
                ("storage.level", 600),
                ("transfer", 200),
                ("adapters.level", 25),
            ):
                for e in range(EVENTS):
                    time = now - timedelta(minutes=chance.randrange(7 * 1_440))
                    value = Decimal(chance.randrange(most))
                    events.append(UsageEvent(f"{n}-{e}", CustomerRef(customer.id), type, time, value, None, type))
        outcomes = await runtime.usage.record(events, None)
        assert {outcome.status for outcome in outcomes} == {UsageEventStatus.ACCEPTED}
    connection: asyncpg.Connection = await asyncpg.connect(plain_dsn(dsn))
    await connection.execute("VACUUM ANALYZE")
    await connection.close()


async def measure(worker: Worker) -> tuple[Rate, int]:
    port = worker.port
    ours, sql = post("/graphql", QUERY, first=CUSTOMERS), http("POST", "/sql", {"variables": {"first": CUSTOMERS}})
    answer, told = (await ask(port, ours))["data"], (await ask(port, sql))["data"]
    assert told == answer, f"the statement answers something else: {difference(answer, told)}"
    rate = await compare(port, ours, sql, connections=CONNECTIONS, rounds=ROUNDS, seconds=SECONDS)
    return rate, fields(answer)


def difference(ours: Any, theirs: Any) -> str:
    """The first place where two answers differ."""
    if isinstance(ours, dict) and isinstance(theirs, dict) and ours.keys() == theirs.keys():
        return next(f"{key}.{difference(ours[key], theirs[key])}" for key in ours if ours[key] != theirs[key])
    if isinstance(ours, list) and isinstance(theirs, list) and len(ours) == len(theirs):
        differing = (n for n in range(len(ours)) if ours[n] != theirs[n])
        return next(f"{n}.{difference(ours[n], theirs[n])}" for n in differing)
    return f" {ours} and {theirs}"


def fields(answer: Any) -> int:
    """How many fields an answer has."""
    if isinstance(answer, list):
        return sum(map(fields, answer))
    return sum(1 + fields(value) for value in answer.values()) if isinstance(answer, dict) else 0


def counting(log: Path) -> Callable[[int], Any]:
    """Counts in the server's log, so that it counts whatever was sent in whatever way."""

    async def count(worker: Worker) -> tuple[int, int]:
        return await _statements(worker.port, log, FEW), await _statements(worker.port, log, CUSTOMERS)

    return count


async def _statements(port: int, log: Path, first: int) -> int:
    """The fewest of several times: between two, the worker may look after itself."""
    request = post("/graphql", QUERY, first=first)
    found = []
    with log.open(encoding="utf-8", errors="replace") as lines:
        for _ in range(WARM_UP + TIMES):
            lines.seek(0, SEEK_END)
            answer = await ask(port, request)
            assert len(answer["data"]["customers"]["edges"]) == first
            executed = _EXECUTED.findall(lines.read())
            found.append(sum(not statement.startswith(_FRAMES) for statement in executed))
    return min(found[WARM_UP:])


async def _log_everything(dsn: str) -> None:
    connection: asyncpg.Connection = await asyncpg.connect(plain_dsn(dsn))
    name = await connection.fetchval("SELECT current_database()")
    await connection.execute(f"ALTER DATABASE {name} SET log_statement = 'all'")
    await connection.close()


def run(dsn: str, log: Path) -> Page:
    """On an empty database of the server that writes the log."""
    rate, size = measured(dsn, prepare, lambda dsn: worker(both, dsn), measure)
    few, many = measured(dsn, _log_everything, lambda dsn: worker(both, dsn), counting(log))
    return Page(rate, size, few, many)


if __name__ == "__main__":
    with server() as found:
        page = run(found.dsn, found.log)
    print(f"page of {CUSTOMERS} customers, {page.fields:,} fields: {page.rate.ours:.1f}/s", end="   ")
    print(f"one statement {page.rate.bare:.1f}/s   ratio {page.rate.ratio:.2f}")
    print(f"statements: {page.few} for {FEW} customers, {page.many} for {CUSTOMERS}")
