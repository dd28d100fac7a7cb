"""A customer with one of everything that is about money, on a test clock."""

from datetime import timedelta
from decimal import Decimal
from typing import NamedTuple

from storefront import NOON, Storefront

from adapters.postgres.reads import documents
from domain.books.credit import Credit, CreditKind
from domain.books.line import Line
from domain.books.payment import Method, RefundTarget
from domain.commands import (
    AddMethod,
    CreateCoupon,
    GrantCredit,
    IssueCreditNote,
    RecordPayment,
    RedeemCoupon,
    RefundPayment,
)
from domain.coupon import Coupon
from service.ids import new_id

DAY = timedelta(days=1)
HOUR = timedelta(hours=1)


class Billed(NamedTuple):
    """`invoice_id`: INV-000001, 99.00 for a month of Starter, paid with 109.00 but for a credit note of 9.00, after
    which 5.00 were given back. `draft_id`: of the running month."""

    customer_id: str
    clock_id: str
    invoice_id: str
    draft_id: str
    note_id: str
    payment_id: str
    refund_id: str
    credit_id: str
    method_id: str
    coupon_id: str
    redemption_id: str

    @property
    def ids(self) -> dict[str, str]:
        """Type name → id, of what is the customer's."""
        return {
            "Invoice": self.invoice_id,
            "CreditNote": self.note_id,
            "Payment": self.payment_id,
            "Refund": self.refund_id,
            "CreditGrant": self.credit_id,
            "PaymentMethod": self.method_id,
            "CouponRedemption": self.redemption_id,
        }


async def billed(shop: Storefront, external_id: str = "acme") -> Billed:
    clock_id = await shop.clock()
    id = await shop.customer(external_id, "starter", clock_id)
    (owed,) = (await shop.account(id)).books.receivables.values()
    amounts = {owed.lines[0].id: Decimal(9)}
    await shop.record(id, IssueCreditNote(owed.id, "a bad day", amounts, await _lines(shop, id)))
    payment_id, refund_id, credit_id, method_id = (new_id(kind) for kind in ("payment", "refund", "credit", "method"))
    await shop.record(id, RecordPayment(payment_id, Decimal(109), "USD", "transfer 17", invoice_ids=(owed.id,)))
    await shop.record(id, RefundPayment(refund_id, payment_id, Decimal(5), RefundTarget.CREDIT, "paid too much"))
    coupon = Coupon(new_id("coupon"), f"TEN{external_id}", "Ten off", Decimal(10), periods=2)
    await shop.record("catalog", CreateCoupon(coupon))
    redemption_id = new_id("redemption")
    await shop.record(id, RedeemCoupon(coupon, redemption_id))
    given = Credit(credit_id, CreditKind.PROMOTIONAL, "USD", Decimal(20), Decimal(0), "welcome", NOON)
    await shop.record(id, GrantCredit(given))
    method = Method(method_id, "simulated", "secret-token", "card", f"Visa of {external_id}", NOON)
    await shop.record(id, AddMethod(method))
    draft_id = (await shop.ask(_DRAFT, ref={"id": id}))["customer"]["upcomingInvoice"]["id"]
    (note_id,) = (await shop.account(id)).books.receivables[owed.id].notes
    return Billed(
        id,
        clock_id,
        owed.id,
        draft_id,
        note_id,
        payment_id,
        refund_id,
        credit_id,
        method_id,
        coupon.id,
        redemption_id,
    )


_DRAFT = "query ($ref: CustomerRef!) { customer(ref: $ref) { upcomingInvoice { id } } }"


async def _lines(shop: Storefront, customer_id: str) -> tuple[Line, ...]:
    asked = documents.InvoicePageQuery(customer_id, 1)
    return (await documents.page(shop.runtime.engine, asked, None))[0].invoice.lines
