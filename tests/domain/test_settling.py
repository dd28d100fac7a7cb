"""Money and credit that lie with us settle what is open, by themselves, oldest first: nothing of a customer's is
overdue while there is credit for it, unless a provider is being asked for the money at that moment."""

from datetime import datetime, timedelta
from typing import Any

import pytest
from billed_lives import Life, helped_lives, lived
from billed_shop import Shop, fee, sold
from double_entry import prepaid
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace
from till import AT_ONCE, Till, method, parts
from timeline import D, on, written

from domain import commands as c
from domain.billing_status import BillingState, billing_status
from domain.books.credit import CreditKind
from domain.books.invoice import InvoiceStatus
from domain.books.payment import FailureCode, RefundTarget
from domain.dunning import at_provider
from domain.errors import Refusal
from domain.policy import BurnBy, LastStep
from domain.seller import BillingSettings, Dunning

LAST_TRY = Dunning(retry_days=(), grace_days=0)
"""The first attempt is the last."""


def granted(id: str, amount: str, **terms: Any) -> c.GrantCredit:
    return c.GrantCredit(replace(prepaid(id, amount), reason="sorry", **terms))


# ── beside a charge ──
def test_money_that_came_while_the_card_waited_for_the_customer_pays_the_invoice() -> None:
    till = Till(method())
    till.bill("1", "30.00", dunning=LAST_TRY)
    till.needs_action("2026-01-01")
    assert till.transfer("2026-01-01", "30.00") == ["2026-01-01: p2 received 30.00, 30.00 on 1"]
    assert till.fails("2026-01-01", payment="p1") == ["2026-01-01: p1 failed, DECLINED"]
    assert (till.owed().due, till.credit()) == (0, "0")
    assert billing_status(till.account, on("2026-02-01")).state is BillingState.NONE


def test_money_that_came_while_the_provider_was_asked_pays_it_when_the_card_fails() -> None:
    """Before anybody is dunned for it."""
    till = Till(method())
    till.bill("1", "30.00", dunning=LAST_TRY)
    assert till.transfer("2026-01-01", "30.00") == ["2026-01-01: p2 received 30.00, 30.00 left over"]
    assert till.fails("2026-01-02", payment="p1") == [
        "2026-01-02: p1 failed, DECLINED",
        "2026-01-02: credit applied, 30.00 on 1",
    ]
    assert (till.owed().status, till.owed().next_attempt_at) == (InvoiceStatus.PAID, None)
    assert till.until("2027-01-01") == []


def test_or_when_it_turns_out_that_the_customer_has_to_confirm_it() -> None:
    till = Till(method())
    till.bill("1", "30.00")
    till.transfer("2026-01-01", "30.00")
    assert till.needs_action("2026-01-01", payment="p1") == [
        "2026-01-01: p1 needs action",
        "2026-01-01: credit applied, 30.00 on 1",
    ]
    assert till.succeeds("2026-01-02", payment="p1") == ["2026-01-02: p1 succeeded, 30.00 left over"]


def test_or_is_left_for_the_next_invoice_when_the_card_pays() -> None:
    till = Till(method())
    till.bill("1", "30.00")
    till.transfer("2026-01-01", "30.00")
    assert till.succeeds("2026-01-02", payment="p1") == ["2026-01-02: p1 succeeded, 30.00 on 1"]
    assert till.bill("2", "50.00", at="2026-01-03") == [
        "2026-01-03: 2 final, 50.00",
        "2026-01-03: credit applied, 30.00 on 2",
        "2026-01-03: p3 20.00 for 2 by visa",
    ]


def test_what_it_does_not_cover_is_dunned_for() -> None:
    till = Till(method())
    till.bill("1", "30.00", dunning=LAST_TRY)
    till.transfer("2026-01-01", "10.00")
    assert till.fails("2026-01-02", payment="p1") == [
        "2026-01-02: p1 failed, DECLINED",
        "2026-01-02: credit applied, 10.00 on 1",
        "2026-01-02: BillingSuspended",
    ]
    assert till.do("2026-01-03", granted("gift", "20.00")) == [
        "2026-01-03: credit granted, 20.00",
        "2026-01-03: credit applied, 20.00 on 1",
        "2026-01-03: BillingRestored",
    ]


def test_nobody_loses_their_subscription_whose_credit_covers_what_the_card_did_not_pay() -> None:
    shop = Shop(net_days=0, dunning=Dunning(retry_days=(), grace_days=0, last_step=LastStep.CANCEL))
    shop.do("2026-01-01", c.AddMethod(method()))
    shop.subscribe("2026-01-01", sold("silver", fee("30"), draft_hours=0))
    (charge,) = shop.account.books.payments
    shop.do("2026-01-01", granted("gift", "30.00"))
    assert shop.do("2026-01-02", c.SettlePayment(charge, FailureCode.DECLINED)) == [
        "2026-01-02: payment.failed",
        "2026-01-02: credit applied, 30.00",
    ]
    assert shop.sub.ended_at is None


# ── whatever the credit is of ──
def overdue() -> Till:
    """30.00 are owed on the oldest invoice, 50.00 on the next one; both attempts have failed and rights are closed."""
    till = Till()
    till.bill("1", "30.00", dunning=LAST_TRY)
    till.bill("2", "50.00", at="2026-01-02", dunning=LAST_TRY)
    assert till.account.owing.suspended_at is not None
    return till


@pytest.mark.parametrize("amount", ["10.00", "30.00", "70.00", "80.00", "90.00"])
def test_a_grant_settles_the_oldest_first_and_rights_come_back_when_nothing_is_overdue(amount: str) -> None:
    till = overdue()
    till.do("2026-01-05", granted("gift", amount))
    first = min(D(amount), D(30))
    assert (till.owed("1").paid, till.owed("2").paid) == (first, min(D(amount) - first, D(50)))
    assert D(till.credit()) == max(D(0), D(amount) - 80)
    assert (till.account.owing.suspended_at is None) == (D(amount) >= 80)


def test_so_does_what_a_credit_note_gives_back() -> None:
    till = Till()
    till.bill("1", "40.00")
    till.transfer("2026-01-01", "40.00")
    till.bill("2", "30.00", at="2026-01-02")
    assert till.do("2026-01-03", c.IssueCreditNote("invoice_1", "it did not work"))[1:] == [
        "2026-01-03: credit applied, 30.00 on 2"
    ]
    assert till.credit() == "10.00"


def test_and_what_was_paid_in_excess_or_bought() -> None:
    till = Till()
    till.bill("1", "100.00", net_days=9, buys=[prepaid("wallet", "120.00")])
    till.bill("2", "90.00", at="2026-01-02", net_days=9)
    assert till.transfer("2026-01-03", "100.00") == [
        "2026-01-03: p1 received 100.00, 100.00 on 1",
        "2026-01-03: credit granted, 120.00",
        "2026-01-03: credit applied, 90.00 on 2",
    ]


def test_credit_is_not_bought_with_credit() -> None:
    till = Till()
    till.do("2026-01-01", granted("gift", "50.00"))
    till.bill("1", "100.00", buys=[prepaid("wallet", "120.00")])
    assert (till.owed().due, till.credit()) == (D("100.00"), "50.00")


def test_a_refund_as_credit_pays_what_is_open_and_one_that_fails_does_so_too() -> None:
    till = Till(method())
    till.bill("1", "40.00")
    till.succeeds("2026-01-01")
    till.transfer("2026-01-01", "30.00", "excess")
    till.do("2026-01-02", c.RefundPayment("r1", "excess"))
    till.do("2026-01-02", c.RefundPayment("r2", till.id_of("p1"), D("10.00"), RefundTarget.CREDIT))
    assert till.credit() == "10.00"
    assert till.bill("2", "25.00", at="2026-01-03")[:2] == [
        "2026-01-03: 2 final, 25.00",
        "2026-01-03: credit applied, 10.00 on 2",
    ]


def test_credit_of_a_void_goes_to_what_is_still_open() -> None:
    till = Till()
    till.do("2026-01-01", granted("gift", "20.00"))
    till.bill("1", "30.00", net_days=9)
    till.bill("2", "30.00", net_days=9)
    assert till.do("2026-01-02", c.VoidInvoice("invoice_1")) == [
        "2026-01-02: InvoiceVoided",
        "2026-01-02: credit applied, 20.00 on 2",
    ]


# ── what it is not applied to ──
def test_nothing_goes_to_what_was_written_off() -> None:
    till = Till()
    till.bill("1", "30.00")
    till.do("2026-01-02", c.WriteOffInvoice("invoice_1"))
    assert till.do("2026-01-03", granted("gift", "50.00")) == ["2026-01-03: credit granted, 50.00"]


def test_nor_what_expires_at_that_instant() -> None:
    till = Till(method())
    till.do("2026-01-01", granted("gift", "50.00", expires_at=on("2026-01-05")))
    till.bill("1", "30.00")
    till.bill("2", "30.00", at="2026-01-05")
    assert till.journal[-3:] == [
        "2026-01-05: credit expired, 20.00",
        "2026-01-05: 2 final, 30.00",
        "2026-01-05: p1 30.00 for 2 by visa",
    ]


def test_nor_to_what_is_owed_in_another_currency() -> None:
    till = Till()
    till.bill("1", "30.00", net_days=9, currency="USD")
    assert till.do("2026-01-03", granted("gift", "50.00")) == ["2026-01-03: credit granted, 50.00"]


# ── how ──
def test_credits_are_used_up_in_the_sellers_order() -> None:
    for order, first in ((BurnBy.AGE, "old"), (BurnBy.PRIORITY, "new")):
        till = Till(method())
        till.settings = BillingSettings(burn_order=(order,))
        till.bill("1", "30.00")
        till.do("2026-01-01", granted("old", "20.00", priority=9))
        till.do("2026-01-02", granted("new", "20.00", priority=1))
        till.fails("2026-01-03", payment="p1")
        used = till.owed().prepaid
        assert (used[0].credit_id, used[0].amount, sum(burn.amount for burn in used)) == (first, D("20.00"), 30)


def test_of_an_instalment_plan_the_first_parts_are_paid() -> None:
    till = Till()
    till.bill("1", "90.00", net_days=5)
    till.do("2026-01-02", c.PlanInstalments("invoice_1", parts(*((f"2026-0{n}-01", "30.00") for n in (2, 3, 4)))))
    till.do("2026-01-03", granted("gift", "40.00"))
    assert (till.owed().due, till.owed().fell_due_at) == (D("50.00"), on("2026-03-01"))
    assert till.until("2026-02-28") == []
    assert till.until("2026-03-01")[0] == "2026-03-01: p1 20.00 for 1 by nobody"


# ── law 12 ──
_cents = st.integers(1, 20_000).map(lambda n: D(n).scaleb(-2))
_which = st.integers(0, 9)
_acts = st.one_of(
    st.tuples(st.sampled_from(["bill", "grant", "lasting", "transfer", "wallet"]), _cents),
    st.tuples(st.sampled_from(["pay", "note", "write_off", "void", "plan", "named"]), _which),
    st.tuples(st.sampled_from(["succeeds", "fails", "needs_action"]), _which),
    st.tuples(st.sampled_from(["refund", "to_credit", "refunded", "not_refunded"]), _which),
    st.tuples(st.just("wait"), st.integers(1, 9)),
)


class _Desk:
    def __init__(self) -> None:
        self.till, self.now = Till(method()), on("2026-01-01")

    def act(self, n: int, what: str, about: Any) -> None:
        till, now = self.till, self.now.replace(tzinfo=None).isoformat()
        books = till.account.books

        def pick(ids: Any) -> str:
            known = list(ids)
            return known[about % len(known)] if known else "none"

        match what:
            case "bill":
                till.bill(f"{n}", f"{about}", at=now, net_days=3, dunning=replace(AT_ONCE, retry_days=(2, 5)))
            case "wallet":
                till.bill(f"{n}", f"{about}", at=now, buys=[prepaid(f"w{n}", about)])
            case "grant" | "lasting":
                ends = self.now + timedelta(days=4) if what == "lasting" else None
                till.do(now, granted(f"g{n}", str(about), expires_at=ends))
            case "transfer":
                till.transfer(now, f"{about}", f"bank_{n}")
            case "named":
                till.transfer(now, "50.00", f"bank_{n}", invoice_ids=(pick(books.receivables),))
            case "pay":
                till.do(now, c.PayInvoice(f"hand_{n}", pick(books.receivables)))
            case "note":
                till.do(now, c.IssueCreditNote(pick(books.receivables), "sorry"))
            case "write_off":
                till.do(now, c.WriteOffInvoice(pick(books.receivables)))
            case "void":
                till.do(now, c.VoidInvoice(pick(books.receivables)))
            case "plan" if (id := pick(books.receivables)) != "none":
                due_at = written(self.now + timedelta(days=6))
                till.do(now, c.PlanInstalments(id, parts((due_at, f"{books.receivables[id].due}"))))
            case "succeeds" | "fails" | "needs_action" if (id := pick(till.names)) != "none":
                if books.payments[id].provider == "simulated":
                    getattr(till, what)(now, payment=till.names[id])
            case "refund" | "to_credit":
                to = RefundTarget.CREDIT if what == "to_credit" else RefundTarget.METHOD
                till.do(now, c.RefundPayment(f"r{n}", pick(books.payments), to=to))
            case "refunded" | "not_refunded":
                asked = [(payment.id, refund.id) for payment in books.payments.values() for refund in payment.refunds]
                if asked:
                    payment_id, id = asked[about % len(asked)]
                    failure = "closed" if what == "not_refunded" else None
                    till.do(now, c.SettleRefund(id, payment_id, failure))
            case "wait":
                self.now += timedelta(days=about)
                till.until(self.now.replace(tzinfo=None).isoformat())


@settings(max_examples=200, deadline=None)
@given(st.lists(_acts, min_size=5, max_size=40))
def test_where_credit_lies_with_us_nothing_is_open_but_what_a_provider_is_asked_for(acts: list[Any]) -> None:
    """Ledger and books are held against each other after every event, by `Till`."""
    desk = _Desk()
    for n, (what, about) in enumerate(acts):
        try:
            desk.act(n, what, about)
        except Refusal:
            continue
        account, now = desk.till.account, desk.now
        books = account.books
        left = _usable(desk.till, now)
        owed = [owed for owed in books.open if not owed.buys and at_provider(books, owed.id) is None]
        assert left == 0 or owed == []
        late = [owed for owed in books.open if owed.fell_due_at <= now]
        assert account.owing.suspended_at is None or late
        state = billing_status(account, now).state
        assert (state in (BillingState.PAST_DUE, BillingState.SUSPENDED)) == bool(late)


@settings(max_examples=30, deadline=None)
@given(helped_lives)
def test_so_it_is_through_every_life_of_subscriptions(drawn: Life) -> None:
    """In which nobody has a card."""
    for life in lived(drawn):
        assert not life.account.prepaid.keys() & life.account.owing.amounts.keys()


def _usable(till: Till, now: datetime) -> Any:
    credits = till.account.books.credits.values()
    return sum(
        credit.remaining
        for credit in credits
        if credit.kind is CreditKind.PREPAID and (credit.expires_at is None or now < credit.expires_at)
    )
