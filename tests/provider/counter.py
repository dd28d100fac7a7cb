"""A shop at its endpoint, with the worker in the test's hand and Stripe across the wire."""

from dataclasses import dataclass
from typing import Any

from e2e.client import Api, Json, unique
from e2e.deployment import Deployment
from stripe_fake import FakeStripe
from stripe_fake.customers import complete_setup

from domain.access import ROLE_SCOPES, Role
from service.runtime import Runtime

WEBHOOK_SECRET = "whsec_counter"
LINK = "anonymousId provider providerCustomerId syncedAt pendingChanges drift"


@dataclass
class Counter:
    running: Deployment
    runtime: Runtime
    fake: FakeStripe

    @property
    def api(self) -> Api:
        return self.running.api

    async def do(self, mutation: str, shown: str, **input: Any) -> Json:
        return await self.api.do(mutation, shown, **{"idempotencyKey": unique(), **input})

    async def card(self, customer_id: str, card: str = "pm_card_visa", **input: Any) -> str:
        """What the customer types into Stripe's form, and the method that comes of it."""
        made = await self.do("createPaymentSetup", "clientSecret", customer={"id": customer_id}, **input)
        token = complete_setup(self.fake.account, made["clientSecret"], card)["id"]
        added = await self.do(
            "addPaymentMethod",
            "paymentMethod { id }",
            customer={"id": customer_id},
            provider="stripe",
            token=token,
            kind="card",
            label="Visa",
        )
        id: str = added["paymentMethod"]["id"]
        return id

    async def work(self) -> None:
        """What the worker does until nothing is left that cannot wait."""
        for _ in range(10):
            if not (await self.runtime.charging.queue.round() + await self.runtime.sync.queue.round()):
                return
        raise AssertionError("it never ends")

    async def link(self, customer_id: str) -> Json:
        query = f"query($id: ID!) {{ customer(ref: {{id: $id}}) {{ provider {{ {LINK} }} }} }}"
        found: Json = (await self.api.ask(query, id=customer_id))["customer"]["provider"]
        return found

    async def as_role(self, role: Role, *customer_ids: str) -> Api:
        """Somebody with all that the role may hold."""
        scopes = [str(scope) for scope in sorted(ROLE_SCOPES[role])]
        more: Json = {"customers": [{"id": id} for id in customer_ids]} if role is Role.PARTNER else {}
        made = await self.api.do("createApiKey", "secret", name=unique("key"), role=role, scopes=scopes, **more)
        return self.api.with_key(made["secret"])
