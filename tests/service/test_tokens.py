"""Customer tokens: what is accepted, and every way of forging one that we know of."""

import base64
import hmac
import json
from datetime import UTC, datetime, timedelta
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from hypothesis import given
from hypothesis import strategies as st

from domain.access import ROLE_SCOPES, Role, Scope
from domain.errors import Refusal
from service.access.principal import Unauthenticated
from service.access.tokens import SKEW, Claims, CustomerTokens

SECRET = b"0123456789abcdef0123456789abcdef"
NOW = datetime(2026, 11, 5, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)
READS = ROLE_SCOPES[Role.CUSTOMER]
tokens = CustomerTokens(SECRET, "https://team.example", "tollgate")


def claims(**changed: Any) -> dict[str, Any]:
    seconds = int(NOW.timestamp())
    usual = {"sub": "u-1", "iat": seconds, "exp": seconds + 600, "iss": "https://team.example", "aud": "tollgate"}
    return {name: value for name, value in {**usual, **changed}.items() if value is not ...}


def signed(secret: bytes = SECRET, **changed: Any) -> str:
    return jwt.encode(claims(**changed), secret, algorithm="HS256")


def unsigned(header: Any, body: Any, signature: str = "") -> str:
    parts = (base64.urlsafe_b64encode(json.dumps(part).encode()).rstrip(b"=").decode() for part in (header, body))
    return ".".join((*parts, signature))


def signed_as(header: dict[str, Any], secret: bytes = SECRET) -> str:
    """Signed by hand: PyJWT itself would not make these."""
    text = unsigned(header, claims()).removesuffix(".")
    signature = hmac.digest(secret, text.encode(), "sha256")
    return f"{text}." + base64.urlsafe_b64encode(signature).rstrip(b"=").decode()


async def refused(token: str, now: datetime = NOW, by: CustomerTokens = tokens) -> str:
    with pytest.raises(Unauthenticated) as no:
        await by.verify(token, now)
    assert no.value.__cause__ is None
    return no.value.reason


async def test_a_token_of_the_teams_backend_is_accepted() -> None:
    assert await tokens.verify(signed(), NOW) == Claims("u-1", READS, NOW + timedelta(seconds=600), True)


async def test_a_minted_token_is_accepted_until_it_expires() -> None:
    token, expires_at = tokens.mint("customer_1", HOUR, None, NOW)
    assert expires_at == NOW + HOUR
    assert await tokens.verify(token, NOW) == Claims("customer_1", READS, expires_at, True)
    assert (await tokens.verify(token, expires_at - timedelta(microseconds=1))).subject == "customer_1"
    assert await refused(token, expires_at) == "the token has expired"


async def test_scopes_narrow_and_never_widen() -> None:
    narrow = tokens.mint("customer_1", HOUR, [Scope.CUSTOMERS_READ], NOW).token
    assert (await tokens.verify(narrow, NOW)).scopes == {Scope.CUSTOMERS_READ}
    for scope, left in (
        ("customers:read keys:write openid", {Scope.CUSTOMERS_READ}),
        (["catalog:read", "clocks:write"], {Scope.CATALOG_READ}),
        ("openid profile", set()),
        ("", set()),
    ):
        assert (await tokens.verify(signed(scope=scope), NOW)).scopes == left


@pytest.mark.parametrize("lifetime", [timedelta(0), -HOUR, timedelta(hours=24, seconds=1)])
def test_no_token_is_minted_that_would_be_refused(lifetime: timedelta) -> None:
    with pytest.raises(Refusal) as no:
        tokens.mint("customer_1", lifetime, None, NOW)
    assert no.value.field == ("lifetime",)
    with pytest.raises(Refusal) as no:
        tokens.mint("customer_1", HOUR, [Scope.CUSTOMERS_READ, Scope.KEYS_WRITE], NOW)
    assert no.value.field == ("scopes",)
    assert no.value.message == "a customer token cannot hold keys:write"


@pytest.mark.parametrize(
    ("changed", "reason"),
    [
        ({"exp": int(NOW.timestamp())}, "the token has expired"),
        ({"exp": ...}, "the token lacks exp"),
        ({"iat": ...}, "the token lacks iat"),
        ({"sub": ...}, "the token lacks sub"),
        ({"aud": ...}, "the token lacks aud"),
        ({"iss": ...}, "the token lacks iss"),
        ({"aud": "another"}, "the token is meant for another audience"),
        ({"aud": ["another", "third"]}, "the token is meant for another audience"),
        ({"iss": "https://evil.example"}, "the token comes from another issuer"),
        ({"exp": int(NOW.timestamp()) + 86_401}, "the token lives longer than 24 hours"),
        ({"exp": 9_999_999_999}, "the token lives longer than 24 hours"),
        ({"nbf": int((NOW + 2 * SKEW).timestamp())}, "the token is not valid yet"),
        ({"iat": int((NOW + 2 * SKEW).timestamp())}, "the token is not valid yet"),
        ({"exp": 10**400}, "the token is not valid"),
        ({"exp": 1e300}, "the token is not valid"),
        ({"exp": float("nan")}, "the token is not valid"),
        ({"exp": float("inf")}, "the token is not valid"),
        ({"exp": "9999999999"}, "the token is not valid"),
        ({"exp": True}, "the token is not valid"),
        ({"iat": -1e18}, "the token is not valid"),
        ({"sub": ""}, "the token is not valid"),
        ({"sub": 7}, "the token is not valid"),
        ({"sub": "x" * 2_000}, "the token is not valid"),
        ({"scope": {"customers:read": True}}, "the token is not valid"),
        ({"scope": [1]}, "the token is not valid"),
    ],
)
async def test_claims_that_do_not_hold_are_refused_by_name(changed: dict[str, Any], reason: str) -> None:
    # PyJWT itself refuses to sign some of these, so they are signed as bytes.
    assert await refused(jwt.PyJWS().encode(json.dumps(claims(**changed)).encode(), SECRET, "HS256")) == reason


async def test_a_clock_slightly_ahead_and_several_audiences_are_accepted() -> None:
    ahead = int((NOW + SKEW).timestamp())
    assert (await tokens.verify(signed(iat=ahead, nbf=ahead, aud=["x", "tollgate"]), NOW)).subject == "u-1"


async def test_another_secret_is_refused() -> None:
    assert await refused(signed(b"another secret of thirty-two bytes")) == "the token is not valid"


async def test_an_audience_nobody_expects_is_refused() -> None:
    assert await refused(signed(iss=...), by=CustomerTokens(SECRET)) == "the token is meant for another audience"
    assert (await CustomerTokens(SECRET).verify(signed(aud=...), NOW)).subject == "u-1"


@pytest.mark.parametrize("algorithm", ["none", "None", "nOnE", "NONE", "", None, 7, "HS384", "RS256", "ES256"])
async def test_unsigned_tokens_and_other_algorithms_are_refused(algorithm: object) -> None:
    for signature in ("", signed().rsplit(".", 1)[1]):
        await refused(unsigned({"alg": algorithm, "typ": "JWT"}, claims(), signature))
    await refused(unsigned({"typ": "JWT"}, claims()))


async def test_a_public_key_is_no_secret() -> None:
    public = rsa.generate_private_key(65537, 2048).public_key()
    pem = public.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    assert await refused(signed_as({"alg": "HS256", "typ": "JWT"}, pem)) == "the token is not valid"


async def test_a_changed_body_is_refused() -> None:
    header, _, signature = signed().split(".")
    other = signed(sub="u-2").split(".")[1]
    assert await refused(f"{header}.{other}.{signature}") == "the token is not valid"


async def test_a_header_that_asks_for_what_we_do_not_do_is_refused() -> None:
    assert (await tokens.verify(signed_as({"alg": "HS256"}), NOW)).subject == "u-1"
    for more in ({"crit": ["exp"]}, {"b64": False, "crit": ["b64"]}, {"kid": 7}, {"kid": None}):
        assert await refused(signed_as({"alg": "HS256", **more})) == "the token is not valid"


@given(
    st.text(max_size=200)
    | st.lists(
        st.text('[{"a:,1e9}]\\', max_size=50).map(
            lambda text: base64.urlsafe_b64encode(text.encode()).rstrip(b"=").decode()
        ),
        max_size=4,
    ).map(".".join)
)
async def test_no_text_is_more_than_refused(text: str) -> None:
    await refused(text)


async def test_deep_nesting_is_refused() -> None:
    deep = base64.urlsafe_b64encode(b"[" * 6_000).rstrip(b"=").decode()
    await refused(f"{deep}.{deep}.{deep}")
    await refused(jwt.PyJWS().encode(b"[" * 6_000, SECRET, "HS256"))
