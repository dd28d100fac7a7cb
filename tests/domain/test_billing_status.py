"""Where a customer stands with billing, in one word and one sentence."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

from msgspec.structs import replace

from domain.account import Account, Customer, CustomerKind, Owing
from domain.billing_status import BillingState, BillingStatus, billing_status
from domain.books.debt import Debt
from domain.catalog import PlanVersion, Terms
from domain.money import Money
from domain.period import Cadence, Period
from domain.subscription import Cancel, EndReason, ScheduledChange, Subscription

NOON = datetime(2026, 3, 31, 22, 30, tzinfo=UTC)  # already 1 April in Paris
DAY = timedelta(days=1)


def held(name: str = "Starter", **more: object) -> Subscription:
    plan = PlanVersion("version_1", "plan_1", name.lower(), name, 1, NOON, Terms())
    running = Subscription(
        id=f"subscription_{name}",
        plan=plan,
        cadence=Cadence.MONTH,
        quantity=1,
        zone="Europe/Paris",
        created_at=NOON,
        start_at=NOON,
        anchor=NOON,
        period=Period(NOON, NOON + 30 * DAY),
        plan_since=NOON,
        started=True,
    )
    return replace(running, **more)


def cancelled_at(at: datetime) -> tuple[ScheduledChange, ...]:
    return (ScheduledChange("change_1", "subscription_Starter", Cancel(), at, NOON),)


def status(*subscriptions: Subscription) -> tuple[BillingState, str | None]:
    found = billing_status(Account(subscriptions=subscriptions), NOON)
    return found.state, found.message


TRIAL = held("Trial", trialing=True, trial_ends_at=NOON + 7 * DAY)
PAUSED = held("Paused", paused_at=NOON)
PENDING = held("Later", started=False, start_at=NOON + DAY)
ENDED = held("Old", ended_at=NOON, end_reason=EndReason.CANCELED)


def test_without_a_subscription_there_is_nothing_to_say() -> None:
    assert status() == (BillingState.NONE, None)


def test_one_that_runs_is_current() -> None:
    assert status(held()) == (BillingState.CURRENT, None)


def test_the_best_of_several_counts() -> None:
    assert status(ENDED, PAUSED, TRIAL, held(), PENDING)[0] is BillingState.CURRENT
    assert status(ENDED, PAUSED, TRIAL, PENDING)[0] is BillingState.TRIALING
    assert status(ENDED, PAUSED, PENDING)[0] is BillingState.SUSPENDED
    assert status(ENDED, PENDING)[0] is BillingState.CANCELED
    assert status(PENDING)[0] is BillingState.NONE


def test_days_are_those_of_the_customer() -> None:
    assert status(TRIAL) == (BillingState.TRIALING, "The trial of Trial ends on 2026-04-08.")
    assert status(PENDING) == (BillingState.NONE, "Later begins on 2026-04-02.")
    assert status(ENDED) == (BillingState.CANCELED, "Old ended on 2026-04-01.")


def test_a_planned_end_is_told() -> None:
    assert status(held(scheduled=cancelled_at(NOON + DAY))) == (BillingState.CURRENT, "Starter ends on 2026-04-02.")
    ending = replace(TRIAL, scheduled=cancelled_at(NOON + 7 * DAY))
    told = "The trial of Trial ends on 2026-04-08, and the subscription with it."
    assert status(ending) == (BillingState.TRIALING, told)
    after = replace(TRIAL, scheduled=cancelled_at(NOON + 8 * DAY))
    assert status(after) == (BillingState.TRIALING, "The trial of Trial ends on 2026-04-08.")


def test_a_pause_tells_when_it_ends() -> None:
    assert status(PAUSED) == (BillingState.SUSPENDED, "Paused is paused.")
    resumes = replace(PAUSED, resumes_at=NOON + 3 * DAY)
    assert status(resumes) == (BillingState.SUSPENDED, "Paused is paused until 2026-04-04.")


def test_of_several_that_ended_the_last_is_told() -> None:
    earlier = held("Older", ended_at=NOON - DAY, end_reason=EndReason.CANCELED)
    assert status(ENDED, earlier) == (BillingState.CANCELED, "Old ended on 2026-04-01.")


# ── debts ──
def debt(amount: str, days: int = 0, currency: str = "EUR") -> Debt:
    """Due so many days after NOON."""
    return Debt(NOON + days * DAY, currency, Decimal(amount))


def owing(*debts: Debt, **more: datetime) -> Owing:
    amounts: dict[str, Decimal] = {}
    for debt in debts:
        amounts[debt.currency] = amounts.get(debt.currency, Decimal(0)) + debt.amount
    first = min(debt.due_at for debt in debts)
    return Owing(amounts, first, first + 14 * DAY, more.get("next_attempt_at"), more.get("suspended_at"), debts)


def in_debt(owed: Owing, at: datetime, *subscriptions: Subscription) -> BillingStatus:
    customer = Customer("customer_1", CustomerKind.USER, "anon_1", {}, "EUR", "Europe/Paris", NOON)
    return billing_status(Account(customer, subscriptions, owing=owed), at)


def test_what_is_not_due_yet_is_owed_and_nothing_to_worry_about() -> None:
    status = in_debt(owing(debt("118.8", days=1)), NOON, held())
    assert status == BillingStatus(BillingState.CURRENT, None, (Money(Decimal("118.80"), "EUR"),))


def test_from_the_instant_it_is_due_it_is_overdue() -> None:
    before, then = (in_debt(owing(debt("5")), at, held()).state for at in (NOON - timedelta.resolution, NOON))
    assert (before, then) == (BillingState.CURRENT, BillingState.PAST_DUE)


def test_an_overdue_amount_is_told_with_what_comes_next() -> None:
    status = in_debt(owing(debt("118.8"), next_attempt_at=NOON + 4 * DAY), NOON + DAY, held())
    assert status == BillingStatus(
        state=BillingState.PAST_DUE,
        message=(
            "EUR 118.80 is overdue since 2026-04-01. The next payment is tried on 2026-04-05. "
            "Access continues until 2026-04-15."
        ),
        owed=(Money(Decimal("118.80"), "EUR"),),
        next_payment_attempt_at=NOON + 4 * DAY,
        grace_until=NOON + 14 * DAY,
    )


def test_only_what_has_fallen_due_is_called_overdue() -> None:
    status = in_debt(owing(debt("100"), debt("20", 10, "USD"), debt("50", 10)), NOON + DAY, held())
    assert status.message == "EUR 100.00 is overdue since 2026-04-01. Access continues until 2026-04-15."
    assert status.owed == (Money(Decimal("150.00"), "EUR"), Money(Decimal("20.00"), "USD"))
    later = in_debt(owing(debt("100"), debt("20", 10, "USD"), debt("50", 10)), NOON + 10 * DAY, held())
    assert later.message is not None
    assert later.message.startswith("EUR 150.00 and USD 20.00 are overdue since 2026-04-01.")


def test_when_grace_is_over_access_has_ended() -> None:
    status = in_debt(owing(debt("5")), NOON + 14 * DAY, held())
    assert status.state is BillingState.PAST_DUE
    assert status.message == "EUR 5.00 is overdue since 2026-04-01. Access ended on 2026-04-15."


def test_at_the_end_of_dunning_it_is_suspended() -> None:
    status = in_debt(owing(debt("5"), suspended_at=NOON + 21 * DAY), NOON + 22 * DAY, held())
    assert status.state is BillingState.SUSPENDED
    assert status.message == (
        "EUR 5.00 is overdue since 2026-04-01. Access is suspended since 2026-04-22, until this is paid."
    )


def test_debts_come_before_what_else_is_to_be_told() -> None:
    late = owing(debt("5"))
    assert in_debt(late, NOON + DAY, PAUSED).state is BillingState.PAST_DUE
    ended = in_debt(late, NOON + DAY, ENDED)
    assert (ended.state, ended.message) == (
        BillingState.PAST_DUE,
        "EUR 5.00 is overdue since 2026-04-01. Old ended on 2026-04-01.",
    )
    ending = in_debt(late, NOON + DAY, held(scheduled=cancelled_at(NOON + 2 * DAY)))
    assert ending.message is not None
    assert ending.message.endswith("Access continues until 2026-04-15. Starter ends on 2026-04-03.")
