"""Stripe as the service sees it: one object for all that is asked of a provider."""

from adapters.stripe import invoices
from adapters.stripe.charge import StripePayments
from adapters.stripe.client import Api
from adapters.stripe.customers import StripeCustomers
from adapters.stripe.invoices import Invoices
from adapters.stripe.methods import StripeMethods
from adapters.stripe.minor import Unchargeable
from adapters.stripe.portal import Portal
from domain.providers.provider import (
    Capabilities,
    ChargeRequest,
    Mirror,
    Mirrored,
    MirrorState,
    Outcome,
    Succeeded,
    Unknown,
    Unsayable,
)

DELETIONS_MAX = 10
"""How often one customer may have been deleted in the dashboard within the day that Stripe remembers a key."""


class StripeProvider:
    capabilities = Capabilities(form=True, portal=True, copies=True)

    def __init__(self, api: Api) -> None:
        self.api = api
        self._customers = StripeCustomers(api)
        self._methods = StripeMethods(api)
        self._invoices = Invoices(api)
        self._payments = StripePayments(api, self.link)
        self.charge = self._payments.charge
        self.refund = self._payments.refund
        self.forget = self._customers.delete
        self.methods = self._methods.all
        self.detach = self._methods.detach
        self.portal = Portal(api).open

    # ── payments ─────────────────────────────────────────────────────────────────────────────────────────────────────
    async def outcome_of(self, charge: ChargeRequest) -> Outcome | None:
        """A question makes no customer: of one who is not linked it is searched for."""
        return await self._payments.outcome_of(charge.payment_id, customer=charge.customer)

    async def withdraw(self, charge: ChargeRequest) -> Succeeded | None:
        return await self._payments.withdraw(charge.payment_id, charge.anonymous_id, charge.customer)

    # ── customers ────────────────────────────────────────────────────────────────────────────────────────────────────
    async def link(self, anonymous_id: str) -> str:
        """One that was deleted in the dashboard is still named by Stripe for a while: then another is made."""
        found = await self._customers.link(anonymous_id)
        for _ in range(DELETIONS_MAX):
            if await self._customers.exists(found):
                return found
            found = await self._customers.link(anonymous_id, lost=found)
        raise Unknown("Stripe names only customers that are gone")

    async def set_up(self, reference: str, key: str) -> str:
        return (await self._methods.set_up(reference, key)).client_secret

    async def set_default(self, reference: str, token: str) -> None:
        await self._methods.set_default(reference, token)

    async def push(self, reference: str, mirror: Mirror, copy: str | None) -> Mirrored:
        if mirror.state is MirrorState.GONE:
            if copy is not None:
                await self._invoices.withdraw(reference, copy)
            return Mirrored(None, None)
        copied = invoices.CopiedInvoice(mirror.invoice_id, mirror.currency, mirror.lines)
        try:
            found = await self._invoices.push(reference, copied, copy)
        except Unchargeable as why:
            raise Unsayable(str(why)) from None
        if mirror.state is not MirrorState.DRAFT and found.status == "draft":
            if found.difference:  # what is final there cannot be brought into line any more
                raise Unknown("Stripe's draft does not come to ours")
            found = await self._invoices.finalize(reference, copied, found.reference)
        if mirror.state is MirrorState.PAID and found.status == "open":
            await self._invoices.mark_paid(reference, found.reference)
        return Mirrored(found.reference, found.total)
