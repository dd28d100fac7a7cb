"""What a provider did without being asked: refunds made there, cards renewed there, drift told thing by thing."""

from datetime import date

from till import D, Till, method

from domain import commands as c
from domain.books.payment import FailureCode, PaymentStatus
from domain.errors import ErrorCode


def paid() -> Till:
    till = Till(method())
    till.bill("1", "100.00")
    till.succeeds("2026-01-01")
    return till


def made_there(payment_id: str, amount: str, id: str = "refund_1") -> c.RecordRefund:
    return c.RecordRefund(id, payment_id, D(amount), "re_1", "given back at stripe")


# ── refunds ──────────────────────────────────────────────────────────────────────────────────────────────────────────
def test_a_refund_made_there_is_asked_for_and_settled_at_once() -> None:
    till = paid()
    (payment,) = till.account.books.payments.values()
    till.do("2026-01-02", made_there(payment.id, "30.00"))
    (payment,) = till.account.books.payments.values()
    (refund,) = payment.refunds
    assert (payment.status, payment.refunded, refund.reference) == (PaymentStatus.PARTIALLY_REFUNDED, D(30), "re_1")
    assert refund.settled_at is not None


def test_recorded_again_it_changes_nothing() -> None:
    till = paid()
    (id,) = till.account.books.payments
    assert till.do("2026-01-02", made_there(id, "30.00")) != []
    assert till.do("2026-01-03", made_there(id, "30.00")) == []


def test_what_the_books_do_not_allow_is_refused() -> None:
    till = paid()
    (id,) = till.account.books.payments
    with till.refuses(ErrorCode.INVALID, "amount"):
        till.do("2026-01-02", made_there(id, "100.01"))
    with till.refuses(ErrorCode.NOT_FOUND, "payment_id"):
        till.do("2026-01-02", made_there("payment_9", "1.00"))


# ── ways to pay ──────────────────────────────────────────────────────────────────────────────────────────────────────
def test_a_renewed_card_is_charged_at_once_with_what_is_overdue() -> None:
    till = Till(method())
    till.bill("1", "100.00")
    till.fails("2026-01-01", FailureCode.METHOD_EXPIRED)
    renewed = c.UpdateMethod("visa", "Visa 4242", date(2030, 1, 31))
    payments = len(till.account.books.payments)
    till.do("2026-01-01", renewed)
    assert len(till.account.books.payments) == payments + 1
    assert till.do("2026-01-01", renewed) == []


def test_a_card_by_another_name_is_not_charged_for_it() -> None:
    till = Till(method())
    till.bill("1", "100.00")
    till.fails("2026-01-01", FailureCode.METHOD_EXPIRED)
    payments = len(till.account.books.payments)
    till.do("2026-01-01", c.UpdateMethod("visa", "Visa •••• 4242"))
    assert len(till.account.books.payments) == payments
    with till.refuses(ErrorCode.NOT_FOUND, "method_id"):
        till.do("2026-01-01", c.UpdateMethod("nothing", "x"))


# ── drift ────────────────────────────────────────────────────────────────────────────────────────────────────────────
def test_drift_about_some_things_leaves_what_was_said_of_others() -> None:
    till = Till()
    till.do("2026-01-01", c.LinkProvider("stripe", "cus_1"))

    def noted(*drift: str, about: tuple[str, ...] | None) -> tuple[str, ...]:
        till.do("2026-01-02", c.NoteDrift("stripe", drift, about))
        return till.account.books.links["stripe"].drift

    assert noted("pi_1: differs", about=("pi_1",)) == ("pi_1: differs",)
    assert noted("dp_1: disputed", about=("dp_1", "pi_2")) == ("dp_1: disputed", "pi_1: differs")
    assert noted(about=("pi_1",)) == ("dp_1: disputed",)
    assert noted("all of it", about=None) == ("all of it",)
