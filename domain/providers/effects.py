"""What providers are still to be asked because of what was recorded."""

from collections.abc import Iterator
from datetime import datetime
from enum import StrEnum

from msgspec import Struct

from domain.account import Account, Customer
from domain.books import Books
from domain.books.payment import RefundTarget


class EffectKind(StrEnum):
    CHARGE = "CHARGE"
    REFUND = "REFUND"
    FORGET = "FORGET"


class Effect(Struct, frozen=True):
    """`id`: of the payment or the refund. `since` is in the customer's own time."""

    id: str
    kind: EffectKind
    since: datetime
    provider: str


def effects_of(account: Account) -> list[Effect]:
    """By id: payments under way, unless they wait for the customer, and refunds to a method. Of an erased customer also
    those that wait, for nobody will come; and when none are left, what the providers are to forget."""
    assert account.customer is not None
    erased_at, books = account.customer.erased_at, account.books
    charges = [
        Effect(payment.id, EffectKind.CHARGE, payment.created_at, payment.provider)
        for payment in books.payments.values()
        if payment.settled_at is None and (not payment.waiting or erased_at is not None)
    ]
    forgotten = () if erased_at is None else _forgotten(account.customer, books, erased_at)
    return sorted([*charges, *_refunds(books), *forgotten], key=lambda effect: effect.id)


def forget_id(customer_id: str, provider: str) -> str:
    """What the effect of forgetting them there is known by."""
    return f"forget_{provider}_{customer_id}"


def _refunds(books: Books) -> Iterator[Effect]:
    for payment in books.payments.values():
        for refund in payment.refunds:
            if refund.to is RefundTarget.METHOD and refund.settled_at is None and refund.failure is None:
                yield Effect(refund.id, EffectKind.REFUND, refund.created_at, payment.provider)


def _forgotten(customer: Customer, books: Books, erased_at: datetime) -> Iterator[Effect]:
    busy = {payment.provider for payment in books.payments.values() if payment.settled_at is None}
    for provider in books.links.keys() - busy:
        yield Effect(forget_id(customer.id, provider), EffectKind.FORGET, erased_at, provider)
