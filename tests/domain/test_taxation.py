"""How a line is taxed, and which settings of the seller make sense."""

from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from msgspec.structs import replace

from domain.country import VAT_PREFIXES, in_union, is_country
from domain.errors import ErrorCode, Refusal
from domain.policy import BurnBy
from domain.seller import BillingSettings, Dunning, Seller, Series
from domain.seller_check import check_settings, iban_holds
from domain.tax import PREPAID_CATEGORY, TaxCode, TaxRate, Treatment
from domain.totals import Buyer, treatment

DAY = date(2026, 3, 1)


def rate(country: str, percent: str, category: str = "standard", **more: Any) -> TaxRate:
    return TaxRate(country, category, f"VAT {percent} % {country}", Decimal(percent), **more)


GERMAN = BillingSettings(
    seller=Seller("Beispiel GmbH", country="DE"),
    tax_rates=(
        rate("DE", "19", until=date(2020, 7, 1)),
        rate("DE", "16", since=date(2020, 7, 1), until=date(2021, 1, 1)),
        rate("DE", "19", since=date(2021, 1, 1)),
        rate("DE", "7", "books"),
        rate("DE", "0", "lessons", code=TaxCode.EXEMPT, reason="Exempt: § 4 Nr. 21 UStG"),
        rate("DE", "0", "solar"),
        rate("FR", "20"),
        rate("CH", "8.1"),
    ),
)


def levied(country: str | None, category: str = "standard", on: date = DAY, **facts: Any) -> Treatment:
    return treatment(GERMAN, Buyer(country, **facts), category, on)


def test_at_home_the_sellers_rate_holds_for_consumers_and_businesses() -> None:
    assert levied("DE") == Treatment("VAT 19 % DE", Decimal(19))
    assert levied("DE", business=True, tax_id_country="DE") == levied("DE")


def test_a_buyer_of_no_known_country_is_treated_as_at_home() -> None:
    assert levied(None) == levied("DE")


@pytest.mark.parametrize(
    ("on", "percent"),
    [
        (date(2020, 6, 30), 19),
        (date(2020, 7, 1), 16),  # Germany, second half of 2020
        (date(2020, 12, 31), 16),
        (date(2021, 1, 1), 19),
    ],
)
def test_the_rate_is_that_of_the_day(on: date, percent: int) -> None:
    assert levied("DE", on=on).percent == percent


def test_a_category_without_a_rate_of_its_own_has_the_standard_one() -> None:
    assert levied("DE", "books").percent == 7
    assert levied("DE", "games").percent == 19
    assert levied("FR", "books").percent == 20


def test_a_rate_of_zero_is_zero_rated_or_what_it_says() -> None:
    assert levied("DE", "solar").code is TaxCode.ZERO
    lessons = levied("DE", "lessons")
    assert (lessons.code, lessons.reason) == (TaxCode.EXEMPT, "Exempt: § 4 Nr. 21 UStG")


def test_a_business_of_another_member_state_accounts_for_the_tax_itself() -> None:
    reverse = levied("FR", business=True, tax_id_country="FR")
    assert (reverse.code, reverse.percent) == (TaxCode.REVERSE_CHARGE, 0)
    assert reverse.reason is not None
    assert "Article 196" in reverse.reason


@pytest.mark.parametrize(
    "facts",
    [
        {"business": True},  # no number, or none that is valid
        {"business": False, "tax_id_country": "FR"},
        {"business": True, "tax_id_country": "DE"},  # of the seller's own state
        {"business": True, "tax_id_country": "XI"},  # Northern Ireland is in the Union for goods only
        {"business": True, "tax_id_country": "CH"},
    ],
)
def test_without_the_number_of_another_member_state_there_is_no_reverse_charge(facts: dict[str, Any]) -> None:
    assert levied("FR", **facts) == Treatment("VAT 20 % FR", Decimal(20))


def test_a_consumer_of_another_member_state_pays_the_rate_of_that_state() -> None:
    assert levied("FR").percent == 20
    assert levied("MC").percent == 20  # Monaco is France to value added tax


def test_and_where_none_is_configured_the_sellers_own() -> None:
    assert levied("AT") == levied("DE")
    assert levied("AT", "books") == levied("DE", "books")


@pytest.mark.parametrize("country", ["US", "GB", "IM", "NO"])
def test_outside_the_union_nothing_is_levied_and_the_invoice_says_why(country: str) -> None:
    outside = levied(country, business=country == "GB")
    assert (outside.code, outside.percent) == (TaxCode.OUTSIDE_SCOPE, 0)
    assert outside.reason == (
        "Not subject to VAT in DE: supplied where the recipient belongs (Articles 44 and 59, Directive 2006/112/EC)"
    )


def test_unless_a_rate_of_that_country_is_configured() -> None:
    assert levied("CH", business=True, tax_id_country="CH").percent == Decimal("8.1")


def test_a_seller_without_rates_levies_nothing_and_says_so() -> None:
    at_home = treatment(BillingSettings(), Buyer("US"), "standard", DAY)
    assert (at_home.code, at_home.reason) == (TaxCode.OUTSIDE_SCOPE, "Not subject to tax: none is levied in US")
    abroad = treatment(BillingSettings(), Buyer("FR", business=True, tax_id_country="FR"), "standard", DAY)
    assert (abroad.code, abroad.reason) == (
        TaxCode.OUTSIDE_SCOPE,
        "Not subject to tax in US: supplied where the recipient belongs",
    )


def test_a_seller_from_elsewhere_who_is_registered_in_a_member_state_knows_its_businesses() -> None:
    registered = replace(BillingSettings(), tax_rates=(rate("FR", "20"),))
    assert treatment(registered, Buyer("FR"), "standard", DAY).percent == 20
    business = Buyer("FR", business=True, tax_id_country="FR")
    assert treatment(registered, business, "standard", DAY).code is TaxCode.REVERSE_CHARGE


@pytest.mark.parametrize("country", [None, "DE", "FR", "US"])
def test_credit_that_is_bought_is_taxed_when_it_is_used_not_when_it_is_paid_for(country: str | None) -> None:
    assert levied(country, PREPAID_CATEGORY).code is TaxCode.OUTSIDE_SCOPE
    own = replace(GERMAN, tax_rates=(*GERMAN.tax_rates, rate("DE", "19", PREPAID_CATEGORY)))
    assert treatment(own, Buyer("DE"), PREPAID_CATEGORY, DAY).percent == 19


def test_whatever_levies_nothing_says_why() -> None:
    for country in ("DE", "FR", "US", None):
        for category in ("standard", "lessons", PREPAID_CATEGORY):
            for facts in ({}, {"business": True, "tax_id_country": "FR"}):
                one = levied(country, category, **facts)
                assert (one.percent == 0) == (one.reason is not None)


def test_the_union_has_27_members_and_services_of_northern_ireland_are_not_in_it() -> None:
    assert len(VAT_PREFIXES) == 27
    assert VAT_PREFIXES["GR"] == "EL"
    assert not in_union("GB")
    assert not in_union("XI")
    assert is_country("DE")
    assert not is_country("EL")


# ── settings ──


def test_the_settings_we_begin_with_and_those_above_make_sense() -> None:
    check_settings(BillingSettings())
    check_settings(GERMAN)


LONDON = "GB82 WEST 1234 5698 7654 32"


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"seller": Seller(" ")}, "seller.name"),
        ({"seller": Seller(postal_code="1" * 201)}, "seller.postal_code"),
        ({"seller": Seller(small_print="1" * 2001)}, "seller.small_print"),
        ({"seller": Seller(country="EL")}, "seller.country"),
        ({"seller": Seller(country="us")}, "seller.country"),
        ({"seller": Seller(iban=LONDON.replace("32", "33"))}, "seller.iban"),
        ({"seller": Seller(bic="DEUT")}, "seller.bic"),
        ({"zone": "Mars/Olympus"}, "zone"),
        ({"invoices": Series("")}, "invoices.prefix"),
        ({"invoices": Series("IN V")}, "invoices.prefix"),
        ({"invoices": Series("INV-", 0)}, "invoices.digits"),
        ({"credit_notes": Series("CN-", 13)}, "credit_notes.digits"),
        ({"credit_notes": Series("INV-")}, "credit_notes.prefix"),
        ({"credit_notes": Series("INV-2026-")}, "credit_notes.prefix"),
        ({"net_days": -1}, "net_days"),
        ({"net_days": 366}, "net_days"),
        ({"corrections_days": -1}, "corrections_days"),
        ({"quote_minutes": 0}, "quote_minutes"),
        ({"dunning": Dunning((2, 0))}, "dunning.retry_days.1"),
        ({"dunning": Dunning((1,) * 21)}, "dunning.retry_days"),
        ({"dunning": Dunning(grace_days=-1)}, "dunning.grace_days"),
        ({"burn_order": (BurnBy.AGE, BurnBy.PRIORITY, BurnBy.AGE)}, "burn_order"),
        ({"tax_rates": (rate("DE", "19"), rate("EL", "24"))}, "tax_rates.1.country"),
        ({"tax_rates": (rate("DE", "19", "Big Books"),)}, "tax_rates.0.category"),
        ({"tax_rates": (rate("DE", "-1"),)}, "tax_rates.0.percent"),
        ({"tax_rates": (rate("DE", "100.01"),)}, "tax_rates.0.percent"),
        ({"tax_rates": (rate("DE", "NaN"),)}, "tax_rates.0.percent"),
        ({"tax_rates": (rate("DE", "8.87555"),)}, "tax_rates.0.percent"),
        ({"tax_rates": (rate("DE", "19", since=DAY, until=DAY),)}, "tax_rates.0.until"),
        ({"tax_rates": (rate("DE", "19", until=DAY), rate("DE", "20", since=date(2026, 2, 28)))}, "tax_rates.1.since"),
        ({"tax_rates": (rate("DE", "19"), rate("DE", "19"))}, "tax_rates.1.since"),
        ({"tax_rates": (rate("DE", "19", code=TaxCode.EXEMPT),)}, "tax_rates.0.code"),
        ({"tax_rates": (rate("DE", "0", code=TaxCode.REVERSE_CHARGE),)}, "tax_rates.0.code"),
        ({"tax_rates": (rate("DE", "0", code=TaxCode.EXEMPT),)}, "tax_rates.0.reason"),
        ({"tax_rates": (rate("DE", "19", reason="because"),)}, "tax_rates.0.reason"),
    ],
)
def test_a_setting_that_makes_no_sense_is_refused_by_its_field(change: dict[str, Any], field: str) -> None:
    with pytest.raises(Refusal) as refused:
        check_settings(replace(BillingSettings(), **change))
    assert (refused.value.code, ".".join(refused.value.field)) == (ErrorCode.INVALID, field)


def test_rates_may_meet_and_series_may_share_the_beginning_of_their_prefix() -> None:
    check_settings(replace(BillingSettings(), tax_rates=(rate("DE", "19", until=DAY), rate("DE", "20", since=DAY))))
    check_settings(
        replace(BillingSettings(), credit_notes=Series("INV-CN-"), seller=Seller(iban=LONDON, bic="DEUTDEFF500"))
    )


@pytest.mark.parametrize(
    ("iban", "holds"),
    [
        ("GB82WEST12345698765432", True),
        ("DE89370400440532013000", True),
        ("DE89370400440532013001", False),
        ("DE8937040044053201300", False),
        ("", False),
    ],
)
def test_the_check_digits_of_an_account_number(iban: str, holds: bool) -> None:
    assert iban_holds(iban) is holds
