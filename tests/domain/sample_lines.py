"""Lines, credits and final invoices for tests, with everything left out that a test does not speak of."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal

from msgspec.structs import replace

from domain.books.credit import Credit, CreditKind
from domain.books.invoice import OwedLine, Receivable
from domain.books.line import Line, LineKind
from domain.period import Period
from domain.seller import Dunning
from domain.tax import TaxCode, Treatment
from domain.totals import Credited, Totals

NOW = datetime(2026, 3, 1, tzinfo=UTC)
MARCH = Period(NOW, datetime(2026, 4, 1, tzinfo=UTC))
ZERO = Decimal(0)


def vat(percent: str, code: TaxCode = TaxCode.STANDARD, reason: str | None = None) -> Treatment:
    return Treatment(f"VAT {percent}", Decimal(percent), code, reason)


NO_TAX = vat("0", TaxCode.OUTSIDE_SCOPE, "none is levied")


def line(
    amount: str | Decimal,
    tax: Treatment = NO_TAX,
    *,
    key: str = "sub/fee/1",
    kind: LineKind = LineKind.RECURRING,
    inclusive: bool = False,
    plan: str | None = "pro",
    subscription: str | None = "sub",
    discount: str | Decimal = ZERO,
    credit: str | Decimal = ZERO,
) -> Line:
    return Line(
        f"line_{key}",
        key,
        kind,
        "something",
        Decimal(1),
        Decimal(amount),
        MARCH,
        tax_inclusive=inclusive,
        subscription_id=subscription,
        plan_key=plan,
        discount=Decimal(discount),
        credit=Decimal(credit),
        treatment=tax,
    )


def lines(*amounts: str, tax: Treatment = NO_TAX, inclusive: bool = False) -> list[Line]:
    return [line(amount, tax, key=f"sub/{n}/1", inclusive=inclusive) for n, amount in enumerate(amounts)]


def credit(
    id: str,
    amount: str,
    *,
    kind: CreditKind = CreditKind.PROMOTIONAL,
    priority: int = 50,
    age: int = 1,
    expires: int | None = None,
    currency: str = "EUR",
) -> Credit:
    """`age` and `expires` in days from NOW."""
    ends = None if expires is None else NOW + timedelta(days=expires)
    granted = NOW - timedelta(days=age)
    return Credit(id, kind, currency, Decimal(amount), Decimal(amount), "a gift", granted, priority, ends)


def owed(lines: Sequence[Line], totals: Totals, currency: str = "EUR") -> Receivable:
    """The running side of an invoice of these lines."""
    position = {(tax_line.treatment, tax_line.inclusive): at for at, tax_line in enumerate(totals.tax)}
    owed_lines = []
    for line in lines:
        assert line.treatment is not None
        place = position[line.treatment, line.tax_inclusive]
        owed_lines.append(
            OwedLine(
                line.id,
                line.key,
                kind=line.kind,
                amount=line.amount,
                tax=place,
                serves=line.period,
                discount=line.discount,
                credit=line.credit,
            )
        )
    return Receivable("invoice_1", "INV-1", currency, totals.total, totals.tax, tuple(owed_lines), NOW, NOW, Dunning())


def noted(invoice: Receivable, note: Credited) -> Receivable:
    """The invoice as it stands once the note is issued (nothing was paid)."""
    back = list(invoice.taken_back or (ZERO,) * len(invoice.tax))
    for tax in note.tax:
        back[
            [(tax_line.treatment, tax_line.inclusive) for tax_line in invoice.tax].index((tax.treatment, tax.inclusive))
        ] += tax.amount
    lines = [replace(line, credited=line.credited + note.amounts.get(line.id, ZERO)) for line in invoice.lines]
    return replace(invoice, lines=tuple(lines), taken_back=tuple(back), credited=invoice.credited + note.total)
