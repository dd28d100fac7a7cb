"""Snapshots: what was worked out holds until the instant at which time alone changes an answer."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

from domain.account import Account, Customer, CustomerKind, Owing
from domain.books.debt import Debt
from domain.catalog import Catalog
from service.gates.snapshot import Snapshot

NOW = datetime(2026, 3, 1, tzinfo=UTC)
DAY = timedelta(days=1)


def snapshot(*debts: Debt, now: datetime = NOW, rights_until: datetime | None = None) -> Snapshot:
    customer = Customer("customer_1", CustomerKind.USER, "anon_1", {}, "EUR", "UTC", NOW)
    owing = Owing({}, min((debt.due_at for debt in debts), default=None), rights_until, debts=debts)
    return Snapshot("customer_1", Account(customer, owing=owing), 1, Catalog(), now, read_at=0.0)


def due(days: int) -> Debt:
    return Debt(NOW + days * DAY, "EUR", Decimal(5))


def test_without_debts_time_changes_nothing() -> None:
    assert snapshot().until is None


def test_what_is_said_of_debts_changes_when_each_falls_due_and_when_rights_end() -> None:
    ends, debts = NOW + 16 * DAY, (due(2), due(5))
    found = [snapshot(*debts, now=NOW + n * DAY, rights_until=ends).until for n in (0, 2, 5, 16)]
    assert found == [NOW + 2 * DAY, NOW + 5 * DAY, ends, None]


def test_nothing_is_answered_from_memory_beyond_that_instant() -> None:
    ends = NOW + timedelta(seconds=0.25)
    held = snapshot(due(-14), rights_until=ends)
    assert held.expires_at == 0.25
    assert held.holds_at(ends - timedelta.resolution)
    assert not held.holds_at(ends)
