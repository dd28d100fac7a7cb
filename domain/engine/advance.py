"""An account brought up to an instant: what falls due, then what the money makes due, then what is billed, each at its
own instant and on what the one before left."""

from datetime import datetime
from typing import NamedTuple

from domain.account import Account
from domain.billing.bill import bill
from domain.billing.billing_point import BillingPoint, next_billing_point
from domain.billing.charge import Charge
from domain.billing.invoice_terms import InvoiceTerms, invoice_terms
from domain.billing.wanted import Wanted
from domain.dunning import charges_open, money_due, next_money_due
from domain.engine.follow import follow, settle
from domain.engine.questions import Asking, Question
from domain.lifecycle.due import catch_up, next_due
from domain.pending import Pending


class _Next(NamedTuple):
    """When something next falls due, when the books next make something due, and what is billed next."""

    due: datetime | None
    money: datetime | None
    point: BillingPoint | None

    @property
    def at(self) -> datetime | None:
        found = (self.due, self.money, None if self.point is None else self.point.at)
        return min((instant for instant in found if instant is not None), default=None)


def next_instant(account: Account) -> datetime | None:
    """When something next falls due, is made due by the books, or is billed."""
    return _next(account).at


def _next(account: Account) -> _Next:
    return _Next(next_due(account), next_money_due(account), next_billing_point(account))


def advance(pending: Pending[Account], at: datetime, *, until_charge: bool = False) -> Asking[None]:
    """All that happens by itself up to and including `at`. `until_charge`: not beyond where a provider is to be asked,
    whose answer may change what comes after."""
    while (instant := (comes_next := _next(pending.state)).at) is not None and instant <= at:
        if until_charge and charges_open(pending.state.books):
            return
        happens_at = pending.at(instant)  # what follows counts from when it happens, not from when it should have
        begun = len(pending.facts)
        yield from settle(pending, pending.state, happens_at, by_time=True)
        if len(pending.facts) > begun:  # credit that an older release left beside what was open
            continue
        if comes_next.due == instant:
            for due_at, event, _ in catch_up(pending.state, instant):
                pending.add(event, due_at, by_time=True)
        elif comes_next.money == instant:
            for event in money_due(pending.state, happens_at):
                pending.add(event, happens_at, by_time=True)
        else:
            assert comes_next.point is not None
            yield from make_final(pending, comes_next.point)
        assert len(pending.facts) > begun, "what is due happens, and is due no more"
        yield from follow(pending, begun, happens_at, by_time=True)


def make_final(pending: Pending[Account], point: BillingPoint) -> Asking[None]:
    """Bills what the billing point has to bill, however late."""
    at = pending.at(point.at)
    charges, terms = yield from wanted_by(pending.state, point, at)
    bill(pending, charges, terms, point, at)


def wanted_by(
    account: Account, point: BillingPoint, at: datetime, wanted: Wanted | None = None
) -> Asking[tuple[tuple[Charge, ...], InvoiceTerms]]:
    """The charges that are wanted by the billing point, with the usage as it stands at `at`, and the terms to bill them
    by. `wanted`: if that was worked out already."""
    assert account.customer is not None
    if wanted is None and point.until is not None:
        wanted = Wanted(account, point.until, interim=point.interim)
    answer = yield Question(account.customer.id, at, () if wanted is None else wanted.counts)
    charges = () if wanted is None else wanted.charges(answer.figures)
    return charges, invoice_terms(answer.settings, account.customer)
