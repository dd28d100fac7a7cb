"""The order in which things happen to an account, and when: what falls due, then what the money makes due, then what is
billed, then what is decided, then what that makes due and bills. Each at its own instant, or at the last one recorded
if that is later."""

from billed_shop import GOLD, Shop, fee, sold
from till import Till, method
from timeline import D, on

from domain import commands as c
from domain import events as e
from domain.books.credit import Credit, CreditKind
from domain.books.payment import FailureCode
from domain.errors import ErrorCode
from domain.evolve import evolve_account
from domain.identity import derived_id
from domain.policy import LastStep
from domain.seller import Dunning
from domain.subscription import Cancel, ChangePlan, ChangeQuantity

PLAN = sold("silver", fee("30"), draft_hours=0)
STRICT = Dunning(retry_days=(), grace_days=0, last_step=LastStep.CANCEL)


def prepaid(id: str, amount: str, expires_at: str | None = None) -> c.GrantCredit:
    ends = None if expires_at is None else on(expires_at)
    granted = on("2026-01-01")
    return c.GrantCredit(Credit(id, CreditKind.PREPAID, "EUR", D(amount), D(amount), "sorry", granted, expires_at=ends))


# ── what is late happens when it can ──
def test_what_an_open_payment_held_up_is_asked_for_when_that_has_failed() -> None:
    """The retry of the 3rd could not be made while a payment by hand was under way; it is of the 6th in every respect:
    the days to the next one count from there."""
    till = Till(method())
    till.bill("1", "100.00")
    till.fails("2026-01-01")
    till.do("2026-01-02", c.PayInvoice("by hand", "invoice_1"))
    assert till.until("2026-01-05") == []
    assert till.fails("2026-01-06") == [
        "2026-01-06: p2 failed, DECLINED, again 2026-01-03",
        "2026-01-06: p3 100.00 for 1 by visa",
    ]
    again = till.paid("p3")
    assert (again.id, again.created_at) == (
        derived_id("payment", on("2026-01-06"), "invoice_1", 1),
        on("2026-01-06"),
    )
    assert till.fails("2026-01-06", payment="p3") == ["2026-01-06: p3 failed, DECLINED, again 2026-01-11"]


def test_what_was_missed_happens_each_at_its_own_instant() -> None:
    shop = Shop(net_days=0, dunning=Dunning(retry_days=(3,), grace_days=0, last_step=LastStep.LEAVE))
    shop.subscribe("2026-01-01", PLAN)
    assert shop.until("2026-03-02") == [
        "2026-01-04: payment.requested",
        "2026-01-04: payment.failed",
        "2026-02-01: s1 renewed, 2026-02-01 → 2026-03-01",
        "2026-02-01: INV-2 EUR 30.00: Silver: base 30.00",
        "2026-02-01: payment.requested",
        "2026-02-01: payment.failed",
        "2026-02-04: payment.requested",
        "2026-02-04: payment.failed",
        "2026-03-01: s1 renewed, 2026-03-01 → 2026-04-01",
        "2026-03-01: INV-3 EUR 30.00: Silver: base 30.00",
        "2026-03-01: payment.requested",
        "2026-03-01: payment.failed",
    ]
    assert [invoice.issued_at for invoice in shop.invoices] == [on("2026-01-01"), on("2026-02-01"), on("2026-03-01")]


def test_what_fell_due_before_the_last_entry_happens_at_that_entrys_instant() -> None:
    """A subscription dated back: the periods that are over are renewed, and billed, when it is known."""
    shop = Shop()
    assert shop.subscribe("2026-02-10", PLAN, start_at="2026-01-05") == [
        "2026-02-10: s1 created, 1 × silver by the month, to start 2026-01-05",
        "2026-02-10: s1 started, 2026-01-05 → 2026-02-05",
        "2026-02-10: INV-1 EUR 30.00: Silver: base 30.00",
        "2026-02-10: s1 renewed, 2026-02-05 → 2026-03-05",
        "2026-02-10: INV-2 EUR 30.00: Silver: base 30.00",
        "2026-02-10: nothing to bill",
    ]
    assert shop.invoices[0].issued_at == on("2026-02-10")


# ── at one instant ──
def test_at_one_instant_periods_begin_then_the_money_moves_then_it_is_billed() -> None:
    """So what expires at midnight pays nothing of the invoice of midnight."""
    shop = Shop(net_days=0, dunning=Dunning())
    shop.do("2026-01-01", prepaid("c1", "50", expires_at="2026-02-01"))
    assert shop.subscribe("2026-01-01", PLAN)[-2:] == [
        "2026-01-01: INV-1 EUR 30.00: Silver: base 30.00",
        "2026-01-01: credit applied, 30.00",
    ]
    assert shop.until("2026-02-01") == [
        "2026-02-01: s1 renewed, 2026-02-01 → 2026-03-01",
        "2026-02-01: credit.expired",
        "2026-02-01: INV-2 EUR 30.00: Silver: base 30.00",
        "2026-02-01: payment.requested",
        "2026-02-01: payment.failed",
    ]


def test_what_renews_when_dunning_ends_it_has_ended_before_it_is_billed() -> None:
    shop = Shop(net_days=31, dunning=STRICT)
    shop.subscribe("2026-01-01", PLAN)
    assert shop.until("2026-02-01") == [
        "2026-02-01: s1 renewed, 2026-02-01 → 2026-03-01",
        "2026-02-01: payment.requested",
        "2026-02-01: payment.failed",
        "2026-02-01: s1 ended, UNPAID",
        "2026-02-01: nothing to bill",
    ]
    assert shop.until("2026-06-01") == []


def test_a_change_planned_for_the_end_of_a_period_is_billed_as_of_that_end() -> None:
    shop = Shop()
    shop.subscribe("2026-01-01", PLAN)
    shop.change("2026-01-10", ChangeQuantity(2), "PERIOD_END")
    shop.change("2026-01-10", ChangePlan(GOLD), "PERIOD_END", replacing=True)
    assert shop.until("2026-02-01")[-2:] == [
        "2026-02-01: s1 renewed, 2026-02-01 → 2026-03-01",
        "2026-02-01: INV-2 EUR 90.00: Gold: base 90.00",
    ]


# ── around a command ──
def test_a_command_finds_what_happened_before_it_and_what_it_makes_due_follows_it() -> None:
    shop = Shop(net_days=0, dunning=Dunning())
    shop.do("2026-01-01", c.AddMethod(method()))
    shop.do("2026-01-01", prepaid("c1", "10"))
    assert shop.subscribe("2026-01-01", PLAN) == [
        "2026-01-01: s1 created, 1 × silver by the month, to start 2026-01-01",
        "2026-01-01: s1 started, 2026-01-01 → 2026-02-01",
        "2026-01-01: INV-1 EUR 30.00: Silver: base 30.00",
        "2026-01-01: credit applied, 10.00",
        "2026-01-01: payment.requested",
    ]
    (charge,) = shop.account.books.payments.values()
    assert charge.amount == D("20.00")
    shop.do("2026-01-01", c.SettlePayment(charge.id))
    assert shop.cancel("2026-02-01", "NOW") == [
        "2026-02-01: s1 renewed, 2026-02-01 → 2026-03-01",
        "2026-02-01: INV-2 EUR 30.00: Silver: base 30.00",
        "2026-02-01: payment.requested",
        "2026-02-01: s1 ended, CANCELED",
        "2026-02-01: CN-1 of INV-2 EUR 30.00: less is charged than was billed",
        "2026-02-01: nothing to bill",
    ]


def test_a_draft_closed_by_hand_is_collected_at_once() -> None:
    shop = Shop(net_days=0, dunning=Dunning())
    shop.do("2026-01-01", c.AddMethod(method()))
    shop.subscribe("2026-01-01", sold("later", fee("30"), draft_hours=48))
    (charge,) = shop.account.books.payments
    shop.do("2026-01-01", c.SettlePayment(charge))
    shop.item("2026-01-20", "Setup", "99")
    shop.finalize("2026-01-20")
    assert shop.ledger()[-2:] == ["2026-01-20: INV-2 EUR 99.00: Setup 99.00", "2026-01-20: payment.requested"]


def test_up_to_a_charge_nothing_happens_that_its_answer_may_change() -> None:
    """A test clock is moved on from charge to charge; the provider answers each in no time."""
    shop = Shop(net_days=0, dunning=Dunning())
    shop.do("2026-01-01", c.AddMethod(method()))
    shop.subscribe("2026-01-01", PLAN)
    assert shop.do("2026-06-01", c.CatchUp(until_charge=True)) == []
    (charge,) = shop.account.books.payments
    assert shop.do("2026-01-01", c.SettlePayment(charge)) == ["2026-01-01: payment.succeeded"]
    assert shop.do("2026-06-01", c.CatchUp(until_charge=True)) == [
        "2026-02-01: s1 renewed, 2026-02-01 → 2026-03-01",
        "2026-02-01: INV-2 EUR 30.00: Silver: base 30.00",
        "2026-02-01: payment.requested",
    ]


def test_what_a_command_is_decided_on_is_no_older_than_the_journal() -> None:
    till = Till(method())
    till.bill("1", "100.00", at="2026-01-10")
    assert till.do("2026-01-05", c.SettlePayment(till.id_of(), FailureCode.DECLINED)) == [
        "2026-01-10: p1 failed, DECLINED, again 2026-01-12"
    ]


def test_a_cancellation_at_the_end_of_a_period_comes_before_its_renewal() -> None:
    shop = Shop()
    shop.subscribe("2026-01-01", PLAN)
    shop.change("2026-01-10", Cancel(), "PERIOD_END")
    assert shop.until("2026-02-02")[-3:] == [
        "2026-02-01: s1 c1 applied",
        "2026-02-01: s1 ended, CANCELED",
        "2026-02-01: nothing to bill",
    ]


# ── what comes to nothing ──
def test_an_item_that_comes_to_nothing_is_refused() -> None:
    """Nothing could be billed for it, over and over."""
    shop = Shop()
    with shop.refuses(ErrorCode.INVALID):
        shop.item("2026-01-02", "Tiny", "0.001", at_once=True)


def test_and_one_that_support_set_to_nothing_is_gone_when_nothing_else_is_billed() -> None:
    shop = Shop()
    shop.subscribe("2026-01-01", sold("plain", fee("30"), draft_hours=0))
    shop.item("2026-01-10", "Setup", "99")
    (item,) = shop.account.books.items
    shop.adjust("2026-01-11", f"item/{item.id}", "0")
    shop.until("2026-01-20")
    assert shop.cancel("2026-01-20", "NOW")[-2:] == ["2026-01-20: nothing to bill", "2026-01-20: invoice.item_removed"]
    assert shop.account.books.items == ()


def test_credit_that_an_older_release_left_beside_an_open_invoice_settles_it_before_anybody_is_charged() -> None:
    shop = Shop("2026-06-01")
    shop.subscribe("2026-06-01", sold("plan", fee("30")))
    shop.do("2026-06-02", c.AddMethod(method("card")))
    left_over = e.CreditGranted(Credit("old", CreditKind.PREPAID, "EUR", D(50), D(50), "left over", on("2026-06-02")))
    shop.account = evolve_account(shop.account, left_over, on("2026-06-02"))
    shop.until("2026-06-20")
    assert [f"{owed.due:f}" for owed in shop.account.books.receivables.values()] == ["0.00"]
    assert (list(shop.account.books.payments), f"{shop.account.prepaid['EUR']:f}") == ([], "20.00")
