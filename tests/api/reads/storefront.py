"""A shop to ask about, set up by the same commands as the API's, and those who ask."""

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import httpx

from adapters.postgres.reads import catalog
from api.context import Context
from api.schema import schema
from api.usage_batch import USAGE_BATCHES
from domain.access import ROLE_SCOPES, Role
from domain.account import Account, CustomerKind
from domain.catalog import PlanVersion
from domain.commands import AdvanceClock, CatchUp, CreateClock, RecordPayment, Subscribe
from graphql_edge.contract import Collaborators
from graphql_edge.endpoint import GraphQLEndpoint
from service.access.principal import Principal
from service.customers import NewCustomer, Personal
from service.ids import new_id
from service.runtime import Runtime
from service.usage import CustomerRef, UsageEvent
from service.write.record import By, Recorded

BY = By("admin", reason="a test")
NOON = datetime(2026, 1, 31, 12, tzinfo=UTC)


def _of(role: Role, id: str, customer_ids: frozenset[str] | None = None) -> Principal:
    return Principal(id, role, ROLE_SCOPES[role], customer_ids)


ADMIN = _of(Role.ADMIN, "admin")
SUPPORT = _of(Role.SUPPORT, "key_support")
SERVICE = _of(Role.SERVICE, "key_service")


def partner(*customer_ids: str) -> Principal:
    return _of(Role.PARTNER, "key_partner", frozenset(customer_ids))


def customer_token(customer_id: str) -> Principal:
    return _of(Role.CUSTOMER, customer_id, frozenset({customer_id}))


class Storefront:
    def __init__(self, runtime: Runtime) -> None:
        self.runtime = runtime
        self._callers: dict[str, Principal] = {}
        collaborators = Collaborators(
            authenticate=self._authenticate,
            context=lambda call: Context(runtime, call.principal, call.request_id, call.batch),
            batches=USAGE_BATCHES,
        )
        endpoint = GraphQLEndpoint(schema, collaborators)
        self._http = httpx.AsyncClient(transport=httpx.ASGITransport(endpoint), base_url="http://tollgate")

    async def _authenticate(self, authorization: str | None) -> Principal:
        assert authorization is not None
        return self._callers[authorization]

    # ── asking ───────────────────────────────────────────────────────────────────────────────────────────────────────
    async def answer(self, query: str, by: Principal = ADMIN, **variables: Any) -> dict[str, Any]:
        """The whole response."""
        who = str(id(by))
        self._callers[who] = by
        body = {"query": query, "variables": variables}
        response = await self._http.post("/graphql", json=body, headers={"authorization": who})
        answer: dict[str, Any] = response.json()
        assert "data" in answer, answer
        return answer

    async def ask(self, query: str, by: Principal = ADMIN, **variables: Any) -> dict[str, Any]:
        """The data of a response without errors."""
        answer = await self.answer(query, by, **variables)
        assert "errors" not in answer, answer["errors"]
        data: dict[str, Any] = answer["data"]
        return data

    async def code(self, query: str, by: Principal = ADMIN, **variables: Any) -> str:
        """The code of the only error."""
        (error,) = (await self.answer(query, by, **variables))["errors"]
        code: str = error["extensions"]["code"]
        return code

    # ── setting up ───────────────────────────────────────────────────────────────────────────────────────────────────
    async def customer(self, external_id: str, plan: str | None = None, clock_id: str | None = None) -> str:
        """Their id; subscribed to the plan, if one is named."""
        known = Personal(
            name=f"Ms {external_id}",
            email=f"{external_id}@example.org",
            address={"line1": "1 Rue", "country": "FR"},
            tax_id="FR123",
        )
        new = NewCustomer(external_id, CustomerKind.USER, "USD", "Europe/Paris", "FR", clock_id, known)
        account = await self.runtime.customers.create(new, BY)
        assert account.customer is not None
        if plan is not None:
            await self.subscribe(account.customer.id, plan)
        return account.customer.id

    async def subscribe(self, customer_id: str, plan: str) -> str:
        subscription_id = new_id("subscription")
        await self.record(customer_id, Subscribe(subscription_id, await self.version(plan)))
        return subscription_id

    async def pay(self, customer_id: str) -> str:
        """All that they owe, by bank transfer. Returns the payment's id."""
        payment_id, account = new_id("payment"), await self.account(customer_id)
        ((currency, amount),) = account.owing.amounts.items()
        await self.record(customer_id, RecordPayment(payment_id, amount, currency, "transfer 17"))
        return payment_id

    async def version(self, plan: str) -> PlanVersion:
        return (await catalog.catalog(self.runtime.engine)).catalog.on_sale(plan)

    async def record(self, stream_id: str, command: Any) -> Recorded:
        return await self.runtime.record(stream_id, command, BY)

    async def clock(self, now: datetime = NOON) -> str:
        clock_id = new_id("clock")
        await self.record(clock_id, CreateClock(clock_id, "a test", now))
        return clock_id

    async def advance(self, clock_id: str, to: datetime, *catching_up: str) -> None:
        await self.record(clock_id, AdvanceClock(to))
        for customer_id in catching_up:
            await self.record(customer_id, CatchUp())

    async def use(self, customer_id: str, type: str, value: str, at: datetime | None = None) -> None:
        event = UsageEvent(new_id("usage"), CustomerRef(customer_id), type, at, Decimal(value))
        (outcome,) = await self.runtime.usage.record([event], None)
        assert outcome.status.value == "ACCEPTED", outcome.message

    async def account(self, customer_id: str) -> Account:
        state: Account = (await self.record(customer_id, CatchUp())).state
        return state
