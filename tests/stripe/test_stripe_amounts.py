"""Amounts as Stripe writes them, and its reasons as ours."""

from decimal import Decimal

import pytest

from adapters.stripe import declines
from adapters.stripe.minor import Unchargeable, money, units
from domain.books.payment import FailureCode
from domain.money import Money


@pytest.mark.parametrize(
    ("amount", "currency", "found"),
    [
        ("12.34", "EUR", 1234),
        ("0.05", "USD", 5),
        ("500", "JPY", 500),
        ("1.230", "BHD", 1230),
        ("5", "ISK", 500),
        ("5", "UGX", 500),
        ("3.00", "MGA", 3),
        ("-2.50", "EUR", -250),
        ("123456789012.00", "KRW", 123456789012),
    ],
)
def test_there_and_back(amount: str, currency: str, found: int) -> None:
    ours = Money(Decimal(amount), currency)
    assert units(ours) == found
    assert money(found, currency.lower()) == ours


@pytest.mark.parametrize(
    ("amount", "currency"),
    [
        ("5.124", "KWD"),
        ("12.345", "EUR"),
        ("500.5", "JPY"),
        ("3.50", "MGA"),
        ("5.5", "ISK"),
        ("1.000", "IQD"),
        ("1.0000", "CLF"),
        ("1.00", "XXX"),
        ("10000000000.00", "EUR"),
    ],
)
def test_what_stripe_cannot_say(amount: str, currency: str) -> None:
    with pytest.raises(Unchargeable):
        units(Money(Decimal(amount), currency))


def test_a_fraction_of_a_crown_that_stripe_still_has_is_not_lost() -> None:
    assert money(4010, "isk") == Money(Decimal("40.10"), "ISK")


@pytest.mark.parametrize(
    ("decline", "code", "advice", "failure"),
    [
        ("insufficient_funds", "card_declined", None, FailureCode.INSUFFICIENT_FUNDS),
        ("lost_card", "card_declined", None, FailureCode.METHOD_REFUSED),
        ("try_again_later", "card_declined", None, FailureCode.DECLINED),
        ("do_not_honor", "card_declined", "do_not_try_again", FailureCode.METHOD_REFUSED),
        ("insufficient_funds", "card_declined", "try_again_later", FailureCode.INSUFFICIENT_FUNDS),
        (None, "expired_card", None, FailureCode.METHOD_EXPIRED),
        ("never_heard_of", "card_declined", None, FailureCode.DECLINED),
        ("never_heard_of", "never_either", None, FailureCode.DECLINED),
        (None, None, None, FailureCode.DECLINED),
        ("authentication_required", "authentication_required", None, FailureCode.ACTION_REQUIRED),
    ],
)
def test_what_a_reason_asks_of_us(
    decline: str | None, code: str | None, advice: str | None, failure: FailureCode
) -> None:
    assert declines.failure(decline, code, advice) is failure


DOCUMENTED = """
    authentication_not_handled authentication_required approve_with_id call_issuer card_not_supported
    card_velocity_exceeded currency_not_supported do_not_honor do_not_try_again duplicate_transaction expired_card
    fraudulent generic_decline incorrect_address incorrect_cvc incorrect_number incorrect_pin incorrect_zip
    insufficient_funds invalid_account invalid_amount invalid_cvc invalid_expiry_month invalid_expiry_year
    invalid_number invalid_pin issuer_not_available lost_card merchant_blacklist new_account_information_available
    no_action_taken not_permitted offline_pin_required online_or_offline_pin_required pickup_card pin_try_exceeded
    processing_error reenter_transaction restricted_card revocation_of_all_authorizations
    revocation_of_authorization security_violation service_not_allowed stolen_card stop_payment_order
    testmode_decline transaction_not_allowed try_again_later withdrawal_count_limit_exceeded
"""


def test_every_documented_code_is_mapped_once() -> None:
    mapped = [code for code, _ in declines.codes()]
    assert len(mapped) == len(set(mapped))
    assert set(DOCUMENTED.split()) - set(mapped) == set()
