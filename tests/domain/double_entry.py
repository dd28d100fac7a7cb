"""The books of one customer with the ledger beside them, for the tests of the postings.

    shop = Ledger()
    assert shop.post("2026-01-01", invoice("1", line("100.00", JANUARY))) == [
        "Dr RECEIVABLE 119.00",
        "Cr TAX 19.00",
        "Cr DEFERRED_REVENUE 100.00, 2026-01-01 → 2026-02-01",
    ]

After every event the ledger is held against the books: see `Ledger.post`. Amounts are in euros, tax is 19 %. Invoices
are numbered "1", "2"; their ids are invoice_1, invoice_2, and their lines 1-1, 1-2.
"""

from collections.abc import Iterable, Sequence
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from msgspec.structs import replace
from timeline import D, on, span

from domain import events as e
from domain.account import Account
from domain.books.credit import Burn, Credit, CreditKind
from domain.books.invoice import CreditNote, Invoice, Item
from domain.books.line import Line, LineKind
from domain.books.payment import Allocation, Payment, Refund, RefundTarget
from domain.evolve import evolve_account
from domain.exact import ZERO
from domain.ledger import Posting, postings
from domain.period import Period
from domain.seller import Dunning, Seller
from domain.tax import TaxCode, TaxLine, Treatment

VAT = Treatment("VAT", D(19))
UNTAXED = Treatment("VAT", D(0), TaxCode.OUTSIDE_SCOPE)
JANUARY = Period(on("2026-01-01"), on("2026-02-01"))
DECEMBER = Period(on("2025-12-01"), on("2026-01-01"))
_CENT = D("0.01")


class Ledger:
    def __init__(self) -> None:
        self.account = Account()
        self.posted: list[Posting] = []

    def post(self, at: str, event: e.AccountEvent) -> list[str]:
        """What the event posts, debits as Dr and credits as Cr."""
        before, self.account = self.account, evolve_account(self.account, event, on(at))
        entry = postings(before, event, self.account, on(at))
        self.posted += entry
        self._hold_against_the_books(entry)
        return [written(posting) for posting in entry]

    def _hold_against_the_books(self, entry: Sequence[Posting]) -> None:
        assert sum(posting.amount for posting in entry) == 0
        assert all(posting.amount for posting in entry), "what is nothing is not posted"
        balance, books = self.left(), self.account.books
        assert balance.get("RECEIVABLE", 0) == sum(receivable.due for receivable in books.receivables.values())
        assert -balance.get("CREDIT_LIABILITY", ZERO) == self.account.prepaid.get("EUR", 0)

    def left(self) -> dict[str, Decimal]:
        """The balance of each account that is not even; a debit is positive."""
        sums: dict[str, Decimal] = {}
        for posting in self.posted:
            sums[posting.account] = sums.get(posting.account, ZERO) + posting.amount
        return {str(account): amount for account, amount in sums.items() if amount}


def written(posting: Posting) -> str:
    side = "Dr" if posting.amount > 0 else "Cr"
    over = f", {span(posting.period)}" if posting.period else ""
    return f"{side} {posting.account} {abs(posting.amount)}{over}"


# ── documents ────────────────────────────────────────────────────────────────────────────────────────────────────────
def line(amount: str | Decimal, period: Period, kind: LineKind = LineKind.RECURRING, **terms: Any) -> Line:
    given: dict[str, Any] = {"id": "", "key": "s1/base/1", "treatment": VAT} | terms
    return Line(kind=kind, description="Pro", quantity=D(1), amount=D(amount), period=period, **given)


def taxes(lines: Sequence[Line]) -> tuple[TaxLine, ...]:
    """One for each treatment, rounded once."""
    found = []
    for treatment, inclusive in dict.fromkeys((line.treatment, line.tax_inclusive) for line in lines):
        assert treatment is not None
        alike = [line for line in lines if (line.treatment, line.tax_inclusive) == (treatment, inclusive)]
        net = sum((line.amount - line.discount - line.credit for line in alike), ZERO)
        parts = 100 + treatment.percent if inclusive else D(100)
        amount = (net * treatment.percent / parts).quantize(_CENT, ROUND_HALF_UP)
        found.append(TaxLine(treatment, net - amount if inclusive else net, amount, inclusive))
    return tuple(found)


def invoice(number: str, *lines: Line, at: str = "2026-01-01", buys: Iterable[Credit] = ()) -> e.InvoiceFinalized:
    named = tuple(replace(line, id=f"{number}-{n}") for n, line in enumerate(lines, 1))
    tax = taxes(named)
    subtotal = sum((line.amount for line in named), ZERO)
    discount = sum((line.discount for line in named), ZERO)
    credit = sum((line.credit for line in named), ZERO)
    return e.InvoiceFinalized(
        Invoice(
            id=f"invoice_{number}",
            number=number,
            currency="EUR",
            lines=named,
            subtotal=subtotal,
            discount=discount,
            credit=credit,
            tax=tax,
            total=subtotal - discount - credit + sum(tax_line.amount for tax_line in tax if not tax_line.inclusive),
            period=JANUARY,
            until=None,
            corrections_from=None,
            issued_at=on(at),
            due_at=on(at),
            seller=Seller(),
            buyer={},
            buyer_country="DE",
            zone="UTC",
            dunning=Dunning(),
            buys=tuple(buys),
        ),
    )


def note(
    of: e.InvoiceFinalized, *lines: Line, off: str = "0", credit: Credit | None = None, tax: tuple[TaxLine, ...] = ()
) -> e.CreditNoteIssued:
    """Takes back `lines`, which bear the ids of the invoice's; None of them: all. `tax` unless it is as calculated."""
    taken = lines or of.invoice.lines
    levied = tax or taxes(taken)
    net = sum((line.amount - line.discount - line.credit for line in taken), ZERO)
    return e.CreditNoteIssued(
        CreditNote(
            id=f"note_{of.invoice.number}",
            number=f"CN-{of.invoice.number}",
            invoice_id=of.invoice.id,
            invoice_number=of.invoice.number,
            currency="EUR",
            lines=taken,
            tax=levied,
            subtotal=sum((line.amount for line in taken), ZERO),
            total=net + sum(tax_line.amount for tax_line in levied if not tax_line.inclusive),
            reason="wrong",
            issued_at=of.invoice.issued_at,
            off=D(off),
            credit=credit,
        )
    )


# ── money ────────────────────────────────────────────────────────────────────────────────────────────────────────────
def prepaid(id: str, amount: str | Decimal, source: str | None = None) -> Credit:
    return Credit(id, CreditKind.PREPAID, "EUR", D(amount), D(amount), "", on("2026-01-01"), source=source)


def promotional(id: str, amount: str) -> Credit:
    return Credit(id, CreditKind.PROMOTIONAL, "EUR", D(amount), D(amount), "welcome", on("2026-01-01"))


def payment(id: str, amount: str | Decimal, **invoices: str | Decimal) -> Payment:
    """payment("p1", "100.00", invoice_1="60.00", invoice_2="40.00")"""
    allocations = tuple(Allocation(invoice_id, D(part)) for invoice_id, part in invoices.items())
    return Payment(id, D(amount), "EUR", "manual", on("2026-01-01"), allocations, settled_at=on("2026-01-01"))


def received(id: str, amount: str | Decimal, credit: Credit | None = None, **invoices: Any) -> e.PaymentRecorded:
    return e.PaymentRecorded(payment(id, amount, **invoices), credit)


def applied(invoice_id: str, **credits: str | Decimal) -> e.CreditApplied:
    return e.CreditApplied(invoice_id, tuple(Burn(id, D(amount)) for id, amount in credits.items()))


def refund(id: str, of: str, amount: str, to: RefundTarget = RefundTarget.METHOD) -> e.RefundRequested:
    return e.RefundRequested(Refund(id, of, D(amount), to, on("2026-01-01")))


def item(id: str, amount: str, buys: Credit | None = None) -> e.ItemAdded:
    return e.ItemAdded(Item(id, "Setup", D(1), D(amount), "EUR", on("2026-01-01"), buys=buys))
