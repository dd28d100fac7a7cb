"""Customer tokens: short-lived JWTs with which a customer's browser asks for that customer's own data.

Two signers are trusted, told apart by the algorithm in the token's header, each with keys of its own: whoever holds the
token secret (HS256: this service, or the team's backend), and the team's identity provider (its key set). A key of one
is never tried for the other, so a public key cannot pass for a secret.
"""

import math
from collections.abc import Collection
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple

import jwt
import msgspec
from jwt import PyJWK

from adapters.key_set import ALGORITHMS, KeySet, KeySetUnavailable
from domain.access import ROLE_SCOPES, TOKEN_LIFETIME_MAX, Role, Scope, check_token
from service.access.principal import Unauthenticated, Unverifiable

SKEW = timedelta(seconds=30)
"""How far another machine's clock may be ahead of ours."""
SUBJECT_CHARS_MAX = 1_000

# Times are compared here, with a clock that is an argument; the rest is PyJWT's.
_OPTIONS: Any = {
    "require": ["exp", "iat", "sub"],
    "verify_exp": False,
    "verify_iat": False,
    "verify_nbf": False,
    "enforce_minimum_key_length": True,
}


class Claims(NamedTuple):
    """What a verified token says. `issued_by_us`: it was signed with the token secret, not by the identity provider."""

    subject: str
    scopes: frozenset[Scope]
    expires_at: datetime
    issued_by_us: bool


class MintedToken(NamedTuple):
    token: str
    expires_at: datetime


class _Body(msgspec.Struct):
    sub: str
    exp: float
    iat: float
    nbf: float | None = None
    scope: str | list[str] | None = None


class CustomerTokens:
    """`issuer` and `audience`, where set, must be in every token, and are put into those made here."""

    def __init__(
        self,
        secret: bytes,
        issuer: str | None = None,
        audience: str | None = None,
        key_set: KeySet | None = None,
    ) -> None:
        self._secret = secret
        self._issuer = issuer
        self._audience = audience
        self._key_set = key_set

    def mint(
        self, customer_id: str, lifetime: timedelta, scopes: Collection[Scope] | None, now: datetime
    ) -> MintedToken:
        """A token for this customer; `scopes` None: all that customers have. Raises Refusal."""
        check_token(lifetime, scopes)
        issued = int(now.timestamp())
        claims: dict[str, Any] = {"sub": customer_id, "iat": issued, "exp": issued + int(lifetime.total_seconds())}
        if scopes is not None:
            claims["scope"] = " ".join(sorted(scopes))
        if self._issuer is not None:
            claims["iss"] = self._issuer
        if self._audience is not None:
            claims["aud"] = self._audience
        token = jwt.encode(claims, self._secret, algorithm="HS256")
        return MintedToken(token, datetime.fromtimestamp(claims["exp"], UTC))

    async def verify(self, token: str, now: datetime) -> Claims:
        """Raises Unauthenticated, or Unverifiable when the identity provider's keys cannot be had."""
        try:
            header = jwt.get_unverified_header(token)
            algorithm = header.get("alg")
            if algorithm == "HS256":
                return _claims(self._decode(token, self._secret, "HS256"), now, issued_by_us=True)
            if algorithm in ALGORITHMS and self._key_set is not None:
                key = await self._key_set.key(header.get("kid"))
                if key is None:
                    raise Unauthenticated("the token is signed with an unknown key")
                return _claims(self._decode(token, key, key.algorithm_name), now, issued_by_us=False)
        except jwt.InvalidAudienceError:
            raise Unauthenticated("the token is meant for another audience") from None
        except jwt.InvalidIssuerError:
            raise Unauthenticated("the token comes from another issuer") from None
        except jwt.MissingRequiredClaimError as missing:
            raise Unauthenticated(f"the token lacks {missing.claim}") from None
        except KeySetUnavailable:
            raise Unverifiable from None
        except (jwt.PyJWTError, msgspec.ValidationError, ValueError, TypeError, OverflowError, RecursionError):
            raise Unauthenticated("the token is not valid") from None
        raise Unauthenticated("the token is signed in a way that is not accepted")

    def _decode(self, token: str, key: bytes | PyJWK, algorithm: str) -> dict[str, Any]:
        return jwt.decode(
            token, key, algorithms=[algorithm], issuer=self._issuer, audience=self._audience, options=_OPTIONS
        )


def _claims(claims: dict[str, Any], now: datetime, *, issued_by_us: bool) -> Claims:
    body = msgspec.convert(claims, _Body)
    instants = (body.exp, body.iat, now.timestamp() if body.nbf is None else body.nbf)
    if not body.sub or len(body.sub) > SUBJECT_CHARS_MAX or not all(map(math.isfinite, instants)):
        raise ValueError
    expires_at, issued_at, valid_from = (_instant(seconds) for seconds in instants)
    if expires_at <= now:
        raise Unauthenticated("the token has expired")
    if max(issued_at, valid_from) > now + SKEW:
        raise Unauthenticated("the token is not valid yet")
    if expires_at - issued_at > TOKEN_LIFETIME_MAX:
        hours = TOKEN_LIFETIME_MAX // timedelta(hours=1)
        raise Unauthenticated(f"the token lives longer than {hours} hours")
    return Claims(body.sub, _scopes(body.scope), expires_at, issued_by_us)


def _instant(seconds: float) -> datetime:
    try:
        return datetime.fromtimestamp(seconds, UTC)
    except (OverflowError, OSError) as error:
        raise ValueError from error


def _scopes(claim: str | list[str] | None) -> frozenset[Scope]:
    """What the claim leaves of a customer's scopes. Without the claim, all; names that are not ours give nothing."""
    every = ROLE_SCOPES[Role.CUSTOMER]
    if claim is None:
        return every
    named = set(claim.split() if isinstance(claim, str) else claim)
    return frozenset(scope for scope in every if scope in named)
