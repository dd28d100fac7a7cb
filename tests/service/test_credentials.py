"""Credentials end to end against PostgreSQL: who is let in, who no longer is, and how often the database is asked."""

import asyncio
import hmac
import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import jwt
import msgspec
import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from sqlalchemy import delete, insert, update
from sqlalchemy.ext.asyncio import AsyncEngine

from adapters.key_set import KeySet, KeySetUnavailable, usable
from adapters.postgres import personal
from adapters.postgres.codec import encode
from adapters.postgres.credentials import CredentialReads
from adapters.postgres.tables import api_keys, streams
from adapters.postgres.tables import vault as vaults
from adapters.vault import Vault
from domain.access import ROLE_SCOPES, ApiKey, Role, Scope
from service.access import credentials as module
from service.access.api_secrets import is_api_secret, new_secret
from service.access.credentials import KNOWN_S, STRANGERS_MAX, Credentials, Principal, Unauthenticated, Unverifiable
from service.access.tokens import CustomerTokens
from service.ids import new_id

ADMIN_KEY = "the-admin-key-of-this-deployment"
SECRET = b"0123456789abcdef0123456789abcdef"
START = datetime(2026, 11, 5, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)
PROVIDER = ec.generate_private_key(ec.SECP256R1())
vault = Vault(b"m" * 40)


class CountedReads(CredentialReads):
    """The real reads, counted, and slow when told to be."""

    asked = 0
    at_once = 0
    most_at_once = 0
    delay_s = 0.0

    async def _counted(self, answer: Any) -> Any:
        self.asked += 1
        self.at_once += 1
        self.most_at_once = max(self.most_at_once, self.at_once)
        try:
            await asyncio.sleep(self.delay_s)
            return await answer
        finally:
            self.at_once -= 1

    async def key_of_secret(self, secret_hash: str) -> ApiKey | None:
        return await self._counted(super().key_of_secret(secret_hash))  # type: ignore[no-any-return]

    async def key(self, key_id: str) -> ApiKey | None:
        return await self._counted(super().key(key_id))  # type: ignore[no-any-return]

    async def customers(self, customer_id: str | None, external_hashes: Any) -> list[str]:
        return await self._counted(super().customers(customer_id, external_hashes))  # type: ignore[no-any-return]


class FixedKeySet(KeySet):
    """What the identity provider at the other end has published."""

    def __init__(self) -> None:
        super().__init__("http://127.0.0.1:1/")
        self.away = False

    async def key(self, kid: str | None) -> Any:
        if self.away:
            raise KeySetUnavailable
        data = jwt.get_algorithm_by_name("ES256").to_jwk(PROVIDER.public_key(), as_dict=True)
        keys = usable(json.dumps({"keys": [{**data, "kid": "one"}]}).encode())
        return next((key for key in keys if key.key_id == kid), None)


class House:
    """A deployment whose time stands still until it is moved."""

    def __init__(self, engine: AsyncEngine) -> None:
        self.engine = engine
        self.now = START
        self.reads = CountedReads(engine)
        self.provider = FixedKeySet()
        self.tokens = CustomerTokens(SECRET, "https://id.example", "tollgate", self.provider)
        self.credentials = self.another_process()

    def another_process(self) -> Credentials:
        return Credentials(
            self.reads,
            vault,
            self.tokens,
            ADMIN_KEY,
            now=lambda: self.now,
            monotonic=lambda: (self.now - START).total_seconds(),
        )

    def wait(self, seconds: float) -> None:
        self.now += timedelta(seconds=seconds)

    async def key(self, role: Role = Role.SERVICE, **more: Any) -> tuple[ApiKey, str]:
        """A key and its Authorization header."""
        secret, hash = new_secret(role)
        key = ApiKey(
            id=new_id("key"), name="k", role=role, scopes=tuple(ROLE_SCOPES[role]), secret_hash=hash, created_at=START
        )
        key = msgspec.structs.replace(key, **more)
        async with self.engine.begin() as connection:
            row = {"id": key.id, "kind": "key", "seq": 1, "hash": b"", "state": encode(key)}
            await connection.execute(insert(streams).values(row))
            await connection.execute(insert(api_keys).values(key_id=key.id, secret_hash=hash))
        return key, f"Bearer {secret}"

    async def revoke(self, key: ApiKey) -> None:
        revoked = msgspec.structs.replace(key, revoked_at=self.now)
        async with self.engine.begin() as connection:
            await connection.execute(update(streams).where(streams.c.id == key.id).values(state=encode(revoked)))

    async def customer(self, external_id: str) -> str:
        customer_id = new_id("customer")
        async with self.engine.begin() as connection:
            await personal.insert_row(
                connection, customer_id, vault.new_key(customer_id), vault.external_hashes(external_id), []
            )
        return customer_id

    async def erase(self, customer_id: str) -> None:
        async with self.engine.begin() as connection:
            await connection.execute(delete(vaults).where(vaults.c.customer_id == customer_id))

    def from_provider(self, subject: str, **more: Any) -> str:
        seconds = int(self.now.timestamp())
        claims = {"sub": subject, "iat": seconds, "exp": seconds + 600, "iss": "https://id.example", "aud": "tollgate"}
        return "Bearer " + jwt.encode({**claims, **more}, PROVIDER, algorithm="ES256", headers={"kid": "one"})

    def from_backend(self, subject: str, **more: Any) -> str:
        seconds = int(self.now.timestamp())
        claims = {"sub": subject, "iat": seconds, "exp": seconds + 600, "iss": "https://id.example", "aud": "tollgate"}
        return "Bearer " + jwt.encode({**claims, **more}, SECRET, algorithm="HS256")

    async def refused(self, authorization: str | None, by: Credentials | None = None) -> str:
        with pytest.raises(Unauthenticated) as no:
            await (by or self.credentials).authenticate(authorization)
        return no.value.reason


@pytest.fixture
def house(engine: AsyncEngine) -> House:
    return House(engine)


# ── the admin key ────────────────────────────────────────────────────────────────────────────────────────────────────
async def test_the_admin_key_may_do_everything(house: House) -> None:
    admin = await house.credentials.authenticate(f"Bearer {ADMIN_KEY}")
    assert admin == Principal("admin", Role.ADMIN, frozenset(Scope), None)
    assert await house.credentials.authenticate(f"bearer  {ADMIN_KEY} ") == admin
    assert house.reads.asked == 0


async def test_the_admin_key_is_compared_in_constant_time(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    compared: list[tuple[int, int]] = []

    def watched(one: bytes, other: bytes) -> bool:
        compared.append((len(one), len(other)))
        return one == other

    monkeypatch.setattr(module.hmac, "compare_digest", watched)
    assert hmac.compare_digest is watched
    for guess in (ADMIN_KEY[:-1], ADMIN_KEY + "x", "x"):
        await house.refused(f"Bearer {guess}")
    assert compared == [(32, 32)] * 3  # digests: nothing is learned about the length either


async def test_without_an_admin_key_nobody_is_admin(house: House) -> None:
    nobody = Credentials(house.reads, vault, house.tokens, None)
    for credential in ("Bearer None", "Bearer", "Bearer ", f"Bearer {ADMIN_KEY}"):
        await house.refused(credential, nobody)


@pytest.mark.parametrize(
    "authorization",
    [
        *(
            None,
            "",
            "Bearer",
            "Bearer ",
            "Bearer  \t",
            ADMIN_KEY,
            f"Basic {ADMIN_KEY}",
            f"Bearer {ADMIN_KEY} {ADMIN_KEY}",
        ),
        *(
            "Bearer tg_service_short",
            "Bearer \x00",
            "Bearer é",
            "Bearer \ud800",
            "Bearer a.b.c",
            "Bearer " + "x" * 9_000,
        ),
    ],
)
async def test_malformed_credentials_are_refused_without_asking_the_database(
    house: House, authorization: str | None
) -> None:
    assert len(await house.refused(authorization)) < 80
    assert house.reads.asked == 0


# ── keys ─────────────────────────────────────────────────────────────────────────────────────────────────────────────
async def test_a_key_is_its_role_scopes_and_customers(house: House) -> None:
    customers = ("customer_1", "customer_2")
    key, header = await house.key(Role.PARTNER, customer_ids=customers, expires_at=START + HOUR)
    partner = await house.credentials.authenticate(header)
    assert partner == Principal(key.id, Role.PARTNER, ROLE_SCOPES[Role.PARTNER], frozenset(customers), START + HOUR)
    assert partner.sees("customer_1")
    assert not partner.sees("customer_3")
    assert partner.may(Scope.CATALOG_READ)
    assert not partner.may(Scope.CATALOG_WRITE)


async def test_a_key_holds_no_scope_that_its_role_has_lost(house: House) -> None:
    _, header = await house.key(Role.PARTNER, scopes=(Scope.CATALOG_READ, Scope.KEYS_WRITE), customer_ids=("c",))
    assert (await house.credentials.authenticate(header)).scopes == {Scope.CATALOG_READ}


async def test_unknown_expired_and_revoked_keys_are_refused(house: House) -> None:
    assert await house.refused("Bearer " + new_secret(Role.ADMIN).secret) == "the key is not valid"
    _, expired = await house.key(expires_at=START)
    assert await house.refused(expired) == "the key has expired"
    key, header = await house.key()
    await house.revoke(key)
    assert await house.refused(header) == "the key was revoked"


async def test_a_key_is_looked_up_once_a_second_however_many_use_it(house: House) -> None:
    key, header = await house.key()
    assert house.credentials.cached(header) is None
    found = await asyncio.gather(*(house.credentials.authenticate(header) for _ in range(100)))
    assert {one.id for one in found} == {key.id}
    assert house.reads.asked == 1
    house.wait(KNOWN_S - 0.001)
    assert house.credentials.cached(header) is found[0]
    house.wait(0.001)
    assert house.credentials.cached(header) is None
    await house.credentials.authenticate(header)
    assert house.reads.asked == 2


async def test_a_revocation_holds_within_a_second_everywhere_and_at_once_where_it_was_made(house: House) -> None:
    key, header = await house.key()
    elsewhere = house.another_process()
    principal = await house.credentials.authenticate(header)
    await elsewhere.authenticate(header)
    await house.revoke(key)
    house.credentials.forget(key.id)
    assert await house.refused(header) == "the key was revoked"
    with pytest.raises(Unauthenticated, match="revoked"):
        await house.credentials.reauthorize(principal, house.now)
    house.wait(KNOWN_S)
    assert await house.refused(header, elsewhere) == "the key was revoked"


async def test_a_key_that_expires_within_the_second_is_not_remembered_beyond_it(house: House) -> None:
    _, header = await house.key(expires_at=START + timedelta(seconds=0.3))
    await house.credentials.authenticate(header)
    house.wait(0.3)
    assert house.credentials.cached(header) is None
    assert await house.refused(header) == "the key has expired"


async def test_whoever_stops_waiting_does_not_disturb_the_others(house: House) -> None:
    _, header = await house.key()
    house.reads.delay_s = 0.05
    gone, stays = (asyncio.create_task(house.credentials.authenticate(header)) for _ in range(2))
    await asyncio.sleep(0.01)
    gone.cancel()
    assert (await stays).role is Role.SERVICE
    assert house.reads.asked == 1


async def test_forged_keys_leave_nothing_and_push_nobody_out(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "KNOWN_MAX", 3)
    _, header = await house.key()
    await house.credentials.authenticate(header)
    house.reads.delay_s = 0.001
    forged = ["Bearer " + new_secret(Role.ADMIN).secret for _ in range(40)]
    await asyncio.gather(*(house.refused(one) for one in forged))
    assert house.reads.most_at_once == STRANGERS_MAX
    assert list(house.credentials._known) == [header]
    assert house.credentials.cached(header) is not None
    assert house.credentials._pending == {}


async def test_a_known_key_does_not_queue_behind_forged_ones(house: House) -> None:
    _, header = await house.key()
    await house.credentials.authenticate(header)
    house.wait(KNOWN_S)
    house.reads.delay_s = 0.05
    forged = [asyncio.create_task(house.refused("Bearer " + new_secret(Role.ADMIN).secret)) for _ in range(20)]
    await asyncio.sleep(0)
    await house.credentials.authenticate(header)
    assert sum(not one.done() for one in forged) >= 12
    await asyncio.gather(*forged)


async def test_what_is_remembered_is_bounded(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "KNOWN_MAX", 3)
    headers = [(await house.key())[1] for _ in range(5)]
    for header in headers:
        await house.credentials.authenticate(header)
    assert list(house.credentials._known) == headers[2:]
    assert len(house.credentials._confirmed) == 3


# ── customer tokens ──────────────────────────────────────────────────────────────────────────────────────────────────
async def test_a_token_opens_one_customer_by_external_id_or_ours(house: House) -> None:
    ana = await house.customer("u-1")
    expires_at = START + timedelta(seconds=600)
    customer = Principal(ana, Role.CUSTOMER, ROLE_SCOPES[Role.CUSTOMER], frozenset({ana}), expires_at)
    assert await house.credentials.authenticate(house.from_backend("u-1")) == customer
    assert await house.credentials.authenticate(house.from_backend(ana)) == customer
    assert await house.credentials.authenticate(house.from_provider("u-1")) == customer
    minted = house.credentials.mint_customer_token(ana, HOUR, [Scope.CUSTOMERS_READ])
    assert await house.credentials.authenticate(f"Bearer {minted.token}") == replace(
        customer, scopes=frozenset({Scope.CUSTOMERS_READ}), expires_at=START + HOUR
    )


async def test_a_name_chosen_at_the_identity_provider_is_never_our_id(house: House) -> None:
    ana = await house.customer("u-1")
    assert await house.refused(house.from_provider(ana)) == "the token's customer is not known"


async def test_a_subject_that_could_be_two_customers_is_refused(house: House) -> None:
    ana = await house.customer("u-1")
    mallory = await house.customer(ana)  # somebody whose external id is another customer's id
    assert await house.refused(house.from_backend(ana)) == "the token's customer is not known"
    assert (await house.credentials.authenticate(house.from_backend(mallory))).id == mallory


async def test_an_unknown_or_erased_customer_is_refused(house: House) -> None:
    assert await house.refused(house.from_backend("u-1")) == "the token's customer is not known"
    ana = await house.customer("u-1")
    for header in (house.from_backend("u-1"), house.from_backend(ana), house.from_provider("u-1")):
        principal = await house.credentials.authenticate(header)
    await house.erase(ana)
    house.wait(KNOWN_S)
    for header in (house.from_backend("u-1"), house.from_backend(ana), house.from_provider("u-1")):
        assert await house.refused(header) == "the token's customer is not known"
    with pytest.raises(Unauthenticated, match="not known"):
        await house.credentials.reauthorize(principal, house.now)


async def test_an_expired_token_is_refused_also_when_it_was_just_known(house: House) -> None:
    await house.customer("u-1")
    header = house.from_backend("u-1")
    house.wait(599.5)
    await house.credentials.authenticate(header)
    house.wait(0.5)
    assert house.credentials.cached(header) is None
    assert await house.refused(header) == "the token has expired"


async def test_a_token_of_an_unknown_key_or_another_kind_is_refused(house: House) -> None:
    await house.customer("u-1")
    stranger = ec.generate_private_key(ec.SECP256R1())
    claims = jwt.decode(house.from_provider("u-1")[7:], options={"verify_signature": False})
    for key, kid, reason in (
        (stranger, "one", "the token is not valid"),
        (PROVIDER, "two", "the token is signed with an unknown key"),
        (PROVIDER, None, "the token is signed with an unknown key"),
    ):
        headers = None if kid is None else {"kid": kid}
        assert await house.refused("Bearer " + jwt.encode(claims, key, "ES256", headers=headers)) == reason
    assert house.reads.asked == 0


async def test_a_provider_that_is_away_is_told_apart_from_a_bad_token(house: House) -> None:
    ana = await house.customer("u-1")
    house.provider.away = True
    with pytest.raises(Unverifiable):
        await house.credentials.authenticate(house.from_provider("u-1"))
    assert (await house.credentials.authenticate(house.from_backend("u-1"))).id == ana


# ── while a socket is open ───────────────────────────────────────────────────────────────────────────────────────────
async def test_reauthorizing_asks_once_a_second_and_not_at_all_for_admin(house: House) -> None:
    _, header = await house.key()
    key = await house.credentials.authenticate(header)
    admin = await house.credentials.authenticate(f"Bearer {ADMIN_KEY}")
    ana = await house.customer("u-1")
    customer = await house.credentials.authenticate(house.from_backend("u-1"))
    assert ana == customer.id
    house.reads.asked = 0
    for principal in (key, admin, customer):
        assert house.credentials.confirmed(principal, house.now)
    house.wait(KNOWN_S)
    assert house.credentials.confirmed(admin, house.now)
    for principal in (key, customer):
        assert not house.credentials.confirmed(principal, house.now)
        await asyncio.gather(*(house.credentials.reauthorize(principal, house.now) for _ in range(50)))
        assert house.credentials.confirmed(principal, house.now)
    assert house.reads.asked == 2


async def test_reauthorizing_refuses_what_has_expired_or_vanished(house: House) -> None:
    _, header = await house.key(expires_at=START + HOUR)
    principal = await house.credentials.authenticate(header)
    with pytest.raises(Unauthenticated, match="expired"):
        house.credentials.confirmed(principal, START + HOUR)
    with pytest.raises(Unauthenticated, match="expired"):
        await house.credentials.reauthorize(principal, START + HOUR)
    with pytest.raises(Unauthenticated, match="not valid"):
        await house.credentials.reauthorize(replace(principal, id="key_gone"), START)


# ── secrets ──────────────────────────────────────────────────────────────────────────────────────────────────────────
def test_a_new_secret_says_whose_it_is_and_shows_itself_only_when_asked() -> None:
    secret = new_secret(Role.SERVICE)
    assert secret.secret.startswith("tg_service_")
    assert is_api_secret(secret.secret)
    assert secret.hash == Vault.hash_secret(secret.secret)
    assert secret.secret not in repr(secret)
    assert len({new_secret(Role.ADMIN).secret for _ in range(100)}) == 100
    for role in Role:
        assert is_api_secret(new_secret(role).secret)
