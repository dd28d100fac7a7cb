"""Everything that a process works with, opened and closed in order: what the edges and the worker are handed."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass

from adapters.key_set import KeySet
from adapters.payments.simulated import Simulated
from adapters.postgres.connection import Engine
from adapters.postgres.credentials import CredentialReads
from adapters.postgres.engine import create_engine
from adapters.secrets import Secrets, derive
from adapters.settings import Settings
from adapters.vault import Vault
from domain.provider import PaymentProvider
from service.changes import Changes
from service.clock import Clock
from service.credentials import Credentials
from service.customers import Customers
from service.live import Live
from service.master_secret import claim
from service.papers import Papers
from service.payments import Charging
from service.quotes import Quotes
from service.ratelimit import RateLimit
from service.record import Record
from service.snapshots import Snapshots
from service.tokens import CustomerTokens
from service.usage import Usage


@dataclass(frozen=True, slots=True, kw_only=True)
class Runtime:
    settings: Settings
    engine: Engine
    vault: Vault
    clock: Clock
    changes: Changes
    record: Record
    quotes: Quotes
    providers: Mapping[str, PaymentProvider]
    """By the name that payment methods carry."""
    charging: Charging
    customers: Customers
    papers: Papers
    usage: Usage
    snapshots: Snapshots
    live: Live
    credentials: Credentials
    rate_limit: RateLimit


@asynccontextmanager
async def open_runtime(settings: Settings, secrets: Secrets, dsn: str) -> AsyncIterator[Runtime]:
    """What works on the database at `dsn`, which must be migrated. Changes are listened for until it is closed. Raises
    WrongSecret."""
    engine = create_engine(dsn, settings.pool_size)
    try:
        await claim(engine, secrets)
    except BaseException:
        await engine.dispose()
        raise
    vault = Vault(secrets.master, secrets.old)
    clock = Clock()
    changes = Changes(dsn)
    record = Record(engine, clock, changes.changed)
    providers = _providers(settings)
    usage = Usage(engine, vault, clock, changes.changed, settings.usage_retention_days)
    key_set = None if settings.jwks_url is None else KeySet(settings.jwks_url)
    tokens = CustomerTokens(secrets.token, settings.token_issuer, settings.token_audience, key_set)
    snapshots = Snapshots(engine, vault, clock, changes, usage.of)
    runtime = Runtime(
        settings=settings,
        engine=engine,
        vault=vault,
        clock=clock,
        changes=changes,
        record=record,
        quotes=Quotes(record, derive(secrets.master, "quotes")),
        providers=providers,
        charging=Charging(engine, record, providers, settled_at_once=max(1, settings.pool_size // 4)),
        customers=Customers(engine, vault, clock, record),
        papers=Papers(engine, vault, clock, derive(secrets.master, "document links")),
        usage=usage,
        snapshots=snapshots,
        live=Live(engine, snapshots, changes, clock),
        credentials=Credentials(CredentialReads(engine), vault, tokens, secrets.admin_key),
        rate_limit=RateLimit(settings.rate_limit),
    )
    listening = asyncio.create_task(changes.run())
    try:
        yield runtime
    finally:
        listening.cancel()
        with suppress(asyncio.CancelledError):
            await listening
        await engine.dispose()


def _providers(settings: Settings) -> dict[str, PaymentProvider]:
    return {"simulated": Simulated()} if settings.simulated_payments else {}
