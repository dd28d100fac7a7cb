"""Final invoices as values, for the tests of documents: lines are given, tax and totals follow by the written rules."""

from datetime import UTC, datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from adapters.documents import Buyer
from domain.books.invoice import CreditNote, Invoice
from domain.books.line import Line, LineKind
from domain.books.redemption import Discount
from domain.exact import divided, exact_sum, quantized
from domain.money import digits
from domain.period import Period
from domain.seller import Dunning, Seller
from domain.tax import TaxCode, TaxLine, Treatment

ZERO = Decimal(0)
MARCH = Period(datetime(2026, 2, 28, 23, tzinfo=UTC), datetime(2026, 3, 31, 22, tzinfo=UTC))  # in Berlin
APRIL_FIRST = datetime(2026, 4, 1, 7, 30, 15, tzinfo=UTC)

VAT_19 = Treatment("USt", Decimal(19))
VAT_7 = Treatment("USt", Decimal(7))
REVERSED = Treatment("VAT", ZERO, TaxCode.REVERSE_CHARGE, "Reverse charge (Article 196, Directive 2006/112/EC)")
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
BUYER = Buyer(
    name="Bäckerei Grünwald KG",
    line1="Marktplatz 3",
    city="Lübeck",
    postal_code="23552",
    country="DE",
    external_id="acct-4711",
)
FRENCH = Buyer(
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
    tax = tax_of(lines, currency)
    subtotal = exact_sum(one.amount for one in lines)
    discount = exact_sum(one.discount for one in lines)
    credit = exact_sum(one.credit for one in lines)
    added = exact_sum(one.amount for one in tax if not one.inclusive)
    fields: dict[str, Any] = {
        "id": "invoice_1",
        "number": "INV-2026-000042",
        "currency": currency,
        "lines": lines,
        "subtotal": subtotal,
        "discount": discount,
        "credit": credit,
        "tax": tax,
        "total": subtotal - discount - credit + added,
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
        "discounts": (Discount("redemption_1", "SPRING", coupon, discount),) if discount else (),
    }
    return Invoice(**(fields | changes))


def credit_note(corrected: Invoice, *lines: Line, reason: str = "Abgerechnet, aber nicht genutzt") -> CreditNote:
    tax = tax_of(lines, corrected.currency)
    subtotal = exact_sum(one.amount for one in lines)
    reduced = exact_sum(one.discount + one.credit for one in lines)
    total = subtotal - reduced + exact_sum(one.amount for one in tax if not one.inclusive)
    return CreditNote(
        id="creditnote_1",
        invoice_id=corrected.id,
        invoice_number=corrected.number,
        currency=corrected.currency,
        lines=lines,
        tax=tax,
        subtotal=subtotal,
        total=total,
        reason=reason,
        issued_at=APRIL_FIRST + timedelta(days=3),
        off=total,
        number="CN-000007",
    )


def tax_of(lines: tuple[Line, ...], currency: str) -> tuple[TaxLine, ...]:
    """One tax line per treatment and side of the price, rounded once."""
    found = []
    for treatment, inclusive in dict.fromkeys((one.treatment, one.tax_inclusive) for one in lines):
        assert treatment is not None
        net = exact_sum(
            one.amount - one.discount - one.credit
            for one in lines
            if (one.treatment, one.tax_inclusive) == (treatment, inclusive)
        )
        over = 100 + treatment.percent if inclusive else Decimal(100)
        amount = quantized(divided(net * treatment.percent, over, 30, ROUND_HALF_UP), digits(currency), ROUND_HALF_UP)
        found.append(TaxLine(treatment, net - amount if inclusive else net, amount, inclusive))
    return tuple(found)
