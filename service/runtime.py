"""Everything that a process works with: what the edges and the worker are handed. It is put together in `tollgate`."""

from collections.abc import Mapping
from dataclasses import dataclass

from adapters.payments.connector import Connector
from adapters.postgres.connection import Engine
from adapters.settings import DeploymentSettings
from adapters.vault import Vault
from domain.provider import Provider
from service.changes import Changes
from service.clock import Clock
from service.credentials import Credentials
from service.customers import Customers
from service.invoice_documents import InvoiceDocuments
from service.live import Live
from service.metrics import Metrics
from service.payments import Charging, Confirming, Methods
from service.quotes import Quotes
from service.ratelimit import RateLimit
from service.reconciliation import Looking, Reconciliation
from service.record import Recording
from service.snapshots import Snapshots
from service.sync.turns import Sync
from service.usage import Usage
from service.webhooks import Handling, Intake


@dataclass(frozen=True, slots=True, kw_only=True)
class Runtime:
    settings: DeploymentSettings
    engine: Engine
    vault: Vault
    clock: Clock
    changes: Changes
    record: Recording
    quotes: Quotes
    connectors: Mapping[str, Connector]
    """The payment providers that are set up, by the name that payment methods carry."""
    providers: Mapping[str, Provider]
    """What is asked of them, watched."""
    usual_provider: str | None
    """Who is meant where nobody is named; None: nobody."""
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
    looking: Looking
    reconciliation: Reconciliation
