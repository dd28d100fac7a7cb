"""Customers: where they live and in what money, and what is left when they are erased."""

import pytest
from timeline import NEW_YORK, PARIS, PRO, Timeline, on, plan

from domain import commands as c
from domain.account import Account, Customer, CustomerKind
from domain.decide import decide_account
from domain.errors import ErrorCode, Refusal
from domain.events import CustomerCreated
from domain.lifecycle.due import next_due
from domain.rights.account_rights import entitlements
from domain.subscription import ChangeQuantity, SubscriptionStatus


def somebody(currency: str = "EUR", timezone: str = PARIS, country: str | None = None) -> Customer:
    created_at = on("1999-01-01")  # whatever the caller says: the instant of the decision counts
    return Customer("customer_1", CustomerKind.USER, "anon_1", {"name": "…"}, currency, timezone, created_at, country)


def alive(country: str | None = None) -> Timeline:
    life = Timeline()
    life.account, life.journal = Account(), []
    life.do("2026-01-01", c.CreateCustomer(somebody(country=country)))
    return life


# ── creating ──
def test_a_customer_is_created_at_the_instant_of_the_decision() -> None:
    [created] = decide_account(Account(), c.CreateCustomer(somebody()), on("2026-01-01"))
    assert isinstance(created, CustomerCreated)
    assert created.customer.created_at == on("2026-01-01")


def test_a_customer_is_created_once() -> None:
    life = alive()
    with life.refuses(ErrorCode.ALREADY_EXISTS) as no:
        life.do("2026-01-02", c.CreateCustomer(somebody()))
    assert no.value.field == ("external_id",)


@pytest.mark.parametrize("currency", ["EU", "eur", "XXX", "BTC"])
def test_a_currency_is_one_of_iso_4217(currency: str) -> None:
    with pytest.raises(Refusal) as no:
        decide_account(Account(), c.CreateCustomer(somebody(currency=currency)), on("2026-01-01"))
    assert (no.value.code, no.value.field) == (ErrorCode.INVALID, ("currency",))


@pytest.mark.parametrize("timezone", ["Paris", "europe/paris", "+01:00", "localtime", ""])
def test_a_time_zone_is_one_of_iana(timezone: str) -> None:
    with pytest.raises(Refusal) as no:
        decide_account(Account(), c.CreateCustomer(somebody(timezone=timezone)), on("2026-01-01"))
    assert (no.value.code, no.value.field) == (ErrorCode.INVALID, ("timezone",))


def test_nothing_else_can_be_asked_of_a_customer_who_is_not_there() -> None:
    commands: list[c.AccountCommand] = [
        c.UpdateCustomer(),
        c.EraseCustomer(),
        c.Subscribe("s1", PRO),
        c.RevokeEntitlement("g1"),
        c.CatchUp(),
    ]
    for command in commands:
        with pytest.raises(Refusal) as no:
            decide_account(Account(), command, on("2026-01-01"))
        assert (no.value.code, no.value.field) == (ErrorCode.NOT_FOUND, ("customer",))


# ── updating ──
def test_an_update_says_only_what_changed() -> None:
    life = alive()
    life.do("2026-01-02", c.UpdateCustomer(sealed={"email": "…"}, currency="EUR", timezone=NEW_YORK))
    changed = life.journal[-1].event
    assert changed == type(changed)(sealed={"email": "…"}, timezone=NEW_YORK)
    assert life.customer.sealed == {"name": "…", "email": "…"}
    assert (life.customer.currency, life.customer.timezone) == ("EUR", NEW_YORK)


def test_an_update_that_changes_nothing_writes_nothing() -> None:
    life = alive(country="FR")
    for nothing in (
        c.UpdateCustomer(),
        c.UpdateCustomer(currency="EUR", timezone=PARIS, country="FR"),
        c.UpdateCustomer(sealed={"taxId": None}),
    ):
        assert life.do("2026-01-02", nothing) == []


def test_a_field_that_is_not_given_stays_and_one_that_is_given_as_none_goes() -> None:
    life = alive(country="FR")
    life.do("2026-01-02", c.UpdateCustomer(sealed={"email": "…"}))
    assert (life.customer.sealed, life.customer.country) == ({"name": "…", "email": "…"}, "FR")
    assert (life.customer.currency, life.customer.timezone) == ("EUR", PARIS)
    life.do("2026-01-03", c.UpdateCustomer(sealed={"name": None}, country=None))
    assert (life.customer.sealed, life.customer.country) == ({"email": "…"}, None)


def test_the_currency_is_pinned_by_a_subscription_that_runs_or_will() -> None:
    life = Timeline("2026-01-01", currency="USD")
    life.subscribe("2026-01-01", PRO, start_at="2026-02-01")
    for at in ("2026-01-01", "2026-02-02"):
        with life.refuses(ErrorCode.CURRENCY_MISMATCH):
            life.do(at, c.UpdateCustomer(currency="EUR"))
    life.cancel("2026-02-03", "NOW")
    life.do("2026-02-03", c.UpdateCustomer(currency="EUR"))
    assert life.customer.currency == "EUR"


def test_a_wrong_currency_or_zone_changes_nothing() -> None:
    life = alive()
    for wrong in (c.UpdateCustomer(currency="ZZZ", timezone=NEW_YORK), c.UpdateCustomer(timezone="Mars/Olympus")):
        with life.refuses(ErrorCode.INVALID):
            life.do("2026-01-02", wrong)


# ── erasing ──
def test_erasing_ends_everything_that_is_open_and_forgets_the_person() -> None:
    life = alive()
    life.subscribe("2026-01-01", plan("free"))
    life.subscribe("2026-01-01", plan("later"), start_at="2026-02-01")
    life.change("2026-01-02", ChangeQuantity(2), "PERIOD_END")
    life.grant("2026-01-02", "sso", enabled=True, expires_at="2026-06-01")
    assert life.do("2026-01-10", c.EraseCustomer()) == [
        "2026-01-10: s1 c1 withdrawn: customer erased",
        "2026-01-10: s1 ended, ERASED",
        "2026-01-10: s2 ended, ERASED",
        "2026-01-10: g1 revoked",
        "2026-01-10: customer erased",
    ]
    assert (life.customer.sealed, life.customer.erased_at) == ({}, on("2026-01-10"))
    assert life.customer.anonymous_id == "anon_1"
    assert {held.status for held in life.account.subscriptions} == {SubscriptionStatus.ENDED}


def test_an_erased_customer_has_no_rights_and_nothing_due() -> None:
    life = alive()
    life.subscribe("2026-01-01", plan("free"))
    life.grant("2026-01-02", "sso", enabled=True, expires_at="2026-06-01")
    life.do("2026-01-10", c.EraseCustomer())
    assert entitlements(life.account, on("2026-01-10")) == ()
    assert next_due(life.account) is None


def test_erasing_twice_changes_nothing() -> None:
    life = alive()
    life.do("2026-01-10", c.EraseCustomer())
    assert life.do("2026-01-11", c.EraseCustomer()) == []


def test_an_erased_customer_can_do_nothing_any_more() -> None:
    life = alive()
    life.do("2026-01-10", c.EraseCustomer())
    for command in (c.UpdateCustomer(timezone=NEW_YORK), c.Subscribe("s1", plan("free")), c.RevokeEntitlement("g1")):
        with life.refuses(ErrorCode.NOT_FOUND) as no:
            life.do("2026-01-11", command)
        assert no.value.message == "the customer was erased"
    assert life.until("2026-02-01") == []
