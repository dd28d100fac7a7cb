"""Everything that a process works with, opened and closed in order: what the edges and the worker are handed."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass

from adapters.key_set import KeySet
from adapters.metrics import Instruments
from adapters.payments.simulated import Simulated
from adapters.postgres.connection import Engine
from adapters.postgres.credentials import CredentialReads
from adapters.postgres.engine import create_engine
from adapters.postgres.tracing import trace_statements
from adapters.secrets import Secrets, derive
from adapters.settings import Settings
from adapters.stripe.charge import STRIPE
from adapters.stripe.inbound import StripeNotices, StripeRecords
from adapters.stripe.provider import StripeProvider, open_stripe
from adapters.tracing import Tracing
from adapters.vault import Vault
from domain.notice import Notices
from domain.provider import Provider
from domain.provider_state import ProviderRecords
from service.changes import Changes
from service.clock import Clock
from service.credentials import Credentials
from service.customers import Customers
from service.invoice_documents import InvoiceDocuments
from service.live import Live
from service.master_secret import claim
from service.metrics import Metrics
from service.payments import Charging, Confirming, Linking, Methods
from service.payments.watched import watched
from service.quotes import Quotes
from service.ratelimit import RateLimit
from service.reconciliation import Looking, Reconciliation
from service.record import Record
from service.snapshots import Snapshots
from service.sync.telling import Telling
from service.sync.turns import Sync
from service.sync.used import Used
from service.tokens import CustomerTokens
from service.traced import TracedRecord
from service.usage import Usage
from service.webhooks import Handling, Intake


@dataclass(frozen=True, slots=True, kw_only=True)
class Runtime:
    settings: Settings
    engine: Engine
    vault: Vault
    clock: Clock
    changes: Changes
    record: Record
    quotes: Quotes
    providers: Mapping[str, Provider]
    """By the name that payment methods carry."""
    charging: Charging
    confirming: Confirming
    methods: Methods
    sync: Sync
    customers: Customers
    documents: InvoiceDocuments
    usage: Usage
    snapshots: Snapshots
    live: Live
    credentials: Credentials
    rate_limit: RateLimit
    metrics: Metrics
    intake: Intake
    handling: Handling
    reconciliation: Reconciliation


@asynccontextmanager
async def open_runtime(
    settings: Settings, secrets: Secrets, dsn: str, tracing: Tracing | None = None
) -> AsyncIterator[Runtime]:
    """What works on the database at `dsn`, which must be migrated. Changes are listened for until it is closed, with
    `tracing`. Raises WrongSecret."""
    engine = create_engine(dsn, settings.pool_size)
    if tracing is not None:
        trace_statements(engine, tracing.tracer)
    try:
        await claim(engine, secrets)
    except BaseException:
        await engine.dispose()
        raise
    vault = Vault(secrets.master, secrets.old)
    clock = Clock()
    changes = Changes(dsn)
    record = (
        Record(engine, clock, changes.changed)
        if tracing is None
        else TracedRecord(engine, clock, changes.changed, tracing)
    )
    instruments = Instruments()
    reached = _providers(settings)
    providers = {name: watched(one, name, instruments, tracing) for name, one in reached.items()}
    used = Used(engine)

    def usage_changed(customer_id: str) -> None:
        changes.changed(customer_id)
        used.changed(customer_id)

    usage = Usage(engine, vault, clock, usage_changed if providers else changes.changed, settings.usage_retention_days)
    telling = Telling(engine, record, clock, usage.used_many, providers)
    sync = Sync(engine, telling, providers)
    key_set = None if settings.jwks_url is None else KeySet(settings.jwks_url)
    tokens = CustomerTokens(secrets.token, settings.token_issuer, settings.token_audience, key_set)
    snapshots = Snapshots(engine, vault, clock, changes, usage.of)
    charging = Charging(engine, record, providers)
    records = {name: watched(one, name, instruments, tracing) for name, one in _records(reached).items()}
    looking = Looking(engine, record, charging, records)
    runtime = Runtime(
        settings=settings,
        engine=engine,
        vault=vault,
        clock=clock,
        changes=changes,
        record=record,
        quotes=Quotes(record, derive(secrets.master, "quotes")),
        providers=providers,
        charging=charging,
        confirming=Confirming(providers),
        methods=Methods(engine, Linking(engine, record, providers), sync),
        sync=sync,
        customers=Customers(engine, vault, clock, record),
        documents=InvoiceDocuments(engine, vault, clock, derive(secrets.master, "document links")),
        usage=usage,
        snapshots=snapshots,
        live=Live(engine, snapshots, changes, clock),
        credentials=Credentials(CredentialReads(engine), vault, tokens, secrets.admin_key),
        rate_limit=RateLimit(settings.rate_limit),
        metrics=Metrics(engine, instruments, providers),
        intake=Intake(engine, _notices(settings), instruments),
        handling=Handling(engine, looking, instruments),
        reconciliation=Reconciliation(engine, looking),
    )
    beside = [asyncio.create_task(changes.run()), asyncio.create_task(used.run())]
    try:
        yield runtime
    finally:
        for task in beside:
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task
        await engine.dispose()
        if tracing is not None:
            await asyncio.to_thread(tracing.close)
        for provider in reached.values():
            if isinstance(provider, StripeProvider):
                await provider.api.close()


def _providers(settings: Settings) -> dict[str, Provider]:
    found: dict[str, Provider] = {}
    if settings.simulated_payments:
        found["simulated"] = Simulated()
    if settings.stripe_api_key is not None:
        key = settings.stripe_api_key.get_secret_value()
        found[STRIPE] = open_stripe(key, settings.stripe_base_url, settings.stripe_calls_per_second)
    return found


def _records(providers: Mapping[str, Provider]) -> dict[str, ProviderRecords]:
    return {name: StripeRecords(one.api) for name, one in providers.items() if isinstance(one, StripeProvider)}


def _notices(settings: Settings) -> dict[str, Notices]:
    secrets = [secret.get_secret_value() for secret in settings.stripe_webhook_secrets]
    return {STRIPE: StripeNotices(secrets)} if secrets else {}
