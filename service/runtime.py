"""Everything that a process works with: what the edges and the worker are handed. It is put together in `tollgate`."""

from collections.abc import Mapping
from dataclasses import dataclass

from adapters.payments.connector import Connector
from adapters.postgres.connection import Engine
from adapters.settings import DeploymentSettings
from adapters.vault import Vault
from domain.providers.provider import Provider
from service.access.credentials import Credentials
from service.access.rate_limit import RateLimit
from service.clock import Clock
from service.customers import Customers
from service.documents.invoice_documents import InvoiceDocuments
from service.gates.snapshots import Snapshots
from service.live.accounts import Live
from service.live.changes import Changes
from service.metrics import Metrics
from service.providers.payments import Charging, Confirming, PaymentMethods
from service.providers.reconciliation import Reconciler, Reconciliation
from service.providers.sync.push_schedule import PushSchedule
from service.providers.webhooks import Handling, NoticeIntake
from service.usage import Usage
from service.write.quotes import Quotes
from service.write.record import Recording


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
    methods: PaymentMethods
    sync: PushSchedule
    customers: Customers
    documents: InvoiceDocuments
    usage: Usage
    snapshots: Snapshots
    live: Live
    credentials: Credentials
    rate_limit: RateLimit
    metrics: Metrics
    intake: NoticeIntake
    handling: Handling
    reconciler: Reconciler
    reconciliation: Reconciliation
