"""Numbers for the documents in drafts. Whoever takes one makes others wait until the transaction ends, so this is the
last that is done before writing; and series are taken in one order, so that two who need several never wait for each
other."""

from collections import Counter
from collections.abc import Sequence
from itertools import count

from adapters.postgres import series
from adapters.postgres.connection import Connection
from domain.billing.numbering import Numbering, series_of
from domain.events import CreditNoteIssued, InvoiceFinalized
from domain.seller import BillingSettings
from service.write.pending_events import PendingEvents


async def take_numbers(connection: Connection, drafts: Sequence[PendingEvents], settings: BillingSettings) -> None:
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
            draft.reword(Numbering(iter(numbers)))
