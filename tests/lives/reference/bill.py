"""All that is wanted in a life, and what of it the customer is to bear: what was given by hand comes off, and what
nobody paid is set off against what would go back."""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from fractions import Fraction
from typing import Any, NamedTuple

from msgspec import UNSET

from domain import events as e
from domain.books.invoice import Invoice
from domain.books.line import LineKind
from domain.subscription import Cancel

from .keys import Key, Want
from .layers import ZERO, Layer, Layers
from .price import minor_unit, parted, rounded
from .runs import FAR, runs
from .spread import whole_spread
from .taxes import HOME, Rate, Taxed, percent
from .usage import Used
from .wants import wants

BY_HAND = (LineKind.ITEM, LineKind.CREDIT)


class Bill(NamedTuple):
    """`borne`: by key, without tax that is added, give or take `doubt`. `tax`: what is added, give or take `tax_doubt`;
    None where it is not known which layers stand. `refunded`: what went back for nothing, which what goes back later
    may count. `lowered`: what coupons take off, by key."""

    borne: dict[str, Fraction]
    doubt: Fraction
    tax: Fraction | None
    tax_doubt: Fraction
    refunded: Fraction
    lowered: dict[str, Fraction]


class _Change(NamedTuple):
    """What an invoice did to a key."""

    before: Layers
    after: Layers


def bill(
    journal: Sequence[tuple[datetime, Any]], currency: str, rates: list[Rate], used: Sequence[tuple[int, Used]] = ()
) -> Bill:
    """`used`: what was used, and how many entries the journal had when it was recorded."""
    return _Billing(journal, currency, rates, used).result()


class _Billing:
    def __init__(
        self,
        journal: Sequence[tuple[datetime, Any]],
        currency: str,
        rates: list[Rate],
        used: Sequence[tuple[int, Used]],
    ) -> None:
        self.used = used
        self.journal = journal
        self.currency = currency
        self.rates = rates
        self.country: str = HOME
        self.number: str | None = None
        self.valid = False
        self.vat: str | None = None
        self.keys: dict[str, Layers] = {}
        self.invoices: dict[str, Invoice] = {}
        self.changes: dict[str, dict[str, _Change]] = {}
        self.owed: dict[str, Fraction] = {}
        self.lost: dict[str, list[tuple[Layer, Fraction]]] = {}
        self.noted: dict[str, Fraction] = {}  # by line
        self.credited: dict[str, Fraction] = {}  # by invoice
        self.ends: dict[str, datetime] = {}
        self.until: dict[str, datetime] = {}
        self.closed_until = datetime.min.replace(tzinfo=UTC)
        self.refunded = ZERO
        self.doubts = self.roundings = 0
        for n, (at, event) in enumerate(journal):
            self.happened(n, at, event)

    def result(self) -> Bill:
        self.billed(len(self.journal), self.journal[-1][0], FAR, "")
        unit = minor_unit(self.currency)
        tax = sum((layer.borne * layer.taxed.added for key in self.keys.values() for layer in key.layers), ZERO)
        clear = all(layers.clear for layers in self.keys.values())
        lowered = {name: sum((x.lowered for x in layers.layers), ZERO) for name, layers in self.keys.items()}
        borne = {name: layers.borne for name, layers in self.keys.items()}
        doubt = self.doubts * unit
        return Bill(borne, doubt, tax if clear else None, doubt + self.roundings * unit, self.refunded, lowered)

    def happened(self, n: int, at: datetime, event: Any) -> None:
        match event:
            case e.CustomerUpdated():
                self.country = event.country if isinstance(event.country, str) else self.country
                number = self.number if event.tax_id_country is UNSET else event.tax_id_country
                self.valid = self.valid if event.tax_id_valid is None else event.tax_id_valid
                self.number, self.vat = number, number if self.valid else None
            case e.InvoiceFinalized(invoice=invoice):
                self.invoices[invoice.id] = invoice
                self.owed[invoice.id] = Fraction(invoice.total)
                self.roundings += len(invoice.tax)
                for line in invoice.lines:
                    if line.kind in BY_HAND:
                        self.item(line, invoice.id, at)
                if invoice.until is not None:
                    self.billed(n, at, invoice.until, invoice.id)
                    self.closed_until = max(self.closed_until, invoice.corrections_from or self.closed_until)
            case e.BillingClosed(until=until, corrections_from=closed):
                self.billed(n, at, until, "")
                self.closed_until = max(self.closed_until, closed)
            case e.ItemAdded(item=item):
                self.keys[f"item/{item.id}"] = Layers(self.currency)
            case e.CreditNoteIssued(note=note):
                self.owed[note.invoice_id] -= Fraction(note.off)
                self.roundings += len(note.tax)
                if not note.automatic:
                    self.gift(note)
                self.credited[note.invoice_id] = self.credited.get(note.invoice_id, ZERO) + Fraction(note.total)
                for line in note.lines:
                    net = Fraction(line.amount - line.discount - line.credit)
                    self.noted[line.id] = self.noted.get(line.id, ZERO) + net
            case e.CreditApplied(invoice_id=id, burns=burns):
                self.owed[id] -= sum(Fraction(burn.amount) for burn in burns)
            case e.RefundRequested(refund=refund):
                self.refunded += Fraction(refund.amount - refund.from_credit)
            case e.PaymentRecorded(payment=payment):
                self.paid(payment.allocations)
            case e.PaymentSucceeded(allocations=allocations):
                self.paid(allocations)
            case e.InvoiceVoided(invoice_id=id, rebill=True):
                self.unbilled(id)
            case e.InvoiceVoided(invoice_id=id):
                self.owed[id] = Fraction(self.invoices[id].total)  # the credit that settled it goes back
                self.forgive(id)
                self.uncredit(id)
            case e.InvoiceWrittenOff(invoice_id=id):
                self.forgive(id)

    # ── what the rules charge ──
    def billed(self, n: int, at: datetime, until: datetime, invoice_id: str) -> None:
        """Everything due by `until`, as things stood when it was billed."""
        billed = (name for name, layers in self.keys.items() if layers.layers and not name.startswith("item/"))
        before = {_key(name): self.until.get(name, until) for name in billed}
        if invoice_id:  # closed by hand: with the usage so far
            lines = self.invoices[invoice_id].lines
            before |= {_key(line.key): until for line in lines if line.usage is not None and line.key not in self.until}
        planned = self.planned(n)
        used = [redemption for entries, redemption in self.used if entries <= n]
        found = wants(runs(self.journal[:n], until), used, self.currency, until, before, planned)
        wanted = {_name(key): want for key, want in found.items()}
        changes = self.changes.setdefault(invoice_id, {})
        for name in sorted(wanted.keys() | {_name(key) for key in before}):
            if self.ends.get(name, FAR) <= self.closed_until:
                continue  # what ended long ago is not looked at any more
            layers, want = self.keys.setdefault(name, Layers(self.currency)), wanted.get(name)
            if want:
                self.ends[name] = want.ends
                self.until[name] = max(want.until, self.until.get(name, want.until))
            old = layers.copy()
            taxed = self.taxed(want, at) if want else None
            more = layers.bill(want.amount if want else ZERO, want.spread if want else (), invoice_id, taxed)
            if more < 0:
                self.roundings += 1
                self.doubts += old.doubtful * (1 + len(old.layers))
            elif more > 0 and invoice_id:
                self.lower(layers.layers[-1], name, invoice_id)
            if more:
                changes[name] = _Change(old, layers.copy())

    def planned(self, n: int) -> dict[str, datetime]:
        """By subscription, the end that is known: what is paid in advance and not billed yet is billed up to it."""
        found: dict[str, tuple[str, datetime]] = {}
        for _, event in self.journal[:n]:
            match event:
                case e.ChangeScheduled(scheduled=planned) if isinstance(planned.change, Cancel):
                    found[planned.subscription_id] = planned.id, planned.effective_at
                case (
                    e.ChangeWithdrawn(subscription_id=id, change_id=change)
                    | e.ChangeApplied(subscription_id=id, change_id=change)
                ) if id in found and found[id][0] == change:
                    del found[id]
                case e.SubscriptionEnded(subscription_id=id):
                    found.pop(id, None)
        return {id: at for id, (_, at) in found.items()}

    def lower(self, layer: Layer, key: str, invoice_id: str) -> None:
        """What coupons and promotional credit take off is theirs to say; what becomes of it then is not."""
        for line in self.invoices[invoice_id].lines:
            if line.key == key and line.amount > 0:
                layer.lowered += Fraction(line.discount)
                layer.credit += Fraction(line.credit)

    def taxed(self, want: Want, at: datetime) -> Taxed:
        """By the day on which it is provided: of what is over, its last."""
        lasts = want.until > want.since
        day = (min(at, want.until - timedelta(microseconds=1)) if lasts else at).date()
        category, inclusive = (want.price.tax_category, want.price.tax_inclusive) if want.price else ("standard", False)
        return Taxed(percent(self.rates, self.country, self.vat, category, day), inclusive)

    def item(self, line: Any, invoice_id: str, at: datetime) -> None:
        """Prepaid credit is taxed when it is used."""
        exact = Fraction(line.quantity) * Fraction(line.unit_amount or 0)
        sold = percent(self.rates, self.country, self.vat, "standard", at.date())
        taxed = Taxed(ZERO if line.kind is LineKind.CREDIT else sold, False)
        self.keys[line.key].bill(rounded(exact, self.currency), whole_spread(exact), invoice_id, taxed)
        self.lower(self.keys[line.key].layers[-1], line.key, invoice_id)

    # ── what people make of it ──
    def gift(self, note: Any) -> None:
        """By hand: of the lines named as far as they stand, then, since other documents may have given back of these,
        of what else is taxed alike, the newest first. What only documents that it is lost, is no gift."""
        part = 1 - Fraction(note.off) / Fraction(note.total) if self.lost.get(note.invoice_id) else Fraction(1)
        for tax in note.tax:
            alike = [x for x in note.lines if (x.treatment, x.tax_inclusive) == (tax.treatment, tax.inclusive)]
            given = rounded(sum((Fraction(line.amount) for line in alike), ZERO) * part, self.currency)
            named = {line.key: Fraction(line.amount) for line in alike if line.amount > 0}
            self.set_aside(given, named, note.invoice_id, _give)

    def forgive(self, invoice_id: str) -> None:
        """What is still owed of it, over what it charges; what it gives back, has been given."""
        invoice, lost = self.invoices[invoice_id], self.lost.setdefault(invoice_id, [])
        left = Fraction(invoice.total) - self.credited.get(invoice_id, ZERO)
        for tax in invoice.tax:
            alike = (tax.treatment, tax.inclusive)
            group = [line for line in invoice.lines if (line.treatment, line.tax_inclusive) == alike]
            nets = [
                Fraction(line.amount - line.discount - line.credit) - self.noted.get(line.id, ZERO) for line in group
            ]
            charges = [max(net, ZERO) for net in nets]
            whole = sum(nets, ZERO)
            share = self.owed[invoice_id] / left if left else ZERO
            parts = parted(rounded(whole * share, self.currency), charges, self.currency)
            named = {line.key: part for line, part in zip(group, parts, strict=True) if part}
            lost += self.set_aside(sum(parts, ZERO), named, invoice_id, _forgive)

    def uncredit(self, invoice_id: str) -> None:
        """The promotional credit of a void invoice goes back to where it came from; nobody pays what it paid for."""
        for layers in self.keys.values():
            for layer in layers.of(invoice_id):
                layer.forgiven, layer.credit = layer.forgiven + layer.credit, ZERO

    def set_aside(
        self, amount: Fraction, named: dict[str, Fraction], invoice_id: str, note: Callable[[Layer, Fraction], None]
    ) -> list[tuple[Layer, Fraction]]:
        done = []
        own = [(layer, min(named[key], layer.borne)) for key in named for layer in self.keys[key].of(invoice_id)]
        taxed = {layer.taxed for layer, _ in own}
        for group in (None, *reversed(self.invoices)):
            layers = own if group is None else [(layer, layer.borne) for layer in self.alike(group, taxed)]
            most = [max(part, ZERO) for _, part in layers]
            whole = min(amount, sum(most, ZERO))
            for (layer, _), part in zip(layers, parted(whole, most, self.currency), strict=True):
                if part:
                    note(layer, part)
                    done.append((layer, part))
            amount -= whole
        return done

    def alike(self, invoice_id: str, taxed: set[Taxed]) -> list[Layer]:
        """What else it charged at one of these taxes."""
        keys = [key for name, key in self.keys.items() if not name.startswith("item/")]
        return [layer for key in keys for layer in key.of(invoice_id) if layer.taxed in taxed]

    def paid(self, allocations: Sequence[Any]) -> None:
        for allocation in allocations:
            for layer, part in self.lost.get(allocation.invoice_id, ()):  # after all
                share = Fraction(allocation.amount) / self.owed[allocation.invoice_id]
                layer.forgiven = max(ZERO, layer.forgiven - rounded(part * share, self.currency))
            self.owed[allocation.invoice_id] -= Fraction(allocation.amount)

    def unbilled(self, invoice_id: str) -> None:
        """As if the invoice had not been."""
        for line in self.invoices[invoice_id].lines:
            if line.kind in BY_HAND:
                self.keys[line.key].layers.clear()
        for name, change in self.changes.get(invoice_id, {}).items():
            layers = self.keys[name]
            if layers == change.after:
                self.keys[name] = change.before.copy()
                continue
            layers.clear = False
            more = change.after.amount - change.before.amount
            if more > 0:
                layer = next(iter(layers.of(invoice_id)))
                layers.layers[layers.layers.index(layer)] = Layer(
                    layer.invoice, layer.taxed, ZERO, layer.amount - layer.charged, ()
                )
            else:
                layers.layers[-1].amount -= more


def _give(layer: Layer, part: Fraction) -> None:
    layer.given += part


def _forgive(layer: Layer, part: Fraction) -> None:
    layer.forgiven += part


def _name(key: Key) -> str:
    return f"{key.subscription}/{key.price}/{key.start.isoformat() if key.start else 'once'}"


def _key(name: str) -> Key:
    subscription, _, rest = name.partition("/")
    price, _, start = rest.rpartition("/")
    return Key(subscription, price, None if start == "once" else datetime.fromisoformat(start))
