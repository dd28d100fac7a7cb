"""Credit given and taken back by hand. What payments and credit notes leave over becomes credit where that happens."""

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal

from msgspec.structs import replace

from domain import commands as c
from domain import events as e
from domain.account import Account
from domain.books.credit import Credit
from domain.errors import ErrorCode, Refusal, invalid
from domain.money import Money, digits
from domain.wording import REASON_CHARS_MAX, check_name

CREDITS_MAX = 1_000
"""Of one customer, with something left: each of them is looked at whenever credit is used."""
PRIORITY_MAX = 100


def decide_credit(
    account: Account, command: c.GrantCredit | c.VoidCredit, at: datetime
) -> Sequence[e.CreditGranted | e.CreditVoided]:
    """Raises Refusal."""
    match command:
        case c.GrantCredit(credit=credit):
            return [e.CreditGranted(_new_credit(account, credit, at))]
        case c.VoidCredit(credit_id=id, amount=amount):
            return [_taken_back(account, id, amount)]


def _new_credit(account: Account, credit: Credit, at: datetime) -> Credit:
    assert account.customer is not None
    if sum(bool(credit.remaining) for credit in account.books.credits.values()) >= CREDITS_MAX:
        raise Refusal(ErrorCode.LIMIT_REACHED, f"at most {CREDITS_MAX:,} credits with something left a customer")
    currency = account.customer.currency
    if credit.currency != currency:
        raise Refusal(ErrorCode.CURRENCY_MISMATCH, f"the customer is billed in {currency}", "currency")
    amount = check_amount(credit.amount, currency, "amount")
    check_name(credit.reason, "reason", chars_max=REASON_CHARS_MAX)
    if not 0 <= credit.priority <= PRIORITY_MAX:
        raise invalid(f"must be between 0 and {PRIORITY_MAX}", "priority")
    if credit.expires_at is not None and credit.expires_at <= at:
        raise invalid("must lie in the future", "expires_at")
    return replace(credit, amount=amount, remaining=amount, granted_at=at)


def _taken_back(account: Account, credit_id: str, amount: Decimal | None) -> e.CreditVoided:
    """Each void names the credit it takes from, so what became of every grant can be told (published case C03b)."""
    credit = account.books.credits.get(credit_id)
    if credit is None:
        raise Refusal(ErrorCode.NOT_FOUND, "no such credit", "credit_id")
    if not credit.remaining:
        raise Refusal(ErrorCode.CONFLICT, "nothing is left of this credit", "credit_id")
    if amount is None:
        return e.CreditVoided(credit.id, credit.remaining)
    amount = check_amount(amount, credit.currency, "amount")
    if amount > credit.remaining:
        raise invalid(f"must be at most the {credit.remaining:f} that is left", "amount")
    return e.CreditVoided(credit.id, amount)


def check_amount(amount: Decimal, currency: str, *field: str) -> Decimal:
    """Above zero, and no finer than the currency: the same amount, written with its digits. Raises Refusal."""
    rounded = Money(amount, currency).rounded().amount
    if rounded != amount:
        raise invalid(f"{currency} has {digits(currency)} decimals", *field)
    if amount <= 0:
        raise invalid("must be above zero", *field)
    return rounded
