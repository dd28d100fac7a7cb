"""The bill: what a moment makes final. Wanted − billed, as an invoice where it comes to something to pay, and as credit
notes where it comes to less than nothing."""

from collections.abc import Sequence
from datetime import datetime

from msgspec import Struct
from msgspec.structs import replace

from domain import events as e
from domain.account import Account
from domain.billing.billing_point import BillingPoint
from domain.billing.charge import Charge
from domain.billing.credit_notes import credit_notes, mirrored
from domain.billing.differences import adjusted, differences, is_set_off
from domain.billing.invoice_terms import InvoiceTerms
from domain.billing.invoicing import NewInvoice, corrections_from, item_lines, make
from domain.billing.releases import releases
from domain.books import Books
from domain.books.invoice import Item
from domain.books.line import Line
from domain.evolve import evolve_account


class Draft(Struct, frozen=True):
    """What a moment has to bill in one currency. `continued`: keys that go on with a period that was billed before,
    and the coupons that lowered it; `covered`: the same of what begins within a period of its subscription."""

    currency: str
    lines: tuple[Line, ...]
    items: tuple[Item, ...]
    continued: dict[str, frozenset[str]]
    covered: dict[str, frozenset[str]]

    @property
    def charges(self) -> bool:
        """Whether an invoice comes of it, and not credit notes alone or nothing."""
        return any(line.amount > 0 for line in self.lines)


def drafts(books: Books, wanted: Sequence[Charge], moment: BillingPoint) -> tuple[Draft, ...]:
    """By currency, the lines that the moment bills: differences, unless it is of items only, and the items it takes."""
    return _drafts(books, wanted, moment, () if moment.until is None else differences(books, wanted))


def _drafts(books: Books, wanted: Sequence[Charge], moment: BillingPoint, differ: Sequence[Line]) -> tuple[Draft, ...]:
    found: dict[str, list[Line]] = {}
    lines = adjusted((line for line in differ if not is_set_off(line)), books.adjustments)
    if lines:
        currency_of = {key: billed.currency for key, billed in books.billed.items()}
        currency_of |= {charge.key: charge.currency for charge in wanted}
        for line in lines:
            found.setdefault(currency_of[line.key], []).append(line)
    taken = [item for item in books.items if moment.closes or (moment.until is None and item.at_once)]
    for item in taken:
        found.setdefault(item.currency, []).extend(adjusted(item_lines([item], moment.at), books.adjustments))
    return tuple(
        Draft(
            currency,
            tuple(lines),
            tuple(item for item in taken if item.currency == currency),
            _continued(books, wanted, lines),
            {
                charge.key: _lowered_within(books, charge)
                for charge in wanted
                if charge.key not in books.billed and charge.period.start > charge.whole.start
            },
        )
        for currency, lines in sorted(found.items())
    )


def _continued(books: Books, wanted: Sequence[Charge], lines: Sequence[Line]) -> dict[str, frozenset[str]]:
    """What was billed before goes on with itself; what follows on something, with what is given back of that."""
    found = {key: billed.redemptions for key, billed in books.billed.items()}
    back = [line for line in lines if line.amount < 0]
    for charge in wanted:
        if charge.continues and charge.key not in found:
            own = (line for line in back if line.subscription_id == charge.segment.subscription_id)
            found[charge.key] = frozenset(share.redemption_id for line in own for share in line.coupons)
    return found


def _lowered_within(books: Books, charge: Charge) -> frozenset[str]:
    """The coupons that have lowered anything of the same subscription in the same period."""
    same = (
        billed.redemptions
        for billed in books.billed.values()
        if billed.subscription_id == charge.segment.subscription_id
        and billed.ends_at == charge.whole.end
        and billed.period.start >= charge.whole.start
    )
    return frozenset[str]().union(*same)


def bill(
    account: Account, wanted: Sequence[Charge], office: InvoiceTerms, moment: BillingPoint, at: datetime
) -> tuple[e.AccountEvent, ...]:
    """Everything that the moment makes happen at `at`, in order. Of two workers that come for it the second finds the
    moment gone; so run twice is run once."""
    run = _Run(account, at)
    differ = () if moment.until is None else differences(account.books, wanted)
    if set_off := tuple(line for line in differ if is_set_off(line)):
        run.record(e.ReturnsSetOff(set_off))
    due = _drafts(account.books, wanted, moment, differ)
    for draft in due:  # of several currencies the last one closes what was due for all
        _settle(run, draft, office, moment.until if draft is due[-1] else None)
    made = [event.invoice for event in run.happened if isinstance(event, e.InvoiceFinalized)]
    if moment.until is not None and all(invoice.until is None for invoice in made):
        run.record(e.BillingClosed(moment.until, corrections_from(account.books, moment.until, office.settings)))
    elif not made:  # no invoice is made of what was set to nothing, and none will be
        for item in (item for draft in due for item in draft.items):
            run.record(e.ItemRemoved(item.id))
    return tuple(run.happened)


class _Run:
    """The account as the events so far leave it."""

    def __init__(self, account: Account, at: datetime) -> None:
        self._account = account
        self._folded = 0
        self.at = at
        self.happened: list[e.AccountEvent] = []

    @property
    def account(self) -> Account:
        for event in self.happened[self._folded :]:  # nobody asks after the last one
            self._account = evolve_account(self._account, event, self.at)
        self._folded = len(self.happened)
        return self._account

    def record(self, event: e.AccountEvent) -> None:
        self.happened.append(event)


def _settle(run: _Run, draft: Draft, office: InvoiceTerms, until: datetime | None) -> None:
    made = _made(run, draft, draft.lines, office, until)
    notes = list(credit_notes(run.account, made.outside, draft.currency, run.at))
    if made.outside:
        # What found no place on any invoice does not go back, so its shares of credit and coupons are not free either.
        outside = {(line.key, line.corrects) for line in made.outside}
        inside = [line for line in draft.lines if (line.key, line.corrects) not in outside]
        back = [mirrored(line) for note in notes for line in note.lines]
        made = _made(run, draft, inside, office, until, back)
    for note in notes:
        run.record(e.CreditNoteIssued(note))
    if not any(line.amount for line in made.invoice.lines):
        return
    invoice = replace(made.invoice, released=releases(run.account.books, made.invoice.lines))
    run.record(e.InvoiceFinalized(invoice, tuple(item.id for item in draft.items), made.used))


def _made(
    run: _Run,
    draft: Draft,
    lines: Sequence[Line],
    office: InvoiceTerms,
    until: datetime | None,
    back: Sequence[Line] = (),
) -> NewInvoice:
    return make(
        run.account,
        lines,
        office,
        draft.currency,
        run.at,
        until=until,
        continued=draft.continued,
        covered=draft.covered,
        back=back,
    )
