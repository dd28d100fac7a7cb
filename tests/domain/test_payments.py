"""Paying: asked for by hand, recorded by staff, settled by what the provider says, in whatever order it says it."""

from typing import Any

import pytest
from double_entry import prepaid
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace
from till import Till, method, parts
from timeline import D, on

from domain import commands as c
from domain.books.invoice import InvoiceStatus
from domain.books.payment import Allocation, FailureCode, PaymentStatus
from domain.errors import ErrorCode, Refusal


def owing(*amounts: str, **terms: Any) -> Till:
    """Invoices "1", "2" …, due on 15 January and later, each a day after the one before."""
    till = Till()
    for n, amount in enumerate(amounts or ("100.00",), 1):
        till.bill(str(n), amount, at=f"2026-01-0{n}", net_days=14, **terms)
    return till


def told(*allocations: tuple[str, str]) -> tuple[Allocation, ...]:
    return tuple(Allocation(f"invoice_{number}", D(amount)) for number, amount in allocations)


# ── by hand ──────────────────────────────────────────────────────────────────────────────────────────────────────────
def test_an_invoice_is_paid_with_the_default_method_in_full() -> None:
    till = owing()
    till.do("2026-01-02", c.AddMethod(method()))
    assert till.do("2026-01-03", c.PayInvoice("mine", "invoice_1")) == ["2026-01-03: p1 100.00 for 1 by visa"]
    assert till.owed().status is InvoiceStatus.OPEN
    assert till.succeeds("2026-01-03 00:01") == ["2026-01-03 00:01: p1 succeeded, 100.00 on 1"]
    assert (till.owed().status, till.owed().due) == (InvoiceStatus.PAID, 0)
    assert (till.paid().reference, till.paid().settled_at) == ("ref", on("2026-01-03 00:01"))


def test_or_in_part_with_another_one() -> None:
    till = owing()
    till.do("2026-01-02", c.AddMethod(method("visa")))
    till.do("2026-01-02", c.AddMethod(method("amex"), default=False))
    till.do("2026-01-03", c.PayInvoice("mine", "invoice_1", "amex", D("30")))
    till.succeeds("2026-01-03")
    assert till.owed().due == D("70.00")
    with till.refuses(ErrorCode.INVALID, "amount") as no:
        till.do("2026-01-04", c.PayInvoice("more", "invoice_1", None, D("70.01")))
    assert no.value.message == "must be at most the 70.00 that is due"


@pytest.mark.parametrize(
    ("command", "code", "field"),
    [
        (c.PayInvoice("p", "invoice_9"), ErrorCode.NOT_FOUND, ("invoice_id",)),
        (c.PayInvoice("p", "invoice_1", "gone"), ErrorCode.NOT_FOUND, ("method_id",)),
        (c.PayInvoice("p", "invoice_1", "other"), ErrorCode.NOT_FOUND, ("method_id",)),
        (c.PayInvoice("p", "invoice_1"), ErrorCode.PAYMENT_REQUIRED, ("method_id",)),
        (c.PayInvoice("p", "invoice_1", None, D("0.00")), ErrorCode.INVALID, ("amount",)),
        (c.PayInvoice("p", "invoice_1", None, D("0.001")), ErrorCode.INVALID, ("amount",)),
    ],
)
def test_what_is_refused(command: c.PayInvoice, code: ErrorCode, field: tuple[str, ...]) -> None:
    till = owing()
    till.do("2026-01-02", c.AddMethod(method("gone")))
    till.do("2026-01-02", c.RemoveMethod("gone"))
    with till.refuses(code, *field):
        till.do("2026-01-03", command)


def test_nobody_pays_twice_while_a_payment_is_under_way_or_after_it() -> None:
    """Lago #5708: a checkout that was still open was completed after the automatic charge. Polar #10653: a retry while
    the first attempt was unresolved."""
    till = Till(method())
    till.bill("1", "100.00")
    with till.refuses(ErrorCode.CONFLICT, "invoice_id"):
        till.do("2026-01-01", c.PayInvoice("mine", "invoice_1"))
    till.needs_action("2026-01-01")
    with till.refuses(ErrorCode.CONFLICT, "invoice_id") as no:
        till.do("2026-01-01", c.PayInvoice("mine", "invoice_1"))
    assert "waits for the customer's confirmation" in no.value.message
    till.succeeds("2026-01-01")
    with till.refuses(ErrorCode.CONFLICT, "invoice_id") as no:
        till.do("2026-01-01", c.PayInvoice("mine", "invoice_1"))
    assert no.value.message == "nothing is due on invoice 1: it is PAID"


def test_a_failure_by_hand_moves_no_step_of_dunning() -> None:
    till = Till(method())
    till.bill("1", "100.00")
    till.fails("2026-01-01")
    for attempt in range(5):
        till.do("2026-01-02", c.PayInvoice(f"mine_{attempt}", "invoice_1"))
        till.fails("2026-01-02")
    assert (till.owed().attempts, till.owed().next_attempt_at) == (1, on("2026-01-03"))
    assert till.account.owing.suspended_at is None


def test_what_was_written_off_can_still_be_paid_and_is_paid_then() -> None:
    till = owing()
    till.do("2026-01-02", c.WriteOffInvoice("invoice_1"))
    till.transfer("2026-02-01", "40.00", "bank_1", invoice_ids=("invoice_1",))
    assert till.owed().status is InvoiceStatus.UNCOLLECTIBLE
    till.do("2026-02-02", c.AddMethod(method()))
    assert till.do("2026-02-02", c.PayInvoice("mine", "invoice_1")) == ["2026-02-02: p2 60.00 for 1 by visa"]
    till.succeeds("2026-02-02")
    assert till.owed().status is InvoiceStatus.PAID
    assert "WRITE_OFF" not in till.left()


def test_a_voided_one_cannot() -> None:
    till = owing()
    till.do("2026-01-02", c.VoidInvoice("invoice_1"))
    with till.refuses(ErrorCode.CONFLICT, "invoice_ids", "0"):
        till.transfer("2026-02-01", "40.00", invoice_ids=("invoice_1",))


# ── recorded by staff ────────────────────────────────────────────────────────────────────────────────────────────────
def test_money_goes_to_the_oldest_invoice_first() -> None:
    till = owing("100.00", "50.00", "70.00")
    assert till.transfer("2026-01-10", "120.00", reference="INV 1 and 2") == [
        "2026-01-10: p1 received 120.00, 100.00 on 1, 20.00 on 2"
    ]
    assert [till.owed(number).due for number in "123"] == [0, D("30.00"), D("70.00")]
    assert (till.paid().provider, till.paid().reference) == ("manual", "INV 1 and 2")


def test_or_to_the_named_ones_in_their_order() -> None:
    till = owing("100.00", "50.00", "70.00")
    assert till.transfer("2026-01-10", "130.00", invoice_ids=("invoice_3", "invoice_1")) == [
        "2026-01-10: p1 received 130.00, 70.00 on 3, 60.00 on 1"
    ]


def test_or_exactly_as_told() -> None:
    till = owing("100.00", "50.00")
    assert till.transfer("2026-01-10", "30.00", allocations=told(("2", "20"), ("1", "5.00"))) == [
        "2026-01-10: p1 received 30.00, 20.00 on 2, 5.00 on 1, 5.00 left over",
        "2026-01-10: credit applied, 5.00 on 1",
    ]


def test_what_nobody_owes_becomes_credit() -> None:
    till = owing("100.00")
    assert till.transfer("2026-01-10", "150.00") == ["2026-01-10: p1 received 150.00, 100.00 on 1, 50.00 left over"]
    (credit,) = till.account.books.credits.values()
    assert (credit.source, credit.remaining, till.paid().to_credit) == (till.paid().id, D("50.00"), D("50.00"))


def test_what_a_payment_under_way_is_about_to_pay_is_left_to_it_unless_named() -> None:
    till = Till(method())
    till.bill("1", "100.00")
    till.bill("2", "50.00", at="2026-01-02", net_days=1)
    till.fails("2026-01-02", payment="p2")
    assert till.transfer("2026-01-02", "80.00") == ["2026-01-02: p3 received 80.00, 50.00 on 2, 30.00 left over"]
    till.transfer("2026-01-02", "60.00", "bank_2", invoice_ids=("invoice_1",))
    assert till.succeeds("2026-01-02", "p1") == ["2026-01-02: p1 succeeded, 40.00 on 1, 60.00 left over"]


def test_only_invoices_of_the_moneys_currency_are_paid() -> None:
    till = owing("100.00", currency="USD")
    with till.refuses(ErrorCode.INVALID, "currency"):
        till.do("2026-01-10", c.RecordPayment("bank_2", D("10.00"), "XXX"))
    assert till.transfer("2026-01-10", "10.00") == ["2026-01-10: p1 received 10.00, 10.00 left over"]
    with till.refuses(ErrorCode.CURRENCY_MISMATCH, "invoice_ids", "0"):
        till.transfer("2026-01-10", "10.00", "bank_2", invoice_ids=("invoice_1",))
    with till.refuses(ErrorCode.CURRENCY_MISMATCH, "allocations", "0", "invoice_id"):
        till.transfer("2026-01-10", "10.00", "bank_2", allocations=told(("1", "10.00")))


@pytest.mark.parametrize(
    ("amount", "terms", "field"),
    [
        ("0.00", {}, ("amount",)),
        ("-1.00", {}, ("amount",)),
        ("1.005", {}, ("amount",)),
        ("10.00", {"received_at": on("2026-01-11")}, ("received_at",)),
        ("10.00", {"reference": "x" * 201}, ("reference",)),
        ("10.00", {"invoice_ids": ("invoice_1",), "allocations": told(("1", "1"))}, ("invoice_ids",)),
        ("10.00", {"invoice_ids": ("invoice_1", "invoice_1")}, ("invoice_ids", "1")),
        ("10.00", {"allocations": told(("1", "1"), ("1", "1"))}, ("allocations", "1", "invoice_id")),
        ("10.00", {"allocations": told(("1", "10.01"))}, ("allocations",)),
        ("200.00", {"allocations": told(("1", "100.01"))}, ("allocations", "0", "amount")),
        ("10.00", {"allocations": told(("1", "-1"))}, ("allocations", "0", "amount")),
    ],
)
def test_which_records_are_refused(amount: str, terms: dict[str, Any], field: tuple[str, ...]) -> None:
    till = owing("100.00", "50.00")
    with till.refuses(ErrorCode.INVALID, *field):
        till.transfer("2026-01-10", amount, **terms)


def test_money_is_recorded_once_on_the_day_it_came() -> None:
    till = owing()
    till.transfer("2026-01-10", "100.00", received_at=on("2026-01-08"))
    assert till.paid().settled_at == on("2026-01-08")
    with till.refuses(ErrorCode.ALREADY_EXISTS, "payment_id"):
        till.transfer("2026-01-10", "100.00")


# ── what the provider says ───────────────────────────────────────────────────────────────────────────────────────────
def test_the_same_answer_twice_changes_nothing() -> None:
    till = Till(method())
    till.bill("1", "100.00")
    assert till.needs_action("2026-01-01") != []
    assert till.needs_action("2026-01-01") == []
    assert till.fails("2026-01-01") != []
    assert till.fails("2026-01-01", FailureCode.INSUFFICIENT_FUNDS) == []
    assert till.needs_action("2026-01-01") == []
    assert till.succeeds("2026-01-02") != []
    assert till.succeeds("2026-01-02") == []
    assert till.fails("2026-01-02") == []


def test_a_success_after_a_failure_is_the_truth() -> None:
    till = Till(method())
    till.bill("1", "100.00")
    till.fails("2026-01-01")
    assert till.succeeds("2026-01-02") == ["2026-01-02: p1 succeeded, 100.00 on 1"]
    assert (till.paid().status, till.owed().status) == (PaymentStatus.SUCCEEDED, InvoiceStatus.PAID)
    assert till.until("2027-01-01") == []


def test_what_its_invoice_does_not_need_any_more_becomes_credit() -> None:
    till = Till(method())
    till.bill("1", "100.00")
    till.transfer("2026-01-01", "80.00", invoice_ids=("invoice_1",))
    assert till.succeeds("2026-01-02", "p1") == ["2026-01-02: p1 succeeded, 20.00 on 1, 80.00 left over"]
    assert till.paid("p1").allocations == told(("1", "20.00"))


def test_a_payment_for_an_invoice_that_was_voided_meanwhile_is_all_credit() -> None:
    till = Till(method())
    till.bill("1", "100.00")
    till.do("2026-01-01", c.VoidInvoice("invoice_1"))
    assert till.succeeds("2026-01-02") == ["2026-01-02: p1 succeeded, 100.00 left over"]


def test_or_fails_without_consequence() -> None:
    till = Till(method())
    till.bill("1", "100.00")
    till.do("2026-01-01", c.VoidInvoice("invoice_1"))
    assert till.fails("2026-01-02", FailureCode.NOT_NEEDED) == ["2026-01-02: p1 failed, NOT_NEEDED"]


def test_an_unknown_payment_is_refused() -> None:
    with Till().refuses(ErrorCode.NOT_FOUND, "payment_id"):
        Till().do("2026-01-01", c.SettlePayment("payment_x"))


# ── what follows ─────────────────────────────────────────────────────────────────────────────────────────────────────
def test_bought_credit_is_given_once_and_only_when_all_is_paid() -> None:
    till = Till()
    till.bill("1", "15.00", buys=[replace(prepaid("bought", "20.00"), reason="top-up")])
    assert till.transfer("2026-01-02", "10.00", "bank_1") == ["2026-01-02: p2 received 10.00, 10.00 on 1"]
    assert till.transfer("2026-01-02", "5.00", "bank_2") == [
        "2026-01-02: p3 received 5.00, 5.00 on 1",
        "2026-01-02: credit granted, 20.00",
    ]
    assert (till.credit(), till.account.books.credits["bought"].source) == ("20.00", "invoice_1")
    assert till.transfer("2026-01-02", "1.00", "bank_3") == ["2026-01-02: p4 received 1.00, 1.00 left over"]


def test_credit_that_costs_nothing_is_given_when_its_invoice_is_final() -> None:
    till = Till()
    assert till.bill("1", "0.00", buys=[prepaid("bought", "20.00")]) == [
        "2026-01-01: 1 final, 0.00",
        "2026-01-01: credit granted, 20.00",
    ]


def suspended() -> Till:
    """Two invoices; dunning of both ended."""
    till = owing("100.00", "50.00")
    till.until("2026-06-01")
    assert till.account.owing.suspended_at is not None
    return till


def test_paying_all_that_is_overdue_restores_rights_at_once() -> None:
    till = suspended()
    till.bill("3", "10.00", at="2026-06-01", net_days=30)
    assert till.transfer("2026-06-01", "100.00", "bank_1")[-1] == "2026-06-01: p11 received 100.00, 100.00 on 1"
    assert till.transfer("2026-06-01", "50.00", "bank_2")[-1] == "2026-06-01: BillingRestored"
    assert till.account.owing.suspended_at is None


def test_so_does_agreeing_on_instalments() -> None:
    till = suspended()
    till.do("2026-06-01", c.PlanInstalments("invoice_1", parts(("2026-07-01", "100.00"))))
    plan = c.PlanInstalments("invoice_2", parts(("2026-07-01", "25.00"), ("2026-08-01", "25.00")))
    assert till.do("2026-06-01", plan) == ["2026-06-01: InstalmentsPlanned", "2026-06-01: BillingRestored"]


# ── instalments ──────────────────────────────────────────────────────────────────────────────────────────────────────
def test_what_is_paid_pays_the_first_instalments() -> None:
    till = owing("100.00")
    till.transfer("2026-01-02", "40.00", "bank_1")
    till.do("2026-01-03", c.PlanInstalments("invoice_1", parts(("2026-02-01", "30.00"), ("2026-03-01", "30.00"))))
    assert till.owed().fell_due_at == on("2026-02-01")
    till.transfer("2026-01-20", "29.99", "bank_2")
    assert till.owed().fell_due_at == on("2026-02-01")
    assert [(debt.due_at, debt.amount) for debt in till.account.owing.debts] == [
        (on("2026-02-01"), D("0.01")),
        (on("2026-03-01"), D("30.00")),
    ]
    till.transfer("2026-01-20", "0.01", "bank_3")
    assert till.owed().fell_due_at == on("2026-03-01")


@pytest.mark.parametrize(
    ("plan", "field"),
    [
        ((), ("instalments",)),
        ([("2026-02-01", "100.00")] * 37, ("instalments",)),
        ([("2026-02-01", "99.99")], ("instalments",)),
        ([("2026-02-01", "60.00"), ("2026-02-01", "40.00")], ("instalments", "1", "due_at")),
        ([("2026-01-10", "100.00")], ("instalments", "0", "due_at")),
        ([("2036-02-01", "100.00")], ("instalments", "0", "due_at")),
        ([("2026-02-01", "100.00"), ("2026-03-01", "0.00")], ("instalments", "1", "amount")),
        ([("2026-02-01", "99.995"), ("2026-03-01", "0.005")], ("instalments", "0", "amount")),
    ],
)
def test_which_plans_are_refused(plan: list[tuple[str, str]], field: tuple[str, ...]) -> None:
    till = owing()
    with till.refuses(ErrorCode.INVALID, *field):
        till.do("2026-01-10", c.PlanInstalments("invoice_1", parts(*plan)))


def test_only_what_is_open_and_not_being_paid_is_planned() -> None:
    plan = parts(("2026-02-01", "100.00"))
    till = Till(method())
    till.bill("1", "100.00")
    with till.refuses(ErrorCode.NOT_FOUND, "invoice_id"):
        till.do("2026-01-02", c.PlanInstalments("invoice_2", plan))
    with till.refuses(ErrorCode.CONFLICT, "invoice_id"):
        till.do("2026-01-02", c.PlanInstalments("invoice_1", plan))
    till.succeeds("2026-01-02")
    with till.refuses(ErrorCode.CONFLICT, "invoice_id"):
        till.do("2026-01-02", c.PlanInstalments("invoice_1", plan))


# ── methods ──────────────────────────────────────────────────────────────────────────────────────────────────────────
def test_the_first_method_is_the_default_whether_asked_or_not() -> None:
    till = Till()
    till.do("2026-01-02", c.AddMethod(method("visa"), default=False))
    assert till.account.books.default_method_id == "visa"
    assert till.account.books.methods[0].added_at == on("2026-01-02")


def test_a_method_is_removed_once_and_still_serves_what_was_asked_of_it() -> None:
    till = Till(method())
    till.bill("1", "100.00")
    assert till.do("2026-01-02", c.RemoveMethod("visa")) == ["2026-01-02: MethodRemoved"]
    assert till.do("2026-01-02", c.RemoveMethod("visa")) == []
    assert till.account.books.method is None
    assert till.succeeds("2026-01-02") == ["2026-01-02: p1 succeeded, 100.00 on 1"]


def test_the_same_method_is_not_added_twice() -> None:
    till = Till(method())
    with till.refuses(ErrorCode.ALREADY_EXISTS, "token"):
        till.do("2026-01-02", c.AddMethod(replace(method(), id="again")))
    till.do("2026-01-02", c.RemoveMethod("visa"))
    assert till.do("2026-01-03", c.AddMethod(replace(method(), id="again"))) == ["2026-01-03: MethodAdded"]


def test_an_unknown_method_is_refused() -> None:
    till = Till()
    for command in (c.RemoveMethod("visa"), c.DefaultMethod("visa")):
        with till.refuses(ErrorCode.NOT_FOUND, "method_id"):
            till.do("2026-01-02", command)


# ── laws ─────────────────────────────────────────────────────────────────────────────────────────────────────────────
_cents = st.integers(1, 20_000).map(lambda n: D(n).scaleb(-2))
_acts = st.one_of(
    st.tuples(st.just("bill"), _cents),
    st.tuples(st.just("transfer"), _cents),
    st.tuples(st.just("pay"), st.integers(0, 3)),
    st.tuples(st.just("write_off"), st.integers(0, 3)),
    st.tuples(st.just("void"), st.integers(0, 3)),
    st.tuples(st.just("method"), st.integers(0, 9)),
    st.tuples(st.sampled_from(["succeeds", "fails", "needs_action"]), st.integers(0, 9)),
    st.tuples(st.just("wait"), st.integers(1, 9)),
)


@settings(max_examples=150)
@given(st.lists(_acts, min_size=5, max_size=40))
def test_in_whatever_order_all_money_is_on_an_invoice_or_left_over_and_no_invoice_is_overpaid(acts: list[Any]) -> None:
    """Held after every event by `Till.balanced`, and against the ledger. And of the payments of one invoice never two
    are under way at a time."""
    till, day = Till(method()), 0
    for n, (what, about) in enumerate(acts):
        now = f"2026-{1 + day // 28:02}-{1 + day % 28:02}"
        invoices = list(till.account.books.receivables)
        payments = list(till.account.books.payments)
        try:
            match what:
                case "bill":
                    till.bill(f"{n}", f"{about}", at=now, net_days=3)
                case "transfer":
                    till.transfer(now, f"{about}", f"bank_{n}")
                case "pay" if invoices:
                    till.do(now, c.PayInvoice(f"hand_{n}", invoices[about % len(invoices)]))
                case "write_off" if invoices:
                    till.do(now, c.WriteOffInvoice(invoices[about % len(invoices)]))
                case "void" if invoices:
                    till.do(now, c.VoidInvoice(invoices[about % len(invoices)]))
                case "method":
                    till.do(now, c.AddMethod(method(f"card_{n}")))
                case "succeeds" | "fails" | "needs_action" if payments:
                    asked = till.account.books.payments[payments[about % len(payments)]]
                    if asked.provider == "simulated":
                        getattr(till, what)(now, payment=till.names[asked.id])
                case "wait":
                    day += about
        except Refusal:
            pass
        busy = [part.invoice_id for name in till.pending() for part in till.paid(name).allocations]
        assert len(busy) == len(set(busy))
    received = sum(
        payment.amount for payment in till.account.books.payments.values() if payment.settled_at and not payment.failure
    )
    assert till.left().get("CASH", 0) == received
