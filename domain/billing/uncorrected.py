"""What was billed otherwise than the rules want it, and ought to have been corrected by now: as by an older release
whose rules were wrong."""

from collections.abc import Iterable, Iterator
from datetime import datetime
from decimal import Decimal

from domain.account import Account
from domain.billing.billing_point import BillingPoint, next_billing_point
from domain.billing.charge import Charge
from domain.billing.credit_notes import credit_notes
from domain.billing.differences import differences, is_set_off
from domain.books.line import Line, LineKind
from domain.exact import exact_sum
from domain.policy import ChangesBilled


def last_billing_point(account: Account) -> BillingPoint | None:
    """The billing point by which everything that is not closed should stand as it is wanted. None: nothing was billed
    yet, or something is to be billed at once."""
    books = account.books
    if account.customer is None or account.customer.erased_at is not None or books.billed_until is None:
        return None
    return None if books.bill_at is not None else BillingPoint(books.billed_until, books.billed_until)


def uncorrected(account: Account, wanted: Iterable[Charge], at: datetime) -> Iterator[tuple[str, Decimal, str]]:
    """(key, amount, currency), below zero where it would go back: what `wanted` at the last billing point and what was
    billed differ by, and no billing point to come explains. Late usage is billed by the next one; so are changes of
    plans that say so; of what nobody has paid nothing goes back."""
    another_comes = next_billing_point(account) is not None
    for line in differences(account.books, wanted):
        if is_set_off(line):
            continue
        if another_comes and (
            line.kind is LineKind.USAGE or line.kind is LineKind.MINIMUM or _waits_for_next_invoice(account, line)
        ):
            continue
        before = account.books.billed.get(line.key)
        currency = before.currency if before is not None else account.books.segments[-1].currency
        amount = line.amount if line.amount > 0 else -_credited_back(account, line, currency, at)
        if amount:
            yield line.key, amount, currency


def _waits_for_next_invoice(account: Account, line: Line) -> bool:
    own = (segment for segment in account.books.segments if segment.subscription_id == line.subscription_id)
    return any(segment.changes_billed is ChangesBilled.NEXT_INVOICE for segment in own)


def _credited_back(account: Account, line: Line, currency: str, at: datetime) -> Decimal:
    return exact_sum(note.subtotal for note in credit_notes(account, [line], currency, at))
