"""Promotional credit that lines had used comes back with them: to the credits that their invoice took it from."""

from collections.abc import Iterable, Iterator, Sequence
from decimal import Decimal

from domain.books import Books
from domain.books.credit import Release
from domain.books.line import ZERO, Line
from domain.exact import exact_sum


def releases(books: Books, lines: Iterable[Line], before: Sequence[Release] = ()) -> tuple[Release, ...]:
    """What comes back with lines that give back (their amounts of either sign), after the releases `before`: of each
    invoice the credit that it used last comes back first."""
    found: list[Release] = []
    for line in lines:
        if line.corrects is not None and line.credit:
            found.extend(_released(books, (*before, *found), line.corrects.invoice_id, abs(line.credit)))
    return tuple(found)


def _released(books: Books, found: Iterable[Release], invoice_id: str, amount: Decimal) -> Iterator[Release]:
    owed = books.receivables[invoice_id]
    now = [release for release in found if release.invoice_id == invoice_id]
    for burn in reversed(owed.credits):
        before = exact_sum(release.amount for release in owed.released if release.credit_id == burn.credit_id)
        gone = before + exact_sum(release.amount for release in now if release.credit_id == burn.credit_id)
        part = min(amount, burn.amount - gone)
        if part > ZERO:
            amount -= part
            yield Release(invoice_id, burn.credit_id, part)
