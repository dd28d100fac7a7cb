"""One thing at a time: what a provider has of it now, held against the books, and what follows from that recorded.

Webhooks say what to look at, reconciliation looks at everything; both end here, so that both come to the same."""

from collections.abc import AsyncIterator, Iterable, Mapping
from datetime import UTC, datetime
from typing import NamedTuple

import structlog
from msgspec.structs import replace

from adapters.postgres import provider_customers
from adapters.postgres.connection import Engine
from domain.books import Books
from domain.commands import LinkProvider, NoteDrift, RecordRefund
from domain.errors import Refusal
from domain.exact import exact_sum
from domain.money import Money
from domain.providers import comparison
from domain.providers.chargeback import not_in_books
from domain.providers.comparison import Findings, agreed, differs
from domain.providers.notice import About, Subject
from domain.providers.provider import Unknown
from domain.providers.records import FoundCustomer, FoundPayment, FoundRefund, FoundStatus, ProviderRecords
from service.providers.accounts import stored_account
from service.providers.payments import Charging
from service.write.record import By, Recording

log = structlog.stdlib.get_logger(__name__)

LONG_AGO = datetime(2011, 1, 1, tzinfo=UTC)


class Observation(NamedTuple):
    """What was found, and of whom. `customer_id` None: of nobody here."""

    provider: str
    customer_id: str | None
    findings: Findings


class Done(NamedTuple):
    """What was recorded of it, and what is left to people."""

    repaired: tuple[str, ...]
    drift: tuple[str, ...]


class Reconciler:
    def __init__(
        self, engine: Engine, record: Recording, charging: Charging, records: Mapping[str, ProviderRecords]
    ) -> None:
        """`records`: by the name of the provider."""
        self._engine = engine
        self._record = record
        self._charging = charging
        self.records = records

    # ── looked at. Each raises Unknown and changes nothing. ──────────────────────────────────────────────────────────
    async def payment(self, provider: str, reference: str) -> Observation:
        """The payment as the provider has it, with all its refunds."""
        records = self.records[provider]
        found = await records.payment(reference)
        if found is None:
            return Observation(provider, None, agreed(reference))
        return await self.found_payment(provider, found, complete=True)

    async def found_payment(self, provider: str, found: FoundPayment, complete: bool) -> Observation:
        """`complete`: with its refunds; else as far as it is told."""
        customer_id = await self.payer(provider, found)
        account = None if customer_id is None else await stored_account(self._engine, customer_id)
        books = Books() if account is None else account.books
        if complete and found.state is FoundStatus.SUCCEEDED and found.refunded is None and not _is_ours(books, found):
            found = await self._given_back(provider, found)
        if account is None:
            return Observation(provider, None, comparison.payment(books, provider, found))
        findings = comparison.payment(books, provider, found)
        if complete and found.state is FoundStatus.SUCCEEDED and _is_ours(books, found):
            assert found.payment_id is not None
            refunds = await self.records[provider].refunds_of(found.reference)
            for refund in refunds:
                findings += comparison.refund(account.books, provider, found.payment_id, refund)
            findings += comparison.refunds_missing(account.books, found.payment_id, refunds)
            for dispute in await self.records[provider].disputes_of(found.reference) if found.disputed else ():
                findings += comparison.dispute(account.books, provider, found.payment_id, dispute)
        return Observation(provider, customer_id, findings)

    async def _given_back(self, provider: str, found: FoundPayment) -> FoundPayment:
        refunds = await self.records[provider].refunds_of(found.reference)
        amount = exact_sum(refund.amount.amount for refund in refunds if refund.state is FoundStatus.SUCCEEDED)
        return replace(found, refunded=Money(amount, found.amount.currency))

    async def refund(self, provider: str, found: FoundRefund) -> Observation:
        """By itself; that its payment has come in is settled with it."""
        if found.payment is None:
            return Observation(provider, None, agreed(found.reference))
        paid = await self.records[provider].payment(found.payment)
        if paid is None:
            return Observation(provider, None, agreed(found.reference))
        customer_id = await self.payer(provider, paid)
        account = None if customer_id is None else await stored_account(self._engine, customer_id)
        if account is None or not _is_ours(account.books, paid):
            return await self.found_payment(provider, paid, complete=True)
        assert paid.payment_id is not None
        findings = comparison.payment(account.books, provider, paid)
        return Observation(
            provider, customer_id, findings + comparison.refund(account.books, provider, paid.payment_id, found)
        )

    async def dispute(self, provider: str, reference: str) -> Observation:
        found = await self.records[provider].dispute(reference)
        paid = None if found is None or found.payment is None else await self.records[provider].payment(found.payment)
        if found is None or paid is None:
            return Observation(provider, None, agreed(reference))
        customer_id = await self.payer(provider, paid)
        account = None if customer_id is None else await stored_account(self._engine, customer_id)
        if account is None or not _is_ours(account.books, paid):
            amount = comparison.written(found.amount)
            return Observation(
                provider, customer_id, differs(reference, f"{amount} disputed, of no payment that is known here")
            )
        assert paid.payment_id is not None
        findings = comparison.payment(account.books, provider, paid)
        return Observation(
            provider, customer_id, findings + comparison.dispute(account.books, provider, paid.payment_id, found)
        )

    async def customer(self, provider: str, reference: str) -> Observation:
        """Whether it is still there and says no more than it should; made anew for somebody, it is their link."""
        found = await self.records[provider].customer(reference)
        customer_id = await self.linked(provider, reference)
        if found is not None and (customer_id is None or await self._unlinked(provider, customer_id)):
            return await self.found_customer(provider, found)
        account = None if customer_id is None else await stored_account(self._engine, customer_id)
        if account is None or not _is_link(account.books, provider, reference):
            return Observation(provider, customer_id, agreed(reference))
        assert account.customer is not None
        findings = comparison.customer(account.books, provider, account.customer.anonymous_id, found)
        return Observation(provider, customer_id, findings)

    async def found_customer(self, provider: str, found: FoundCustomer) -> Observation:
        """A provider's customer who carries an anonymous id of ours is the customer of that id."""
        async with self._engine.connect() as connection:
            customer_id = (
                None
                if found.anonymous_id is None
                else await provider_customers.owner_of_anonymous_id(connection, found.anonymous_id)
            )
        account = None if customer_id is None else await stored_account(self._engine, customer_id)
        if account is None or account.customer is None:
            return Observation(provider, None, agreed(found.reference))
        link = account.books.links.get(provider)
        if account.customer.erased_at is not None:
            return Observation(provider, customer_id, differs(found.reference, "it is of a customer who was erased"))
        if link is None:
            return Observation(
                provider,
                customer_id,
                Findings((LinkProvider(provider, found.reference),), looked_at=(found.reference,)),
            )
        if link.reference != found.reference:
            return Observation(
                provider, customer_id, differs(found.reference, f"a second one there, beside {link.reference}")
            )
        return Observation(provider, customer_id, agreed(found.reference))

    async def methods(self, provider: str, reference: str) -> Observation:
        """The ways to pay of the customer with this reference."""
        customer_id = await self.linked(provider, reference)
        account = None if customer_id is None else await stored_account(self._engine, customer_id)
        if account is None or account.customer is None or account.customer.erased_at is not None:
            return Observation(provider, customer_id, Findings())
        if not _is_link(account.books, provider, reference):
            return Observation(provider, customer_id, Findings())
        found = await self.records[provider].methods(reference)
        if found is None:
            return Observation(provider, customer_id, Findings())
        # What was recorded while they were listed is not to be taken for gone.
        account = await stored_account(self._engine, customer_id or "") or account
        return Observation(provider, customer_id, comparison.methods(account.books, provider, found))

    async def follow(self, provider: str, about: Subject) -> AsyncIterator[Observation]:
        """What a notice makes us look at, one after the other; nothing, where it is of no concern. It is not believed,
        only followed, so that notices which come late, twice or in any order end in the same state. What one look leads
        to is to be recorded before the next."""
        match about.kind:
            case About.PAYMENT if about.reference is not None:
                yield await self.payment(provider, about.reference)
            case About.REFUND if about.payment is not None:
                yield await self.payment(provider, about.payment)
            case About.DISPUTE if about.reference is not None:
                yield await self.dispute(provider, about.reference)
            case About.SETUP | About.METHOD if about.customer is not None:
                yield await self.methods(provider, about.customer)
            case About.CUSTOMER if about.reference is not None:
                yield await self.customer(provider, about.reference)

    async def everything(self, provider: str, customer_id: str) -> Observation:
        """All that the provider has of this customer."""
        account = await stored_account(self._engine, customer_id)
        link = None if account is None else account.books.links.get(provider)
        if account is None or link is None:
            return Observation(provider, customer_id, Findings())
        findings = (await self.customer(provider, link.reference)).findings
        findings += (await self.methods(provider, link.reference)).findings
        came_in = set[str]()
        for reference in await self._references(provider, link.reference, account.books):
            found = await self.records[provider].payment(reference)
            if found is not None:
                findings += (await self.found_payment(provider, found, complete=True)).findings
                if found.state is FoundStatus.SUCCEEDED and found.payment_id is not None:
                    came_in.add(found.payment_id)
        account = await stored_account(self._engine, customer_id) or account
        for payment in account.books.payments.values():
            if payment.provider == provider and payment.settled_at is not None and payment.failure is None:
                gone = differs(payment.id, "it came in by our books, and not there")
                findings += agreed(payment.id) if payment.id in came_in else gone
        return Observation(provider, customer_id, findings)

    async def _references(self, provider: str, customer: str, books: Books) -> Iterable[str]:
        """Of all payments that the provider has of the customer, each once, however often it was tried; where it lists
        none, of those that are known here."""
        listing = self.records[provider].listing
        if listing is None:
            return [
                payment.reference
                for payment in books.payments.values()
                if payment.provider == provider and payment.reference
            ]
        return dict.fromkeys([found.reference async for found in listing.payments(LONG_AGO, None, customer)])

    # ── recorded ─────────────────────────────────────────────────────────────────────────────────────────────────────
    async def repair(self, seen: Observation, by: By) -> Done:
        """Record what is safe, and tell support of the rest. Done again, it changes nothing. Raises Unknown where the
        provider is to be asked once more, and Refusal."""
        provider, customer_id, findings = seen
        if customer_id is None:
            for words in findings.drift:
                log.warning("a provider has what nobody here has", provider=provider, what=words)
            return Done((), findings.drift)
        repaired, drift = [], list(findings.drift)
        for command in findings.repairs:
            try:
                recorded = await self._record(customer_id, command, by)
            except Refusal as refusal:
                if not isinstance(command, RecordRefund):
                    raise
                drift.append(not_in_books(command, refusal))
            else:
                if recorded.entries:
                    repaired.append(type(command).__name__)
        asked = [payment_id for payment_id in findings.ask if await self._asked(customer_id, payment_id)]
        repaired += ["SettlePayment"] * len(asked)
        await self._note(seen, drift, by)
        return Done(tuple(repaired), tuple(drift))

    async def _asked(self, customer_id: str, payment_id: str) -> bool:
        """What has failed there is settled the way all charges are: its law is that nothing comes of it later. One that
        is under way is asked for anyhow; one that waits for the customer is asked for by nobody else."""
        if (recorded := await self._charging.settle(customer_id, payment_id)) is not None:
            return bool(recorded.entries)
        account = await stored_account(self._engine, customer_id)
        payment = None if account is None else account.books.payments.get(payment_id)
        if payment is not None and payment.waiting:
            raise Unknown("somebody else is at this payment")
        return False

    async def _note(self, seen: Observation, drift: list[str], by: By) -> None:
        provider, customer_id, findings = seen
        assert customer_id is not None
        about = tuple(dict.fromkeys((*findings.looked_at, *(words.partition(":")[0] for words in drift))))
        account = await stored_account(self._engine, customer_id)
        link = None if account is None else account.books.links.get(provider)
        if link is None:
            for words in drift:
                log.warning("of a customer who is not linked", customer_id=customer_id, provider=provider, what=words)
            return
        before = {words for words in link.drift if words.partition(":")[0] in about}
        if before != set(drift):
            await self._record(customer_id, NoteDrift(provider, tuple(drift), about), by)

    # ── whose ────────────────────────────────────────────────────────────────────────────────────────────────────────
    async def payer(self, provider: str, found: FoundPayment) -> str | None:
        async with self._engine.connect() as connection:
            customer_id = await provider_customers.owner_of(connection, found.payment_id)
            if customer_id is None and found.customer is not None:
                customer_id = await provider_customers.owner_of_reference(connection, provider, found.customer)
        return customer_id

    async def linked(self, provider: str, reference: str) -> str | None:
        async with self._engine.connect() as connection:
            return await provider_customers.owner_of_reference(connection, provider, reference)

    async def _unlinked(self, provider: str, customer_id: str) -> bool:
        account = await stored_account(self._engine, customer_id)
        return account is not None and provider not in account.books.links


def _is_ours(books: Books, found: FoundPayment) -> bool:
    """Whether it is what the books have as this payment, and not a second charge under the same id."""
    ours = books.payments.get(found.payment_id or "")
    if ours is None:
        return False
    came_in = ours.settled_at is not None and ours.failure is None  # until then its reference may change
    return not came_in or ours.reference in (None, found.reference)


def _is_link(books: Books, provider: str, reference: str) -> bool:
    link = books.links.get(provider)
    return link is not None and link.reference == reference
