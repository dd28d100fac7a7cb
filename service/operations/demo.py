"""Customers to look at and usage that moves their meters, by the same calls as everybody's. Doing it twice changes
nothing: what was there already is left as it is."""

import asyncio
from collections import Counter
from collections.abc import Iterator
from datetime import datetime, timedelta
from decimal import Decimal as D
from random import Random
from typing import NamedTuple

from adapters.postgres.reads import catalog as catalogs
from domain.account import Account, CustomerKind, Grant
from domain.catalog import Catalog
from domain.commands import AccountCommand, ChangeSubscription, GrantEntitlement, Subscribe
from domain.period import Cadence
from domain.policy import ChangeTiming
from domain.subscription import ChangeQuantity, Subscription
from service.customers import NewCustomer, Personal
from service.ids import new_id
from service.runtime import Runtime
from service.usage import CustomerRef, UsageEvent, UsageEventStatus
from service.write.record import By

HOURS = 24
"""How far back usage is made up."""
PULSE_S = 0.3
"""Between two batches of the stream."""
SOURCE = "demo"
_BY = By("seed")


class Habit(NamedTuple):
    """What a customer sends `times` an hour: about `amount` (of a level: what it is then), to `digits` decimals."""

    type: str
    amount: D
    times: int
    level: bool = False
    digits: int = 0


class Persona(NamedTuple):
    external_id: str
    name: str
    kind: CustomerKind
    country: str
    timezone: str
    plan: str
    cadence: Cadence
    days: int
    """Since when they are subscribed."""
    seats: int = 1
    seats_planned: int | None = None
    trial_days: int = 0
    calls_granted: D | None = None
    habits: tuple[Habit, ...] = ()


def _habits(calls: int, gigabytes: str, transfer: str, adapters: int) -> tuple[Habit, ...]:
    return (
        Habit("api.calls", D(calls), 6),
        Habit("storage.level", D(gigabytes), 1, level=True, digits=3),
        Habit("transfer", D(transfer), 2, digits=4),
        Habit("adapters.level", D(adapters), 1, level=True),
    )


_USER, _GROUP = CustomerKind.USER, CustomerKind.GROUP
PERSONAS = (
    Persona(
        "acme", "Acme Corporation", _GROUP, "US", "America/New_York", "professional", Cadence.YEAR, 40,
        seats=12, seats_planned=15, habits=_habits(1_400, "310", "0.9", 14),
    ),
    Persona(
        "globex", "Globex GmbH", _GROUP, "DE", "Europe/Berlin", "starter", Cadence.MONTH, 3,
        trial_days=14, habits=_habits(900, "41", "0.4", 4),
    ),
    Persona(
        "initech", "Initech", _USER, "US", "America/Chicago", "free", Cadence.MONTH, 12,
        calls_granted=D(5_000), habits=_habits(30, "0.7", "0.004", 1),
    ),
    Persona(
        "hooli", "Hooli", _USER, "JP", "Asia/Tokyo", "drive", Cadence.MONTH, 21,
        habits=(Habit("drive.level", D(61_000_000_000), 4, level=True),),
    ),
)  # fmt: skip


async def seed_demo(runtime: Runtime) -> Counter[str]:
    """How many of which things were new. Needs the default catalog. Raises Refusal when its plans are not on sale."""
    new: Counter[str] = Counter()
    catalog = (await catalogs.catalog(runtime.engine)).catalog
    for persona in PERSONAS:
        if await runtime.snapshots.find_id(persona.external_id) is None:
            new["customers"] += 1
        account = await runtime.customers.create(_customer(persona), _BY)
        while (step := _next_step(account, persona, catalog, runtime.clock.now())) is not None:
            what, command = step
            assert account.customer is not None
            account = (await runtime.record(account.customer.id, command, _BY)).state
            new[what] += 1
    outcomes = await runtime.usage.record(list(past(runtime.clock.now())), None)
    new["usage events"] += sum(outcome.status is UsageEventStatus.ACCEPTED for outcome in outcomes)
    return new


async def stream(runtime: Runtime, stop: asyncio.Event, random: Random) -> int:
    """Record usage a few times a second until `stop` is set; how many events."""
    run, recorded = f"{runtime.clock.now():%Y%m%dT%H%M%S%f}", 0
    while not stop.is_set():
        events = [
            UsageEvent(
                id=f"{run}-{recorded + n}",
                customer=CustomerRef(external_id=persona.external_id),
                type=habit.type,
                quantity=_amount(habit, random),
                source=SOURCE,
            )
            for n, (persona, habit) in enumerate(random.sample(_ALL, random.randint(1, 4)))
        ]
        await runtime.usage.record(events, None)
        recorded += len(events)
        try:
            await asyncio.wait_for(stop.wait(), PULSE_S)
        except TimeoutError:
            continue
    return recorded


def past(now: datetime) -> Iterator[UsageEvent]:
    """The usage of the last whole hours. Of an hour it is the same whenever it is made up, ids and all."""
    present = now.replace(minute=0, second=0, microsecond=0)
    for hour in (present - timedelta(hours=n) for n in range(HOURS, 0, -1)):
        for persona, habit in _ALL:
            random = Random(f"{persona.external_id} {habit.type} {hour:%Y-%m-%dT%H}")
            for n in range(habit.times):
                yield UsageEvent(
                    id=f"{persona.external_id}-{habit.type}-{hour:%Y%m%dT%H}-{n}",
                    customer=CustomerRef(external_id=persona.external_id),
                    type=habit.type,
                    time=hour + timedelta(seconds=random.randrange(3_600)),
                    quantity=_amount(habit, random),
                    source=SOURCE,
                )


_ALL = [(persona, habit) for persona in PERSONAS for habit in persona.habits]


def _amount(habit: Habit, random: Random) -> D:
    spread = random.gauss(1, 0.02) if habit.level else random.triangular(0.2, 2, 0.8)
    return round(habit.amount * D(spread), habit.digits) if habit.digits else D(round(habit.amount * D(spread)))


def _customer(persona: Persona) -> NewCustomer:
    known = Personal(name=persona.name, email=f"billing@{persona.external_id}.example")
    return NewCustomer(persona.external_id, persona.kind, "USD", persona.timezone, persona.country, None, known)


def _next_step(
    account: Account, persona: Persona, catalog: Catalog, now: datetime
) -> tuple[str, AccountCommand] | None:
    """What the account lacks of what the persona has; each only once, whatever became of it since."""
    if not account.subscriptions:
        return "subscriptions", Subscribe(
            new_id("subscription"),
            catalog.on_sale(persona.plan),
            quantity=persona.seats,
            cadence=persona.cadence,
            start_at=now - timedelta(days=persona.days),
            trial_days=persona.trial_days,
        )
    if persona.calls_granted is not None and not account.grants:
        feature = catalog.feature("api_calls")
        assert feature is not None, "the plan names it"
        grant = Grant(
            new_id("grant"),
            feature,
            "makes up for an outage",
            now,
            limit=persona.calls_granted,
            expires_at=now + timedelta(days=30),
        )
        return "grants", GrantEntitlement(grant)
    subscription: Subscription = account.subscriptions[0]
    untouched = subscription.ended_at is None and subscription.quantity == persona.seats and not subscription.scheduled
    if persona.seats_planned is not None and untouched:
        change = ChangeQuantity(persona.seats_planned)
        at = now + timedelta(days=14)
        return "planned changes", ChangeSubscription(subscription.id, new_id("change"), change, ChangeTiming.AT, at)
    return None
