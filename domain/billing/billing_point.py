"""When to bill. A function of the books alone, so that no worker's lateness and no restart changes which invoices
come."""

from datetime import datetime, timedelta

from msgspec import Struct

from domain.account import Account
from domain.books import Books
from domain.books.segment import BillingSegment
from domain.evolve.segments import may_charge
from domain.period import FOREVER, period_at
from domain.pricing.models import costs

LAST_LOOK_AFTER = timedelta(days=30)
"""How long after everything ended late usage is billed."""


class BillingPoint(Struct, frozen=True):
    """At `at` everything due up to `until` becomes final. `closes`: an invoice to the end of a period, which takes what
    waits for the next invoice along; otherwise one for what a change comes to. `until` None: of the items that do not
    wait. `interim`: closed by hand in mid-period, with the usage so far. `last`: only to look for late usage."""

    at: datetime
    until: datetime | None
    closes: bool = False
    interim: bool = False
    last: bool = False


def next_billing_point(account: Account) -> BillingPoint | None:
    """The next billing point, however long ago it may be. A change that is billed at once first closes the draft before
    it. Nobody is billed once they were erased: there is nobody to address an invoice to."""
    if account.customer is None or account.customer.erased_at is not None:
        return None
    books = account.books
    at_once = min((item.added_at for item in books.items if item.at_once), default=None)
    boundary, delay = next_boundary(books)
    change = books.bill_at
    found: list[BillingPoint] = []
    if at_once is not None:
        found.append(BillingPoint(at_once, None))
    if boundary is not None:
        closing = boundary + delay
        if change is not None and boundary < change:
            closing = min(closing, change)
        if change is None or boundary <= change:
            found.append(BillingPoint(closing, boundary, closes=True))
        if change is not None and (begun := _backdated_start(books, boundary)) is not None:
            found.append(BillingPoint(begun, begun))
    if change is not None and (boundary is None or boundary > change):
        found.append(BillingPoint(change, change))
    if books.items and boundary is None and change is None and not _something_begins(account):
        found += [BillingPoint(item.added_at, None, closes=True) for item in books.items]
    if boundary is None and change is None and (look := _last_look(books)) is not None:
        found.append(BillingPoint(look, look, closes=True, last=True))
    return min(found, key=lambda point: (point.at, point.until is not None), default=None)


def _backdated_start(books: Books, boundary: datetime) -> datetime | None:
    """Where a subscription began before the `boundary` of which nothing was billed, though its first period is over:
    dated back, it is billed as if it had been there, its first period by itself."""
    known = {billed.subscription_id for billed in books.billed.values()}
    starts = [
        segment.start
        for segment in books.segments
        if may_charge(segment)
        and segment.subscription_id not in known
        and (books.billed_until is None or segment.start > books.billed_until)
    ]
    first = min(starts, default=boundary)
    return first if first < boundary else None


def nothing_to_wait_for(account: Account) -> bool:
    """Whether no invoice comes by itself that something added by hand could go on: nothing runs that may be charged,
    and nothing is to begin, to end its trial or to resume."""
    return next_boundary(account.books)[0] is None and account.books.bill_at is None and not _something_begins(account)


def _something_begins(account: Account) -> bool:
    """Whether something is to begin, to end its trial or to resume."""
    running = [subscription for subscription in account.subscriptions if subscription.ended_at is None]
    return any(
        not subscription.started or subscription.trialing or subscription.resumes_at is not None
        for subscription in running
    )


def by_hand(books: Books, at: datetime) -> BillingPoint:
    """The point that closes a draft at `at`: that of a period which is over, if there is one, else the running one with
    the usage so far."""
    boundary, _ = next_boundary(books)
    if boundary is not None and boundary <= at:
        return BillingPoint(at, boundary, closes=True)
    return BillingPoint(at, at, closes=True, interim=True)


def next_boundary(books: Books) -> tuple[datetime | None, timedelta]:
    """The next end of a period in which something may be charged, and how long its invoice stays a draft."""
    ends: list[tuple[datetime, int]] = []
    for segment in books.segments:
        after = max(segment.start, books.billed_until or segment.start)
        if (segment.end is not None and segment.end <= after) or not may_charge(segment):
            continue
        end = _next_end(segment, after)
        if end < FOREVER and (segment.end is None or end <= segment.end):
            ends.append((end, segment.draft_hours))
    if not ends:
        return None, timedelta()
    soonest = min(end for end, _ in ends)
    return soonest, timedelta(hours=max(hours for end, hours in ends if end == soonest))


def _last_look(books: Books) -> datetime | None:
    """When late usage is billed where nothing runs any more: no invoice comes that would take it along."""
    if books.billed_until is None or any(segment.end is None and may_charge(segment) for segment in books.segments):
        return None
    metered = (
        segment
        for segment in books.segments
        if may_charge(segment) and any(price.meter_key for price in segment.prices)
    )
    ends = [segment.end + LAST_LOOK_AFTER for segment in metered if segment.end is not None]
    look = max(ends, default=None)
    return look if look is not None and look > books.billed_until else None


def _next_end(segment: BillingSegment, after: datetime) -> datetime:
    rhythms = {(segment.anchor_of(price), price.cadence) for price in segment.prices if costs(price)}
    if segment.minimum:
        rhythms.add((segment.anchor, segment.cadence))
    return min((period_at(anchor, cadence, segment.zone, after).end for anchor, cadence in rhythms), default=FOREVER)
