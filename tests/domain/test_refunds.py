"""Refunds: to the method or as credit, never above what is left, and never beside credit that the payment brought."""

from typing import Any

import pytest
from double_entry import JANUARY, VAT, invoice, line, prepaid
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace
from till import Till, method
from timeline import D

from domain import commands as c
from domain.books.invoice import InvoiceStatus
from domain.books.line import LineKind
from domain.books.payment import PaymentStatus, RefundTarget
from domain.errors import ErrorCode, Refusal

METHOD, CREDIT = RefundTarget.METHOD, RefundTarget.CREDIT


def refunding(payment: str, amount: str | None = None, to: RefundTarget = METHOD, id: str = "r1") -> c.RefundPayment:
    return c.RefundPayment(id, payment, None if amount is None else D(amount), to)


def paid_by_card(amount: str = "100.00", **terms: Any) -> Till:
    """Invoice 1, paid with p1."""
    till = Till(method())
    till.bill("1", amount, **terms)
    till.succeeds("2026-01-01")
    return till


def topped_up(price: str = "15.00", credit: str = "15.00") -> Till:
    return paid_by_card(price, buys=[replace(prepaid("bought", credit), reason="top-up")])


# ── where to ─────────────────────────────────────────────────────────────────────────────────────────────────────────
def test_a_refund_to_a_card_is_asked_for_and_settled_later() -> None:
    till = paid_by_card()
    assert till.do("2026-01-02", refunding(till.id_of("p1"), "30.00")) == ["2026-01-02: refund 30.00 to method"]
    settled = c.SettleRefund("r1", till.id_of("p1"))
    assert till.do("2026-01-03", settled) == ["2026-01-03: refund settled"]
    assert till.do("2026-01-03", settled) == []
    assert till.do("2026-01-03", replace(settled, failure="closed account")) == []
    assert (till.paid().status, till.paid().refunded) == (PaymentStatus.PARTIALLY_REFUNDED, D("30.00"))
    assert till.left()["CASH"] == D("70.00")


def test_one_to_credit_is_settled_at_once() -> None:
    till = paid_by_card()
    assert till.do("2026-01-02", refunding(till.id_of("p1"), to=CREDIT)) == [
        "2026-01-02: refund 100.00 to credit",
        "2026-01-02: refund settled, credit 100.00",
    ]
    assert (till.credit(), till.paid().status) == ("100.00", PaymentStatus.REFUNDED)


def test_money_that_came_by_bank_goes_back_by_bank_at_once() -> None:
    till = Till()
    till.bill("1", "100.00", net_days=14)
    till.transfer("2026-01-02", "100.00")
    assert till.do("2026-01-03", refunding("bank_1")) == [
        "2026-01-03: refund 100.00 to method",
        "2026-01-03: refund settled",
    ]


def test_the_invoice_stays_paid() -> None:
    till = paid_by_card()
    till.do("2026-01-02", refunding(till.id_of("p1")))
    assert (till.owed().status, till.owed().due) == (InvoiceStatus.PAID, 0)


# ── how much ─────────────────────────────────────────────────────────────────────────────────────────────────────────
def test_refunds_never_come_to_more_than_the_payment() -> None:
    till = paid_by_card()
    till.do("2026-01-02", refunding(till.id_of("p1"), "60.00"))
    with till.refuses(ErrorCode.INVALID, "amount"):
        till.do("2026-01-02", refunding(till.id_of("p1"), "40.01", id="r2"))
    assert till.do("2026-01-02", refunding(till.id_of("p1"), id="r2")) == ["2026-01-02: refund 40.00 to method"]
    with till.refuses(ErrorCode.CONFLICT, "payment_id"):
        till.do("2026-01-02", refunding(till.id_of("p1"), id="r3"))


def test_a_refund_that_failed_can_be_made_again() -> None:
    till = paid_by_card()
    till.do("2026-01-02", refunding(till.id_of("p1")))
    assert till.do("2026-01-03", c.SettleRefund("r1", till.id_of("p1"), "closed account")) == [
        "2026-01-03: RefundFailed"
    ]
    assert till.do("2026-01-04", refunding(till.id_of("p1"), id="r2")) == ["2026-01-04: refund 100.00 to method"]


def test_what_is_refused() -> None:
    till = Till(method())
    till.bill("1", "100.00")
    for code, field, command in [
        (ErrorCode.NOT_FOUND, "payment_id", refunding("payment_x")),
        (ErrorCode.CONFLICT, "payment_id", refunding(till.id_of("p1"))),
        (ErrorCode.NOT_FOUND, "refund_id", c.SettleRefund("r1", till.id_of("p1"))),
    ]:
        with till.refuses(code, field):
            till.do("2026-01-01", command)
    till.fails("2026-01-01")
    with till.refuses(ErrorCode.CONFLICT, "payment_id"):
        till.do("2026-01-01", refunding(till.id_of("p1")))


@pytest.mark.parametrize("amount", ["0.00", "-1.00", "0.005"])
def test_which_amounts_are_refused(amount: str) -> None:
    till = paid_by_card()
    with till.refuses(ErrorCode.INVALID, "amount"):
        till.do("2026-01-02", refunding(till.id_of("p1"), amount))


# ── credit that the payment brought ──────────────────────────────────────────────────────────────────────────────────
def test_a_refund_of_bought_credit_takes_it_back_and_cannot_exceed_what_is_unused() -> None:
    """Published case D06 (Lago): 15.00 bought, 5.00 refunded leaves 10.00; of 9.95 voided 0.05 are left, and a refund
    of 0.10 is not allowed."""
    till = topped_up()
    assert till.do("2026-01-02", refunding(till.id_of("p1"), "5.00")) == [
        "2026-01-02: credit taken back, 5.00",
        "2026-01-02: refund 5.00 to method",
    ]
    assert till.credit() == "10.00"
    till.do("2026-01-03", c.VoidCredit("bought", D("9.95")))
    assert till.credit() == "0.05"
    with till.refuses(ErrorCode.INVALID, "amount") as no:
        till.do("2026-01-04", refunding(till.id_of("p1"), "0.10", id="r2"))
    assert "at most the 0.05" in no.value.message


def test_credit_bought_for_less_or_with_tax_goes_back_at_its_price() -> None:
    """20.00 of credit for 15.00: 7.50 refunded take 10.00 back. 100.00 of it for 119.00 with tax: 11.90 take 10.00."""
    till = topped_up("15.00", "20.00")
    till.do("2026-01-02", refunding(till.id_of("p1"), "7.50"))
    assert till.credit() == "10.00"
    assert till.do("2026-01-02", refunding(till.id_of("p1"), id="r2"))[0] == "2026-01-02: credit taken back, 10.00"
    assert till.credit() == "0"

    taxed = Till()
    sold = line("100.00", JANUARY, LineKind.CREDIT, key="item_1", treatment=VAT)
    taxed.post("2026-01-01", invoice("1", sold, buys=[replace(prepaid("bought", "100.00"), reason="top-up")]))
    taxed.transfer("2026-01-02", "119.00")
    taxed.do("2026-01-03", refunding("bank_1", "11.90"))
    assert taxed.credit() == "90.00"
    assert taxed.do("2026-01-03", refunding("bank_1", id="r2"))[1] == "2026-01-03: refund 107.10 to method"


def test_of_an_invoice_that_sold_other_things_too_those_can_be_refunded_whatever_became_of_the_credit() -> None:
    till = Till()
    lines = (
        line("30.00", JANUARY, key="s1/base/1"),
        line("100.00", JANUARY, LineKind.CREDIT, key="item_1", treatment=replace(VAT, percent=D(0))),
    )
    till.post("2026-01-01", invoice("1", *lines, buys=[replace(prepaid("bought", "100.00"), reason="top-up")]))
    till.transfer("2026-01-02", "135.70")
    till.do("2026-01-02", c.VoidCredit("bought", D("60.00")))
    with till.refuses(ErrorCode.INVALID, "amount"):
        till.do("2026-01-03", refunding("bank_1", "75.71"))
    assert till.do("2026-01-03", refunding("bank_1", "75.70"))[:2] == [
        "2026-01-03: credit taken back, 40.00",
        "2026-01-03: refund 75.70 to method",
    ]


def test_what_was_paid_in_excess_is_refunded_out_of_the_credit_it_became() -> None:
    till = Till()
    till.bill("1", "100.00", net_days=14)
    till.transfer("2026-01-02", "150.00")
    assert till.do("2026-01-03", refunding("bank_1", "20.00"))[0] == "2026-01-03: credit taken back, 20.00"
    assert till.credit() == "30.00"
    till.do("2026-01-03", c.VoidCredit(next(iter(till.account.books.credits))))
    assert till.do("2026-01-03", refunding("bank_1", id="r2"))[0] == "2026-01-03: refund 100.00 to method"


def test_a_credit_note_and_the_refund_of_it_do_not_pay_twice() -> None:
    till = paid_by_card()
    note = c.IssueCreditNote("invoice_1", "did not work", {"1-1": D("40.00")})
    till.do("2026-01-02", note)
    assert till.credit() == "40.00"
    assert till.do("2026-01-03", refunding(till.id_of("p1"), "40.00"))[0] == "2026-01-03: credit taken back, 40.00"
    assert till.credit() == "0"
    till.do("2026-01-04", c.SettleRefund("r1", till.id_of("p1")))
    assert "GOODWILL" not in till.left()


def test_what_a_credit_note_gave_and_was_used_is_not_refunded_again() -> None:
    till = paid_by_card()
    till.do("2026-01-02", c.IssueCreditNote("invoice_1", "did not work", {"1-1": D("40.00")}))
    till.do("2026-01-02", c.VoidCredit(next(iter(till.account.books.credits)), D("25.00")))
    with till.refuses(ErrorCode.INVALID, "amount"):
        till.do("2026-01-03", refunding(till.id_of("p1"), "75.01"))
    till.do("2026-01-03", refunding(till.id_of("p1"), "75.00"))
    assert till.credit() == "0"


def test_a_refund_that_failed_gives_the_credit_back() -> None:
    till = topped_up("15.00", "20.00")
    till.do("2026-01-02", refunding(till.id_of("p1"), "7.50"))
    assert till.do("2026-01-03", c.SettleRefund("r1", till.id_of("p1"), "closed account")) == [
        "2026-01-03: RefundFailed",
        "2026-01-03: credit granted, 10.00",
    ]
    assert till.credit() == "20.00"
    till.do("2026-01-04", refunding(till.id_of("p1"), id="r2"))
    assert (till.credit(), till.paid().refunded) == ("0", D("15.00"))


def test_a_payment_of_credit_that_was_not_given_yet_is_refunded_after_its_invoice_was_given_up() -> None:
    """Or the customer would pay the rest later and get all of the credit."""
    till = Till()
    till.bill("1", "15.00", net_days=14, buys=[replace(prepaid("bought", "15.00"), reason="top-up")])
    till.transfer("2026-01-02", "10.00")
    with till.refuses(ErrorCode.CONFLICT, "payment_id"):
        till.do("2026-01-03", refunding("bank_1"))


def test_a_credit_note_written_after_the_refund_gives_nothing_a_second_time() -> None:
    """The note is the document of what was goodwill until then."""
    till = Till()
    till.bill("1", "100.00")
    till.transfer("2026-01-02", "100.00")
    till.do("2026-01-03", c.RefundPayment("r1", "bank_1", D("60.00")))
    till.do("2026-01-04", c.IssueCreditNote("invoice_1", "never used", {"1-1": D("60.00")}))
    assert till.credit() == "0"
    till.do("2026-01-05", c.IssueCreditNote("invoice_1", "nor the rest", {"1-1": D("40.00")}))
    assert till.credit() == "40.00"


# ── laws ─────────────────────────────────────────────────────────────────────────────────────────────────────────────
_cents = st.integers(1, 30_000).map(lambda n: D(n).scaleb(-2))
_acts = st.lists(st.tuples(st.sampled_from(["refund", "credit", "void", "note"]), _cents), min_size=1, max_size=12)


@given(_cents, _cents, st.booleans(), _acts)
def test_cash_and_credit_together_never_exceed_what_was_paid(
    billed: Any, received: Any, buys: bool, acts: list[Any]
) -> None:
    """What was refunded in money and what is left of credit, of one payment of an invoice that is not taken back."""
    till = Till()
    bought = [replace(prepaid("bought", billed), reason="top-up")] if buys else []
    till.bill("1", f"{billed}", net_days=30, buys=bought)
    till.transfer("2026-01-02", f"{received}")
    for n, (what, amount) in enumerate(acts):
        try:
            match what:
                case "refund":
                    till.do("2026-01-03", c.RefundPayment(f"r{n}", "bank_1", amount))
                case "credit":
                    till.do("2026-01-03", c.RefundPayment(f"r{n}", "bank_1", amount, CREDIT))
                case "void":
                    credit = next((credit for credit in till.account.books.credits.values() if credit.remaining), None)
                    if credit is not None:
                        till.do("2026-01-03", c.VoidCredit(credit.id, min(amount, credit.remaining)))
                case "note":
                    till.do("2026-01-03", c.IssueCreditNote("invoice_1", "wrong", {"1-1": amount}))
        except Refusal:
            pass
        paid = till.paid("p1")
        in_cash = sum(refund.amount for refund in paid.refunds if refund.to is METHOD)
        assert in_cash + till.account.prepaid.get("EUR", D(0)) <= received
        assert paid.refunded <= received
