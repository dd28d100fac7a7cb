"""A customer who is billed, and what is sold to them, for the tests of bills.

    shop = Shop()                                        # billed in euros, since 2026-01-01
    shop.subscribe("2026-01-01", SILVER)
    assert shop.bills == ["2026-01-01: INV-1, 30.00: Silver: base 30.00"]

`bills` tells every document: its number, its total, its lines. Nobody is dunned here.
"""

from collections.abc import Iterable
from typing import Any

from msgspec.structs import replace
from timeline import D, Timeline, flat, plan, written

from domain import commands as c
from domain import events as e
from domain.billing.invoicing import invoice_id
from domain.books.invoice import Adjustment, Item
from domain.books.line import Line
from domain.catalog import ChargeModel, PlanVersion, Price, Tier
from domain.exact import exact_sum
from domain.money import Money
from domain.period import Cadence
from domain.policy import LastStep
from domain.seller import BillingSettings, Dunning

WEEK, MONTH, YEAR, ONCE = Cadence.WEEK, Cadence.MONTH, Cadence.YEAR, Cadence.ONCE
PATIENT = Dunning(retry_days=(), grace_days=36_500, last_step=LastStep.LEAVE)


# ── what is sold ─────────────────────────────────────────────────────────────────────────────────────────────────────
def fee(amount: str, cadence: Cadence = MONTH, key: str = "base", **terms: Any) -> Price:
    return replace(flat(amount, cadence, "EUR", key), **terms)


def seats(amount: str, cadence: Cadence = MONTH, **terms: Any) -> Price:
    return Price(f"price_seats_{cadence}", "seats", ChargeModel.PER_SEAT, cadence, "EUR", D(amount), **terms)


def calls(amount: str, cadence: Cadence = MONTH, **terms: Any) -> Price:
    """So much a call."""
    return Price(f"price_calls_{cadence}", "calls", ChargeModel.PER_UNIT, cadence, "EUR", D(amount), "calls", **terms)


def tiered(model: ChargeModel, *tiers: tuple[str | None, str]) -> Price:
    """Calls by tiers: (up to, a call)."""
    made = tuple(Tier(None if up_to is None else D(up_to), D(unit)) for up_to, unit in tiers)
    return Price("price_calls", "calls", model, MONTH, "EUR", meter_key="calls", tiers=made)


def sold(key: str, *prices: Price, minimum: str | None = None, **terms: Any) -> PlanVersion:
    """A plan of these prices, under these terms."""
    made = plan(key, *prices)
    least = () if minimum is None else (Money(D(minimum), "EUR"),)
    return replace(made, terms=replace(made.terms, minimum_spend=least, **terms))


SETUP = fee("99", ONCE, "setup")
FREE = sold("free")
SILVER = sold("silver", fee("30"), fee("300", YEAR))
GOLD = sold("gold", fee("90"), fee("900", YEAR))
METERED = sold("metered", fee("10"), calls("0.05"))
TEAM = sold("team", seats("12"))
EXTRA = sold("extra", fee("5"))


# ── who buys ─────────────────────────────────────────────────────────────────────────────────────────────────────────
class Shop(Timeline):
    def __init__(self, since: str = "2026-01-01", zone: str = "UTC", currency: str = "EUR", **terms: Any) -> None:
        """`terms` are the seller's settings, or (country, tax_id_country, tax_id_valid) facts of the customer."""
        facts = {name: terms.pop(name) for name in ("country", "tax_id_country", "tax_id_valid") if name in terms}
        super().__init__(since, zone, currency, BillingSettings(**{"dunning": PATIENT} | terms), **facts)

    @property
    def bills(self) -> list[str]:
        return [text for at, event in self.journal if (text := _told(written(at), event))]

    def pay(self, at: str, amount: str | None = None) -> None:
        """All that is owed, or so much."""
        self.until(at)
        owed = exact_sum(owed.due for owed in self.account.books.open) if amount is None else D(amount)
        self.do(at, c.RecordPayment(f"p{len(self.account.books.payments)}", owed, "EUR"))

    def item(self, at: str, description: str, amount: str, *, at_once: bool = False) -> None:
        item = Item(f"i{len(self.journal)}", description, D(1), D(amount), "EUR", self.customer.created_at)
        self.do(at, c.AddItem(item, at_once))

    def adjust(self, at: str, key: str, amount: str, reason: str = "goodwill") -> None:
        """Support's word on a line of the draft."""
        self.until(at)
        self.do(at, c.AdjustLine(invoice_id(self.account), Adjustment(key, D(amount), reason)))

    def finalize(self, at: str) -> None:
        """The draft, closed by hand."""
        self.until(at)
        self.do(at, c.FinalizeInvoice(invoice_id(self.account)))

    def line(self, number: str, key: str = "") -> Line:
        """Of an invoice, the line whose key begins so."""
        invoice = next(invoice for invoice in self.invoices if invoice.number == number)
        return next(line for line in invoice.lines if line.key.startswith(key))


def _told(at: str, event: e.AccountEvent) -> str | None:
    match event:
        case e.InvoiceFinalized(invoice=one):
            return f"{at}: {one.number}, {one.total}: {_lines(one.lines)}"
        case e.CreditNoteIssued(note=note):
            return f"{at}: {note.number} of {note.invoice_number}, {note.total}: {_lines(note.lines)}"
        case _:
            return None


def _lines(lines: Iterable[Line]) -> str:
    return "; ".join(f"{line.description} {line.amount}" for line in lines)
