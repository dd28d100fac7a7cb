"""Promotional credit that lines had used comes back with them: to the credits that their invoice took it from."""

from collections.abc import Iterable, Iterator, Sequence
from decimal import Decimal

from domain.books import Books
from domain.books.credit import Burn, Release
from domain.books.line import Line
from domain.exact import ZERO, exact_sum


def releases(books: Books, lines: Iterable[Line], before: Sequence[Release] = ()) -> tuple[Release, ...]:
    """The credit that comes back with lines that give back (their amounts of either sign), after the releases `before`:
    of each invoice the credit that it used last comes back first."""
    found: list[Release] = []
    for line in lines:
        if line.corrects is not None and line.credit:
            found.extend(_releases_of(books, line.corrects.invoice_id, abs(line.credit), (*before, *found)))
    return tuple(found)


def _releases_of(books: Books, invoice_id: str, amount: Decimal, before: Iterable[Release]) -> Iterator[Release]:
    owed = books.receivables[invoice_id]
    released: list[Burn | Release] = [
        *owed.released,
        *(release for release in before if release.invoice_id == invoice_id),
    ]
    for burn in reversed(owed.credits):
        back = exact_sum(release.amount for release in released if release.credit_id == burn.credit_id)
        part = min(amount, burn.amount - back)
        if part > ZERO:
            amount -= part
            yield Release(invoice_id, burn.credit_id, part)
