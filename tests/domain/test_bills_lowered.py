"""What lowers or adds to a bill: coupons, promotional and prepaid credit, tax, items by hand, support's word. And what
becomes of it when less is charged later: shares go back with what they lowered."""

from datetime import date
from typing import Any

from billed_shop import GOLD, METERED, SILVER, Shop, fee, sold
from timeline import D, on

from domain import commands as c
from domain.books.credit import Credit, CreditKind
from domain.books.invoice import InvoiceStatus
from domain.coupon import Coupon
from domain.seller import Seller
from domain.subscription import ChangePlan
from domain.tax import TaxCode, TaxRate

MIDDLE = "2026-01-16 12:00"
GERMANY = Seller(country="DE")
RATES = (
    TaxRate("DE", "standard", "USt", D(19), until=date(2026, 2, 1)),
    TaxRate("DE", "standard", "USt", D(20), since=date(2026, 2, 1)),
)


def silver(*before: c.AccountCommand, **terms: Any) -> Shop:
    shop = Shop(**terms)
    for command in before:
        shop.do("2026-01-01", command)
    shop.subscribe("2026-01-01", SILVER)
    return shop


def coupon(**terms: Any) -> c.RedeemCoupon:
    return c.RedeemCoupon(Coupon("coupon_1", "WELCOME", "Welcome", **terms), "r1")


def credit(amount: str, kind: CreditKind) -> c.GrantCredit:
    return c.GrantCredit(Credit("credit_1", kind, "EUR", D(amount), D(amount), "hello", on("2026-01-01")))


# ── coupons ──
def test_a_coupon_for_so_many_periods_lowers_so_many() -> None:
    shop = silver(coupon(percent=D(50), periods=2))
    shop.until("2026-03-01 01:00")
    assert [invoice.total for invoice in shop.invoices] == [D("15.00"), D("15.00"), D("30.00")]


def test_a_change_in_mid_period_uses_up_no_period_of_a_coupon() -> None:
    shop = silver(coupon(percent=D(50), periods=2))
    shop.change(MIDDLE, ChangePlan(GOLD))
    shop.until("2026-03-01 01:00")
    assert [invoice.total for invoice in shop.invoices] == [D("15.00"), D("15.00"), D("45.00"), D("90.00")]


def test_a_coupon_over_everything_leaves_an_invoice_of_nothing_that_is_paid() -> None:
    shop = silver(coupon(percent=D(100)))
    assert [(invoice.subtotal, invoice.total) for invoice in shop.invoices] == [(D("30.00"), D("0.00"))]
    assert shop.account.books.receivables[shop.invoices[0].id].status is InvoiceStatus.PAID


def test_cancelling_what_a_coupon_paid_for_gives_nobody_anything() -> None:
    """Lago #5190: no credit note, and no failure."""
    shop = silver(coupon(percent=D(100)))
    shop.cancel(MIDDLE, "NOW")
    assert shop.bills[1:] == ["2026-01-16 12:00: INV-2, 0.00: Silver: base, given back -15.00"]
    assert (shop.notes, shop.account.prepaid, shop.account.owing.amounts) == ([], {}, {})


def test_what_goes_back_takes_its_share_of_the_coupon_along() -> None:
    """Of 15.00 + 15.00 paid, 7.50 were for half a month of silver. Nothing of gold was used."""
    shop = silver(coupon(percent=D(50)))
    shop.change(MIDDLE, ChangePlan(GOLD))
    shop.pay(MIDDLE)
    shop.cancel(MIDDLE, "NOW")
    assert [(note.invoice_number, note.total) for note in shop.notes] == [("INV-2", D("15.00")), ("INV-1", D("7.50"))]
    assert shop.account.prepaid == {"EUR": D("22.50")}


# ── credit ──
def test_promotional_credit_lowers_what_is_charged_and_is_not_paid_out() -> None:
    """20.00 of 30.00 were given: half of the rest of 10.00 comes back."""
    shop = silver(credit("20", CreditKind.PROMOTIONAL))
    shop.pay("2026-01-02")
    shop.cancel(MIDDLE, "NOW")
    assert [(invoice.subtotal, invoice.credit, invoice.total) for invoice in shop.invoices] == [
        (D("30.00"), D("20.00"), D("10.00"))
    ]
    assert shop.account.prepaid == {"EUR": D("5.00")}


def test_prepaid_credit_settles_like_a_payment_and_what_goes_back_is_credit_again() -> None:
    shop = silver(credit("50", CreditKind.PREPAID))
    assert (shop.invoices[0].total, shop.account.prepaid) == (D("30.00"), {"EUR": D("20.00")})
    shop.cancel(MIDDLE, "NOW")
    assert shop.account.prepaid == {"EUR": D("35.00")}


def test_a_void_returns_the_credit_that_was_used() -> None:
    """Published case C13 (Polar)."""
    shop = silver(credit("1000", CreditKind.PREPAID))
    shop.until("2026-01-02")
    shop.subscribe("2026-01-03", sold("large", fee("2000")))
    assert shop.account.prepaid == {}
    shop.do("2026-01-04", c.VoidInvoice(shop.invoices[1].id))
    assert shop.account.prepaid == {"EUR": D("970.00")}


# ── tax ──
def test_what_goes_back_is_taxed_as_it_was_billed() -> None:
    shop = silver(country="DE", seller=GERMANY, tax_rates=RATES)
    shop.change(MIDDLE, ChangePlan(GOLD))
    shop.until("2026-02-01 01:00")
    shop.pay("2026-02-02")
    shop.cancel("2026-02-15", "NOW")
    assert [(invoice.subtotal, invoice.tax[0].treatment.percent, invoice.total) for invoice in shop.invoices] == [
        (D("30.00"), D(19), D("35.70")),
        (D("30.00"), D(19), D("35.70")),
        (D("90.00"), D(20), D("108.00")),  # the rate of the day on which it is provided
    ]
    assert [(note.subtotal, note.tax[0].amount, note.total) for note in shop.notes] == [
        (D("45.00"), D("9.00"), D("54.00"))
    ]


def test_a_correction_is_taxed_by_the_rate_of_the_period_that_it_corrects() -> None:
    """Usage of January, heard of in February: 19 %, beside a fee at 20 %."""
    shop = Shop(country="DE", seller=GERMANY, tax_rates=RATES)
    shop.subscribe("2026-01-01", METERED)
    shop.used("calls", "2026-01-10", "100")
    shop.until("2026-02-02")
    shop.used("calls", "2026-01-11", "20")
    shop.until("2026-03-01 01:00")
    assert [(tax_line.treatment.percent, tax_line.base) for tax_line in shop.invoices[-1].tax] == [
        (D(20), D("10.00")),
        (D(19), D("1.00")),
    ]


def test_between_businesses_across_the_border_the_buyer_owes_the_tax() -> None:
    shop = silver(country="FR", tax_id_country="FR", tax_id_valid=True, seller=GERMANY, tax_rates=RATES)
    (tax,) = shop.invoices[0].tax
    assert (tax.treatment.code, tax.amount, shop.invoices[0].total) == (TaxCode.REVERSE_CHARGE, D("0.00"), D("30.00"))


def test_of_a_price_with_the_tax_in_it_the_rest_is_the_net() -> None:
    shop = Shop(country="DE", seller=GERMANY, tax_rates=RATES)
    shop.subscribe("2026-01-01", sold("inclusive", fee("29.99", tax_inclusive=True)))
    shop.cancel(MIDDLE, "NOW")
    (tax,) = shop.invoices[0].tax
    assert (shop.invoices[0].total, tax.base, tax.amount) == (D("29.99"), D("25.20"), D("4.79"))
    assert [(note.total, note.tax[0].amount) for note in shop.notes] == [(D("14.99"), D("2.39"))]


# ── by hand ──
def test_items_wait_for_the_next_invoice_or_have_one_of_their_own() -> None:
    shop = silver()
    shop.item("2026-01-05", "Workshop", "250")
    shop.item("2026-01-06", "Stickers", "3", at_once=True)
    shop.change("2026-01-11", ChangePlan(GOLD))  # an invoice for a change takes nothing along
    shop.until("2026-02-01 01:00")
    assert shop.bills[1:] == [
        "2026-01-06: INV-2, 3.00: Stickers 3.00",
        "2026-01-11: INV-3, 40.65: Silver: base, given back -20.32; Gold: base 60.97",
        "2026-02-01 01:00: INV-4, 340.00: Gold: base 90.00; Workshop 250.00",
    ]


def test_supports_word_replaces_what_a_line_comes_to_and_does_not_change_what_comes_later() -> None:
    shop = Shop()
    shop.subscribe("2026-01-01", METERED)
    shop.used("calls", "2026-01-10", "100")
    shop.adjust("2026-01-20", "s1/price_calls_MONTH_metered_1/2026-01-01T00:00:00+00:00", "3", "an outage")
    shop.until("2026-02-01 01:00")
    line = shop.line("INV-2", "s1/price_calls")
    assert (line.amount, line.calculated, line.steps[-1].label) == (D("3.00"), D("5.00"), "adjusted: an outage")
    shop.used("calls", "2026-01-11", "20")  # 1.00 more is 1.00 more
    shop.until("2026-03-01 01:00")
    assert shop.bills[-1] == "2026-03-01 01:00: INV-3, 11.00: Metered: base 10.00; Metered: calls, difference 1.00"


def test_what_support_gave_is_not_given_back_once_more() -> None:
    """Kill Bill, published case P27: 10.00 of 30.00 were taken off, so of 15.00 unused 20.00 − 15.00 stays paid; and
    of all of it never more than 20.00 comes back."""
    for cancelled, back in ((MIDDLE, "15.00"), ("2026-01-02", "20.00")):
        shop = silver()
        shop.pay("2026-01-01 12:00")
        note = c.IssueCreditNote(shop.invoices[0].id, "sorry", {shop.invoices[0].lines[0].id: D("10.00")})
        shop.do("2026-01-01 13:00", note)
        shop.cancel(cancelled, "NOW")
        assert [note.total for note in shop.notes] == [D("10.00"), D(back)]


def test_nor_on_an_upgrade_whose_invoice_would_have_room_for_more() -> None:
    """29.03 of silver are unused, but 10.00 of the 30.00 were given: 20.00 go back."""
    shop = silver()
    note = c.IssueCreditNote(shop.invoices[0].id, "sorry", {shop.invoices[0].lines[0].id: D("10.00")})
    shop.do("2026-01-01 13:00", note)
    shop.change("2026-01-02", ChangePlan(GOLD))
    assert shop.bills[-1] == "2026-01-02: INV-2, 67.10: Silver: base, given back -20.00; Gold: base 87.10"
    assert shop.line("INV-2").calculated == D("-29.03")


def test_all_of_an_item_credited_by_hand_a_cancellation_gives_nothing_more() -> None:
    """Kill Bill #1505."""
    shop = silver()
    shop.do("2026-01-02", c.IssueCreditNote(shop.invoices[0].id, "sorry"))
    shop.cancel(MIDDLE, "NOW")
    assert [note.total for note in shop.notes] == [D("30.00")]


def test_a_reversal_that_support_waives_takes_no_coupon_with_it() -> None:
    """Later usage lowers January by 2.00, of which a coupon had paid half: waived, the line is nothing at all."""
    shop = Shop()
    shop.do("2026-01-01", coupon(percent=D(50)))
    shop.subscribe("2026-01-01", METERED)
    shop.used("calls", "2026-01-10", "100")
    shop.until("2026-02-02")
    shop.used("calls", "2026-01-11", "-40")
    shop.adjust("2026-02-03", "s1/price_calls_MONTH_metered_1/2026-01-01T00:00:00+00:00", "0")
    shop.until("2026-03-01 01:00")
    assert (shop.invoices[-1].subtotal, shop.invoices[-1].discount, shop.invoices[-1].total) == (
        D("10.00"),
        D("5.00"),
        D("5.00"),
    )
