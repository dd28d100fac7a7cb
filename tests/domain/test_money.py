"""Money: exact decimals, one currency per sum, rounded in one place."""

from decimal import Decimal
from itertools import product
from string import ascii_uppercase
from typing import get_type_hints

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.money import CurrencyMismatch, Money, digits, is_currency, total, zero

AMOUNTS = st.decimals(-(10**18), 10**18, places=12, allow_nan=False, allow_infinity=False)


def eur(amount: str) -> Money:
    return Money(Decimal(amount), "EUR")


@pytest.mark.parametrize(
    ("currency", "amount", "written"),
    [
        ("JPY", "1234.5", "1235"),
        ("EUR", "1234.565", "1234.57"),
        ("BHD", "1.0005", "1.001"),
        ("CLF", "1.00005", "1.0001"),
        ("EUR", "7", "7.00"),
    ],
)
def test_an_amount_goes_out_with_the_digits_of_its_currency(currency: str, amount: str, written: str) -> None:
    assert str(Money(Decimal(amount), currency).rounded().amount) == written


@pytest.mark.parametrize(
    ("amount", "rounded"),
    [("0.125", "0.13"), ("-0.125", "-0.13"), ("-0.001", "0.00"), ("0.1249999", "0.12"), ("2.675", "2.68")],
)
def test_halves_round_away_from_zero_so_that_a_credit_mirrors_its_charge(amount: str, rounded: str) -> None:
    assert str(eur(amount).rounded().amount) == rounded


@pytest.mark.parametrize(("currency", "expected"), [("JPY", 0), ("USD", 2), ("KWD", 3), ("UYW", 4), ("HUF", 2)])
def test_minor_units_are_those_of_iso_4217(currency: str, expected: int) -> None:
    assert digits(currency) == expected


@pytest.mark.parametrize("code", ["eur", "EURO", "", "XXX", "XAU", "DEM", "BGN", "E€R"])
def test_withdrawn_codes_and_codes_without_a_minor_unit_are_not_currencies(code: str) -> None:
    assert not is_currency(code)


def test_165_currencies_can_be_billed_in() -> None:
    assert sum(is_currency("".join(code)) for code in product(ascii_uppercase, repeat=3)) == 165


def test_two_currencies_do_not_add_up() -> None:
    with pytest.raises(CurrencyMismatch):
        eur("1") + zero("USD")
    with pytest.raises(CurrencyMismatch):
        eur("1") - zero("USD")
    with pytest.raises(CurrencyMismatch):
        total([zero("USD")], "EUR")


def test_money_has_no_order() -> None:
    with pytest.raises(TypeError):
        _ = eur("1") < eur("2")  # type: ignore[operator]


def test_the_sum_of_nothing_is_zero_in_the_currency_asked_for() -> None:
    assert str(total([], "BHD").amount) == "0.000"
    assert not zero("JPY")
    assert total([eur("0.1")] * 3, "EUR") == eur("0.3")


def test_money_travels_as_text_never_as_a_float() -> None:
    assert get_type_hints(Money)["amount"] is Decimal
    assert msgspec.json.encode(eur("10.10")) == b'{"amount":"10.10","currency":"EUR"}'


@given(AMOUNTS, AMOUNTS)
def test_adding_and_taking_away_again_loses_nothing(a: Decimal, b: Decimal) -> None:
    assert Money(a, "EUR") + Money(b, "EUR") - Money(b, "EUR") == Money(a, "EUR")
    assert -(Money(a, "EUR") - Money(b, "EUR")) == Money(b, "EUR") - Money(a, "EUR")


@given(st.lists(AMOUNTS, max_size=20))
def test_the_order_of_amounts_does_not_change_their_sum(amounts: list[Decimal]) -> None:
    money = [Money(amount, "USD") for amount in amounts]
    assert total(money, "USD") == total(reversed(money), "USD")


@given(AMOUNTS)
def test_rounding_is_symmetric_and_moves_an_amount_by_half_a_unit_at_most(amount: Decimal) -> None:
    rounded = Money(amount, "EUR").rounded()
    assert (-Money(amount, "EUR")).rounded() == -rounded
    assert abs(rounded.amount - amount) <= Decimal("0.005")
    assert rounded.rounded() == rounded
