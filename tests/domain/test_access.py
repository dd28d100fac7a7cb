"""What a key or a token may hold: never more than its role, never more than its maker."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from domain.access import (
    KEY_CUSTOMERS_MAX,
    KEY_NAME_CHARS_MAX,
    ROLE_SCOPES,
    ApiKey,
    Role,
    Scope,
    check_key,
    check_token,
)
from domain.errors import ErrorCode, Refusal

AT = datetime(2026, 11, 5, 12, tzinfo=UTC)
ALL = ROLE_SCOPES[Role.ADMIN]
SERVICE = ApiKey("key_1", "backend", Role.SERVICE, (Scope.USAGE_WRITE, Scope.CUSTOMERS_READ), "hash")
PARTNER = ApiKey("key_2", "partner", Role.PARTNER, (Scope.CUSTOMERS_READ,), "hash", ("customer_1",))


def refused(key: ApiKey, maker: frozenset[Scope] = ALL) -> tuple[str, ...]:
    with pytest.raises(Refusal) as no:
        check_key(key, maker, AT)
    assert no.value.code is ErrorCode.INVALID
    return no.value.field


def test_narrow_keys_are_allowed() -> None:
    check_key(SERVICE, ALL, AT)
    check_key(PARTNER, ALL, AT)
    check_key(replace(SERVICE, expires_at=AT + timedelta(microseconds=1)), ALL, AT)
    check_key(SERVICE, frozenset(SERVICE.scopes), AT)


@pytest.mark.parametrize(
    ("key", "field"),
    [
        (replace(SERVICE, name=" "), "name"),
        (replace(SERVICE, name="x" * (KEY_NAME_CHARS_MAX + 1)), "name"),
        (replace(SERVICE, role=Role.CUSTOMER, scopes=(Scope.CUSTOMERS_READ,)), "role"),
        (replace(SERVICE, scopes=()), "scopes"),
        (replace(SERVICE, scopes=(Scope.KEYS_WRITE,)), "scopes"),
        (replace(PARTNER, scopes=(Scope.CUSTOMERS_READ, Scope.USAGE_WRITE)), "scopes"),
        (replace(PARTNER, customer_ids=None), "customer_ids"),
        (replace(PARTNER, customer_ids=()), "customer_ids"),
        (replace(PARTNER, customer_ids=tuple(map(str, range(KEY_CUSTOMERS_MAX + 1)))), "customer_ids"),
        (replace(SERVICE, customer_ids=("customer_1",)), "customer_ids"),
        (replace(SERVICE, expires_at=AT), "expires_at"),
    ],
)
def test_keys_that_break_a_rule_are_refused_at_their_field(key: ApiKey, field: str) -> None:
    assert refused(key) == (field,)


def test_nobody_makes_a_key_that_holds_more_than_their_own() -> None:
    with pytest.raises(Refusal) as no:
        check_key(SERVICE, frozenset({Scope.KEYS_WRITE, Scope.CUSTOMERS_READ}), AT)
    assert no.value.message == "your own credentials do not hold usage:write"


@given(st.sampled_from(Role), st.frozensets(st.sampled_from(Scope)), st.frozensets(st.sampled_from(Scope)))
def test_no_chain_of_keys_rises(role: Role, asked: frozenset[Scope], maker: frozenset[Scope]) -> None:
    named = ("customer_1",) if role is Role.PARTNER else None
    key = ApiKey("key_1", "k", role, tuple(asked), "hash", named)
    fine = role is not Role.CUSTOMER and asked and asked <= ROLE_SCOPES[role] and asked <= maker
    if fine:
        check_key(key, maker, AT)
    else:
        refused(key, maker)


def test_every_role_has_scopes_and_only_admin_makes_keys_or_erases() -> None:
    assert set(ROLE_SCOPES) == set(Role)
    for scope in (Scope.KEYS_WRITE, Scope.CUSTOMERS_ERASE, Scope.CATALOG_WRITE, Scope.CLOCKS_WRITE):
        assert [role for role in Role if scope in ROLE_SCOPES[role]] == [Role.ADMIN]


def test_tokens_live_a_day_at_most_and_only_read() -> None:
    check_token(timedelta(hours=24), None)
    check_token(timedelta(seconds=1), [Scope.CATALOG_READ])
    for lifetime in (timedelta(0), timedelta(milliseconds=999), timedelta(hours=24, microseconds=1), -timedelta(1)):
        with pytest.raises(Refusal, match="between 1 second and 24 hours"):
            check_token(lifetime, None)
    with pytest.raises(Refusal, match="cannot hold tokens:write, usage:write"):
        check_token(timedelta(hours=1), [Scope.USAGE_WRITE, Scope.CATALOG_READ, Scope.TOKENS_WRITE])
