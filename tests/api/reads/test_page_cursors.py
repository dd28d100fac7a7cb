"""Cursors that somebody made up are refused before they reach the database."""

from base64 import urlsafe_b64encode
from datetime import UTC, datetime
from typing import Any

import msgspec
import pytest
from storefront import Storefront

from api.types import page_cursor
from api.types.connection import Id, Number
from api.types.usage_events import Place
from graphql_edge.errors import ClientError

NOON = datetime(2026, 1, 31, 12, 0, 0, 1, tzinfo=UTC)


@pytest.mark.parametrize(
    ("type", "key"),
    [
        (Id, "customer_1"),
        (Number, 2**63 - 1),
        (Place, (NOON, "", "i" * 255, 0)),
        (Place, (NOON, "😀" * 255, "😀" * 255, 1)),
    ],
)
def test_a_cursor_gives_its_key_back(type: Any, key: Any) -> None:
    assert page_cursor.decode(page_cursor.encode("k", "o", key), "k", "o", type) == key


@pytest.mark.parametrize(
    ("type", "key"),
    [
        (Id, "a\0b"),
        (Id, "A"),
        (Id, ""),
        (Id, 5),
        (Id, None),
        (Number, -1),
        (Number, 2**63),
        (Number, "5"),
        (Number, True),
        (Place, ("2026-01-01T00:00:00", "a", "b", 1)),
        (Place, (NOON, "a\0", "b", 1)),
        (Place, (NOON, "a", "b", 2**40)),
        (Place, (NOON, "a", "b")),
    ],
)
def test_a_key_of_the_wrong_shape_is_refused(type: Any, key: Any) -> None:
    with pytest.raises(ClientError):
        page_cursor.decode(page_cursor.encode("k", "o", key), "k", "o", type)


@pytest.mark.parametrize(
    "text",
    ["", "x", "é", "a" * 5_000, "bnVsbA", urlsafe_b64encode(b"[" * 1_000).decode(), page_cursor.encode("k", "p", "a")],
)
def test_nonsense_is_refused(text: str) -> None:
    with pytest.raises(ClientError):
        page_cursor.decode(text, "k", "o", Id)


@pytest.mark.parametrize("key", ["\ud800", "\x00", "'; --", {"a": 1}, [[]]])
async def test_no_cursor_makes_the_server_fail(shop: Storefront, key: Any) -> None:
    id = await shop.customer("acme", "free")
    raw = msgspec.json.encode(key) if key != "\ud800" else rb'"\ud800"'
    query = """query ($ref: CustomerRef!, $cursor: String!, $period: PeriodInput!) {
      customers(first: 1, after: $cursor) { pageInfo { hasNextPage } }
      testClocks(last: 1, before: $cursor) { pageInfo { hasNextPage } }
      apiKeys(last: 1, before: $cursor) { pageInfo { hasNextPage } }
      customer(ref: $ref) {
        journal(first: 1, after: $cursor) { pageInfo { hasNextPage } }
        subscriptions(first: 1, after: $cursor) { pageInfo { hasNextPage } }
        usageEvents(feature: "api_calls", period: $period, first: 1, after: $cursor) { pageInfo { hasNextPage } }
      }
    }"""
    period = {"start": "2026-01-01T00:00:00Z", "end": "2026-03-01T00:00:00Z"}
    for kind, owner in (
        ("customers", ""),
        ("clocks", ""),
        ("keys", ""),
        *((k, id) for k in ("journal", "usage", "subscriptions")),
    ):
        cursor = urlsafe_b64encode(f'["{kind}","{owner}",'.encode() + raw + b"]").rstrip(b"=").decode()
        answer = await shop.answer(query, ref={"id": id}, cursor=cursor, period=period)
        assert {error["extensions"]["code"] for error in answer["errors"]} == {"BAD_USER_INPUT"}
