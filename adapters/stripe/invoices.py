"""A mirror of our invoices at Stripe, for its customer portal and its dashboard. It collects and decides nothing.

A draft there is brought to the newest state of ours by its smallest change: what is the same costs no request, so that
pushing again after a lost answer is harmless. Lines are amounts called "Line 1", "Line 2" and so on: what was bought is
none of Stripe's business. One push at a time per invoice; who pushes sees to that.
"""

from decimal import Decimal

from msgspec import Struct
from stripe import InvalidRequestError, Invoice, InvoiceItem, ListObject

from adapters.stripe.client import Api
from adapters.stripe.errors import code_of, is_missing
from adapters.stripe.minor import money, units
from adapters.stripe.ours import INVOICE, LINE, ours
from adapters.stripe.pages import PAGE, every
from domain.exact import exact_sum
from domain.money import Money
from domain.providers.provider import Unknown


class CopiedInvoice(Struct, frozen=True):
    """`lines`: all that makes up the total, tax among them, in the currency's digits; some may be below zero, as for
    what is given back, but never their sum."""

    invoice_id: str
    currency: str
    lines: tuple[Decimal, ...]

    @property
    def total(self) -> Money:
        return Money(exact_sum(self.lines), self.currency)


class AtStripe(Struct, frozen=True):
    """`difference`: Stripe's total less ours. Anything but zero is an incident. `status`: draft, open, paid, void."""

    reference: str
    status: str
    total: Money
    difference: Decimal


class Invoices:
    """Raises Unknown; and Unchargeable for an amount that Stripe cannot say."""

    def __init__(self, api: Api) -> None:
        self._api = api

    async def push(self, customer: str, mirrored: CopiedInvoice, reference: str | None = None) -> AtStripe:
        """Make the draft at Stripe, or bring it to this state. `reference`: its draft, as it was known last; one that
        was deleted since, here or in the dashboard, is made anew. One that is final already is left as it is, and
        compared."""
        amounts = [units(Money(line, mirrored.currency)) for line in mirrored.lines]
        try:
            found = await self._found(customer, mirrored.invoice_id, reference)
            if found is None:
                found = await self._made(customer, mirrored, lost=reference)
            if found.status == "draft":
                await self._bring(customer, found.id, mirrored.currency, amounts)
                found = await self._there(customer, found.id)
        except InvalidRequestError as error:
            raise Unknown(f"Stripe takes no draft: {code_of(error)}") from error
        return compared(found, mirrored)

    async def finalize(self, customer: str, mirrored: CopiedInvoice, reference: str) -> AtStripe:
        """After this Stripe's is as final as ours. Done twice is done once."""
        found = await self._there(customer, reference)
        if found.status == "draft":
            try:
                async with self._api.turn(customer) as v1:
                    found = await v1.invoices.finalize_invoice_async(reference, {"auto_advance": False})
            except InvalidRequestError:  # somebody else has
                found = await self._there(customer, reference)
        return compared(found, mirrored)

    async def mark_paid(self, customer: str, reference: str) -> bool:
        """It was paid, and not through this invoice: nothing is charged. False: it is void, or gone."""
        found = await self._look(customer, reference)
        if found is not None and found.status == "open":
            try:
                async with self._api.turn(customer) as v1:
                    found = await v1.invoices.pay_async(reference, {"paid_out_of_band": True})
            except InvalidRequestError:  # somebody else has
                found = await self._look(customer, reference)
        return found is not None and found.status == "paid"

    async def withdraw(self, customer: str, reference: str) -> None:
        """A draft is deleted, what is final and unpaid becomes void. Done twice is done once."""
        found = await self._look(customer, reference)
        if found is None:
            return
        try:
            if found.status == "draft":
                async with self._api.turn(customer) as v1:
                    await v1.invoices.delete_async(reference)
            elif found.status in ("open", "uncollectible"):
                async with self._api.turn(customer) as v1:
                    await v1.invoices.void_invoice_async(reference)
        except InvalidRequestError as error:
            if not is_missing(error):
                raise Unknown(f"Stripe keeps the invoice: {code_of(error)}") from error

    async def _found(self, customer: str, invoice_id: str, reference: str | None) -> Invoice | None:
        known = None if reference is None else await self._look(customer, reference)
        if known is not None:
            return known

        async def ask(after: str | None) -> ListObject[Invoice]:
            async with self._api.turn(customer) as v1:
                return await v1.invoices.list_async(
                    {"customer": customer, "limit": PAGE, **({"starting_after": after} if after is not None else {})}
                )

        async for invoice in every(ask):
            if ours(invoice, INVOICE) == invoice_id:
                return invoice
        return None

    async def _made(self, customer: str, mirrored: CopiedInvoice, lost: str | None) -> Invoice:
        # Under the same key Stripe would answer for a day with the one that is gone, or with another customer's.
        key = "/".join([mirrored.invoice_id, customer, *([lost] if lost is not None else [])])
        async with self._api.turn(customer) as v1:
            return await v1.invoices.create_async(
                {
                    "customer": customer,
                    "currency": mirrored.currency.lower(),
                    "auto_advance": False,  # Stripe neither finalizes nor collects it by itself
                    "collection_method": "charge_automatically",  # the other one has Stripe ask for money by mail
                    "pending_invoice_items_behavior": "exclude",
                    "metadata": {INVOICE: mirrored.invoice_id},
                },
                {"idempotency_key": key},
            )

    async def _look(self, customer: str, reference: str) -> Invoice | None:
        try:
            async with self._api.turn(customer) as v1:
                return await v1.invoices.retrieve_async(reference)
        except InvalidRequestError as error:
            if is_missing(error):
                return None
            raise Unknown(f"Stripe does not show the invoice: {code_of(error)}") from error

    async def _there(self, customer: str, reference: str) -> Invoice:
        found = await self._look(customer, reference)
        if found is None:
            raise Unknown("Stripe's copy of the invoice is gone")
        return found

    async def _bring(self, customer: str, invoice: str, currency: str, amounts: list[int]) -> None:
        async def ask(after: str | None) -> ListObject[InvoiceItem]:
            async with self._api.turn(customer) as v1:
                return await v1.invoice_items.list_async(
                    {"invoice": invoice, "limit": PAGE, **({"starting_after": after} if after is not None else {})}
                )

        there = [line async for line in every(ask)]
        wanted = {str(place): amount for place, amount in enumerate(amounts, 1)}
        for item in there:
            place = ours(item, LINE)
            amount = wanted.pop(place, None) if place is not None else None
            if amount is None:  # gone, made twice, or added by hand
                async with self._api.turn(customer) as v1:
                    await v1.invoice_items.delete_async(item.id)
            elif amount != item.amount:
                async with self._api.turn(customer) as v1:
                    await v1.invoice_items.update_async(item.id, {"amount": amount})
        for place, amount in wanted.items():
            async with self._api.turn(customer) as v1:
                await v1.invoice_items.create_async(
                    {
                        "customer": customer,
                        "invoice": invoice,
                        "currency": currency.lower(),
                        "amount": amount,
                        "description": f"Line {place}",
                        "metadata": {LINE: place},
                    }
                )


def compared(found: Invoice, mirrored: CopiedInvoice) -> AtStripe:
    """Total with total: what Stripe wants to be paid may differ by a balance it keeps, which is no part of ours."""
    total = money(found.total, found.currency)
    difference = total - mirrored.total
    return AtStripe(found.id, found.status or "draft", total, difference.amount)
