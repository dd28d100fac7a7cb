"""Customers. Personal data is sealed before it reaches the domain, and found again by keyed hashes only."""

import re
from typing import Any, NamedTuple

import msgspec
from msgspec import UNSET, UnsetType

from adapters import vat_numbers
from adapters.postgres import personal, states
from adapters.postgres.codec import decode_account
from adapters.postgres.connection import Connection, Engine
from adapters.vault import Vault
from domain.account import Account, Customer, CustomerKind
from domain.commands import CreateCustomer, EraseCustomer, UpdateCustomer
from domain.errors import ErrorCode, Refusal, invalid
from service.clock import Clock
from service.ids import new_id
from service.write.pending_events import PendingEvents
from service.write.record import By, Recorded, Recording, recorded_at

TEXT_CHARS_MAX = 500
_COUNTRY = re.compile("[A-Z]{2}")
_SEALED_AS = {"external_id": "externalId", "tax_id": "taxId", "postal_code": "postalCode"}
"""What is sealed, and kept, under another name than its attribute's."""


class Personal(NamedTuple):
    """What is known of the person. UNSET: leave as it is; None: nothing (any more). `address`: line1, line2, city,
    postal_code, region and country, as far as there are any."""

    name: str | UnsetType | None = UNSET
    email: str | UnsetType | None = UNSET
    address: dict[str, str] | UnsetType | None = UNSET
    tax_id: str | UnsetType | None = UNSET

    def fields(self) -> dict[str, str | None]:
        """By the names under which they are sealed; an address as JSON. Raises Refusal."""
        if isinstance(self.address, dict):
            check_address(self.address)
        for name in ("name", "email", "tax_id"):
            check_text(getattr(self, name), name)
        given = {name: value for name, value in self._asdict().items() if not isinstance(value, UnsetType)}
        return {
            _sealed_as(name): msgspec.json.encode({_sealed_as(line): text for line, text in value.items()}).decode()
            if isinstance(value, dict)
            else value
            for name, value in given.items()
        }


class NewCustomer(NamedTuple):
    external_id: str
    kind: CustomerKind
    currency: str
    timezone: str
    country: str | None
    clock_id: str | None
    personal: Personal
    locale: str = "en"


class _Exists(Exception):
    """The external id belongs to somebody already."""


class _Moved(Exception):
    """Somebody else changed the address or the tax number since they were read."""


class Customers:
    def __init__(self, engine: Engine, vault: Vault, clock: Clock, record: Recording) -> None:
        self._engine = engine
        self._vault = vault
        self._clock = clock
        self._record = record

    async def create(self, new: NewCustomer, by: By) -> Account:
        """The caller's external id is the retry key: asking twice for the same customer, also at once, makes one and
        answers with it; asking for another under the same external id is refused."""
        check_external_id(new.external_id)
        fields: dict[str, str | None] = {"externalId": new.external_id, **new.personal.fields()}
        customer_id = new_id("customer")
        wrapped = self._vault.new_key(customer_id)
        async with self._engine.connect() as connection:
            created_at = await self._clock.at(connection, new.clock_id)
        customer = Customer(
            id=customer_id,
            kind=new.kind,
            anonymous_id=new_id("anon"),
            sealed=self._sealed(wrapped, customer_id, fields),
            currency=new.currency,
            timezone=new.timezone,
            created_at=created_at,
            country=new.country,
            clock_id=new.clock_id,
            locale=new.locale,
            **_taxed(fields.get("taxId"), new.country),
        )

        async def keep_key(connection: Connection, _: Account) -> None:
            external = self._vault.external_hashes(new.external_id)
            index = self._vault.index(new.external_id, fields.get("name"), fields.get("email"))
            if not await personal.insert_row(connection, customer_id, wrapped, external, index):
                raise _Exists

        try:
            recorded = await self._record(customer_id, CreateCustomer(customer), by, also=keep_key)
        except _Exists:
            return await self._again(customer, fields, new.external_id)
        account: Account = recorded.state
        return account

    async def _again(self, asked: Customer, fields: dict[str, str | None], external_id: str) -> Account:
        async with self._engine.connect() as connection:
            customer_id = await personal.find(connection, self._vault.external_hashes(external_id))
            if customer_id is None:  # erased between the two looks
                raise Refusal(ErrorCode.CONFLICT, "this customer is being erased; try again", "external_id")
            created: Customer = (await recorded_at(connection, customer_id, 1)).state.customer
            known = await self._unsealed(connection, created)
            now: Account = (await recorded_at(connection, customer_id, None)).state
        same = _plain(created) == _plain(asked)
        if not same or known != {field: text for field, text in fields.items() if text is not None}:
            raise Refusal(ErrorCode.ALREADY_EXISTS, "another customer has this external id", "external_id")
        return now

    async def update(self, customer_id: str, change: UpdateCustomer, known: Personal, by: By) -> Recorded:
        """What a tax number means depends on the country, too: it is read again when either changes."""
        fields = known.fields()
        while True:
            try:
                return await self._update(customer_id, change, fields, by)
            except _Moved:
                continue

    async def _update(
        self, customer_id: str, change: UpdateCustomer, fields: dict[str, str | None], by: By
    ) -> Recorded:
        async with self._engine.connect() as connection:
            wrapped = (await personal.wrapped_keys(connection, [customer_id])).get(customer_id)
            head = await states.head(connection, customer_id)
        customer = None if head is None else decode_account(head.state).customer
        sealed: dict[str, str | None] = {field: None for field, text in fields.items() if text is None}
        if wrapped is not None and customer is not None:  # else they are not there, or erased: decided below
            sealed |= self._sealed(wrapped, customer_id, fields)
            if "taxId" in fields or not isinstance(change.country, UnsetType):
                country = customer.country if isinstance(change.country, UnsetType) else change.country
                old = customer.sealed.get("taxId")
                kept = None if old is None else self._vault.unseal(wrapped, customer_id, "taxId", old)
                change = msgspec.structs.replace(change, **_taxed(fields.get("taxId", kept), country))

        async def index_anew(connection: Connection, account: Account) -> None:
            assert account.customer is not None
            texts = await self._unsealed(connection, account.customer)
            index = self._vault.index(texts["externalId"], texts.get("name"), texts.get("email"))
            await personal.update_search(connection, customer_id, index)

        def unmoved(draft: PendingEvents) -> None:
            if _tax_facts(draft.before.customer) != _tax_facts(customer):
                raise _Moved

        command = msgspec.structs.replace(change, sealed=sealed)
        also = index_anew if sealed else None
        return await self._record(customer_id, command, by, also=also, check=unmoved)

    async def erase(self, customer_id: str, by: By) -> Recorded:
        return await self._record(customer_id, EraseCustomer(), by)

    async def _unsealed(self, connection: Connection, customer: Customer) -> dict[str, str]:
        """The personal data by field; empty once the customer was erased."""
        wrapped = (await personal.wrapped_keys(connection, [customer.id])).get(customer.id)
        if wrapped is None:
            return {}
        return {field: self._vault.unseal(wrapped, customer.id, field, text) for field, text in customer.sealed.items()}

    def _sealed(self, wrapped: bytes, customer_id: str, fields: dict[str, str | None]) -> dict[str, Any]:
        return {
            field: self._vault.seal(wrapped, customer_id, field, text)
            for field, text in fields.items()
            if text is not None
        }


def _plain(customer: Customer) -> tuple[object, ...]:
    return (
        customer.kind,
        customer.currency,
        customer.timezone,
        customer.country,
        customer.clock_id,
        customer.locale,
    )


def _taxed(tax_id: str | None, country: str | None) -> dict[str, Any]:
    """What taxation has to know of a tax number: whose it is, and whether it can be one."""
    if tax_id is None:
        return {"tax_id_country": None, "tax_id_valid": False}
    read = vat_numbers.read(tax_id, country)
    return {"tax_id_country": read.country, "tax_id_valid": read.valid}


def _tax_facts(customer: Customer | None) -> tuple[str | None, str | None] | None:
    return None if customer is None else (customer.country, customer.sealed.get("taxId"))


def check_external_id(external_id: str) -> None:
    if not 1 <= len(external_id) <= 255 or external_id != external_id.strip() or not external_id.isprintable():
        raise invalid("must be 1 to 255 printable characters without spaces around them", "external_id")


def check_address(address: dict[str, str]) -> None:
    """The country is also kept unsealed, so it must not be a text in which anything could stand."""
    if not _COUNTRY.fullmatch(address.get("country", "")):
        raise invalid("must be two capital letters such as DE (ISO 3166)", "address", "country")
    for line, text in address.items():
        if len(text) > TEXT_CHARS_MAX:
            raise invalid(f"must be at most {TEXT_CHARS_MAX} characters", "address", line)


def check_text(text: str | UnsetType | None, field: str) -> None:
    if not isinstance(text, str):
        return
    if len(text) > TEXT_CHARS_MAX:
        raise invalid(f"must be at most {TEXT_CHARS_MAX} characters", field)
    if "\x00" in text or any("\ud800" <= character <= "\udfff" for character in text):
        raise invalid("holds characters that are not text", field)


def _sealed_as(name: str) -> str:
    return _SEALED_AS.get(name, name)
