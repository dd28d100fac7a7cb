"""The figures that /metrics shows: what this process did, and facts of the deployment read from the database.

Whoever asks often gets the same answer again: the database is read at most once a second, and at most for a twentieth
of the time. Of several who ask at once one reads and the others wait for it.
"""

import asyncio
from collections.abc import Iterable
from time import monotonic

import structlog
from prometheus_client.metrics_core import Metric

from adapters.metrics import Instruments, exposed
from adapters.postgres.connection import Engine
from adapters.postgres.reads.figures import Figures, figures
from domain.books.payment import MANUAL, NOBODY
from service.metrics import families
from service.metrics.families import Counts

log = structlog.stdlib.get_logger(__name__)

REST_S_MIN = 1.0
REST_TIMES = 20
WAIT_S_MAX = 8.0
"""Prometheus waits for 10."""


class Metrics:
    """`providers` are the names that payments and webhooks may carry."""

    def __init__(self, engine: Engine, instruments: Instruments, providers: Iterable[str]) -> None:
        self.instruments = instruments
        self._engine = engine
        self._providers = sorted(providers)
        self._payers = {*self._providers, MANUAL, NOBODY}
        self._known: Figures | None = None
        self._read_at = self._rests_until = -REST_S_MIN
        self._reading: asyncio.Task[None] | None = None
        self._highest: dict[str, Counts] = {}

    async def exposition(self, accept: str) -> tuple[bytes, str]:
        """(body, media type). What the database does not tell in time is shown as it was, with its age."""
        if monotonic() >= self._rests_until and self._reading is None:
            self._reading = asyncio.create_task(self._read())
        if self._reading is not None:
            await asyncio.wait([self._reading], timeout=WAIT_S_MAX)
        return exposed(self.instruments, self._families(), accept)

    async def _read(self) -> None:
        began = monotonic()
        try:
            self._known = await figures(self._engine)
            self._read_at = monotonic()
        except Exception as error:  # whatever it is, the process still tells of itself
            log.warning("figures cannot be read", error=type(error).__name__)
        finally:
            self._rests_until = monotonic() + max(REST_S_MIN, REST_TIMES * (monotonic() - began))
            self._reading = None

    def _families(self) -> list[Metric]:
        known = self._known
        if known is None:
            return []
        age = {"database": round(monotonic() - self._read_at)}
        counted = (
            (
                "billing_invoices_generated",
                "Invoices that have come to each status; all began OPEN",
                ("status",),
                families.invoices_generated(known),
            ),
            (
                "billing_payments_processed",
                "Payments that succeeded or failed",
                ("status", "provider"),
                families.payments_processed(known, self._payers),
            ),
            (
                "billing_payment_failures",
                "Payments that failed, by why",
                ("failure_code",),
                families.payment_failures(known),
            ),
        )
        return [
            *families.business(known),
            *families.traffic(known, self._providers),
            *families.queues(known),
            *(families.counter(name, told, labels, self._up(name, counts)) for name, told, labels, counts in counted),
            families.gauge("billing_figures_age_seconds", "Since the figures were read", "source", age),
        ]

    def _up(self, name: str, counts: Counts) -> Counts:
        """A counter that went back would be taken for one that began anew, and all of it for new: a payment that was
        taken back, which unpays its invoice, is not worth that."""
        before = self._highest.get(name, {})
        highest = {labels: max(number, before.get(labels, 0)) for labels, number in counts.items()}
        self._highest[name] = highest
        return highest
