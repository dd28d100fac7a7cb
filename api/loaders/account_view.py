"""Where an account stands at an instant, with all that answering about it needs and that is read together with it."""

from collections.abc import Mapping
from datetime import datetime
from typing import Protocol

import msgspec

from adapters.postgres.reads.accounts import StoredAccount
from adapters.postgres.reads.books import AccountWithBooks
from domain.account import Account, Customer
from domain.catalog import Catalog
from domain.clock import TestClock
from domain.lifecycle.due import present


class Vault(Protocol):
    """The vault, as far as reading goes."""

    def unseal(self, wrapped_key: bytes, customer_id: str, field: str, sealed: str) -> str:
        """The text that was sealed."""

    def external_hashes(self, external_id: str) -> tuple[bytes, ...]:
        """What a customer with this external id may be stored under, the present hash first."""

    def search_hashes(self, text: str) -> tuple[bytes, ...]:
        """What a customer may be indexed under who is found by this text."""


class AccountView:
    """`account` is the one present at `at`, folded up to the journal's entry `seq` and from there by what fell due.

    `now` is the customer's own present (real, or of the test clock); `at` is another instant when the answer is of a
    past or a future one. `recorded` is what was read, without what fell due since. `has_books`: the account has its
    books, which are read apart (`Loaders.with_books`).
    """

    __slots__ = (
        "_vault",
        "_wrapped_key",
        "account",
        "at",
        "catalog",
        "clock",
        "customer",
        "has_books",
        "now",
        "recorded",
        "seq",
    )

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
        recorded: StoredAccount | None = None,
        has_books: bool = False,
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
        self.has_books = has_books
        self._vault = vault
        self._wrapped_key = wrapped_key

    def personal(self, field: str) -> str | None:
        """A sealed text, opened when it is asked for; None if there is none, or since the customer was erased."""
        sealed = self.customer.sealed.get(field)
        return None if sealed is None else self.opened({field: sealed}).get(field)

    def opened(self, sealed: Mapping[str, str]) -> dict[str, str]:
        """The customer's sealed texts by field name, as their documents keep them; none since they were erased."""
        key = self._wrapped_key
        if key is None:
            return {}
        return {field: self._vault.unseal(key, self.customer.id, field, text) for field, text in sealed.items()}

    @property
    def erased(self) -> bool:
        """Whether nobody can open their personal data any more."""
        return self._wrapped_key is None

    def personal_object(self, field: str) -> Mapping[str, str] | None:
        """A sealed text that is a JSON object of texts, such as an address."""
        text = self.personal(field)
        return None if text is None else msgspec.json.decode(text, type=dict[str, str])

    def with_books(self, read: AccountWithBooks) -> "AccountView":
        """The same customer at the same instant, from a whole account that was read now."""
        assert self.recorded is not None
        at, now = max(self.at, read.effective_at), max(self.now, read.effective_at)
        recorded = self.recorded._replace(account=read.account, seq=read.seq, effective_at=read.effective_at)
        return AccountView(
            present(read.account, at),
            read.seq,
            at,
            now,
            clock=self.clock,
            catalog=self.catalog,
            vault=self._vault,
            wrapped_key=self._wrapped_key,
            recorded=recorded,
            has_books=True,
        )

    def as_of(self, account: Account, seq: int, at: datetime, *, has_books: bool = True) -> "AccountView":
        """The same customer at another instant, or as a command left them."""
        return AccountView(
            account,
            seq,
            at,
            self.now,
            clock=self.clock,
            catalog=self.catalog,
            vault=self._vault,
            wrapped_key=self._wrapped_key,
            recorded=self.recorded,
            has_books=has_books,
        )
