"""Every line names the event of the journal that began the terms it is reckoned by."""

from billed_lives import Life, ended, lives
from billed_shop import EXTRA, GOLD, METERED, SILVER, Shop
from hypothesis import given, settings

from adapters.postgres.codec import decode_whole_account, encode_account
from domain import events as e
from domain.books.line import Line
from domain.subscription import AddAddOn, ChangePlan, Pause, Resume

SUSPENSION = e.BillingSuspended | e.BillingRestored


def because(shop: Shop, line: Line) -> str:
    assert line.because is not None
    entry = shop.journal[line.because - 1]
    return f"{entry.at:%m-%d} {type(entry.event).__name__}"


def told(shop: Shop) -> list[str]:
    return [
        f"{invoice.number} {line.description}: {because(shop, line)}"
        for invoice in shop.invoices
        for line in invoice.lines
    ]


def test_a_renewal_goes_on_under_the_terms_of_the_beginning_and_a_change_begins_others() -> None:
    shop = Shop()
    shop.subscribe("2026-01-01", SILVER)
    shop.until("2026-02-10")
    shop.change("2026-02-15", ChangePlan(GOLD))
    shop.change("2026-02-20", AddAddOn(EXTRA))
    assert told(shop) == [
        "INV-1 Silver: base: 01-01 SubscriptionStarted",
        "INV-2 Silver: base: 01-01 SubscriptionStarted",
        "INV-3 Silver: base, given back: 01-01 SubscriptionStarted",
        "INV-3 Gold: base: 02-15 PlanChanged",
        "INV-4 Extra: base: 02-20 AddOnAdded",
    ]


def test_usage_is_one_count_and_names_what_began_the_terms_that_it_ended_under() -> None:
    shop = Shop()
    shop.subscribe("2026-01-01", METERED)
    shop.used("calls", "2026-01-05", "100")
    shop.change("2026-01-10", Pause())
    shop.change("2026-01-20", Resume())
    shop.used("calls", "2026-01-25", "100")
    shop.until("2026-02-10")
    usage = [
        (because(shop, line), f"{line.amount:f}")
        for invoice in shop.invoices
        for line in invoice.lines
        if line.usage is not None
    ]
    assert usage == [("01-01 SubscriptionStarted", "5.00"), ("01-20 SubscriptionResumed", "5.00")]


def test_what_stays_as_it_is_keeps_its_beginning() -> None:
    """An add-on changes nothing about its plan."""
    shop = Shop()
    shop.subscribe("2026-01-01", SILVER)
    shop.change("2026-01-10", AddAddOn(EXTRA))
    started = next(n for n, entry in enumerate(shop.journal, 1) if isinstance(entry.event, e.SubscriptionStarted))
    added = next(n for n, entry in enumerate(shop.journal, 1) if isinstance(entry.event, e.AddOnAdded))
    assert {segment.plan_key: segment.because for segment in shop.account.books.segments} == {
        "silver": started,
        "extra": added,
    }


def test_the_number_of_the_last_entry_is_kept_beside_the_state() -> None:
    """So a state that was stored by an earlier release goes on with the right number."""
    shop = Shop()
    shop.subscribe("2026-01-01", SILVER)
    assert shop.account.seq == len(shop.journal)
    state, books = encode_account(shop.account)
    assert '"seq"' not in state
    assert decode_whole_account(state, books, len(shop.journal)) == shop.account
    old = decode_whole_account(state, (books or "").replace(',"because":3', ""), len(shop.journal))
    assert [segment.because for segment in old.books.segments] == [None]


@settings(max_examples=30, deadline=None)
@given(lives)
def test_it_is_an_event_of_the_lines_own_subscription(drawn: Life) -> None:
    life = ended(drawn)
    documents = (*life.invoices, *life.notes)
    for line in (line for document in documents for line in document.lines if line.subscription_id is not None):
        if line.because is None:  # what is not wanted any more has no terms
            assert line.description.endswith(", given back")
            continue
        event = life.journal[line.because - 1].event
        assert isinstance(event, SUSPENSION) or event.subscription_id == line.subscription_id  # type: ignore[union-attr]
