"""Who the customer is: created, changed, erased. What is personal of it is sealed before it comes here."""

import re
from collections.abc import Sequence
from datetime import datetime

from msgspec import UNSET
from msgspec.structs import replace

from domain import commands as c
from domain import events as e
from domain.account import Account, Customer
from domain.errors import ErrorCode, Refusal, invalid
from domain.money import is_currency
from domain.period import is_zone
from domain.subscription import EndReason

_LOCALE = re.compile("[a-z]{2,3}(-[A-Z][a-z]{3})?(-([A-Z]{2}|[0-9]{3}))?")


def new_customer(account: Account, customer: Customer, at: datetime) -> Customer:
    if account.customer is not None:
        raise Refusal(ErrorCode.ALREADY_EXISTS, "the customer exists", "external_id")
    _check_place(customer.currency, customer.timezone)
    _check_locale(customer.locale)
    return replace(customer, created_at=at)


def _check_place(currency: str | None, timezone: str | None) -> None:
    if currency is not None and not is_currency(currency):
        raise invalid(f"{currency} is not an ISO 4217 currency", "currency")
    if timezone is not None and not is_zone(timezone):
        raise invalid(f"{timezone} is not an IANA time zone such as Europe/Paris", "timezone")


def _check_locale(locale: str | None) -> None:
    if locale is not None and _LOCALE.fullmatch(locale) is None:
        raise invalid(f"{locale} is not a language such as de, or de-CH as it is used somewhere (BCP 47)", "locale")


def update_customer(account: Account, customer: Customer, command: c.UpdateCustomer) -> Sequence[e.AccountEvent]:
    """A running subscription keeps the zone it was sold in, and pins the currency it is billed in."""
    _check_place(command.currency, command.timezone)
    _check_locale(command.locale)
    moves = command.currency is not None and command.currency != customer.currency
    if moves and any(subscription.ended_at is None for subscription in account.subscriptions):
        raise Refusal(
            ErrorCode.CURRENCY_MISMATCH,
            f"a running subscription is billed in {customer.currency}",
            "currency",
        )
    changed = e.CustomerUpdated(
        sealed={field: text for field, text in command.sealed.items() if text is not None or field in customer.sealed},
        currency=command.currency if moves else None,
        timezone=command.timezone if command.timezone != customer.timezone else None,
        country=command.country if command.country != customer.country else UNSET,
        locale=command.locale if command.locale != customer.locale else None,
        tax_id_country=command.tax_id_country if command.tax_id_country != customer.tax_id_country else UNSET,
        tax_id_valid=command.tax_id_valid if command.tax_id_valid != customer.tax_id_valid else None,
    )
    return [] if changed == e.CustomerUpdated() else [changed]


def erase_customer(account: Account) -> Sequence[e.AccountEvent]:
    """Everything open is ended by name, so that nothing falls due, and no right is held, any more."""
    ended: list[e.AccountEvent] = []
    for subscription in account.subscriptions:
        if subscription.ended_at is None:
            ended += [
                e.ChangeWithdrawn(subscription.id, planned.id, "customer erased") for planned in subscription.scheduled
            ]
            ended.append(e.SubscriptionEnded(subscription.id, EndReason.ERASED))
    ended += [e.EntitlementRevoked(grant.id) for grant in account.grants if grant.ended_at is None]
    return [*ended, e.CustomerErased()]
