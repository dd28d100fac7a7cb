"""Final invoices as values, for the tests of documents: lines are given, tax and totals follow by the rules."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

from hypothesis import strategies as st

from adapters.documents import BuyerParty
from domain.books.credit import Credit, CreditKind
from domain.books.invoice import CreditNote, Invoice
from domain.books.line import Line, LineKind
from domain.books.redemption import Discount
from domain.exact import exact_sum
from domain.period import Period
from domain.seller import Dunning, Seller
from domain.tax import TaxCode, Treatment
from domain.totals import totals
from domain.totals.promotional import net

ZERO = Decimal(0)
CENT = Decimal("0.01")
MARCH = Period(datetime(2026, 2, 28, 23, tzinfo=UTC), datetime(2026, 3, 31, 22, tzinfo=UTC))  # in Berlin
APRIL_FIRST = datetime(2026, 4, 1, 7, 30, 15, tzinfo=UTC)

VAT_19 = Treatment("USt", Decimal(19))
VAT_7 = Treatment("USt", Decimal(7))
EXEMPT = Treatment("VAT", ZERO, TaxCode.EXEMPT, "Education, § 4 Nr. 21 UStG")
UNTAXED = Treatment("No tax", ZERO, TaxCode.OUTSIDE_SCOPE)

SELLER = Seller(
    name="Nordlicht Software GmbH",
    line1="Speicherstraße 12",
    city="Hamburg",
    postal_code="20457",
    country="DE",
    tax_id="DE123456789",
    registration="HRB 123456, Amtsgericht Hamburg",
    email="billing@nordlicht.example",
    iban="DE89370400440532013000",
    bic="COBADEFFXXX",
    small_print="Geschäftsführung: Ada Lorenz, Jonas Brandt",
)
BUYER = BuyerParty(
    name="Bäckerei Grünwald KG",
    line1="Marktplatz 3",
    city="Lübeck",
    postal_code="23552",
    country="DE",
    external_id="acct-4711",
)
FRENCH = BuyerParty(
    name="Ateliers Lefèvre SARL",
    line1="18, rue des Tanneurs",
    line2="Bâtiment C",
    city="Lille",
    postal_code="59000",
    country="FR",
    tax_id="FR40303265045",
    external_id="acct-59",
)


def line(
    description: str,
    amount: str,
    *,
    quantity: str = "1",
    unit: str | None = None,
    treatment: Treatment = VAT_19,
    inclusive: bool = False,
    discount: str = "0",
    credit: str = "0",
    period: Period = MARCH,
) -> Line:
    return Line(
        id=f"line_{description}",
        key=f"subscription_1/{description}/2026-03",
        kind=LineKind.RECURRING,
        description=description,
        quantity=Decimal(quantity),
        amount=Decimal(amount),
        period=period,
        unit_amount=None if unit is None else Decimal(unit),
        tax_inclusive=inclusive,
        discount=Decimal(discount),
        credit=Decimal(credit),
        treatment=treatment,
    )


def invoice(*lines: Line, currency: str = "EUR", coupon: str = "Frühling", **changes: Any) -> Invoice:
    sums = totals(lines, currency)
    fields: dict[str, Any] = {
        "id": "invoice_1",
        "number": "INV-2026-000042",
        "currency": currency,
        "lines": lines,
        "subtotal": sums.subtotal,
        "discount": sums.discount,
        "credit": sums.credit,
        "tax": sums.tax,
        "total": sums.total,
        "period": MARCH,
        "until": MARCH.end,
        "corrections_from": MARCH.start,
        "issued_at": APRIL_FIRST,
        "due_at": APRIL_FIRST + timedelta(days=14),
        "seller": SELLER,
        "buyer": {},
        "buyer_country": "DE",
        "zone": "Europe/Berlin",
        "dunning": Dunning(),
        "locale": "de",
        "discounts": (Discount("redemption_1", "SPRING", coupon, sums.discount),) if sums.discount else (),
    }
    return Invoice(**(fields | changes))


def credit_note(
    corrected: Invoice, *lines: Line, reason: str = "Abgerechnet, aber nicht genutzt", owed: str | None = None
) -> CreditNote:
    """`owed`: what is still to be paid of the invoice, and so comes off it; the rest is kept as credit."""
    sums = totals(lines, corrected.currency)
    off = min(sums.total, corrected.total if owed is None else Decimal(owed))
    at = APRIL_FIRST + timedelta(days=3)
    kept = sums.total - off
    return CreditNote(
        id="creditnote_1",
        invoice_id=corrected.id,
        invoice_number=corrected.number,
        currency=corrected.currency,
        lines=lines,
        tax=sums.tax,
        subtotal=exact_sum(net(one) for one in lines),
        total=sums.total,
        reason=reason,
        issued_at=at,
        off=off,
        credit=Credit("credit_1", CreditKind.PREPAID, "EUR", kept, kept, reason, at) if kept else None,
        number="CN-000007",
    )


@st.composite
def any_line(draw: st.DrawFn) -> Line:
    """A line of up to a thousand, charged or given back, at either rate and on either side of the price."""
    amount = draw(st.integers(-100_000, 100_000)) * CENT
    tenth, third = Decimal("0.1"), Decimal("0.33")
    return line(
        "x",
        str(amount),
        discount=str((amount * draw(st.sampled_from([ZERO, tenth]))).quantize(CENT)),
        credit=str((amount * draw(st.sampled_from([ZERO, third]))).quantize(CENT)),
        treatment=draw(st.sampled_from([VAT_7, VAT_19])),
        inclusive=draw(st.booleans()),
    )
