"""Numbers for the documents in drafts. Whoever takes one makes others wait until the transaction ends, so this is the
last that is done before writing; and series are taken in one order, so that two who need several never wait for each
other."""

from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import count

from msgspec.structs import replace

from adapters.postgres import series
from adapters.postgres.connection import Connection
from domain.billing.numbering import numbered, series_of
from domain.events import AnyEvent, CreditNoteIssued, InvoiceFinalized
from domain.seller import Settings
from service.draft import Draft, Fact


async def take_numbers(connection: Connection, drafts: Sequence[Draft], settings: Settings) -> None:
    """Give every document its number, in the order in which they were made."""
    of = [
        [
            series_of(settings, fact.event, fact.at)
            for fact in draft.facts
            if isinstance(fact.event, InvoiceFinalized | CreditNoteIssued)
        ]
        for draft in drafts
    ]
    wanted = Counter(prefix for each in of for prefix, _ in each)
    counters = {prefix: count(await series.take(connection, prefix, wanted[prefix])) for prefix in sorted(wanted)}
    for draft, each in zip(drafts, of, strict=True):
        if each:
            numbers = [f"{prefix}{next(counters[prefix]):0{digits}d}" for prefix, digits in each]
            draft.reword(_Numbering(iter(numbers)))


class _Numbering:
    """A credit note also says the number of its invoice, which may be one that is only made now."""

    def __init__(self, numbers: Iterator[str]) -> None:
        self._numbers = numbers
        self._of_invoice: dict[str, str] = {}

    def __call__(self, fact: Fact) -> AnyEvent:
        match fact.event:
            case InvoiceFinalized(invoice=invoice) as event:
                number = self._of_invoice[invoice.id] = next(self._numbers)
                return numbered(event, number)
            case CreditNoteIssued(note=note):
                invoice_number = self._of_invoice.get(note.invoice_id, note.invoice_number)
                event = CreditNoteIssued(replace(note, invoice_number=invoice_number))
                return numbered(event, next(self._numbers))
            case event:
                return event
