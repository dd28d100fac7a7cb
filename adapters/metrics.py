"""What a process counts of its own doings, in a registry of its own: several applications in one process, as in tests,
do not see each other's. Labels are bounded sets of our own words; nothing that anybody typed becomes one."""

from collections.abc import Iterable, Iterator
from enum import StrEnum

from prometheus_client import CollectorRegistry, Counter, Histogram, ProcessCollector
from prometheus_client.exposition import choose_encoder
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector

from domain.providers.notice import About

CALL_SECONDS = (0.05, 0.1, 0.2, 0.3, 0.5, 0.75, 1.0, 2.0, 3.0, 5.0, 10.0, 20.0)
LAG_SECONDS = (0.1, 0.5, 1.0, 2.0, 5.0, 15.0, 60.0, 300.0, 1800.0, 3600.0, 21600.0, 86400.0)


class Received(StrEnum):
    STORED = "stored"
    DUPLICATE = "duplicate"
    REFUSED = "refused"


class Instruments:
    """`provider` is always a name of ours."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        ProcessCollector(registry=self.registry)
        self._calls = Histogram(
            "billing_provider_call_seconds",
            "How long calls of payment providers took, by what came of them",
            ("provider", "operation", "outcome"),
            buckets=CALL_SECONDS,
            registry=self.registry,
        )
        self._call_errors = Counter(
            "billing_provider_call_errors",
            "Calls of payment providers after which nobody knows what happened",
            ("provider", "operation", "outcome"),
            registry=self.registry,
        )
        self._received = Counter(
            "billing_webhooks_received",
            "Webhooks that came in; outcome: stored, duplicate or refused",
            ("provider", "about", "outcome"),
            registry=self.registry,
        )
        self._lag = Histogram(
            "billing_webhook_handling_lag_seconds",
            "From the receipt of a webhook to the end of its handling",
            ("provider",),
            buckets=LAG_SECONDS,
            registry=self.registry,
        )
        self._retries = Counter(
            "billing_webhook_retries",
            "Handlings of webhooks that failed and are done again",
            ("provider", "about"),
            registry=self.registry,
        )

    def provider_called(self, provider: str, operation: str, outcome: str, seconds: float, *, error: bool) -> None:
        """`outcome` is the name of a class of ours."""
        self._calls.labels(provider, operation, outcome).observe(seconds)
        if error:
            self._call_errors.labels(provider, operation, outcome).inc()

    def webhook_received(self, provider: str, about: About, outcome: Received) -> None:
        """Of one that is refused nothing is known: it is about OTHER."""
        self._received.labels(provider, about.value, outcome.value).inc()

    def webhook_handled(self, provider: str, lag_seconds: float) -> None:
        self._lag.labels(provider).observe(max(lag_seconds, 0.0))

    def webhook_retried(self, provider: str, about: About) -> None:
        self._retries.labels(provider, about.value).inc()


class _Once(Collector):
    def __init__(self, families: Iterable[Metric]) -> None:
        self._families = families

    def collect(self) -> Iterator[Metric]:
        yield from self._families


def exposed(instruments: Instruments, families: Iterable[Metric], accept: str) -> tuple[bytes, str]:
    """The process's own figures and `families` as one text, in the format that `accept` wants: (body, media type)."""
    together = CollectorRegistry()
    together.register(_Once([*families, *instruments.registry.collect()]))
    encode, media = choose_encoder(accept)
    return encode(together), media
