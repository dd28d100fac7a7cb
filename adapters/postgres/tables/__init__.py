"""The tables. `customer_id` (or the stream's id, which for an account is the customer's) leads every key of a
customer-owned table, so that the database can be distributed by it."""

from adapters.postgres.tables.facts import journal, journal_epoch
from adapters.postgres.tables.metrics import drifting, payments, recurring
from adapters.postgres.tables.money import coupon_counts, documents, ledger, series
from adapters.postgres.tables.providers import comparisons, effects, inbox, provider_copies, provider_sync, simulated
from adapters.postgres.tables.retries import idempotency
from adapters.postgres.tables.schema import JsonText, instant, metadata
from adapters.postgres.tables.sealing import master_secrets, vault
from adapters.postgres.tables.usage import (
    usage_distinct,
    usage_events,
    usage_hours,
    usage_ids,
    usage_meters,
    usage_reservations,
)
from adapters.postgres.tables.views import api_keys, customers, folds, holdings, streams
from adapters.postgres.tables.work import work

__all__ = [
    "JsonText",
    "api_keys",
    "comparisons",
    "coupon_counts",
    "customers",
    "documents",
    "drifting",
    "effects",
    "folds",
    "holdings",
    "idempotency",
    "inbox",
    "instant",
    "journal",
    "journal_epoch",
    "ledger",
    "master_secrets",
    "metadata",
    "payments",
    "provider_copies",
    "provider_sync",
    "recurring",
    "series",
    "simulated",
    "streams",
    "usage_distinct",
    "usage_events",
    "usage_hours",
    "usage_ids",
    "usage_meters",
    "usage_reservations",
    "vault",
    "work",
]
