"""The one place where everything is put together. What is opened here is closed in the opposite order:

| opened                                    | closed                                                     |
|-------------------------------------------|------------------------------------------------------------|
| traces                                    | last, so that whatever is closed before is still seen      |
| the pool of the database                  | when nobody asks it any more                               |
| payment providers, in their table's order | the last one first                                         |
| listening for changes                     | before what is asked in answer to a change                 |
| marking usage for providers               | first: what was gathered is written while there is a pool  |
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from functools import partial
from typing import Any

from adapters.key_set import KeySet
from adapters.metrics import Instruments
from adapters.payments.connector import Connector, Registered, Surroundings
from adapters.postgres.connection import Engine
from adapters.postgres.credentials import CredentialReads
from adapters.postgres.engine import create_engine
from adapters.postgres.tracing import trace_statements
from adapters.secrets import Secrets, derive
from adapters.settings import DeploymentSettings
from adapters.tracing import Tracing
from adapters.vault import Vault
from service.access.credentials import Credentials
from service.access.rate_limit import RateLimit
from service.access.tokens import CustomerTokens
from service.clock import Clock
from service.customers import Customers
from service.documents.invoice_documents import InvoiceDocuments
from service.gates.snapshots import Snapshots
from service.live.accounts import Live
from service.live.changes import Changes
from service.metrics import Metrics
from service.operations.master_secret import claim
from service.providers.payments import Charging, Confirming, Linking, PaymentMethods
from service.providers.payments.watched import watched
from service.providers.reconciliation import Reconciler, Reconciliation
from service.providers.sync.push import Push
from service.providers.sync.push_schedule import PushSchedule
from service.providers.sync.used import Used
from service.providers.webhooks import Handling, NoticeIntake
from service.runtime import Runtime
from service.usage import Usage
from service.write.quotes import Quotes
from service.write.record import Record
from service.write.traced import TracedRecord
from tollgate.providers import REGISTERED, connectors, usual


@asynccontextmanager
async def open_runtime(
    settings: DeploymentSettings,
    secrets: Secrets,
    dsn: str,
    tracing: Tracing | None = None,
    registered: Sequence[Registered] = REGISTERED,
) -> AsyncIterator[Runtime]:
    """What works on the database at `dsn`, which must be migrated. Changes are listened for until it is closed, with
    `tracing`. Raises WrongSecret."""
    async with AsyncExitStack() as closing:
        if tracing is not None:
            closing.push_async_callback(asyncio.to_thread, tracing.close)
        engine = create_engine(dsn, settings.pool_size)
        closing.push_async_callback(engine.dispose)
        if tracing is not None:
            trace_statements(engine, tracing.tracer)
        await claim(engine, secrets)
        clock = Clock()
        connected = connectors(settings, registered)
        for connector in connected:
            closing.push_async_callback(connector.close)
            await connector.open(Surroundings(engine, partial(clock.of, engine)))
        changes, used = Changes(dsn), Used(engine)
        runtime = _runtime(settings, secrets, engine, clock, changes, used, connected, tracing)
        for running in (changes.run, used.run):
            closing.push_async_callback(_ended, asyncio.create_task(running()))
        yield runtime


async def _ended(task: "asyncio.Task[Any]") -> None:
    task.cancel()
    with suppress(asyncio.CancelledError):
        await task


def _runtime(
    settings: DeploymentSettings,
    secrets: Secrets,
    engine: Engine,
    clock: Clock,
    changes: Changes,
    used: Used,
    connected: Sequence[Connector],
    tracing: Tracing | None,
) -> Runtime:
    vault, instruments = Vault(secrets.master, secrets.old), Instruments()
    record = (
        Record(engine, clock, changes.changed)
        if tracing is None
        else TracedRecord(engine, clock, changes.changed, tracing)
    )
    providers = {
        connector.name: watched(connector.payments, connector.name, instruments, tracing) for connector in connected
    }
    records = {
        connector.name: watched(connector.records, connector.name, instruments, tracing)
        for connector in connected
        if connector.records is not None
    }
    notices = {connector.name: connector.notices for connector in connected if connector.notices is not None}
    usage = Usage(engine, vault, clock, _usage_changed(changes, used, connected), settings.usage_retention_days)
    sync = PushSchedule(engine, Push(engine, record, clock, usage.reads.used, providers), providers)
    key_set = None if settings.jwks_url is None else KeySet(settings.jwks_url)
    tokens = CustomerTokens(secrets.token, settings.token_issuer, settings.token_audience, key_set)
    snapshots = Snapshots(engine, vault, clock, changes, usage.reads.of)
    charging = Charging(engine, record, providers)
    reconciler = Reconciler(engine, record, charging, records)
    return Runtime(
        settings=settings,
        engine=engine,
        vault=vault,
        clock=clock,
        changes=changes,
        record=record,
        quotes=Quotes(record, derive(secrets.master, "quotes")),
        connectors={connector.name: connector for connector in connected},
        providers=providers,
        usual_provider=usual(connected),
        charging=charging,
        confirming=Confirming(providers),
        methods=PaymentMethods(engine, Linking(engine, record, providers), sync),
        sync=sync,
        customers=Customers(engine, vault, clock, record),
        documents=InvoiceDocuments(engine, vault, clock, derive(secrets.master, "document links")),
        usage=usage,
        snapshots=snapshots,
        live=Live(engine, snapshots, changes, clock),
        credentials=Credentials(CredentialReads(engine), vault, tokens, secrets.admin_key),
        rate_limit=RateLimit(settings.rate_limit),
        metrics=Metrics(engine, instruments, providers),
        intake=NoticeIntake(engine, notices, instruments),
        handling=Handling(engine, reconciler, instruments),
        reconciler=reconciler,
        reconciliation=Reconciliation(engine, reconciler),
    )


def _usage_changed(changes: Changes, used: Used, connected: Sequence[Connector]) -> Callable[[str], None]:
    if not connected:
        return changes.changed

    def changed(customer_id: str) -> None:
        changes.changed(customer_id)
        used.changed(customer_id)

    return changed
