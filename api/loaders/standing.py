"""Where an account stands at an instant, with all that answering about it needs and that is read together with it."""

from collections.abc import Mapping
from datetime import datetime
from typing import Protocol

import msgspec

from adapters.postgres.reads.accounts import Stored
from domain.account import Account, Customer
from domain.catalog import Catalog
from domain.clock import TestClock


class Vault(Protocol):
    """The vault, as far as reading goes."""

    def unseal(self, wrapped_key: bytes, customer_id: str, field: str, sealed: str) -> str:
        """The text that was sealed."""

    def external_hashes(self, external_id: str) -> tuple[bytes, ...]:
        """What a customer with this external id may be stored under, the present hash first."""

    def search_hashes(self, text: str) -> tuple[bytes, ...]:
        """What a customer may be indexed under who is found by this text."""


class Standing:
    """`account` is the one present at `at`, folded up to the journal's entry `seq` and from there by what fell due.

    `now` is the customer's own present (real, or of the test clock); `at` is another instant when the answer is of a
    past or a future one. `recorded` is what was read, without what fell due since.
    """

    __slots__ = ("_vault", "_wrapped_key", "account", "at", "catalog", "clock", "customer", "now", "recorded", "seq")

    def __init__(
        self,
        account: Account,
        seq: int,
        at: datetime,
        now: datetime,
        *,
        clock: TestClock | None,
        catalog: Catalog,
        vault: Vault,
        wrapped_key: bytes | None,
        recorded: Stored | None = None,
    ) -> None:
        assert account.customer is not None
        self.account = account
        self.customer: Customer = account.customer
        self.seq = seq
        self.at = at
        self.now = now
        self.clock = clock
        self.catalog = catalog
        self.recorded = recorded
        self._vault = vault
        self._wrapped_key = wrapped_key

    def personal(self, field: str) -> str | None:
        """A sealed text, opened when it is asked for; None if there is none, or since the customer was erased."""
        sealed = self.customer.sealed.get(field)
        if sealed is None or self._wrapped_key is None:
            return None
        return self._vault.unseal(self._wrapped_key, self.customer.id, field, sealed)

    def personal_object(self, field: str) -> Mapping[str, str] | None:
        """A sealed text that is a JSON object of texts, such as an address."""
        text = self.personal(field)
        return None if text is None else msgspec.json.decode(text, type=dict[str, str])

    def as_of(self, account: Account, seq: int, at: datetime) -> "Standing":
        """The same customer at another instant, or as a command left them."""
        return Standing(
            account,
            seq,
            at,
            self.now,
            clock=self.clock,
            catalog=self.catalog,
            vault=self._vault,
            wrapped_key=self._wrapped_key,
            recorded=self.recorded,
        )
