"""Figures as families of samples: the names and labels that dashboards and alerts know."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from decimal import Decimal

from prometheus_client.metrics_core import CounterMetricFamily, GaugeMetricFamily, Metric

from adapters.postgres.reads.figures import Figures
from domain.books.invoice import InvoiceStatus
from domain.books.payment import FailureCode, PaymentStatus
from domain.exact import exact_sum
from domain.subscription import SubscriptionStatus

MONTHS_A_YEAR = 12
OTHER = "other"
FINAL = tuple(status for status in InvoiceStatus if status is not InvoiceStatus.DRAFT)
"""No draft is stored."""
FAILURES = tuple(code for code in FailureCode if code is not FailureCode.NOT_NEEDED)
"""A payment that was not needed any more was never tried: it neither succeeded nor failed."""

Counts = dict[tuple[str, ...], int]


def business(figures: Figures) -> Iterator[Metric]:
    """What is sold, owed and collected, as it stands now."""
    by_plan: Counter[tuple[str, ...]] = Counter()
    monthly: dict[str, list[Decimal]] = {}
    for subscription in figures.subscriptions:
        by_plan[subscription.plan_key, subscription.status] += subscription.number
        monthly.setdefault(subscription.currency, []).append(subscription.monthly)
    active = {key: by_plan[key, SubscriptionStatus.ACTIVE.value] for key in sorted({key for key, _ in by_plan})}
    mrr = {currency: exact_sum(amounts) for currency, amounts in sorted(monthly.items())}
    arr = {currency: amount * MONTHS_A_YEAR for currency, amount in mrr.items()}
    standing = {status.value: figures.invoices.get(status, 0) for status in FINAL}
    owed = {total.currency: total.owed for total in figures.collection}
    collected = {total.currency: total.collected for total in figures.collection}
    yield gauge("billing_active_subscriptions", "Running, beyond trial and not paused", "plan", active)
    family = GaugeMetricFamily("billing_subscriptions", "Not ended, by where they stand", labels=("plan", "status"))
    for labels, number in sorted(by_plan.items()):
        family.add_metric(labels, number)
    yield family
    yield gauge("billing_mrr", "Fixed fees of active subscriptions, brought to a month", "currency", mrr)
    yield gauge("billing_arr", "The same, brought to a year", "currency", arr)
    yield gauge("billing_invoices", "Final invoices by where they stand", "status", standing)
    yield gauge("billing_fallen_due", "Owed on invoices that fell due in 30 days, less credit notes", "currency", owed)
    yield gauge("billing_collected", "What of billing_fallen_due came in", "currency", collected)


def traffic(figures: Figures, providers: Iterable[str]) -> Iterator[Metric]:
    """How our books and those of providers compare. Each of `providers` has its samples, also at nothing."""
    customers = dict.fromkeys(providers, 0) | {drift.provider: drift.customers for drift in figures.drift}
    differences = dict.fromkeys(providers, 0) | {drift.provider: drift.differences for drift in figures.drift}
    yield gauge("billing_drift_customers", "Whose record at the provider differs from ours", "provider", customers)
    yield gauge("billing_drift_differences", "The differences in all", "provider", differences)
    ages = dict.fromkeys(providers, Decimal(0)) | {
        comparison.provider: comparison.age for comparison in figures.compared
    }
    differing = dict.fromkeys(providers, 0) | {
        comparison.provider: comparison.differing for comparison in figures.compared
    }
    yield gauge("billing_reconciliation_age_seconds", "How far behind now reconciliation is", "provider", ages)
    yield gauge("billing_reconciliation_drift", "What the last one could not repair", "provider", differing)


def queues(figures: Figures) -> Iterator[Metric]:
    """What is to be done later, by kind of work."""
    numbers = {depth.kind.value: depth.number for depth in figures.work}
    ages = {depth.kind.value: Decimal(depth.age) for depth in figures.work}
    retries = {depth.kind.value: depth.resting for depth in figures.work}
    given_up = {depth.kind.value: depth.given_up for depth in figures.work}
    yield gauge("billing_work_depth", "Work that is due", "kind", numbers)
    yield gauge("billing_work_age_seconds", "Since when the oldest of it is due", "kind", ages)
    yield gauge("billing_work_retries", "Work that failed and is tried again", "kind", retries)
    yield gauge("billing_work_given_up", "Work that was given up and waits for support", "kind", given_up)


def invoices_generated(figures: Figures) -> Counts:
    """How many have come to each status. All were OPEN once, so OPEN is how many there are; the others are how many
    went on from there."""
    counts: Counts = {(status.value,): figures.invoices.get(status, 0) for status in FINAL}
    return counts | {(InvoiceStatus.OPEN.value,): sum(figures.invoices.values())}


def payments_processed(figures: Figures, providers: Iterable[str]) -> Counts:
    """(status, provider): SUCCEEDED whatever was refunded since, or FAILED."""
    known = {*providers}
    counts: Counts = {(status, name): 0 for status in ("SUCCEEDED", "FAILED") for name in sorted(known)}
    for payment in figures.payments:
        if payment.status == PaymentStatus.PENDING or payment.failure == FailureCode.NOT_NEEDED:
            continue
        status = "FAILED" if payment.status == PaymentStatus.FAILED else "SUCCEEDED"
        label = status, payment.provider if payment.provider in known else OTHER
        counts[label] = counts.get(label, 0) + payment.number
    return counts


def payment_failures(figures: Figures) -> Counts:
    counts: Counts = {(code.value,): 0 for code in FAILURES}
    for payment in figures.payments:
        if payment.status == PaymentStatus.FAILED and payment.failure is not None and (payment.failure,) in counts:
            counts[payment.failure,] += payment.number
    return counts


def counter(name: str, description: str, labels: tuple[str, ...], counts: Counts) -> Metric:
    family = CounterMetricFamily(name, description, labels=labels)
    for values, number in sorted(counts.items()):
        family.add_metric(values, number)
    return family


def gauge(name: str, description: str, label: str, values: Mapping[str, Decimal | int]) -> Metric:
    family = GaugeMetricFamily(name, description, labels=(label,))
    for of, value in sorted(values.items()):
        family.add_metric((of,), float(value))
    return family
