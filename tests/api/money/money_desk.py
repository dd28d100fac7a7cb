"""A seller with the admin key: plans, customers who live by test clocks, and what they are billed."""

from dataclasses import dataclass
from typing import Any

from e2e.client import Api, Json, unique

UNTAXED = {"country": "US"}
BEGIN = "2026-01-01T00:00:00Z"
LINE = "description quantity amount { amount } discount { amount } credit { amount } period { start end } kind taxRate"
INVOICE = f"""id number status subtotal {{ amount }} discount {{ amount }} credit {{ amount }} total {{ amount }}
    paid {{ amount }} due {{ amount }} tax {{ name rate amount {{ amount }} }} lines {{ id {LINE} }}"""
QUOTE = f"""token expiresAt effectiveAt dueNow {{ amount currency }} credited {{ amount }} lines {{ {LINE} }}
    nextInvoice {{ amount }} nextInvoiceAt conflicts {{ id change }} userErrors {{ code field message }}
    entitlementChanges {{ feature {{ key }} before {{ limit used }} after {{ limit used }} overBy }}"""


@dataclass
class Buyer:
    """A customer and the clock they live by."""

    id: str
    clock: str

    @property
    def ref(self) -> Json:
        return {"id": self.id}


def price(amount: str, key: str = "base", **more: Any) -> Json:
    return {"key": key, "model": "FLAT", "cadence": "MONTH", "currency": "USD", "unitAmount": amount, **more}


def seats(amount: str, included: int = 0) -> Json:
    return price(amount, "seat", model="PER_SEAT", included=included)


class Till:
    def __init__(self, api: Api) -> None:
        self.api = api

    async def plan(self, *prices: Json, entitlements: list[Json] | None = None, **version: Any) -> str:
        """A plan with these prices; its key."""
        key = unique("plan")
        sold = {"prices": list(prices), "entitlements": entitlements or [], **version}
        await self.api.do("createPlan", "plan { id }", key=key, name=key, version=sold)
        return key

    async def buyer(self, at: str = BEGIN, **input: Any) -> Buyer:
        """In a country without tax, unless another is named."""
        clock = await self.api.clock(at)
        return Buyer(await self.api.customer(clockId=clock, **{"address": UNTAXED, **input}), clock)

    async def to(self, buyer: Buyer, at: str) -> None:
        await self.api.advance(buyer.clock, at)

    async def subscribe(self, buyer: Buyer, plan: str, **input: Any) -> str:
        """The new subscription's id."""
        id: str = (await self.api.subscribe(buyer.id, plan, **input))["id"]
        return id

    async def do(self, mutation: str, shown: str, **input: Any) -> Json:
        return await self.api.do(mutation, shown, **{"idempotencyKey": unique(), **input})

    async def refused(self, mutation: str, shown: str = "", **input: Any) -> tuple[str, list[str] | None]:
        return await self.api.refused(mutation, shown, **{"idempotencyKey": unique(), **input})

    async def preview(self, query: str, **input: Any) -> Json:
        type_ = PREVIEWS[query]
        document = f"query($input: {type_}!) {{ {query}(input: $input) {{ {QUOTE} }} }}"
        quote: Json = (await self.api.ask(document, input={"idempotencyKey": "any", **input}))[query]
        return quote

    async def quoted(self, query: str, **input: Any) -> Json:
        """A quote that was not refused."""
        quote = await self.preview(query, **input)
        assert quote["userErrors"] == []
        return quote

    async def invoices(self, buyer: Buyer, shown: str = INVOICE) -> list[Json]:
        """The final ones, oldest first."""
        final = "first: 20, status: [OPEN, PAID, VOID, UNCOLLECTIBLE]"
        found = (await self.about(buyer, f"invoices({final}) {{ edges {{ node {{ {shown} }} }} }}"))["invoices"]
        return [edge["node"] for edge in found["edges"]][::-1]

    async def draft(self, buyer: Buyer, shown: str = INVOICE) -> Json:
        """The next invoice."""
        draft: Json = (await self.about(buyer, f"upcomingInvoice {{ {shown} }}"))["upcomingInvoice"]
        return draft

    async def about(self, buyer: Buyer, shown: str) -> Json:
        query = f"query($id: ID!) {{ customer(ref: {{id: $id}}) {{ {shown} }} }}"
        found: Json = (await self.api.ask(query, id=buyer.id))["customer"]
        return found


PREVIEWS = {
    "previewSubscribe": "SubscribeInput",
    "previewPlanChange": "ChangePlanInput",
    "previewQuantityChange": "ChangeQuantityInput",
    "previewAddOn": "AddAddOnInput",
    "previewAddOnRemoval": "RemoveAddOnInput",
    "previewCancellation": "CancelSubscriptionInput",
}
CHANGES = {
    "previewSubscribe": "subscribe",
    "previewPlanChange": "changePlan",
    "previewQuantityChange": "changeQuantity",
    "previewAddOn": "addAddOn",
    "previewAddOnRemoval": "removeAddOn",
    "previewCancellation": "cancelSubscription",
}
