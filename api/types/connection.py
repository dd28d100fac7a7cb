"""Lists in pages: Relay connections over keyset cursors."""

from collections.abc import Callable, Iterable, Sequence
from typing import Annotated, Any, Generic, NamedTuple, TypeVar

import strawberry
from msgspec import Meta

from api.types import page_cursor
from graphql_edge.cost import PAGE_MAX
from graphql_edge.errors import BAD_USER_INPUT, ClientError

Id = Annotated[str, Meta(pattern=r"\A[a-z0-9_]{1,100}\Z")]
Number = Annotated[int, Meta(ge=0, le=2**63 - 1)]

T = TypeVar("T")


@strawberry.type(description="Where a page lies in its list.")
class PageInfo:
    has_next_page: bool = strawberry.field(description="Whether there is more after it.")
    has_previous_page: bool = strawberry.field(description="Whether there is more before it.")
    start_cursor: str | None = strawberry.field(description="Of its first edge: what `before` continues from.")
    end_cursor: str | None = strawberry.field(description="Of its last edge: what `after` continues from.")


@strawberry.type(description="One element of a page.")
class Edge(Generic[T]):
    cursor: str = strawberry.field(description="Its place in the list.")
    node: T = strawberry.field(description="The element.")


@strawberry.type(description="A page of a list.")
class Connection(Generic[T]):
    edges: list[Edge[T]] = strawberry.field(description="The elements, in order.")
    page_info: PageInfo = strawberry.field(description="Where the page lies in its list.")


class Page(NamedTuple):
    """Which page of a list is asked for: at most `limit` elements between two keys, the first or the last of them."""

    kind: str
    owner: str
    limit: int
    backwards: bool
    after: Any
    before: Any

    @property
    def read(self) -> int:
        """One more than is shown tells whether there is more."""
        return self.limit + 1

    def connection(self, found: Sequence[T], key: Callable[[T], Any]) -> tuple[list[tuple[str, T]], PageInfo]:
        """The (cursor, element) pairs that are shown, and the page info, of at most `read` elements in order."""
        more = len(found) > self.limit
        shown = (found[-self.limit :] if self.backwards else found[: self.limit]) if more else found
        edges = [(page_cursor.encode(self.kind, self.owner, key(element)), element) for element in shown]
        info = PageInfo(
            # The cursor that a page continues from lies on its other side, so there is something there.
            has_next_page=self.before is not None if self.backwards else more,
            has_previous_page=more if self.backwards else self.after is not None,
            start_cursor=edges[0][0] if edges else None,
            end_cursor=edges[-1][0] if edges else None,
        )
        return edges, info

    def of(self, elements: Iterable[T], key: Callable[[T], str]) -> list[T]:
        """The page (`read` of it) of a list that is in memory, ordered by its key."""
        inside = sorted(
            (
                element
                for element in elements
                if (self.after is None or key(element) > self.after)
                and (self.before is None or key(element) < self.before)
            ),
            key=key,
        )
        return inside[-self.read :] if self.backwards else inside[: self.read]

    def newest(self, elements: Iterable[T], key: Callable[[T], Any]) -> list[T]:
        """The page of a list that has its highest key first."""
        inside = sorted(
            (
                element
                for element in elements
                if (self.after is None or key(element) < self.after)
                and (self.before is None or key(element) > self.before)
            ),
            key=key,
            reverse=True,
        )
        return inside[-self.read :] if self.backwards else inside[: self.read]


def page(
    kind: str,
    owner: str = "",
    *,
    first: int | None,
    after: str | None,
    last: int | None = None,
    before: str | None = None,
    key: Any = Id,
) -> Page:
    """The page that these arguments ask for. Raises ClientError.

    `kind` and `owner` (a customer) say of which list: a cursor of another one is refused. `key`: the type of its keys.
    """
    if (first is None) == (last is None):
        raise ClientError("Give one of first and last.", code=BAD_USER_INPUT)
    limit = first if first is not None else last
    assert limit is not None
    if not 1 <= limit <= PAGE_MAX:
        raise ClientError(f"first and last are from 1 to {PAGE_MAX}.", code=BAD_USER_INPUT)
    keys = [None if given is None else page_cursor.decode(given, kind, owner, key) for given in (after, before)]
    return Page(kind, owner, limit, last is not None, *keys)
