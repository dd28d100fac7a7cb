"""Stripe's decline codes, and what each asks of us: try again later, ask for another method, or stop.

Source: docs.stripe.com/declines/codes and docs.stripe.com/error-codes, as of API version 2026-10-28. Where the page
says "try again" or leaves a doubt ("unknown reason", a limit, a balance), dunning tries again. Where it says to use
another card, or that this card will not do, METHOD_REFUSED or METHOD_EXPIRED end the tries with it. Visa and Mastercard
fine those who ask a lost or stolen card again. A code that Stripe adds later is read as DECLINED.
"""

from collections.abc import Iterator
from types import MappingProxyType

from domain.books.payment import FailureCode

_CODES = {
    FailureCode.ACTION_REQUIRED: """
        authentication_required authentication_not_handled
    """,
    FailureCode.INSUFFICIENT_FUNDS: """
        insufficient_funds card_velocity_exceeded withdrawal_count_limit_exceeded
    """,
    # The issuer does not say why, or says that it may pass.
    FailureCode.DECLINED: """
        approve_with_id call_issuer card_declined do_not_honor duplicate_transaction generic_decline
        issuer_not_available no_action_taken processing_error reenter_transaction security_violation
        service_not_allowed transaction_not_allowed try_again_later
    """,
    FailureCode.METHOD_EXPIRED: "expired_card invalid_expiry_month invalid_expiry_year",
    # This card, or this mandate, will not do: lost, stolen, closed, wrong, withdrawn, or not made for it.
    FailureCode.METHOD_REFUSED: """
        account_closed bank_account_closed bank_account_restricted card_not_supported currency_not_supported
        debit_not_authorized do_not_try_again fraudulent highest_risk_level incorrect_address incorrect_cvc
        incorrect_number incorrect_pin incorrect_zip invalid_account invalid_cvc invalid_number invalid_pin
        lost_card mandate_invalid merchant_blacklist new_account_information_available no_account not_permitted
        offline_pin_required online_or_offline_pin_required payment_method_invalid pickup_card pin_try_exceeded
        previously_declined_do_not_retry restricted_card revocation_of_all_authorizations
        revocation_of_authorization rule stolen_card stop_payment_order test_mode_live_card testmode_decline
    """,
    # Ours or Stripe's to see to: no other card would help.
    FailureCode.PROVIDER_ERROR: """
        amount_too_large amount_too_small elevated_risk_level invalid_amount invalid_charge_amount
    """,
}

_FAILURES = MappingProxyType({code: failure for failure, codes in _CODES.items() for code in codes.split()})

NOT_THIS_CARD = frozenset({"do_not_try_again", "confirm_card_data"})
"""Advice that the issuer gives beside its reason: not again, or not without the card's data anew."""


def failure(decline_code: str | None, code: str | None = None, advice: str | None = None) -> FailureCode:
    """`decline_code`: the issuer's reason; `code`: Stripe's own, which says less, but is there where none was asked."""
    found = _FAILURES.get(decline_code or "") or _FAILURES.get(code or "") or FailureCode.DECLINED
    if found is FailureCode.DECLINED and advice in NOT_THIS_CARD:
        return FailureCode.METHOD_REFUSED
    return found


def codes() -> Iterator[tuple[str, FailureCode]]:
    """All that are known, each with what it asks of us."""
    yield from _FAILURES.items()
