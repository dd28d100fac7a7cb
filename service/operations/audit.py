"""What `tollgate verify` finds of an account's money: where it does not add up (`domain.ledger.audit`), and where it
was billed otherwise than the rules want (`domain.billing.uncorrected`)."""

from collections.abc import AsyncIterator, Iterable
from datetime import datetime
from decimal import Decimal

from domain.account import Account
from domain.billing.uncorrected import last_billing_point, uncorrected
from domain.engine.advance import wanted_by
from domain.events import AnyEvent
from domain.exact import exact_sum
from domain.ledger import Posting
from domain.ledger.audit import faults
from service.write.answering import answered
from service.write.sources import AnswerSource

NAMED_MAX = 3


async def of_money(
    source: AnswerSource, account: Account, events: Iterable[AnyEvent], posted: Iterable[Posting], at: datetime
) -> AsyncIterator[str]:
    """Each as a sentence. `account`: its events, the last of which happened at `at`, folded again; `posted`: what they
    post."""
    for fault in faults(account.books, events, posted):
        yield fault
    point = last_billing_point(account)
    if point is None:
        return
    wanted, _ = await answered(wanted_by(account, point, at), source)
    by_currency: dict[str, list[tuple[str, Decimal]]] = {}
    for key, amount, currency in uncorrected(account, wanted, at):
        by_currency.setdefault(currency, []).append((key, amount))
    for currency, parts in sorted(by_currency.items()):
        named = ", ".join(f"{key} {amount:+f}" for key, amount in parts[:NAMED_MAX])
        more = f" and {len(parts) - NAMED_MAX} more" if len(parts) > NAMED_MAX else ""
        total = exact_sum(amount for _, amount in parts)
        yield f"differs by {total:+f} {currency} from what the rules want: {named}{more}"
