"""All that is wanted in a life, and what of it the customer is to bear: what was given by hand comes off, and what
nobody paid is set off against what would go back."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from fractions import Fraction
from typing import Any, NamedTuple

from domain import events as e
from domain.books.invoice import Invoice
from domain.books.line import LineKind

from .price import minor_unit, parted, rounded
from .runs import FAR, runs
from .spread import Layer, charged, whole_spread
from .taxes import HOME, Rate, Taxed, percent
from .wants import Key, Want, wants

_BY_HAND = (LineKind.ITEM, LineKind.CREDIT)


class Bill(NamedTuple):
    """`borne`: by key, without tax that is added. `tax`: what is added, give or take `doubt`; None where gifts leave no
    one answer."""

    wanted: dict[str, Fraction]
    borne: dict[str, Fraction]
    tax: Fraction | None
    doubt: Fraction


@dataclass
class _Kept:
    """Of a key: what is charged, and of that what nobody paid and what was given by hand."""

    billed: Fraction = Fraction(0)
    forgiven: Fraction = Fraction(0)
    given: Fraction = Fraction(0)
    given_tax: Fraction = Fraction(0)
    layers: list[Layer] = field(default_factory=list)
    clear: bool = True
    """Whether the layers are known."""


class _Made(NamedTuple):
    """What an invoice did to a key."""

    billed: Fraction
    set_off: Fraction
    before: list[Layer]
    after: list[Layer]


def bill(journal: Sequence[tuple[datetime, Any]], currency: str, rates: list[Rate], country: str = HOME) -> Bill:
    return _Billing(journal, currency, rates, country).result()


class _Billing:
    def __init__(self, journal: Sequence[tuple[datetime, Any]], currency: str, rates: list[Rate], country: str) -> None:
        self.journal = journal
        self.currency = currency
        self.rates = rates
        self.country: str = country
        self.vat: str | None = None
        self.kept: dict[str, _Kept] = {}
        self.wants: dict[str, Want] = {}
        self.items: dict[str, Fraction] = {}
        self.invoices: dict[str, Invoice] = {}
        self.made: dict[str, dict[str, _Made]] = {}
        self.owed: dict[str, Fraction] = {}
        self.lost: dict[str, dict[str, Fraction]] = {}
        self.roundings = 0
        for n, (at, event) in enumerate(journal):
            self.happened(n, at, event)

    def result(self) -> Bill:
        self.billed(len(self.journal), self.journal[-1][0], FAR, "")
        unit = minor_unit(self.currency)
        wanted, borne, tax, clear = {}, {}, Fraction(0), True
        for name, one in self.kept.items():
            wanted[name] = one.billed
            due = one.billed - one.forgiven  # below zero: what was given back had not been paid, and never was
            borne[name] = due - min(one.given, max(Fraction(0), due))
            added = [layer for layer in one.layers if not layer.taxed.inclusive]
            tax += sum((layer.amount * layer.taxed.percent / 100 for layer in added), -one.given_tax)
            clear = clear and one.clear and not one.forgiven and one.billed >= one.given
        return Bill(wanted, borne, tax if clear else None, self.roundings * unit)

    def happened(self, n: int, at: datetime, event: Any) -> None:
        match event:
            case e.CustomerUpdated():
                self.country = event.country if isinstance(event.country, str) else self.country
                if event.tax_id_valid is not None:
                    self.vat = event.tax_id_country if event.tax_id_valid else None
            case e.ItemAdded(item=item):
                exact = Fraction(item.quantity) * Fraction(item.unit_amount)
                self.items[f"item/{item.id}"] = rounded(exact, self.currency)
                self.kept[f"item/{item.id}"] = _Kept(self.items[f"item/{item.id}"])
            case e.InvoiceFinalized(invoice=invoice):
                self.invoices[invoice.id] = invoice
                self.owed[invoice.id] = Fraction(invoice.total)
                self.roundings += len(invoice.tax)
                self.items_taxed(invoice, at)
                if invoice.until is not None:
                    self.billed(n, at, invoice.until, invoice.id)
            case e.BillingClosed(until=until):
                self.billed(n, at, until, "")
            case e.CreditNoteIssued(note=note):
                self.owed[note.invoice_id] -= Fraction(note.off)
                self.roundings += len(note.tax)
                if not note.automatic:
                    self.noted(note)
            case e.CreditApplied(invoice_id=id, burns=burns):
                self.owed[id] -= sum(Fraction(burn.amount) for burn in burns)
            case e.PaymentRecorded(payment=payment):
                self.paid(payment.allocations)
            case e.PaymentSucceeded(allocations=allocations):
                self.paid(allocations)
            case e.InvoiceVoided(invoice_id=id, rebill=True):
                self.unbilled(id)
            case e.InvoiceVoided(invoice_id=id) | e.InvoiceWrittenOff(invoice_id=id):
                self.forgiven(id)

    # ── what the rules charge ──
    def billed(self, n: int, at: datetime, until: datetime, invoice_id: str) -> None:
        """Everything due by `until`, as things stood when it was billed."""
        before = {_key(name) for name in self.kept if name not in self.items}
        found = wants(runs(self.journal[:n], until), self.currency, until, before)
        self.wants = {_name(key): want for key, want in found.items()}
        made = self.made.setdefault(invoice_id, {})
        for name in self.wants.keys() | {_name(key) for key in before}:
            one, want = self.kept.setdefault(name, _Kept()), self.wants.get(name)
            amount = want.amount if want else Fraction(0)
            more, layers = amount - one.billed, one.layers
            set_off = min(one.forgiven, max(-more, Fraction(0)))
            taxed = self.taxed(want, at) if want else None
            one.billed, one.forgiven = amount, one.forgiven - set_off
            one.layers = charged(layers, want.spread if want else (), taxed)
            self.roundings += 2 * (more < 0)
            made[name] = _Made(more, set_off, layers, one.layers)

    def taxed(self, want: Want, at: datetime) -> Taxed:
        """By the day on which it is provided: of what is over, its last."""
        lasts = want.until > want.since
        day = (min(at, want.until - timedelta(microseconds=1)) if lasts else at).date()
        assert want.price is not None
        rate = percent(self.rates, self.country, self.vat, want.price.tax_category, day)
        return Taxed(rate, want.price.tax_inclusive)

    def items_taxed(self, invoice: Invoice, at: datetime) -> None:
        for line in invoice.lines:
            if line.kind in _BY_HAND:
                rate = percent(self.rates, self.country, self.vat, "standard", at.date())
                one = self.kept[line.key]
                one.layers = charged((), whole_spread(one.billed), Taxed(rate, False))

    # ── what people make of it ──
    def noted(self, note: Any) -> None:
        """By hand: a gift, taxed as it was charged."""
        for line in note.lines:
            one = self.kept[line.key]
            one.given += Fraction(line.amount)
            if not line.tax_inclusive:
                one.given_tax += Fraction(line.amount) * Fraction(line.treatment.percent) / 100

    def unbilled(self, invoice_id: str) -> None:
        """As if the invoice had not been."""
        for name, made in self.made.get(invoice_id, {}).items():
            one = self.kept[name]
            one.billed -= made.billed
            one.forgiven += made.set_off
            one.clear = one.clear and one.layers == made.after
            one.layers = made.before

    def forgiven(self, invoice_id: str) -> None:
        """What is still owed of it, over what it charges; what it gives back, has been given."""
        invoice, lost = self.invoices[invoice_id], self.lost.setdefault(invoice_id, {})
        share = self.owed[invoice_id] / Fraction(invoice.total) if invoice.total else Fraction(0)
        for tax in invoice.tax:
            group = [
                one for one in invoice.lines if (one.treatment, one.tax_inclusive) == (tax.treatment, tax.inclusive)
            ]
            nets = [Fraction(one.amount - one.discount - one.credit) for one in group]
            charges = [max(net, Fraction(0)) for net in nets]
            unpaid = rounded(sum(nets, Fraction(0)) * share, self.currency)
            for line, part in zip(group, parted(unpaid, charges, self.currency), strict=True):
                self.kept[line.key].forgiven += part
                lost[line.key] = lost.get(line.key, Fraction(0)) + part

    def paid(self, allocations: Sequence[Any]) -> None:
        for one in allocations:
            if one.invoice_id in self.lost:  # after all
                share = Fraction(one.amount) / self.owed[one.invoice_id]
                for name, part in self.lost[one.invoice_id].items():
                    kept = self.kept[name]
                    kept.forgiven = max(Fraction(0), kept.forgiven - rounded(part * share, self.currency))
            self.owed[one.invoice_id] -= Fraction(one.amount)


def _name(key: Key) -> str:
    return f"{key.subscription}/{key.price}/{key.start.isoformat() if key.start else 'once'}"


def _key(name: str) -> Key:
    subscription, _, rest = name.partition("/")
    price, _, start = rest.rpartition("/")
    return Key(subscription, price, None if start == "once" else datetime.fromisoformat(start))
