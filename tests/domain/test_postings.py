"""What every money event means in double entry, told as customers' stories."""

import pytest
from double_entry import (
    DECEMBER,
    JANUARY,
    UNTAXED,
    Ledger,
    applied,
    invoice,
    item,
    line,
    note,
    payment,
    prepaid,
    promotional,
    received,
    refund,
)
from msgspec.structs import replace
from timeline import D, on

from domain import events as e
from domain.books.credit import Burn
from domain.books.line import LineKind
from domain.books.payment import Allocation, FailureCode, Method, RefundTarget
from domain.ledger import postings
from domain.period import Period

YEAR = Period(on("2026-01-01"), on("2027-01-01"))
NOW = Period(on("2026-01-01"), on("2026-01-01"))


def monthly(number: str = "1") -> e.InvoiceFinalized:
    return invoice(number, line("100.00", JANUARY))


def test_a_month_paid_in_advance() -> None:
    shop = Ledger()
    assert shop.post("2026-01-01", monthly()) == [
        "Dr RECEIVABLE 119.00",
        "Cr TAX 19.00",
        "Cr DEFERRED_REVENUE 100.00, 2026-01-01 → 2026-02-01",
    ]
    assert shop.post("2026-01-05", received("p1", "119.00", invoice_1="119.00")) == [
        "Cr RECEIVABLE 119.00",
        "Dr CASH 119.00",
    ]


def test_usage_of_the_month_before_is_earned_already_and_so_is_a_sale() -> None:
    usage = line("30.00", DECEMBER, LineKind.USAGE)
    assert Ledger().post("2026-01-01", invoice("1", usage, line("20.00", NOW, LineKind.ITEM))) == [
        "Dr RECEIVABLE 59.50",
        "Cr TAX 9.50",
        "Cr REVENUE 50.00",
    ]


def test_usage_counts_by_when_it_happened_and_a_one_time_price_by_when_it_is_billed() -> None:
    usage = line("30.00", JANUARY, LineKind.USAGE, usage=DECEMBER)
    once = line("20.00", JANUARY, LineKind.ONCE)
    assert Ledger().post("2026-01-01", invoice("1", usage, once)) == [
        "Dr RECEIVABLE 59.50",
        "Cr TAX 9.50",
        "Cr REVENUE 50.00",
    ]


def test_a_period_that_has_begun_is_deferred_as_a_whole_and_one_that_has_ended_is_not() -> None:
    assert Ledger().post("2026-01-31 23:59", monthly())[2] == "Cr DEFERRED_REVENUE 100.00, 2026-01-01 → 2026-02-01"
    assert Ledger().post("2026-02-01", monthly())[2] == "Cr REVENUE 100.00"


def test_revenue_is_net_of_coupons_and_promotional_credit() -> None:
    shop = Ledger()
    assert shop.post("2026-01-01", e.CreditGranted(promotional("c1", "10.00"))) == []
    lowered = invoice("1", line("100.00", DECEMBER, discount=D("20.00"), credit=D("10.00")))
    assert shop.post("2026-01-01", lowered) == ["Dr RECEIVABLE 83.30", "Cr TAX 13.30", "Cr REVENUE 70.00"]


def test_revenue_is_net_of_the_tax_that_prices_contain() -> None:
    """15.97 of 100.00: the cent that does not divide goes to the line with the larger rest, here to the first."""
    two = (line("50.00", period, tax_inclusive=True) for period in (DECEMBER, JANUARY))
    assert Ledger().post("2026-01-01", invoice("1", *two)) == [
        "Dr RECEIVABLE 100.00",
        "Cr TAX 15.97",
        "Cr REVENUE 42.01",
        "Cr DEFERRED_REVENUE 42.02, 2026-01-01 → 2026-02-01",
    ]


def test_a_change_in_mid_period_defers_the_difference() -> None:
    """The old price back and the new one charged, both for the rest of the month."""
    rest = Period(on("2026-01-16"), on("2026-02-01"))
    change = invoice("1", line("-50.00", rest), line("250.00", rest, key="s1/base/2"))
    assert Ledger().post("2026-01-16", change) == [
        "Dr RECEIVABLE 238.00",
        "Cr TAX 38.00",
        "Cr DEFERRED_REVENUE 200.00, 2026-01-16 → 2026-02-01",
    ]


# ── credit notes, voids, write-offs ──────────────────────────────────────────────────────────────────────────────────
def test_a_credit_note_on_an_open_invoice_takes_back_what_it_billed() -> None:
    shop, billed = Ledger(), monthly()
    shop.post("2026-01-01", billed)
    assert shop.post("2026-01-10", note(billed, off="119.00")) == [
        "Cr RECEIVABLE 119.00",
        "Dr TAX 19.00",
        "Dr DEFERRED_REVENUE 100.00, 2026-01-01 → 2026-02-01",
    ]
    assert shop.left() == {}


def test_a_credit_note_on_a_paid_invoice_becomes_the_customers_credit() -> None:
    shop, billed = Ledger(), monthly()
    shop.post("2026-01-01", billed)
    shop.post("2026-01-02", received("p1", "119.00", invoice_1="119.00"))
    half = line("50.00", Period(on("2026-01-16"), on("2026-02-01")), id="1-1")
    assert shop.post("2026-01-16", note(billed, half, credit=prepaid("c1", "59.50", "note_1"))) == [
        "Dr TAX 9.50",
        "Dr DEFERRED_REVENUE 50.00, 2026-01-16 → 2026-02-01",
        "Cr CREDIT_LIABILITY 59.50",
    ]
    shop.post("2026-02-01", monthly("2"))
    assert shop.post("2026-02-01", applied("invoice_2", c1="59.50")) == [
        "Cr RECEIVABLE 59.50",
        "Dr CREDIT_LIABILITY 59.50",
    ]


def test_a_void_takes_back_all_and_the_credit_it_used_comes_back() -> None:
    shop = Ledger()
    shop.post("2026-01-01", e.CreditGranted(prepaid("c1", "20.00")))
    shop.post("2026-01-01", monthly())
    shop.post("2026-01-01", applied("invoice_1", c1="20.00"))
    assert shop.post("2026-01-03", e.InvoiceVoided("invoice_1", (Burn("c1", D("20.00")),))) == [
        "Cr RECEIVABLE 99.00",
        "Dr TAX 19.00",
        "Dr DEFERRED_REVENUE 100.00, 2026-01-01 → 2026-02-01",
        "Cr CREDIT_LIABILITY 20.00",
    ]


def test_credit_that_has_expired_when_its_invoice_is_voided_is_revenue() -> None:
    shop = Ledger()
    shop.post("2026-01-01", received("p1", "20.00", prepaid("c1", "20.00", "p1")))
    shop.post("2026-01-01", monthly())
    shop.post("2026-01-01", applied("invoice_1", c1="20.00"))
    assert shop.post("2026-01-03", e.InvoiceVoided("invoice_1")) == [
        "Cr RECEIVABLE 99.00",
        "Dr TAX 19.00",
        "Cr REVENUE 20.00",
        "Dr DEFERRED_REVENUE 100.00, 2026-01-01 → 2026-02-01",
    ]


def test_a_void_after_the_period_lowers_the_revenue_it_had_become() -> None:
    shop = Ledger()
    shop.post("2026-01-01", monthly())
    assert shop.post("2026-03-01", e.InvoiceVoided("invoice_1")) == [
        "Cr RECEIVABLE 119.00",
        "Dr TAX 19.00",
        "Dr REVENUE 100.00",
    ]


def test_a_written_off_invoice_is_a_loss_and_what_comes_in_for_it_makes_the_loss_smaller() -> None:
    shop = Ledger()
    shop.post("2026-01-01", monthly())
    assert shop.post("2026-06-01", e.InvoiceWrittenOff("invoice_1")) == ["Cr RECEIVABLE 119.00", "Dr WRITE_OFF 119.00"]
    assert shop.post("2026-07-01", received("p1", "19.00", invoice_1="19.00")) == [
        "Dr CASH 19.00",
        "Cr WRITE_OFF 19.00",
    ]
    shop.post("2026-07-01", e.CreditGranted(prepaid("c1", "40.00")))
    assert shop.post("2026-07-02", applied("invoice_1", c1="40.00")) == [
        "Dr CREDIT_LIABILITY 40.00",
        "Cr WRITE_OFF 40.00",
    ]


def test_a_credit_note_on_a_written_off_invoice_takes_back_revenue_and_loss() -> None:
    shop, billed = Ledger(), monthly()
    shop.post("2026-01-01", billed)
    shop.post("2026-06-01", e.InvoiceWrittenOff("invoice_1"))
    assert shop.post("2026-06-02", note(billed, off="119.00")) == [
        "Dr TAX 19.00",
        "Dr REVENUE 100.00",
        "Cr WRITE_OFF 119.00",
    ]


# ── payments and refunds ─────────────────────────────────────────────────────────────────────────────────────────────
def test_a_payment_is_cash_only_when_it_has_gone_through() -> None:
    shop = Ledger()
    shop.post("2026-01-01", monthly())
    shop.post("2026-01-01", monthly("2"))
    both = payment("p1", "238.00", invoice_1="119.00", invoice_2="119.00")
    assert shop.post("2026-01-02", e.PaymentRequested(both)) == []
    assert shop.post("2026-01-02", e.PaymentNeedsAction("p1")) == []
    # Meanwhile the second invoice was credited: its part is the customer's.
    shop.post("2026-01-03", note(monthly("2"), off="119.00"))
    went_to = (Allocation("invoice_1", D("119.00")),)
    credit = prepaid("c1", "119.00", "p1")
    assert shop.post("2026-01-04", e.PaymentSucceeded("p1", went_to, credit=credit)) == [
        "Cr RECEIVABLE 119.00",
        "Dr CASH 238.00",
        "Cr CREDIT_LIABILITY 119.00",
    ]


def test_a_failed_payment_is_no_entry() -> None:
    shop = Ledger()
    shop.post("2026-01-01", monthly())
    shop.post("2026-01-02", e.PaymentRequested(payment("p1", "119.00", invoice_1="119.00")))
    assert shop.post("2026-01-02", e.PaymentFailed("p1", FailureCode.DECLINED)) == []


def test_a_refund_without_a_credit_note_is_given_away() -> None:
    shop = Ledger()
    shop.post("2026-01-01", monthly())
    shop.post("2026-01-01", received("p1", "119.00", invoice_1="119.00"))
    assert shop.post("2026-01-02", refund("r1", "p1", "19.00")) == []
    assert shop.post("2026-01-03", e.RefundSettled("r1", "p1")) == ["Cr CASH 19.00", "Dr GOODWILL 19.00"]
    assert shop.post("2026-01-04", refund("r2", "p1", "10.00", RefundTarget.CREDIT)) == []
    assert shop.post("2026-01-04", e.RefundSettled("r2", "p1", prepaid("c1", "10.00", "p1"))) == [
        "Cr CREDIT_LIABILITY 10.00",
        "Dr GOODWILL 10.00",
    ]
    assert shop.post("2026-01-05", refund("r3", "p1", "5.00")) == []
    assert shop.post("2026-01-06", e.RefundFailed("r3", "p1", "closed")) == []


def test_a_refund_in_place_of_a_notes_credit_gives_nothing_away() -> None:
    """Credited after payment, and the customer would rather have the money: the credit goes when the money does."""
    shop, billed = Ledger(), monthly()
    shop.post("2026-01-01", billed)
    shop.post("2026-01-01", received("p1", "119.00", invoice_1="119.00"))
    shop.post("2026-01-01", note(billed, credit=prepaid("c1", "119.00", "note_1")))
    shop.post("2026-01-02", refund("r1", "p1", "119.00"))
    shop.post("2026-01-02", e.CreditVoided("c1", D("119.00")))
    shop.post("2026-01-03", e.RefundSettled("r1", "p1"))
    assert shop.left() == {}


# ── prepaid credit ───────────────────────────────────────────────────────────────────────────────────────────────────
def top_up(price: str, credit: str) -> e.InvoiceFinalized:
    bought = prepaid("c1", credit, "invoice_1")
    return invoice("1", line(price, NOW, LineKind.CREDIT, treatment=UNTAXED), buys=(bought,))


def test_bought_credit_is_the_customers_once_it_is_paid() -> None:
    shop, sale = Ledger(), top_up("100.00", "100.00")
    assert shop.post("2026-01-01", sale) == ["Dr RECEIVABLE 100.00", "Cr CREDIT_SOLD 100.00"]
    shop.post("2026-01-02", received("p1", "100.00", invoice_1="100.00"))
    assert shop.post("2026-01-02", e.CreditGranted(sale.invoice.buys[0])) == [
        "Dr CREDIT_SOLD 100.00",
        "Cr CREDIT_LIABILITY 100.00",
    ]
    assert shop.left() == {"CASH": D("100.00"), "CREDIT_LIABILITY": D("-100.00")}


def test_a_bonus_on_bought_credit_is_given_away() -> None:
    shop, sale = Ledger(), top_up("90.00", "100.00")
    shop.post("2026-01-01", sale)
    assert shop.post("2026-01-02", e.CreditGranted(sale.invoice.buys[0])) == [
        "Dr CREDIT_SOLD 90.00",
        "Cr CREDIT_LIABILITY 100.00",
        "Dr GOODWILL 10.00",
    ]


def test_two_credits_bought_at_once_share_what_was_paid_for_them() -> None:
    shop = Ledger()
    bought = (prepaid("c1", "100.00", "invoice_1"), prepaid("c2", "200.00", "invoice_1"))
    sale = invoice("1", line("250.00", NOW, LineKind.CREDIT, treatment=UNTAXED), buys=bought)
    shop.post("2026-01-01", sale)
    assert shop.post("2026-01-02", e.CreditGranted(bought[0]))[0] == "Dr CREDIT_SOLD 83.33"
    assert shop.post("2026-01-02", e.CreditGranted(bought[1]))[0] == "Dr CREDIT_SOLD 166.67"


def test_credit_that_was_never_paid_for_is_not_sold_after_all() -> None:
    shop = Ledger()
    shop.post("2026-01-01", top_up("100.00", "100.00"))
    assert shop.post("2026-01-02", e.InvoiceVoided("invoice_1")) == ["Cr RECEIVABLE 100.00", "Dr CREDIT_SOLD 100.00"]


def test_bought_credit_that_is_taken_back_for_a_refund_leaves_nothing() -> None:
    shop, sale = Ledger(), top_up("100.00", "100.00")
    shop.post("2026-01-01", sale)
    shop.post("2026-01-02", received("p1", "100.00", invoice_1="100.00"))
    shop.post("2026-01-02", e.CreditGranted(sale.invoice.buys[0]))
    assert shop.post("2026-01-03", e.CreditVoided("c1", D("100.00"))) == [
        "Dr CREDIT_LIABILITY 100.00",
        "Cr GOODWILL 100.00",
    ]
    shop.post("2026-01-03", refund("r1", "p1", "100.00"))
    assert shop.post("2026-01-03", e.RefundSettled("r1", "p1")) == ["Cr CASH 100.00", "Dr GOODWILL 100.00"]
    assert shop.left() == {}


def test_prepaid_credit_given_by_hand_costs_us_and_what_expires_of_it_does_not() -> None:
    shop = Ledger()
    assert shop.post("2026-01-01", e.CreditGranted(prepaid("c1", "50.00"))) == [
        "Cr CREDIT_LIABILITY 50.00",
        "Dr GOODWILL 50.00",
    ]
    shop.post("2026-01-01", monthly())
    shop.post("2026-01-01", applied("invoice_1", c1="20.00"))
    assert shop.post("2026-01-02", e.CreditVoided("c1", D("10.00"))) == [
        "Dr CREDIT_LIABILITY 10.00",
        "Cr GOODWILL 10.00",
    ]
    assert shop.post("2026-02-02", e.CreditExpired("c1", D("20.00"))) == [
        "Dr CREDIT_LIABILITY 20.00",
        "Cr GOODWILL 20.00",
    ]


def test_paid_credit_that_expires_is_revenue() -> None:
    shop = Ledger()
    shop.post("2026-01-01", received("p1", "50.00", prepaid("c1", "50.00", "p1")))
    assert shop.post("2027-01-01", e.CreditExpired("c1", D("50.00"))) == [
        "Cr REVENUE 50.00",
        "Dr CREDIT_LIABILITY 50.00",
    ]


def test_promotional_credit_is_no_ones_money() -> None:
    shop = Ledger()
    assert shop.post("2026-01-01", e.CreditGranted(promotional("c1", "30.00"))) == []
    assert shop.post("2026-01-02", e.CreditVoided("c1", D("10.00"))) == []
    assert shop.post("2026-01-03", e.CreditExpired("c1", D("20.00"))) == []


# ── the rest ─────────────────────────────────────────────────────────────────────────────────────────────────────────
def test_what_is_planned_asked_for_or_agreed_is_no_entry() -> None:
    shop = Ledger()
    shop.post("2026-01-01", monthly())
    card = Method("m1", "simulated", "tok", "card", "Visa 4242", on("2026-01-01"))
    quiet = (
        item("i1", "20.00"),
        e.ItemRemoved("i1"),
        e.InstalmentsPlanned("invoice_1", ()),
        e.MethodAdded(card),
        e.MethodDefaulted("m1"),
        e.MethodRemoved("m1"),
        e.BillingSuspended("invoice_1"),
        e.BillingRestored(),
    )
    assert [shop.post("2026-01-02", event) for event in quiet] == [[]] * len(quiet)


def test_an_entry_names_the_invoice_by_id_and_number() -> None:
    shop, event = Ledger(), monthly()
    before = shop.account
    shop.post("2026-01-01", event)
    entry = postings(before, event, shop.account, on("2026-01-01"))
    assert {(posting.about, posting.document) for posting in entry} == {("invoice_1", "1")}


def test_a_document_that_does_not_sum_stops_the_command() -> None:
    right = monthly()
    wrong = replace(right, invoice=replace(right.invoice, total=D("118.99")))
    with pytest.raises(AssertionError, match="InvoiceFinalized does not balance"):
        Ledger().post("2026-01-01", wrong)


def test_a_year_with_an_accountant() -> None:
    """A customer's life; the accounts as they stand at its end."""
    shop = Ledger()
    year = invoice("1", line("1200.00", YEAR))
    shop.post("2026-01-01", year)
    shop.post("2026-01-15", received("p1", "1428.00", invoice_1="1428.00"))
    leaves = line("600.00", Period(on("2026-07-02"), on("2027-01-01")), id="1-1")
    shop.post("2026-07-02", note(year, leaves, credit=prepaid("c1", "714.00", "note_1")))
    shop.post("2026-07-03", invoice("2", line("100.00", DECEMBER, LineKind.USAGE), at="2026-07-03"))
    shop.post("2026-07-03", applied("invoice_2", c1="119.00"))
    assert shop.left() == {
        "CASH": D("1428.00"),
        "CREDIT_LIABILITY": D("-595.00"),
        "DEFERRED_REVENUE": D("-600.00"),  # of January to July: earned by the months' own entries
        "REVENUE": D("-100.00"),
        "TAX": D("-133.00"),
    }
