"""Live states: the present first, then each change, once; and on after a break, without a gap or a repeat."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from processes import ADMIN, TEST, Process, eventually, process, retry
from viewers import Edge, settled

from adapters.postgres.reads import catalog
from domain.access import ROLE_SCOPES, Role
from domain.account import Grant
from domain.books.invoice import Item
from domain.catalog import Feature, FeatureKind
from domain.commands import AddItem, CreateClock, GrantEntitlement, RevokeEntitlement
from service.access.principal import Principal
from service.ids import new_id
from service.later.clocks import advance
from service.usage import CustomerRef
from service.usage.gate import UseRequest

USAGE = """subscription ($id: ID!, $features: [String!], $after: Cursor) {
  usage(customer: {id: $id}, features: $features, after: $after) {
    cursor meter { feature { key } used limit remaining }
  }
}"""
STATUS = """subscription ($id: ID!, $after: Cursor) {
  billingStatus(customer: {id: $id}, after: $after) { cursor status { state message } }
}"""
MONEY = """subscription ($id: ID!) {
  billingStatus(customer: {id: $id}) { cursor status { state owed { amount } overdue { number } } }
}"""
NOON = datetime(2026, 1, 31, 12, tzinfo=UTC)
RIGHTS = """subscription ($id: ID!, $after: Cursor) {
  entitlements(customer: {id: $id}, after: $after) { cursor entitlements { feature { key } enabled used limit } }
}"""


def meters(messages: list[Any]) -> list[tuple[str, str]]:
    return [(one["meter"]["feature"]["key"], one["meter"]["used"]) for one in messages]


async def test_usage_begins_with_every_meter_and_goes_on_with_those_that_change(here: Process) -> None:
    customer_id = await here.customer()
    viewer = Edge(here).watch(USAGE, id=customer_id)
    assert meters(await viewer.has(2)) == [("calls", "0"), ("storage", "0")]
    await here.use(customer_id, 4)
    await here.use(customer_id, 7, "storage")
    assert sorted(meters(await viewer.has(4))[2:]) == [("calls", "4"), ("storage", "7")]
    await viewer.leave()
    await eventually(lambda: here.live.watched == 0)


async def test_one_meter_is_watched_alone(here: Process) -> None:
    customer_id = await here.customer()
    viewer = Edge(here).watch(USAGE, id=customer_id, features=["calls"])
    await viewer.has(1)
    await here.use(customer_id, 7, "storage")
    await settled()
    await here.use(customer_id, 4)
    assert meters(await viewer.has(2)) == [("calls", "0"), ("calls", "4")]
    await viewer.leave()


async def test_a_change_of_the_limit_is_a_change_of_the_meter(here: Process) -> None:
    customer_id = await here.customer()
    viewer = Edge(here).watch(USAGE, id=customer_id, features=["calls"])
    await viewer.has(1)
    more = Grant(new_id("grant"), await _feature(here, "calls"), "a gift", datetime.now(UTC), limit=Decimal(5))
    await here.record(customer_id, GrantEntitlement(more), TEST)
    assert [one["meter"]["limit"] for one in await viewer.has(2)] == ["10", "15"]
    await viewer.leave()


async def test_a_change_that_leaves_the_state_as_it_is_sends_nothing(here: Process) -> None:
    customer_id = await here.customer()
    edge = Edge(here)
    viewers = [edge.watch(USAGE, id=customer_id, features=["calls"]), edge.watch(STATUS, id=customer_id)]
    for viewer in viewers:
        await viewer.has(1)
    for _ in range(3):
        await here.record(customer_id, GrantEntitlement(_switch()), TEST)
    await settled()
    for viewer in viewers:
        await viewer.has(1)
        await viewer.leave()


async def test_entitlements_show_rights_and_what_is_used_of_them(here: Process) -> None:
    customer_id = await here.customer()
    viewer = Edge(here).watch(RIGHTS, id=customer_id)
    await viewer.has(1)
    grant = _switch()
    await here.record(customer_id, GrantEntitlement(grant), TEST)
    await viewer.has(2)
    await here.use(customer_id, 3)
    await viewer.has(3)
    await here.record(customer_id, RevokeEntitlement(grant.id), TEST)
    shown = [{right["feature"]["key"]: right["used"] for right in one["entitlements"]} for one in await viewer.has(4)]
    assert shown == [
        {"calls": "0", "storage": "0"},
        {"calls": "0", "storage": "0", "sso": None},
        {"calls": "3", "storage": "0", "sso": None},
        {"calls": "3", "storage": "0"},
    ]
    await viewer.leave()


async def test_billing_status_follows_the_subscriptions(here: Process) -> None:
    customer_id = await here.customer(plan=None)
    viewer = Edge(here).watch(STATUS, id=customer_id)
    await viewer.has(1)
    await here.subscribe(customer_id, "basic")
    assert [one["status"]["state"] for one in await viewer.has(2)] == ["NONE", "CURRENT"]
    await viewer.leave()


async def test_billing_status_says_what_is_owed_and_overdue(here: Process) -> None:
    clock_id = new_id("clock")
    await here.record(clock_id, CreateClock(clock_id, "a test", NOON), TEST)
    customer_id = await here.customer(plan=None, clock_id=clock_id)
    viewer = Edge(here).watch(MONEY, id=customer_id)
    await viewer.has(1)
    item = Item(new_id("item"), "set-up", Decimal(1), Decimal(50), "USD", NOON)
    await here.record(customer_id, AddItem(item, at_once=True), TEST)
    await viewer.has(2)
    await advance(here, clock_id, NOON + timedelta(days=14), TEST)  # type: ignore[arg-type]
    messages = await viewer.has(3)
    assert [one["status"]["state"] for one in messages] == ["NONE", "NONE", "PAST_DUE"]
    assert [one["status"]["owed"] for one in messages] == [[], [{"amount": "50.00"}], [{"amount": "50.00"}]]
    assert [one["status"]["overdue"] for one in messages] == [[], [], [{"number": "INV-000001"}]]
    await viewer.leave()


@pytest.mark.parametrize("features", [None, ["calls"]])
async def test_after_a_restart_only_what_has_changed_is_sent(dsn: str, here: Process, features: Any) -> None:
    customer_id = await here.customer()
    async with process(dsn) as first:
        viewer = Edge(first).watch(USAGE, id=customer_id, features=features)
        seen = (await viewer.has(1 if features else 2))[-1]["cursor"]
        await viewer.leave()
    await here.use(customer_id, 3)
    async with process(dsn) as second:
        viewer = Edge(second).watch(USAGE, id=customer_id, features=features, after=seen)
        (message,) = await viewer.has(1)
        assert meters([message]) == [("calls", "3")]
        await viewer.leave()
        viewer = Edge(second).watch(USAGE, id=customer_id, features=features, after=message["cursor"])
        await settled()
        assert await viewer.has(0) == []
        await here.use(customer_id, 1)
        assert meters(await viewer.has(1)) == [("calls", "4")]
        await viewer.leave()


@pytest.mark.parametrize("query", [STATUS, RIGHTS])
async def test_other_states_too_are_sent_again_only_when_they_have_changed(dsn: str, here: Process, query: str) -> None:
    customer_id = await here.customer(plan=None)
    async with process(dsn) as first:
        viewer = Edge(first).watch(query, id=customer_id)
        seen = (await viewer.has(1))[0]["cursor"]
        await viewer.leave()
    async with process(dsn) as second:
        edge = Edge(second)
        viewer = edge.watch(query, id=customer_id, after=seen)
        newcomer = edge.watch(query, id=customer_id)
        await newcomer.has(1)
        await settled()
        assert await viewer.has(0) == []
        await here.subscribe(customer_id, "basic")
        await viewer.has(1)
        await newcomer.has(2)
        await viewer.leave()
        late = edge.watch(query, id=customer_id, after=seen)
        await late.has(1)
        await late.leave()
        await newcomer.leave()


async def test_every_way_of_breaking_off_and_going_on_ends_with_what_is(here: Process) -> None:
    """After each message, break off and go on: never a repeat, and the last state is always reached."""
    customer_id = await here.customer()
    edge = Edge(here)
    for features in (None, ["calls"]):
        cursor, last = None, {}
        for step in range(12):
            viewer = edge.watch(USAGE, id=customer_id, features=features, after=cursor)
            type, used = ("calls", "storage")[step % 2 if features is None else 0], step % 3
            before = dict(last)
            await here.use(customer_id, used, type)
            await settled()
            for message in viewer.messages:
                key, reads = meters([message])[0]
                assert before.get(key) != reads or last.get(key) != reads
                last[key], cursor = reads, message["cursor"]
            await viewer.leave()
        present = await here.snapshots.fresh(customer_id)
        assert present is not None
        assert last == {
            key: str(usage.used) for key, usage in present.usage.items() if features is None or key in features
        }


async def test_a_change_made_by_another_process_arrives(here: Process, there: Process) -> None:
    customer_id = await here.customer()
    viewer = Edge(here).watch(USAGE, id=customer_id, features=["calls"])
    await viewer.has(1)
    await there.use(customer_id, 4)
    assert meters(await viewer.has(2))[1] == ("calls", "4")
    await there.usage.consume(UseRequest(CustomerRef(customer_id), "calls", Decimal(2), None), retry())
    assert meters(await viewer.has(3))[2] == ("calls", "6")
    await viewer.leave()


async def test_a_lost_notice_costs_a_delay_and_not_the_update(dsn: str, here: Process) -> None:
    customer_id = await here.customer()
    async with process(dsn, look_s=0.1) as watching, process(dsn, listening=False) as mute:
        viewer = Edge(watching).watch(USAGE, id=customer_id, features=["calls"])
        await viewer.has(1)
        await mute.use(customer_id, 4)
        assert meters(await viewer.has(2))[1] == ("calls", "4")
        await viewer.leave()


async def test_however_many_watch_an_account_is_read_once_and_executed_once_per_change(here: Process) -> None:
    customer_id = await here.customer()
    edge = Edge(here)
    viewers = [edge.watch(USAGE, id=customer_id, features=["calls"]) for _ in range(200)]
    others = [edge.watch(USAGE, id=customer_id) for _ in range(100)]
    for viewer in viewers:
        await viewer.has(1)
    for viewer in others:
        await viewer.has(2)
    here.statements.clear()
    edge.executions = 0
    await here.use(customer_id, 4)
    for viewer in viewers:
        await viewer.has(2)
    for viewer in others:
        await viewer.has(3)
    await settled()
    assert len([one for one in here.statements if "JOIN streams s ON" in one]) == 1
    assert edge.executions == 2  # once for each of the two ways to ask
    assert len({viewer.texts[1] for viewer in viewers}) == 1
    for viewer in [*viewers, *others]:
        await viewer.leave()
    await eventually(lambda: here.live.watched == edge.lives.audiences == 0)


@pytest.mark.parametrize("features", [None, ["calls"]])
async def test_a_slow_reader_gets_the_newest_state_and_goes_on_exactly_from_what_it_read(
    here: Process, features: Any
) -> None:
    customer_id = await here.customer()
    edge = Edge(here)
    viewer = edge.watch(USAGE, id=customer_id, features=features)
    began = 1 if features else 2
    await viewer.has(began)
    viewer.stick()
    for _ in range(5):
        await here.use(customer_id, 1)
        await settled()
    viewer.unstick()
    await eventually(lambda: bool(viewer.texts) and meters(viewer.messages)[-1] == ("calls", "5"))
    assert len(viewer.texts) <= began + 2  # one may have been on its way when the reader stopped
    resumed = edge.watch(USAGE, id=customer_id, features=features, after=viewer.messages[-1]["cursor"])
    await settled()
    assert await resumed.has(0) == []
    await viewer.leave()
    await resumed.leave()


async def test_a_client_that_has_seen_nothing_of_a_change_is_sent_it_even_if_all_others_have(here: Process) -> None:
    """The state goes away from what the client saw, comes back, and goes away again while it is offline."""
    customer_id = await here.customer()
    edge = Edge(here)
    constant = edge.watch(USAGE, id=customer_id, features=["storage"])
    cursor = (await constant.has(1))[0]["cursor"]
    await here.use(customer_id, 5, "storage")
    await constant.has(2)
    back = edge.watch(USAGE, id=customer_id, features=["storage"], after=cursor)
    assert meters(await back.has(1)) == [("storage", "5")]
    await back.leave()
    await here.use(customer_id, 0, "storage")
    await constant.has(3)
    same = edge.watch(USAGE, id=customer_id, features=["storage"], after=cursor)
    await settled()
    assert await same.has(0) == []  # what it saw is what is
    await here.use(customer_id, 6, "storage")
    assert meters(await same.has(1)) == [("storage", "6")]
    await same.leave()
    await constant.leave()


async def test_a_period_that_rolls_over_is_a_change_although_nothing_happened(here: Process) -> None:
    clock_id = new_id("clock")
    await here.record(clock_id, CreateClock(clock_id, "test", datetime(2030, 1, 1, tzinfo=UTC)), TEST)
    customer_id = await here.customer(clock_id=clock_id)
    await here.use(customer_id, 4)
    viewer = Edge(here).watch(USAGE, id=customer_id, features=["calls"])
    assert meters(await viewer.has(1)) == [("calls", "4")]
    await advance(here, clock_id, datetime(2030, 2, 1, tzinfo=UTC), TEST)  # type: ignore[arg-type]
    assert meters(await viewer.has(2))[1] == ("calls", "0")
    await viewer.leave()


async def test_a_right_that_expires_is_shown_at_its_instant_without_a_worker_or_a_notice(here: Process) -> None:
    customer_id = await here.customer()
    ends = here.clock.now() + timedelta(seconds=2)  # time to be recorded and seen before
    await here.record(customer_id, GrantEntitlement(_switch(ends)), TEST)
    viewer = Edge(here).watch(RIGHTS, id=customer_id)
    first, last = await viewer.has(2)
    assert [right["feature"]["key"] for right in first["entitlements"]] == ["calls", "sso", "storage"]
    assert [right["feature"]["key"] for right in last["entitlements"]] == ["calls", "storage"]
    await viewer.leave()


async def test_cursors_of_other_fields_and_customers_and_made_up_ones_are_refused(here: Process) -> None:
    customer_id, other_id = await here.customer(), await here.customer()
    edge = Edge(here)
    usage, status = edge.watch(USAGE, id=customer_id), edge.watch(STATUS, id=customer_id)
    of_usage, of_status = (await usage.has(2))[0]["cursor"], (await status.has(1))[0]["cursor"]
    wrong = [
        (USAGE, customer_id, of_status),
        (STATUS, customer_id, of_usage),
        (RIGHTS, customer_id, of_status),
        (USAGE, other_id, of_usage),
        (STATUS, other_id, of_status),
        (USAGE, customer_id, "nonsense"),
        (USAGE, customer_id, of_usage[:-9]),
        (STATUS, customer_id, "x" * 512),
    ]
    for query, id, cursor in wrong:
        assert await edge.watch(query, id=id, after=cursor).failed() == "BAD_USER_INPUT", (query, id, cursor)
    await usage.leave()
    await status.leave()


async def test_nobody_watches_whom_they_may_not_see(here: Process) -> None:
    customer_id, own = await here.customer(), await here.customer()
    partner = Principal("key_1", Role.PARTNER, ROLE_SCOPES[Role.PARTNER], frozenset({own}))
    edge = Edge(here)
    for query in (USAGE, STATUS, RIGHTS):
        assert await edge.watch(query, who=partner, id=customer_id).failed() == "NOT_FOUND"
        assert await edge.watch(query, id="customer_00000000000000000000000000").failed() == "NOT_FOUND"
    nobody = Principal("key_2", Role.PARTNER, frozenset(), None)
    assert await edge.watch(USAGE, who=nobody, id=customer_id).failed() == "FORBIDDEN"


async def test_a_credential_that_is_revoked_is_sent_nothing_more(here: Process) -> None:
    customer_id = await here.customer()
    edge = Edge(here)
    revoked = Principal("key_1", Role.ADMIN, ADMIN.scopes, None)
    viewers = [edge.watch(USAGE, who=revoked, id=customer_id, features=one) for one in (None, ["calls"])]
    await viewers[0].has(2)
    await viewers[1].has(1)
    edge.revoked.add("key_1")
    await here.use(customer_id, 4)
    for viewer in viewers:
        assert await viewer.failed() == "UNAUTHENTICATED"
    assert [len(viewer.texts) for viewer in viewers] == [2, 1]


async def test_features_must_be_metered_ones(here: Process) -> None:
    customer_id = await here.customer()
    for features in ([], ["sso"], ["nonsense"]):
        assert await Edge(here).watch(USAGE, id=customer_id, features=features).failed() == "BAD_USER_INPUT"


def _switch(expires_at: datetime | None = None) -> Grant:
    feature = Feature("feature_sso", "sso", "sso", FeatureKind.SWITCH)
    return Grant(new_id("grant"), feature, "a gift", datetime.now(UTC), enabled=True, expires_at=expires_at)


async def _feature(process: Process, key: str) -> Feature:
    found = (await catalog.catalog(process.engine)).catalog.feature(key)
    assert found is not None
    return found
