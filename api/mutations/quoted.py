"""Changes that are held to a quote."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Protocol

from api.context import Context
from api.inputs.keyed import asked
from domain.errors import Refusal
from service.quotes import Bound, stale


class Quotable(Protocol):
    quote: str | None


def quote_of(context: Context, customer_id: str, input: Quotable) -> Bound | None:
    """What the input is held to. Raises Refusal for a quote that is not one for it."""
    return None if input.quote is None else context.runtime.quotes.bound(input.quote, customer_id, asked(input))


@contextmanager
def held_to(bound: Bound | None) -> Iterator[None]:
    """What cannot be charged as of the quote any more makes it stale: it is not the caller who said from when."""
    try:
        yield
    except Refusal as refusal:
        if bound is not None and refusal.field[:1] == ("chargedFrom",):
            raise stale(f"{refusal.message}: ask for a new quote") from None
        raise
