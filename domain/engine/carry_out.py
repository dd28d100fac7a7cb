"""What a command does: on the account as it is by then, and with all that it makes due and bills."""

from collections.abc import Callable, Iterable
from datetime import datetime

from domain import commands as c
from domain import events as e
from domain.account import Account
from domain.billing.billing_point import by_hand
from domain.decide import decide_account
from domain.engine.advance import advance, make_final
from domain.engine.follow import follow
from domain.engine.questions import Asking
from domain.pending import Pending

Decide = Callable[[Account, datetime], Iterable[e.AccountEvent]]


def carry_out(pending: Pending[Account], command: c.AccountCommand, at: datetime) -> Asking[None]:
    """Raises Refusal: then what is pending is good for nothing."""
    yield from carry_out_decision(
        pending,
        lambda account, now: decide_account(account, command, now),
        at,
        closes=isinstance(command, c.FinalizeInvoice),
        until_charge=isinstance(command, c.CatchUp) and command.until_charge,
    )


def carry_out_decision(
    pending: Pending[Account], decide: Decide, at: datetime, *, closes: bool = False, until_charge: bool = False
) -> Asking[None]:
    """What happened meanwhile; what is decided on that; what follows from it at once. `closes`: the draft that is the
    next one becomes final by hand."""
    yield from advance(pending, at, until_charge=until_charge)
    at = pending.decide_here(at)
    begun = len(pending.facts)
    for event in decide(pending.state, at):
        pending.add(event, at)
    yield from follow(pending, begun, at)
    if closes:
        begun = len(pending.facts)
        yield from make_final(pending, by_hand(pending.state.books, at))
        yield from follow(pending, begun, at, by_time=True)
    yield from advance(pending, at, until_charge=until_charge)
