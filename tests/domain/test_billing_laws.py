"""What holds of every bill, whatever is asked, used and paid, whenever, wherever. Random lives; laws 1, 2 and 4 to 7 of
DESIGN.md."""

from collections import Counter
from collections.abc import Iterator
from datetime import datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from typing import Any

from billed_lives import BASIC, EXTRA, TEAM, Life, Step, ended, helped_lives, lived, lives, quantities
from double_entry import Ledger
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace
from timeline import D, Timeline

from adapters.postgres.codec import decode_account, encode
from domain import commands as c
from domain import events as e
from domain.account import Account
from domain.billing.credit_notes import credit_notes
from domain.billing.differences import differences
from domain.books.line import Line, LineKind
from domain.catalog import ChargeModel, Price, ProrationPolicy
from domain.evolve import evolve_account
from domain.evolve.segments import applicable_prices
from domain.exact import ZERO, exact_sum
from domain.money import rounded
from domain.period import Cadence, Period, period_at
from domain.policy import TrialUsage
from domain.seller import BillingSettings, Seller
from domain.subscription import AddAddOn, Cancel, ChangeQuantity, Pause, Subscription
from domain.tax import TaxRate

OPEN = 36_500  # days: nothing is ever too late


TAXED: dict[str, Any] = {"seller": Seller(country="DE"), "tax_rates": (TaxRate("DE", "standard", "VAT", D(19)),)}


def law(max_examples: int) -> settings:
    return settings(max_examples=max_examples)


# ── run twice is run once ──
@law(25)
@given(lives | helped_lives)
def test_another_look_at_the_same_instant_records_nothing(drawn: Life) -> None:
    for life in lived(drawn):
        journal = list(life.journal)
        assert life.until(journal[-1].at) == []
        assert life.journal == journal


@law(25)
@given(lives | helped_lives)
def test_however_often_the_worker_looks_the_same_invoices_come(drawn: Life) -> None:
    assert ended(drawn, often=True).journal == ended(drawn).journal


# ── invoice = wanted − billed ──
@law(25)
@given(lives)
def test_in_the_end_what_is_billed_is_what_is_wanted(drawn: Life) -> None:
    life = ended(drawn, corrections_days=OPEN)
    books = life.account.books
    assert books.billed_until is not None
    wanted = life.wanted(life.account, books.billed_until)
    assert differences(books, wanted) == ()
    amounts = {charge.key: charge.amount for charge in wanted if charge.amount}
    assert amounts == {key: billed.amount for key, billed in books.billed.items() if billed.amount}
    assert amounts == {key: amount for key, amount in _documents(life).items() if amount}


@law(25)
@given(helped_lives)
def test_whatever_support_does_only_what_nobody_paid_for_cannot_be_given_back(drawn: Life) -> None:
    life = ended(drawn, corrections_days=OPEN)
    books = life.account.books
    assert books.billed_until is not None
    left = differences(books, life.wanted(life.account, books.billed_until))
    assert all(line.amount < 0 for line in left)
    assert list(credit_notes(life.account, left, "EUR", life.journal[-1].at)) == []


@law(18)
@given(lives)
def test_closing_what_is_long_over_changes_nothing_unless_usage_comes_late(drawn: Life) -> None:
    timely = drawn._replace(steps=[_timely(step) for step in drawn.steps])
    early, never = ended(timely, corrections_days=3), ended(timely, corrections_days=OPEN)
    assert _documents(early) == _documents(never)
    assert [invoice.total for invoice in early.invoices] == [invoice.total for invoice in never.invoices]


def _timely(step: Step) -> Step:
    command = replace(step.command, since=None) if isinstance(step.command, c.ChangeSubscription) else step.command
    if isinstance(command, c.Subscribe):
        command = replace(command, start_at=None)
    return step._replace(usage=[(ago, value) for ago, value in step.usage if not ago], command=command)


def _documents(life: Timeline) -> dict[str, Decimal]:
    """By key, what all invoices charged less what credit notes took back."""
    found: dict[str, Decimal] = {}
    for line in (line for invoice in life.invoices for line in invoice.lines):
        found[line.key] = found.get(line.key, ZERO) + line.amount
    for line in (line for note in life.notes for line in note.lines):
        found[line.key] -= line.amount
    return found


# ── sums ──
@law(30)
@given(lives | helped_lives)
def test_lines_sum_to_their_invoice_and_nothing_goes_below_zero_or_back_beyond_it(drawn: Life) -> None:
    life = ended(drawn, **TAXED)
    for invoice in life.invoices:
        assert invoice.subtotal == exact_sum(line.amount for line in invoice.lines)
        assert invoice.discount == exact_sum(line.discount for line in invoice.lines)
        assert invoice.credit == exact_sum(line.credit for line in invoice.lines)
        added = exact_sum(tax.amount for tax in invoice.tax if not tax.inclusive)
        assert invoice.total == invoice.subtotal - invoice.discount - invoice.credit + added
        assert invoice.total >= 0
        assert len({line.id for line in invoice.lines}) == len(invoice.lines)
    for note in life.notes:
        assert note.total == note.off + (note.credit.amount if note.credit else ZERO) > 0
        assert note.off >= 0
        assert note.subtotal == exact_sum(line.amount - line.discount - line.credit for line in note.lines)
    for owed in life.account.books.receivables.values():
        assert ZERO <= owed.credited + owed.returned <= owed.total
        assert owed.due >= 0
    for credit in life.account.books.credits.values():
        assert ZERO <= credit.remaining <= credit.amount
    assert len({invoice.id for invoice in life.invoices}) == len(life.invoices)
    assert len({note.id for note in life.notes}) == len(life.notes)


@law(25)
@given(lives)
def test_a_fixed_price_comes_to_its_exact_share_rounded_once(drawn: Life) -> None:
    """However often it was changed in the period: what is billed of a price in a period is never more than its time."""
    life = ended(drawn, corrections_days=OPEN)
    fixed = {line.price.id for line in _lines(life) if line.price is not None and _by_second(line.price)}
    billed = {key: amount for key, amount in _documents(life).items() if amount and key.split("/")[1] in fixed}
    exact: dict[str, Fraction] = {}
    for held in life.account.subscriptions:
        for period, now in _spells(life, held):
            for price, quantity in _prices(now):
                if _by_second(price) and not now.trialing:
                    _add(exact, f"{held.id}/{price.id}", price, quantity, period, now)
    amounts = {key: rounded(amount, "EUR") for key, amount in exact.items()}
    assert billed == {key: amount for key, amount in amounts.items() if amount}


def _lines(life: Timeline) -> Iterator[Line]:
    return (line for invoice in life.invoices for line in invoice.lines)


def _by_second(price: Price) -> bool:
    recurs = price.meter_key is None and price.cadence is not Cadence.ONCE
    return recurs and price.proration is ProrationPolicy.BY_SECOND


def _add(exact: dict[str, Fraction], key: str, price: Price, quantity: int, period: Period, now: Subscription) -> None:
    units = Fraction(max(ZERO, quantity - (price.included or ZERO)))
    at = period.start
    while at < period.end:
        whole = period_at(now.anchor, price.cadence, now.zone, at)
        end = min(whole.end, period.end)
        of = f"{key}/{whole.start.isoformat()}"
        share = Fraction((end - at) // timedelta.resolution, (whole.end - whole.start) // timedelta.resolution)
        exact[of] = exact.get(of, Fraction(0)) + Fraction(price.unit_amount or 0) * units * share
        at = end


def _prices(now: Subscription) -> Iterator[tuple[Price, int]]:
    sold = [(now.plan, now.quantity, 1), *((add_on.plan, add_on.quantity, add_on.quantity) for add_on in now.add_ons)]
    for version, quantity, fixed in sold:
        for price in applicable_prices(version, (), "EUR", now.cadence)[0]:
            yield price, (fixed if price.model is ChargeModel.FLAT else quantity)


def _spells(life: Timeline, held: Subscription) -> Iterator[tuple[Period, Subscription]]:
    """What the journal of rights alone says: the subscription as it was while it gave rights, from change to change,
    each counted from the instant that it is charged from."""
    account, since, now = Account(), None, None
    for at, event in life.journal:
        account = evolve_account(account, event, at)
        if getattr(event, "subscription_id", None) != held.id or isinstance(event, e.ChangeApplied | e.ChangeWithdrawn):
            continue
        if not isinstance(event, e.SubscriptionRenewed):
            begins = _charged_from(event, at)
            if now is not None and since is not None and now.gives_rights and since < begins:
                yield Period(since, begins), now
            since = begins
        now = account.subscription(held.id)
    if now is not None and since is not None and now.gives_rights:  # the last one: billed up to the end of its period
        yield Period(since, now.period.end), now


def _charged_from(event: e.AccountEvent, at: datetime) -> datetime:
    if isinstance(event, e.SubscriptionStarted | e.TrialEnded):
        return event.period.start
    return getattr(event, "since", None) or at


# ── every event is in one period ──
@law(20)
@given(lives)
def test_what_is_used_is_billed_once_by_the_first_that_prices_it_then(drawn: Life) -> None:
    life = ended(drawn, corrections_days=OPEN)
    books = life.account.books
    assert books.billed_until is not None
    counted = Counter[str]()
    for charge in life.wanted(life.account, books.billed_until):
        if charge.kind is LineKind.USAGE:
            assert charge.usage is not None
            counted[charge.segment.subscription_id] += int(charge.quantity)
    begun = sorted(life.account.subscriptions, key=lambda held: held.start_at)
    charging = [(held.id, period) for held in begun for period, now in _spells(life, held) if _charges(now)]
    expected = Counter[str]()
    for _, at, value in life.events:
        first = next((id for id, period in charging if period.contains(at)), None)
        if first is not None:
            expected[first] += int(value)
    assert {id: units for id, units in counted.items() if units} == {id: n for id, n in expected.items() if n}


def _charges(now: Subscription) -> bool:
    billed = not now.trialing or now.plan.terms.trial_usage is TrialUsage.BILLED
    return billed and any(price.meter_key == "calls" for price, _ in _prices(now))


# ── order ──
alone = st.one_of(
    st.builds(ChangeQuantity, quantities),
    st.builds(AddAddOn, st.just(EXTRA), quantities),
    st.just(Pause()),
    st.just(Cancel()),
)


@law(15)
@given(alone, alone, st.sampled_from(["2026-01-01", "2026-01-20 07:30", "2026-01-31 23:59:59.999999", "2026-02-01"]))
def test_the_order_of_two_subscriptions_changes_does_not_matter(one: object, other: object, at: str) -> None:
    def both(*order: tuple[str, object]) -> Timeline:
        life = Timeline("2026-01-01", "UTC", "EUR", BillingSettings())
        life.subscribe("2026-01-01", BASIC)
        life.subscribe("2026-01-01", TEAM)
        life.used("calls", "2026-01-10", "100")
        for id, change in order:
            life.do(at, c.ChangeSubscription(id, f"of {id}", change))  # type: ignore[arg-type]
        life.until("2026-04-01")
        return life

    first, second = both(("s1", one), ("s2", other)), both(("s2", other), ("s1", one))
    assert _documents(first) == _documents(second)
    assert first.account.owing.amounts == second.account.owing.amounts


# ── the journal and the ledger ──
@law(25)
@given(lives | helped_lives)
def test_postings_balance_and_what_is_receivable_is_what_is_due(drawn: Life) -> None:
    """Held by `Ledger.post` after every event. Folding the journal again gives the same account, byte for byte, and so
    does reading back what was stored of it."""
    life, ledger = ended(drawn, **TAXED), Ledger()
    for at, event in life.journal:
        ledger.post(at.isoformat(), event)
    assert encode(ledger.account) == encode(life.account)
    assert decode_account(encode(life.account)) == life.account
    assert D(ledger.left().get("RECEIVABLE", 0)) == life.account.owing.amounts.get("EUR", ZERO)
