"""Payment methods: which ones there are, and which one is charged."""

from collections.abc import Sequence
from datetime import datetime

from msgspec.structs import replace

from domain import commands as c
from domain import events as e
from domain.account import Account
from domain.books import Books
from domain.books.payment import Method
from domain.dunning import collect_with
from domain.errors import ErrorCode, Refusal
from domain.evolve import evolve_account
from domain.wording import check_name

METHODS_MAX = 50
TOKEN_CHARS_MAX = 255


def decide_method(
    account: Account, command: c.AddMethod | c.RemoveMethod | c.DefaultMethod | c.UpdateMethod, at: datetime
) -> Sequence[e.AccountEvent]:
    """A new default method, or one that was renewed, is charged at once with what is overdue. One that is removed still
    serves the payments that were asked for already. Raises Refusal."""
    books = account.books
    match command:
        case c.AddMethod(method=method, default=default):
            event = e.MethodAdded(_new(books, method, at), default)
            return [event, *_charged(account, event, at)]
        case c.RemoveMethod(method_id=id):
            if any(method.id == id and method.removed_at is not None for method in books.methods):
                return []
            return [e.MethodRemoved(live_method(books, id).id)]
        case c.DefaultMethod(method_id=id):
            if live_method(books, id) == books.method:
                return []
            chosen = e.MethodDefaulted(id)
            return [chosen, *_charged(account, chosen, at)]
        case c.UpdateMethod(method_id=id, label=label, expires=expires):
            known = live_method(books, id)
            if (known.label, known.expires) == (label, expires):
                return []
            check_name(label, "label")
            changed = e.MethodUpdated(id, label, expires)
            return [changed, *(_charged(account, changed, at) if known.expires != expires else [])]


def live_method(books: Books, id: str) -> Method:
    """Raises Refusal."""
    found = next((method for method in books.methods if method.id == id and method.removed_at is None), None)
    if found is None:
        raise Refusal(ErrorCode.NOT_FOUND, "no such payment method", "method_id")
    return found


def _new(books: Books, method: Method, at: datetime) -> Method:
    live = [method for method in books.methods if method.removed_at is None]
    for known in books.methods:
        if known.id == method.id or (
            known in live and (known.provider, known.token) == (method.provider, method.token)
        ):
            raise Refusal(ErrorCode.ALREADY_EXISTS, f"the payment method exists ({known.id})", "token")
    if len(live) >= METHODS_MAX:
        raise Refusal(ErrorCode.LIMIT_REACHED, f"at most {METHODS_MAX} payment methods a customer")
    check_name(method.token, "token", chars_max=TOKEN_CHARS_MAX)
    check_name(method.kind, "kind")
    check_name(method.label, "label")
    return replace(method, added_at=at, removed_at=None)


def _charged(
    account: Account, event: e.MethodAdded | e.MethodDefaulted | e.MethodUpdated, at: datetime
) -> Sequence[e.AccountEvent]:
    after = evolve_account(account, event, at)
    chosen = after.books.method
    return [] if chosen is None or chosen == account.books.method else collect_with(after, chosen, at)
