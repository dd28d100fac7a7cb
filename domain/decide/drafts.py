"""What support may do to an invoice before it is final: put something on it, say what a line shall come to, close
it."""

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal

from msgspec.structs import replace

from domain import commands as c
from domain import events as e
from domain.account import Account
from domain.billing.billing_point import by_hand, next_billing_point, nothing_to_wait_for
from domain.billing.invoicing import invoice_id
from domain.books.invoice import Adjustment, Item
from domain.decide.credits import check_amount
from domain.errors import ErrorCode, Refusal, invalid
from domain.exact import EXACT
from domain.money import digits, rounded, zero
from domain.wording import REASON_CHARS_MAX, check_length, check_name

ITEMS_MAX = 500
UNIT_DIGITS_MAX = 12

DraftCommand = c.AddItem | c.RemoveItem | c.AdjustLine | c.FinalizeInvoice


def decide_draft(account: Account, command: DraftCommand, at: datetime) -> Sequence[e.MoneyEvent]:
    """Raises Refusal. FinalizeInvoice has no events of its own: closing the draft is the bill's."""
    match command:
        case c.AddItem(item=item, at_once=at_once):
            return [e.ItemAdded(_item(account, item, at, at_once))]
        case c.RemoveItem(item_id=id):
            if all(item.id != id for item in account.books.items):
                raise Refusal(ErrorCode.NOT_FOUND, "no such item waits for an invoice", "item_id")
            return [e.ItemRemoved(id)]
        case c.AdjustLine(draft_id=draft_id, adjustment=adjustment):
            check_draft(account, draft_id, at)
            check_name(adjustment.reason, "reason", chars_max=REASON_CHARS_MAX)
            return [e.LineAdjusted(replace(adjustment, amount=_amount(account, adjustment)))]
        case c.FinalizeInvoice(draft_id=draft_id):
            check_draft(account, draft_id, at, first=True)
            return []


def check_draft(account: Account, draft_id: str, at: datetime, *, first: bool = False) -> None:
    """Whether this is the draft of a period that is over, or the one that still runs. Raises Refusal."""
    drafts = [invoice_id(account)]
    if waiting(account, at):
        drafts.append(invoice_id(account, 1))
    if draft_id in account.books.receivables:
        raise Refusal(ErrorCode.INVOICE_FINALIZED, "the invoice is final: correct it with a credit note", "draft_id")
    if draft_id not in drafts:
        raise Refusal(ErrorCode.NOT_FOUND, "no such draft", "draft_id")
    if first and draft_id != drafts[0]:
        raise Refusal(ErrorCode.CONFLICT, "the draft of the period before it comes first", "draft_id")


def waiting(account: Account, at: datetime) -> bool:
    """Whether a period is over whose invoice is still a draft."""
    point = next_billing_point(account)
    return point is not None and point.closes and not by_hand(account.books, at).interim


def _amount(account: Account, adjustment: Adjustment) -> Decimal:
    """A line may come to nothing, but not to less."""
    assert account.customer is not None
    currency = account.customer.currency
    if not adjustment.amount:
        return zero(currency).amount
    return check_amount(adjustment.amount, currency, "amount")


def _item(account: Account, item: Item, at: datetime, at_once: bool) -> Item:
    assert account.customer is not None
    if len(account.books.items) >= ITEMS_MAX:
        raise Refusal(ErrorCode.LIMIT_REACHED, f"at most {ITEMS_MAX} items wait for an invoice")
    check_name(item.description, "description")
    check_length(item.reason, REASON_CHARS_MAX, "reason")
    if item.currency != account.customer.currency:
        message = f"the customer is billed in {account.customer.currency}"
        raise Refusal(ErrorCode.CURRENCY_MISMATCH, message, "currency")
    if item.quantity <= 0:
        raise invalid("must be above zero", "quantity")
    if item.unit_amount <= 0:
        raise invalid("must be above zero: to give something, grant a credit", "unit_amount")
    for name, number in (("quantity", item.quantity), ("unit_amount", item.unit_amount)):
        exponent = number.as_tuple().exponent
        if not isinstance(exponent, int) or -exponent > UNIT_DIGITS_MAX:
            raise invalid(f"at most {UNIT_DIGITS_MAX} decimals", name)
    amount = EXACT.multiply(item.quantity, item.unit_amount)
    if amount.adjusted() - digits(item.currency) > 15:
        raise invalid("comes to more than can be billed", "quantity")
    if not rounded(amount, item.currency):
        raise invalid(f"comes to nothing in {item.currency}", "quantity")
    if item.period is not None and item.period.end <= item.period.start:
        raise invalid("must end after it starts", "period")
    return replace(item, added_at=at, at_once=at_once or nothing_to_wait_for(account))
