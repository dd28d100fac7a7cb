"""Test cards, by Stripe's names for them (docs.stripe.com/testing), and what their banks say."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Card:
    """`declines`: the issuer's reason. `authentication`: it has to be confirmed with the bank; `asks`: and says so by
    asking for action, also off-session, where others just decline."""

    brand: str = "visa"
    last4: str = "4242"
    declines: str | None = None
    code: str = "card_declined"
    advice: str | None = None
    authentication: bool = False
    asks: bool = False
    kind: str = "card"
    takes_days: bool = False  # a bank debit


CARDS = {
    "pm_card_visa": Card(),
    "pm_card_mastercard": Card("mastercard", "4444"),
    "pm_card_amex": Card("amex", "8431"),
    "pm_card_chargeDeclined": Card(last4="0002", declines="generic_decline"),
    "pm_card_visa_chargeDeclined": Card(last4="0002", declines="generic_decline"),
    "pm_card_chargeCustomerFail": Card(last4="0341", declines="generic_decline"),
    "pm_card_visa_chargeDeclinedInsufficientFunds": Card(last4="9995", declines="insufficient_funds"),
    "pm_card_visa_chargeDeclinedLostCard": Card(last4="9987", declines="lost_card"),
    "pm_card_visa_chargeDeclinedStolenCard": Card(last4="9979", declines="stolen_card"),
    "pm_card_chargeDeclinedExpiredCard": Card(last4="0069", declines="expired_card", code="expired_card"),
    "pm_card_chargeDeclinedProcessingError": Card(last4="0119", declines="processing_error", code="processing_error"),
    "pm_card_authenticationRequired": Card(last4="3184", authentication=True),
    "pm_card_threeDSecure2Required": Card(last4="3220", authentication=True, asks=True),
    "pm_sepa_debit": Card("", "3000", kind="sepa_debit", takes_days=True),
}


def declining(reason: str, advice: str | None = None) -> Card:
    """A card whose bank gives this reason."""
    return Card(last4="0002", declines=reason, advice=advice)
