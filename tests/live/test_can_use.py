"""canUse: what it answers from, and what it never answers."""

import asyncio
from collections.abc import Awaitable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from processes import ADMIN, TEST, Process, eventually, process, retry

from domain.access import ROLE_SCOPES, Role
from domain.account import Grant
from domain.catalog import Feature, FeatureKind
from domain.commands import CreateClock, CreateFeature, EraseCustomer, GrantEntitlement, RecordPayment
from domain.rights.gate import DecisionReason
from service.access.principal import Principal
from service.gates import snapshot as snapshots
from service.gates.can_use import GateAnswer, GateCustomer, can_use
from service.ids import new_id
from service.later.clocks import advance
from service.live.cursors import decode_cursor
from service.usage import CustomerRef
from service.usage.gate import UseRequest
from service.write.streams import CATALOG


async def ask(process: Process, ref: GateCustomer, feature: str = "calls", quantity: int = 1, **how: Any) -> GateAnswer:
    who = how.pop("who", ADMIN)
    found = can_use(process, who, ref, feature, Decimal(quantity), **how)  # type: ignore[arg-type]
    return found if isinstance(found, GateAnswer) else await found


async def test_the_first_answer_is_read_and_the_next_ones_come_from_memory_without_waiting(here: Process) -> None:
    ref = GateCustomer(await here.customer("acme"))
    first = can_use(here, ADMIN, ref, "calls")  # type: ignore[arg-type]
    assert isinstance(first, Awaitable)
    assert (await first).decision.reason is DecisionReason.WITHIN_LIMIT
    here.statements.clear()
    again = can_use(here, ADMIN, ref, "calls")  # type: ignore[arg-type]
    assert isinstance(again, GateAnswer)
    assert can_use(here, ADMIN, ref, "calls") is again  # type: ignore[arg-type]
    assert here.statements == []


async def test_a_customer_is_found_by_the_callers_own_id_too(here: Process) -> None:
    customer_id = await here.customer("acme")
    by_external = await ask(here, GateCustomer(external_id="acme"))
    by_id = await ask(here, GateCustomer(customer_id))
    assert by_external is by_id
    here.statements.clear()
    assert isinstance(can_use(here, ADMIN, GateCustomer(external_id="acme"), "calls"), GateAnswer)  # type: ignore[arg-type]
    assert here.statements == []


async def test_many_who_miss_at_once_share_one_read(here: Process) -> None:
    ids = [await here.customer() for _ in range(20)]
    here.statements.clear()
    answers = await asyncio.gather(*(ask(here, GateCustomer(id)) for id in ids for _ in range(10)))
    assert all(one.decision.allowed for one in answers)
    assert len([one for one in here.statements if "JOIN streams s ON" in one]) == 1


async def test_use_by_this_process_is_seen_by_the_next_answer(here: Process) -> None:
    customer_id = await here.customer()
    for used in range(12):
        answer = await ask(here, GateCustomer(customer_id))
        assert answer.decision.used == used
        assert answer.decision.allowed == (used < 10)
        await here.use(customer_id, 1)


async def test_use_by_another_process_is_seen_when_its_notice_comes(here: Process, there: Process) -> None:
    customer_id = await here.customer()
    assert (await ask(here, GateCustomer(customer_id))).decision.used == 0
    await there.use(customer_id, 10)
    await there.told()

    async def is_seen() -> bool:
        return (await ask(here, GateCustomer(customer_id))).decision.reason is DecisionReason.LIMIT_REACHED

    await eventually(is_seen)


async def test_without_a_notice_an_answer_is_at_most_a_second_old(
    here: Process, there: Process, monkeypatch: pytest.MonkeyPatch
) -> None:
    customer_id = await here.customer()
    now = 1_000.0
    for reader in ("service.gates.snapshots.monotonic", "service.gates.account_reads.monotonic"):
        monkeypatch.setattr(reader, lambda: now)
    assert (await ask(here, GateCustomer(customer_id))).decision.used == 0
    await there.deafen()
    await there.use(customer_id, 3)
    now += snapshots.STALE_S_MAX / 2 - 0.01
    assert (await ask(here, GateCustomer(customer_id))).decision.used == 0
    now += snapshots.STALE_S_MAX / 2 + 0.01
    assert (await ask(here, GateCustomer(customer_id))).decision.used == 3


async def test_an_account_in_use_is_read_ahead_of_its_time_so_that_nobody_waits(
    here: Process, there: Process, monkeypatch: pytest.MonkeyPatch
) -> None:
    customer_id = await here.customer()
    now = 1_000.0
    for reader in ("service.gates.snapshots.monotonic", "service.gates.account_reads.monotonic"):
        monkeypatch.setattr(reader, lambda: now)
    await ask(here, GateCustomer(customer_id))
    await there.deafen()
    await there.use(customer_id, 3)
    now += snapshots.STALE_S_MAX * 0.6

    def used() -> Decimal | None:
        found = can_use(here, ADMIN, GateCustomer(customer_id), "calls")  # type: ignore[arg-type]
        assert isinstance(found, GateAnswer)
        return found.decision.used

    assert used() == 0
    await eventually(lambda: used() == 3)


async def test_fresh_sees_all_that_is_committed_anywhere(here: Process, there: Process) -> None:
    customer_id = await here.customer()
    await ask(here, GateCustomer(customer_id))
    await there.deafen()
    for used in range(1, 5):
        await there.use(customer_id, 1)
        assert (await ask(here, GateCustomer(customer_id), fresh=True)).decision.used == used


async def test_while_the_line_is_down_every_answer_comes_from_the_database(here: Process, there: Process) -> None:
    customer_id = await here.customer()
    await ask(here, GateCustomer(customer_id))
    await here.deafen()
    await there.deafen()
    for used in range(1, 5):
        await there.use(customer_id, 1)
        assert (await ask(here, GateCustomer(customer_id))).decision.used == used


async def test_a_change_of_the_catalog_reaches_the_gate(here: Process, there: Process) -> None:
    customer_id = await here.customer(plan=None)
    assert (await ask(here, GateCustomer(customer_id), "teleport")).decision.reason is DecisionReason.UNKNOWN_FEATURE
    feature = Feature(new_id("feature"), "teleport", "Teleport", FeatureKind.SWITCH)
    await there.record(CATALOG, CreateFeature(feature), TEST)

    async def is_known() -> bool:
        answer = await ask(here, GateCustomer(customer_id), "teleport")
        return answer.decision.reason is DecisionReason.NO_SUBSCRIPTION

    await eventually(is_known)


async def test_a_denial_names_the_cheapest_plan_that_would_allow_it(here: Process) -> None:
    customer_id = await here.customer()
    denied = await ask(here, GateCustomer(customer_id), quantity=11)
    assert denied.decision.reason is DecisionReason.LIMIT_REACHED
    assert denied.cheapest is not None
    assert denied.cheapest.key == "plus"
    assert (await ask(here, GateCustomer(customer_id), quantity=10)).cheapest is None
    assert (await ask(here, GateCustomer(customer_id), quantity=101)).cheapest is None


async def test_the_answer_says_what_it_was_decided_from(here: Process) -> None:
    customer_id = await here.customer()
    before = here.clock.now()
    answer = await ask(here, GateCustomer(customer_id))
    assert before <= answer.as_of <= here.clock.now()
    recorded = await here.record(customer_id, GrantEntitlement(_grant("sso")), TEST)
    assert decode_cursor(answer.version, "journal", customer_id, int) == recorded.seq - 1
    assert (
        decode_cursor((await ask(here, GateCustomer(customer_id))).version, "journal", customer_id, int) == recorded.seq
    )


async def test_a_grant_ends_at_its_instant_although_nothing_is_heard(here: Process) -> None:
    customer_id = await here.customer()
    ends = here.clock.now() + timedelta(seconds=2)  # time to be recorded and seen before
    await here.record(customer_id, GrantEntitlement(_grant("sso", ends)), TEST)
    assert (await ask(here, GateCustomer(customer_id), "sso")).decision.allowed
    await eventually(lambda: here.clock.now() >= ends)
    assert not (await ask(here, GateCustomer(customer_id), "sso")).decision.allowed


async def test_a_past_instant_is_answered_as_of_then(here: Process) -> None:
    customer_id = await here.customer()
    before_use = here.clock.now()
    await here.use(customer_id, 10)
    await here.record(customer_id, GrantEntitlement(_grant("sso")), TEST)
    after = here.clock.now()
    assert (await ask(here, GateCustomer(customer_id), at=before_use)).decision.used == 0
    assert not (await ask(here, GateCustomer(customer_id), "sso", at=before_use)).decision.allowed
    assert (await ask(here, GateCustomer(customer_id), at=after)).decision.used == 10
    assert (await ask(here, GateCustomer(customer_id), "sso", at=after)).decision.allowed
    unborn = await ask(here, GateCustomer(customer_id), at=datetime(2020, 1, 1, tzinfo=UTC))
    assert unborn.decision.reason is DecisionReason.NO_SUBSCRIPTION


async def test_a_future_instant_counts_anew_in_its_own_period(here: Process) -> None:
    customer_id = await here.customer()
    await here.use(customer_id, 10)
    assert not (await ask(here, GateCustomer(customer_id))).decision.allowed
    await here.record(customer_id, RecordPayment(new_id("payment"), Decimal(1000), "USD"), TEST)
    later = await ask(here, GateCustomer(customer_id), at=here.clock.now() + timedelta(days=32))
    assert later.decision.used == 0
    assert later.decision.allowed


async def test_who_may_not_see_a_customer_is_told_there_is_none_also_from_memory(here: Process) -> None:
    customer_id, own = await here.customer("acme"), await here.customer("own")
    partner = Principal("key_1", Role.PARTNER, ROLE_SCOPES[Role.PARTNER], frozenset({own}))
    await ask(here, GateCustomer(external_id="acme"))  # now it is in memory
    nobody = await ask(here, GateCustomer("customer_00000000000000000000000000"), who=partner)
    for ref in (GateCustomer(customer_id), GateCustomer(external_id="acme")):
        for fresh in (False, True):
            hidden = await ask(here, ref, who=partner, fresh=fresh)
            assert hidden.decision == nobody.decision
            assert hidden.version == nobody.version
    past = await ask(here, GateCustomer(customer_id), who=partner, at=here.clock.now())
    assert past.decision == nobody.decision
    assert (await ask(here, GateCustomer(own), who=partner)).decision.allowed


async def test_an_external_id_of_an_erased_customer_belongs_to_nobody_and_then_to_the_next(
    here: Process, there: Process
) -> None:
    customer_id = await here.customer("acme")
    assert (await ask(there, GateCustomer(external_id="acme"))).decision.allowed
    await here.record(customer_id, EraseCustomer(), TEST)
    await here.told()

    async def is_gone() -> bool:
        return (await ask(there, GateCustomer(external_id="acme"))).decision.trace == ("no such customer",)

    await eventually(is_gone)
    await here.customer("acme", plan="plus")
    assert (await ask(there, GateCustomer(external_id="acme"), "sso")).decision.allowed


async def test_a_customer_on_a_test_clock_is_answered_in_its_time(here: Process, there: Process) -> None:
    clock_id = new_id("clock")
    start = datetime(2030, 1, 31, 12, tzinfo=UTC)
    await here.record(clock_id, CreateClock(clock_id, "test", start), TEST)
    customer_id = await here.customer(clock_id=clock_id)
    await here.use(customer_id, 10)
    denied = await ask(there, GateCustomer(customer_id))
    assert denied.as_of == start
    assert denied.decision.resets_at == datetime(2030, 2, 28, 12, tzinfo=UTC)
    await here.record(customer_id, RecordPayment(new_id("payment"), Decimal(1000), "USD"), TEST)
    await advance(here, clock_id, datetime(2030, 3, 1, tzinfo=UTC), TEST)  # type: ignore[arg-type]
    await here.told()

    async def has_moved() -> bool:
        answer = await ask(there, GateCustomer(customer_id))
        assert answer.decision.allowed == (answer.as_of == datetime(2030, 3, 1, tzinfo=UTC))
        return answer.decision.allowed

    await eventually(has_moved)


async def test_what_consume_takes_is_missing_at_the_next_question(here: Process) -> None:
    customer_id = await here.customer()
    await ask(here, GateCustomer(customer_id))
    await here.usage.consume(UseRequest(CustomerRef(customer_id), "calls", Decimal(4), None), retry())
    assert (await ask(here, GateCustomer(customer_id))).decision.used == 4
    await here.usage.reserve(
        UseRequest(CustomerRef(customer_id), "calls", Decimal(5), None), timedelta(minutes=1), retry()
    )
    assert (await ask(here, GateCustomer(customer_id))).decision.remaining == 1


async def test_memory_is_bounded(here: Process, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("service.gates.snapshots.HELD_MAX", 3)
    monkeypatch.setattr("service.gates.snapshots.NAMES_MAX", 3)
    for n in range(5):
        await here.customer(f"acme {n}")
        await ask(here, GateCustomer(external_id=f"acme {n}"))
    assert len(here.snapshots._held) == len(here.snapshots._names) == 3
    for n in range(500):
        await ask(here, GateCustomer(external_id="acme 4"), quantity=n)
    held = next(reversed(here.snapshots._held.values()))
    assert len(held.answers) <= 200


async def test_after_an_outage_it_answers_again(dsn: str, here: Process) -> None:
    customer_id = await here.customer()
    async with process(dsn) as other:
        await ask(other, GateCustomer(customer_id))
        await other.engine.dispose()
        assert (await ask(other, GateCustomer(customer_id), fresh=True)).decision.allowed


def _grant(key: str, expires_at: datetime | None = None) -> Grant:
    feature = Feature("feature_sso", key, key, FeatureKind.SWITCH)
    return Grant(new_id("grant"), feature, "a gift", datetime.now(UTC), enabled=True, expires_at=expires_at)
