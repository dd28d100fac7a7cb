"""Lists at Stripe come by the hundred, the newest first; what is made meanwhile comes before the first page."""

from collections.abc import AsyncIterator, Awaitable, Callable
from typing import TypeVar

from stripe import ListObject, StripeObject

PAGE = 100

T = TypeVar("T", bound=StripeObject)


async def every(ask: Callable[[str | None], Awaitable[ListObject[T]]]) -> AsyncIterator[T]:
    """All of a list. `ask` gets the page behind the one that it is given, or the first."""
    after: str | None = None
    while True:
        page = await ask(after)
        for element in page.data:
            yield element
        if not page.has_more or not page.data:
            return
        after = str(page.data[-1]["id"])
