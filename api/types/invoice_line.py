"""Lines of invoices, credit notes and quotes."""

from collections.abc import Iterable
from datetime import datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Annotated, NamedTuple

import strawberry

from adapters.postgres.reads.billing_documents import BilledKey, BillingDocument
from adapters.postgres.reads.entries import EntryNumber
from api.context import Context, Info
from api.loaders import AccountView
from api.types.computed import computed
from api.types.connection import Connection
from api.types.journal import JournalEvent
from api.types.price import Price
from api.types.usage import UsageEvent
from api.types.usage_events import events_connection
from api.types.values import Money, Period
from domain import money
from domain.access import Scope
from domain.books.invoice import CreditNote as FinalCreditNote
from domain.books.invoice import Invoice as FinalInvoice
from domain.books.line import EventShare, Line, LineKind, Step
from domain.catalog import Catalog
from service.usage import EventFilter

if TYPE_CHECKING:
    from api.types.invoice import Invoice

_ITEM = "item/"


class Origin(NamedTuple):
    """Whose a line is, which final document it stands on (None: on a draft or a quote), and up to which entry of their
    journal that knows (None, of a quote: all and what is to follow, which is no entry yet)."""

    customer_id: str
    document_id: str | None = None
    seq: int | None = None


@strawberry.type(
    description="One figure on the way to an amount: the quantity times the rate, exact unless the label says how it "
    "was rounded. The amounts of a line's steps add up to what it comes to before it is rounded."
)
class DerivationStep:
    label: str = strawberry.field(description="What this step is.")
    quantity: Decimal = strawberry.field(description="How much of it.")
    rate: Decimal = strawberry.field(description="For one.")
    amount: Decimal = strawberry.field(description="What it comes to, not rounded.")

    @classmethod
    def of(cls, step: Step) -> "DerivationStep":
        """As it was worked out."""
        return cls(label=step.label, quantity=step.quantity, rate=step.rate, amount=step.amount)


@strawberry.type(description="A line of a final invoice that another line gives back, in part or whole.")
class CorrectedLine:
    invoice: Annotated["Invoice", strawberry.lazy("api.types.invoice")] = strawberry.field(description="Which invoice.")
    line: Annotated["InvoiceLine", strawberry.lazy("api.types.invoice_line")] = strawberry.field(
        description="Which of its lines."
    )

    @classmethod
    def of(cls, view: AccountView, content: FinalInvoice | FinalCreditNote, line_id: str) -> "CorrectedLine | None":
        """The line of a view with books. None: there is no such line."""
        from api.types.invoice import Invoice  # the two types speak of each other

        if not isinstance(content, FinalInvoice):
            return None
        invoice = Invoice.of(view, content)
        line = next((line for line in invoice.lines if line.id == line_id), None)
        return None if line is None else cls(invoice=invoice, line=line)


@strawberry.type(description="One amount, with every figure on the way to it.")
class InvoiceLine:
    id: strawberry.ID = strawberry.field(description="Names the line; of a draft it is kept when it becomes final.")
    kind: LineKind = strawberry.field(description="What it charges for.")
    description: str = strawberry.field(description="For people.")
    quantity: Decimal = strawberry.field(description="How much.")
    unit_amount: Decimal | None = strawberry.field(description="For one, where there is a single such figure.")
    amount: Money = strawberry.field(
        description="What it comes to, before coupons, promotional credit and added tax; below 0 where it gives back."
    )
    calculated: Money | None = strawberry.field(
        description="What the rules came to, where support put another amount in its place."
    )
    discount: Money = strawberry.field(description="Its share of what coupons took off.")
    credit: Money = strawberry.field(description="Its share of promotional credit.")
    tax_rate: Decimal | None = strawberry.field(
        description="In percent; null where it was not taxed, as in a simulation."
    )
    period: Period | None = strawberry.field(description="When what it charges for is provided; null: at one instant.")
    price: Price | None = strawberry.field(description="By which price; null: by none, as something put there by hand.")
    subscription_id: strawberry.ID | None = strawberry.field(description="For which subscription.")
    item_id: strawberry.ID | None = strawberry.field(description="ITEM and CREDIT: the id of what was put there.")
    derivation: list[DerivationStep] = strawberry.field(
        description="Tiers, share of the period, included units: every figure on the way to the amount."
    )

    def __init__(self, catalog: Catalog, line: Line, currency: str, origin: Origin | None) -> None:
        self._catalog = catalog
        self._line = line
        self._currency = currency
        self._origin = origin
        self.id = strawberry.ID(line.id)
        self.kind = line.kind
        self.description = line.description
        self.quantity = line.quantity
        self.unit_amount = line.unit_amount
        self.tax_rate = None if line.treatment is None else line.treatment.percent
        self.subscription_id = None if line.subscription_id is None else strawberry.ID(line.subscription_id)
        self.item_id = strawberry.ID(line.key.removeprefix(_ITEM)) if line.key.startswith(_ITEM) else None

    @classmethod
    def of(cls, catalog: Catalog, line: Line, currency: str, origin: Origin | None = None) -> "InvoiceLine":
        """`origin` None: nobody's, as in a simulation."""
        return cls(catalog, line, currency, origin)

    @strawberry.field(
        description="Of a line that gives back, on an invoice or a credit note: what it corrects. Null: it corrects "
        "nothing, or was made before this was kept."
    )
    async def corrects(self, info: Info) -> CorrectedLine | None:
        ref, origin, loaders = self._line.corrects, self._origin, info.context.loaders
        if ref is None or origin is None:
            return None
        document = await loaders.documents.load(ref.invoice_id)
        view = await loaders.views.load(origin.customer_id)
        if document is None or view is None or document.customer_id != origin.customer_id:
            return None
        return CorrectedLine.of(await loaders.with_books(view), document.content, ref.line_id)

    @strawberry.field(
        description="What happened that it charges for, or no longer does: the event that began the terms it is "
        "reckoned by, such as subscription.started. Needs the scope journal:read; null without it, where no terms are "
        "behind it, on a quote, and if it was made before this was kept."
    )
    async def because(self, info: Info) -> JournalEvent | None:
        context, seq, origin = info.context, self._line.because, self._origin
        if origin is None or seq is None or origin.seq is None or seq > origin.seq:
            return None
        if not context.may(Scope.JOURNAL_READ):
            return None
        entry = await context.loaders.entries.load(EntryNumber(origin.customer_id, seq))
        return None if entry is None else JournalEvent.of(entry, context.may(Scope.PROVIDER_READ))

    @strawberry.field(
        description="The single events that a line of usage charges for, by time, corrections among them, as long as "
        "they are kept. What came too late for an invoice is on the line of the later one that charges for it. Null: "
        "it is no line of usage."
    )
    async def usage_events(
        self,
        info: Info,
        first: Annotated[int | None, strawberry.argument(description="At most this many; 1 to 100, required.")] = None,
        after: Annotated[str | None, strawberry.argument(description="What follows this cursor.")] = None,
    ) -> Connection[UsageEvent] | None:
        line = self._line
        key = None if line.price is None else line.price.meter_key
        meter = None if key is None else self._catalog.meter(key)
        if self._origin is None or meter is None or line.usage is None:
            return None
        chosen = await _charged(info.context, line, self._origin)
        return await events_connection(info.context, self._origin.customer_id, meter, line.usage, first, after, chosen)

    def _money(self, amount: Decimal) -> Money:
        return Money.of(money.Money(amount, self._currency))


async def _charged(context: Context, line: Line, origin: Origin) -> EventFilter:
    """Which events a line of usage charges for."""
    assert line.usage is not None
    every = await context.loaders.bills.load(BilledKey(origin.customer_id, line.key, line.usage.start)) or ()
    bills = [bill for bill in every if origin.seq is None or bill.seq <= origin.seq]
    own = next((bill for bill in bills if bill.document_id == origin.document_id), None)
    until = None if own is None else own.recorded_at
    named = line.subscription_id if line.named_only else None
    return EventFilter(_billed_before(own, bills), until, line.events or (EventShare(line.usage, naming=named),))


def _billed_before(own: BillingDocument | None, bills: Iterable[BillingDocument]) -> datetime | None:
    """When the key was last billed before its `own` bill (None: a draft): an invoice and the credit notes that come
    with it are one."""
    before = (bill.recorded_at for bill in bills if not bill.undone and bill is not own)
    return max((at for at in before if own is None or at < own.recorded_at), default=None)


computed(
    InvoiceLine,
    amount=lambda self: self._money(self._line.amount),
    calculated=lambda self: None if self._line.calculated is None else self._money(self._line.calculated),
    discount=lambda self: self._money(self._line.discount),
    credit=lambda self: self._money(self._line.credit),
    period=lambda self: Period.of(self._line.period) if self._line.period.start < self._line.period.end else None,
    price=lambda self: None if self._line.price is None else Price.of(self._catalog, self._line.price),
    derivation=lambda self: [DerivationStep.of(step) for step in self._line.steps],
)
