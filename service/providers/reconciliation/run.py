"""Everything that a provider has of a time, or of a customer, compared. Hourly by the worker, and whenever asked for;
as a dry run it only says what it found."""

from collections.abc import AsyncIterator, Callable
from datetime import datetime, timedelta

import structlog
from msgspec import Struct

from adapters.postgres import comparisons, provider_customers
from adapters.postgres.connection import Engine
from adapters.postgres.work import Work, WorkKind
from domain.books.payment import Payment
from domain.errors import Refusal
from domain.providers.comparison import Findings, agreed, differs
from domain.providers.provider import Unknown
from domain.providers.records import FoundPayment, FoundStatus, Listing
from service.later.work import Queue, one_by_one
from service.outage import telling_outages
from service.providers.accounts import stored_account
from service.providers.reconciliation.reconciler import Observation, Reconciler
from service.write.record import By

log = structlog.stdlib.get_logger(__name__)

FIRST = timedelta(days=30)
"""How far back the first run goes."""
LEFT_ALONE = timedelta(minutes=10)
"""What is younger is left to those who are at it."""
AGAIN = timedelta(days=1)
"""Each run looks at a day twice, for what has changed there since; what takes a bank longer is asked for as long as it
is open."""
PAGE = 200
AT_ONCE = 8
"""Providers; each by itself."""
IDLE_S = 60.0
REPORTED_MAX = 200
BY = By("worker", reason="reconciliation")


class Finding(Struct, frozen=True):
    """`customer_id` None: of nobody here. `what`: what was repaired (or, in a dry run, would be), or how the two
    differ."""

    provider: str
    customer_id: str | None
    what: str
    repaired: bool


class Report(Struct):
    """`compared`: how many payments, refunds and customers. `findings`: the first of them."""

    dry_run: bool
    compared: int = 0
    repaired: int = 0
    differing: int = 0
    findings: tuple[Finding, ...] = ()

    def add(self, finding: Finding) -> None:
        self.repaired += finding.repaired
        self.differing += not finding.repaired
        if len(self.findings) < REPORTED_MAX:
            self.findings = (*self.findings, finding)


class Reconciliation:
    def __init__(self, engine: Engine, reconciler: Reconciler) -> None:
        self._engine = engine
        self._reconciler = reconciler

    def queue(self, now: Callable[[], datetime]) -> Queue:
        """The run of the hour, of each provider whose time has come. What breaks off is taken up where it was."""

        async def begin() -> None:
            async with self._engine.begin() as connection:
                for provider in self._reconciler.records:
                    await comparisons.begin(connection, provider, now() - FIRST)

        async def compare(piece: Work) -> None:
            await self._scheduled(piece.id, now() - LEFT_ALONE)

        return Queue(
            self._engine,
            WorkKind.COMPARISON,
            one_by_one(compare),
            at_once=AT_ONCE,
            lanes=self._reconciler.records.keys(),
            before=begin,
            idle=IDLE_S,
        )

    async def between(self, since: datetime, until: datetime, dry_run: bool, by: By) -> Report:
        """What was made at the providers in that time. Raises Unknown and DatabaseAway."""
        report = Report(dry_run)
        with telling_outages():
            for provider in self._reconciler.records:
                await self._compare(report, self._all(provider, since, until), by)
        return report

    async def of(self, customer_id: str, dry_run: bool, by: By) -> Report:
        """All that the providers have of one customer. Raises Unknown and DatabaseAway."""

        async def everything() -> AsyncIterator[Observation]:
            for provider in self._reconciler.records:
                yield await self._reconciler.everything(provider, customer_id)

        report = Report(dry_run)
        with telling_outages():
            await self._compare(report, everything(), by)
        return report

    async def _scheduled(self, provider: str, until: datetime) -> None:
        async with self._engine.connect() as connection:
            since = await comparisons.compared_until(connection, provider)
        report = Report(dry_run=False)
        await self._compare(report, self._all(provider, since - AGAIN, until), BY)
        async with self._engine.begin() as connection:
            await comparisons.finish(connection, provider, until, report.compared, report.repaired, report.differing)
        log.info(
            "reconciled", provider=provider, compared=report.compared, repaired=report.repaired, drift=report.differing
        )

    async def _compare(self, report: Report, seen: AsyncIterator[Observation], by: By) -> None:
        async for finding in seen:
            report.compared += 1
            repaired: tuple[str, ...] = (
                *(type(command).__name__ for command in finding.findings.repairs),
                *("SettlePayment" for _ in finding.findings.ask),
            )
            drift = finding.findings.drift
            if not report.dry_run:
                try:
                    repaired, drift = await self._reconciler.repair(finding, by)
                except (Refusal, Unknown) as no:  # of this one thing: it keeps no other from being compared
                    repaired, drift = (), (*drift, f"not repaired: {no}")
            for what in repaired:
                report.add(Finding(finding.provider, finding.customer_id, what, repaired=True))
            for what in drift:
                report.add(Finding(finding.provider, finding.customer_id, what, repaired=False))

    async def _all(self, provider: str, since: datetime, until: datetime) -> AsyncIterator[Observation]:
        """Where the provider lists nothing, what came in by our books is looked at there, one by one."""
        came_in = set[str]()
        listing = self._reconciler.records[provider].listing
        if listing is not None:
            async for observation in self._listed(provider, listing, since, until, came_in):
                yield observation
        async for customer_id, id in self._paid_between(since, until):
            if id not in came_in:
                yield await self._paid_here(provider, customer_id, id)

    async def _listed(
        self, provider: str, listing: Listing, since: datetime, until: datetime, came_in: set[str]
    ) -> AsyncIterator[Observation]:
        """`came_in` gets our ids of the payments that did."""
        reconciler = self._reconciler
        async for customer in listing.customers(since, until):
            yield await reconciler.found_customer(provider, customer)
        async for payment in listing.payments(since, until):
            if payment.state is FoundStatus.SUCCEEDED and payment.payment_id is not None:
                came_in.add(payment.payment_id)
            yield await self._tried(provider, payment)
        async for refund in listing.refunds(since, until):
            yield await reconciler.refund(provider, refund)

    async def _tried(self, provider: str, found: FoundPayment) -> Observation:
        """One try of a payment. If it failed, the next one may have gone through: then how it stands is asked."""
        if found.state is FoundStatus.SUCCEEDED:
            return await self._reconciler.found_payment(provider, found, complete=found.disputed)
        payment = await self._payment(await self._reconciler.payer(provider, found), found.payment_id)
        if payment is None or payment.settled_at is not None:
            return Observation(provider, None, agreed(found.reference))
        return await self._reconciler.payment(provider, found.reference)

    async def _paid_here(self, provider: str, customer_id: str, payment_id: str) -> Observation:
        """A payment that came in by our books, and was not among those of the time there."""
        payment = await self._payment(customer_id, payment_id)
        if payment is None or payment.provider != provider or payment.settled_at is None or payment.failure is not None:
            return Observation(provider, customer_id, Findings())
        found = (
            None if payment.reference is None else await self._reconciler.records[provider].payment(payment.reference)
        )
        if found is None:
            gone = "it came in by our books, and not there"
            return Observation(provider, customer_id, differs(payment_id, gone))
        seen = await self._reconciler.found_payment(provider, found, complete=found.disputed)
        return seen._replace(findings=seen.findings + agreed(payment_id))

    async def _payment(self, customer_id: str | None, payment_id: str | None) -> Payment | None:
        account = None if customer_id is None else await stored_account(self._engine, customer_id)
        return None if account is None else account.books.payments.get(payment_id or "")

    async def _paid_between(self, since: datetime, until: datetime) -> AsyncIterator[tuple[str, str]]:
        after = ("", "")
        while True:
            async with self._engine.connect() as connection:
                page = await provider_customers.paid_between(connection, since, until, after, PAGE)
            for paid in page:
                yield paid
            if len(page) < PAGE:
                return
            after = page[-1]
