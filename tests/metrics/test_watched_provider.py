"""A provider that is watched answers as it did, and each call is counted by what came of it."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from decimal import Decimal as D
from typing import Self

import pytest

from adapters.metrics import Instruments
from adapters.payments.simulated import Simulated
from domain.money import Money
from domain.providers.provider import ChargeRequest, Failed, Processing, Repayment, Succeeded, Unknown
from domain.providers.records import FoundCustomer
from service.providers.payments.watched import watched


class Provider(Simulated):
    """The simulated one, with more moods."""

    word = "not asked for"

    async def portal(self, reference: str, return_url: str) -> str:
        raise RuntimeError(f"broken for {reference}")

    async def detach(self, token: str) -> None:
        await asyncio.sleep(60)


class Records:
    """To which the connection breaks."""

    @property
    def listing(self) -> Self:
        return self

    async def customer(self, reference: str) -> FoundCustomer | None:
        raise ConnectionResetError(f"on the way to {reference}")

    async def customers(self, since: datetime) -> AsyncIterator[FoundCustomer]:
        yield FoundCustomer("cus_1", None)
        raise TimeoutError


LONG_AGO = datetime(2000, 1, 1, tzinfo=UTC)


def charge(token: str, id: str = "payment_1") -> ChargeRequest:
    return ChargeRequest(id, "anon_1", Money(D(5), "USD"), token)


def counted(instruments: Instruments, name: str = "billing_provider_call_seconds_count") -> dict[str, float]:
    """ "operation outcome" → how often."""
    return {
        f"{sample.labels['operation']} {sample.labels['outcome']}": sample.value
        for family in instruments.registry.collect()
        for sample in family.samples
        if sample.name == name
    }


async def test_calls_are_counted_by_operation_and_outcome() -> None:
    instruments = Instruments()
    provider = watched(Provider(), "simulated", instruments, None)
    assert isinstance(await provider.charge(charge("succeeds")), Succeeded)
    assert isinstance(await provider.charge(charge("succeeds")), Succeeded)
    assert isinstance(await provider.charge(charge("declines", "payment_2")), Failed)
    assert await provider.outcome_of(charge("succeeds", "payment_9")) is None
    assert isinstance(await provider.refund(Repayment("refund_1", "payment_1", Money(D(1), "USD"), None)), Succeeded)
    assert counted(instruments) == {
        "charge Succeeded": 2,
        "charge Failed": 1,
        "outcome_of Answered": 1,
        "refund Succeeded": 1,
    }
    assert counted(instruments, "billing_provider_call_errors_total") == {}


async def test_what_nobody_knows_the_outcome_of_is_an_error_and_raised_as_it_was() -> None:
    instruments = Instruments()
    provider = watched(Provider(), "simulated", instruments, None)
    with pytest.raises(Unknown):
        await provider.charge(charge("times_out_before_charging"))
    with pytest.raises(RuntimeError, match="broken for cus_1"):
        await provider.portal("cus_1", "https://example.com")
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(provider.detach("pm_1"), 0.01)
    errors = counted(instruments, "billing_provider_call_errors_total")
    assert errors == {"charge Unknown": 1, "portal Error": 1, "detach Cancelled": 1}
    assert counted(instruments) == errors


async def test_a_connection_that_breaks_is_what_nobody_knows_the_outcome_of() -> None:
    """And no outage of the database."""
    instruments = Instruments()
    records = watched(Records(), "simulated", instruments, None)
    with pytest.raises(Unknown, match=r"^no answer: ConnectionResetError$"):
        await records.customer("cus_1")
    found = records.listing.customers(LONG_AGO)
    assert await anext(found) == FoundCustomer("cus_1", None)
    with pytest.raises(Unknown, match=r"^no answer: TimeoutError$"):
        await anext(found)
    assert counted(instruments, "billing_provider_call_errors_total") == {"customer Unknown": 1}


async def test_what_takes_days_at_a_bank_is_no_error() -> None:
    instruments = Instruments()
    provider = watched(Provider(), "simulated", instruments, None)
    with pytest.raises(Processing):
        await provider.charge(charge("debit"))
    assert counted(instruments) == {"charge Processing": 1}
    assert counted(instruments, "billing_provider_call_errors_total") == {}


def test_what_is_no_call_is_the_providers_own() -> None:
    inner = Provider()
    provider = watched(inner, "simulated", Instruments(), None)
    assert provider.word == "not asked for"
    assert provider.made is inner.made
    with pytest.raises(AttributeError):
        provider.nothing  # noqa: B018
