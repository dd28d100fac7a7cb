"""A year of a customer's life on a test clock, in one test; in one step or in many; and what was answered on the way is
answered again when asked about then."""

from itertools import pairwise
from typing import Any

from e2e.client import Api, Json, unique

BEGIN = "2026-01-31T09:00:00Z"
# A day of each month, the eve and the instant of what falls due, and the instants of clock changes in Paris.
STOPS = [
    "2026-02-01T00:00:00Z",
    "2026-02-13T23:59:59.999999Z",
    "2026-02-14T09:00:00Z",
    "2026-03-14T08:59:59.999999Z",
    "2026-03-14T09:00:00Z",
    "2026-03-29T01:00:00Z",
    "2026-04-14T08:00:00Z",
    "2026-05-01T00:00:00Z",
    "2026-06-10T12:00:00Z",
    "2026-06-20T00:00:00Z",
    "2026-07-14T08:00:00Z",
    "2026-08-31T21:59:59Z",
    "2026-10-25T01:00:00Z",
    "2026-11-14T09:00:00Z",
    "2026-12-31T23:00:00Z",
    "2027-01-14T09:00:00Z",
    "2027-02-01T00:00:00Z",
]

RIGHT = """feature { key } enabled limit used remaining hard value period { start end }
    sources { kind id label limit expiresAt }"""
NOW = f"billingStatus {{ state message }} entitlements {{ {RIGHT} }}"
STATE = f"""{NOW} scheduledChanges {{ change effectiveAt }}
    subscriptions(first: 9) {{ edges {{ node {{
        id status plan {{ key }} quantity currentPeriod {{ start end }} trialEndsAt cancelAt pausedAt endedAt
    }} }} }}"""
DECIDED = "allowed reason limit used remaining resetsAt value trace"


MONEY = ("invoice.", "payment", "billing.", "credit", "provider.")
"""How the types of entries about money begin."""


class Life:
    """The same customer each time: everything about it but the ids."""

    def __init__(self, api: Api, clock: str, customer: str) -> None:
        self.api, self.clock, self.customer = api, clock, customer

    @classmethod
    async def begin(cls, api: Api) -> "Life":
        """A card that works, a trial of two weeks on a plan by the month; a pause, a move and an end are planned, a
        grant will expire."""
        clock = await api.clock(BEGIN)
        customer = await api.customer(clockId=clock, timezone="Europe/Paris")
        life = cls(api, clock, customer)
        await api.pays(customer, "succeeds")
        id = (await api.subscribe(customer, "starter", trialDays=14, addOns=["drive"]))["id"]
        for mutation, input in (
            ("changePlan", {"plan": "professional", "timing": "AT", "at": "2026-05-01T00:00:00Z", "quantity": 3}),
            ("pauseSubscription", {"timing": "AT", "at": "2026-06-10T12:00:00Z", "resumesAt": "2026-06-20T00:00:00Z"}),
            ("removeAddOn", {"addOn": "drive", "timing": "AT", "at": "2026-08-31T21:59:59Z"}),
            ("cancelSubscription", {"timing": "AT", "at": "2027-01-14T09:00:00Z"}),
        ):
            await api.do(mutation, "scheduled { id }", subscriptionId=id, idempotencyKey=unique(), **input)
        await api.do(
            "grantEntitlement",
            "grant { id }",
            customer={"id": customer},
            feature="api_calls",
            limit=1000,
            expiresAt="2026-07-14T08:00:00Z",
            reason="welcome",
            idempotencyKey=unique(),
        )
        return life

    async def story(self) -> list[str]:
        return [
            f"{one['effectiveAt']} {one['type']} by {one['actor']}"
            for one in await self.api.journal(self.customer, "effectiveAt type actor")
        ]

    async def story_of_rights(self) -> list[str]:
        """Without the money."""
        return [line for line in await self.story() if not line.split()[1].startswith(MONEY)]

    async def ask(self, shown: str, **variables: Any) -> Any:
        declared = "($id: ID!, $at: DateTime)" if "at" in variables else "($id: ID!)"
        return await self.api.ask(f"query{declared} {{ {shown} }}", id=self.customer, **variables)

    async def state(self) -> Any:
        return (await self.ask(f"customer(ref: {{id: $id}}) {{ {STATE} }}"))["customer"]

    async def answers(self) -> Json:
        """What is told about the present."""
        gates = " ".join(
            f'{key}: canUse(customer: {{id: $id}}, feature: "{key}", quantity: {quantity}, fresh: true) {{ {DECIDED} }}'
            for key, quantity in GATES.items()
        )
        told: Json = await self.ask(f"customer(ref: {{id: $id}}) {{ {NOW} }} {gates}")
        return told

    async def answers_at(self, at: str) -> Json:
        """What is told about another instant."""
        now = NOW.replace("billingStatus", "billingStatus(at: $at)").replace("entitlements", "entitlements(at: $at)", 1)
        gates = " ".join(
            f'{key}: canUse(customer: {{id: $id}}, feature: "{key}", quantity: {quantity}, at: $at) {{ {DECIDED} }}'
            for key, quantity in GATES.items()
        )
        told: Json = await self.ask(f"customer(ref: {{id: $id}}) {{ {now} }} {gates}", at=at)
        return told


GATES = {"api_calls": 1_000_500, "storage": 1, "drive_storage": 1, "parallel_downloads": 4, "nothing": 1}


def without_ids(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: without_ids(inner) for name, inner in value.items() if name != "id"}
    return [without_ids(inner) for inner in value] if isinstance(value, list) else value


async def test_a_year_in_steps(api: Api) -> None:
    life = await Life.begin(api)
    for stop in STOPS:
        await api.advance(life.clock, stop)
    assert await life.story_of_rights() == [
        "2026-01-31T09:00:00Z customer.created by admin",
        "2026-01-31T09:00:00Z subscription.created by admin",
        "2026-01-31T09:00:00Z subscription.started by time",
        *["2026-01-31T09:00:00Z subscription.change_scheduled by admin"] * 4,
        "2026-01-31T09:00:00Z entitlement.granted by admin",
        "2026-02-14T09:00:00Z subscription.trial_ended by time",
        "2026-03-14T09:00:00Z subscription.renewed by time",
        "2026-04-14T08:00:00Z subscription.renewed by time",  # ten in the morning in Paris, as ever
        "2026-05-01T00:00:00Z subscription.change_applied by time",
        "2026-05-01T00:00:00Z subscription.plan_changed by time",
        "2026-05-14T08:00:00Z subscription.renewed by time",
        "2026-06-10T12:00:00Z subscription.change_applied by time",
        "2026-06-10T12:00:00Z subscription.paused by time",
        "2026-06-14T08:00:00Z subscription.renewed by time",
        "2026-06-20T00:00:00Z subscription.resumed by time",
        "2026-07-14T08:00:00Z subscription.renewed by time",
        "2026-07-14T08:00:00Z entitlement.expired by time",
        "2026-08-14T08:00:00Z subscription.renewed by time",
        "2026-08-31T21:59:59Z subscription.change_applied by time",
        "2026-08-31T21:59:59Z subscription.add_on_removed by time",
        "2026-09-14T08:00:00Z subscription.renewed by time",
        "2026-10-14T08:00:00Z subscription.renewed by time",
        "2026-11-14T09:00:00Z subscription.renewed by time",
        "2026-12-14T09:00:00Z subscription.renewed by time",
        "2027-01-14T09:00:00Z subscription.change_applied by time",
        "2027-01-14T09:00:00Z subscription.ended by time",
    ]


async def test_periods_tile_the_year_and_return_to_the_last_day_of_the_month(api: Api) -> None:
    clock = await api.clock("2026-01-31T00:00:00Z")
    customer_id = await api.customer(clockId=clock)
    id = (await api.subscribe(customer_id, "starter"))["id"]
    query = "query($id: ID!) { subscription(id: $id) { currentPeriod { start end } } }"
    periods = [(await api.ask(query, id=id))["subscription"]["currentPeriod"]]
    while periods[-1]["end"] < "2028-03-01":
        await api.advance(clock, periods[-1]["end"])
        periods.append((await api.ask(query, id=id))["subscription"]["currentPeriod"])
    assert all(before["end"] == after["start"] for before, after in pairwise(periods))
    days = [period["start"][5:10] for period in periods]
    assert days[:13] == [
        *("01-31", "02-28", "03-31", "04-30", "05-31", "06-30"),
        *("07-31", "08-31", "09-30", "10-31", "11-30", "12-31", "01-31"),
    ]
    assert days[-2:] == ["01-31", "02-29"]


async def test_one_step_is_as_good_as_many(api: Api) -> None:
    steps, leap = await Life.begin(api), await Life.begin(api)
    for stop in STOPS:
        await api.advance(steps.clock, stop)
    await api.advance(leap.clock, STOPS[-1])
    assert await leap.story() == await steps.story()
    assert without_ids(await leap.state()) == without_ids(await steps.state())


async def test_looking_ahead_shows_what_will_be(api: Api) -> None:
    life = await Life.begin(api)
    ahead = {stop: await life.answers_at(stop) for stop in STOPS[::2]}
    for stop in ahead:
        await api.advance(life.clock, stop)
        assert (stop, await life.answers()) == (stop, ahead[stop])


async def test_asked_about_then_the_answer_is_what_it_was_then(api: Api) -> None:
    """Law: every question about an account can be asked at an instant."""
    life = await Life.begin(api)
    told = {BEGIN: await life.answers()}
    for number, stop in enumerate(STOPS):
        await api.advance(life.clock, stop)
        if number % 3:
            await api.use(life.customer, "api.calls", 100_000 * number)
            await api.use(life.customer, "storage.level", number)
        if number % 4 == 3:
            await api.do(
                "consume",
                "decision { allowed }",
                customer={"id": life.customer},
                feature="api_calls",
                quantity=7,
                idempotencyKey=unique(),
            )
        if number == 5:
            await api.do("updateCustomer", "__typename", customer={"id": life.customer}, timezone="Asia/Tokyo")
        told[stop] = await life.answers()
    for instant, answer in told.items():
        assert (instant, await life.answers_at(instant)) == (instant, answer)


async def test_what_was_held_then_is_held_in_the_answer_about_then(api: Api) -> None:
    clock = await api.clock("2026-01-01T00:00:00Z")
    life = Life(api, clock, await api.customer(clockId=clock))
    await api.subscribe(life.customer, "free")
    shown = "decision { remaining } reservation { id }"
    asked: Json = {"customer": {"id": life.customer}, "feature": "api_calls", "ttlSeconds": 3600}
    told = {}

    async def tell(now: str) -> None:
        await api.advance(clock, now)
        told[now] = (await life.answers())["customer"]["entitlements"]

    await tell("2026-01-01T00:00:01Z")
    await api.advance(clock, "2026-01-01T00:00:02Z")
    held = [
        (await api.do("reserveUsage", shown, **asked, quantity=quantity, idempotencyKey=unique()))["reservation"]["id"]
        for quantity in (100, 1000, 5000)
    ]
    await tell("2026-01-01T00:10:00Z")
    await api.advance(clock, "2026-01-01T00:20:00Z")
    await api.do("commitReservation", "__typename", id=held[0], quantity=60, idempotencyKey=unique())
    await api.do("releaseReservation", "__typename", id=held[1], idempotencyKey=unique())
    await tell("2026-01-01T00:30:00Z")
    await tell("2026-01-01T01:00:00Z")
    await tell("2026-01-01T02:00:00Z")
    for now, rights in told.items():
        assert (now, (await life.answers_at(now))["customer"]["entitlements"]) == (now, rights)
    # All in one request, too: what is read together is not added together.
    fields = " ".join(f'at{n}: entitlements(at: "{now}") {{ {RIGHT} }}' for n, now in enumerate(told))
    shown = (await life.ask(f"customer(ref: {{id: $id}}) {{ {fields} }}"))["customer"]
    assert list(shown.values()) == list(told.values())


async def test_before_there_was_a_customer_there_is_nothing(api: Api) -> None:
    life = await Life.begin(api)
    before = await life.answers_at("2026-01-31T08:59:59.999999Z")
    assert before["customer"] == {"billingStatus": {"state": "NONE", "message": None}, "entitlements": []}
    assert {before[key]["reason"] for key in GATES} == {"NO_SUBSCRIPTION", "UNKNOWN_FEATURE"}


async def test_a_clock_only_goes_forward_and_not_too_far(api: Api) -> None:
    clock = await api.clock(BEGIN)
    for to in ("2026-01-31T08:59:59.999999Z", "2028-02-03T00:00:00Z", "9999-12-31T23:59:59.999999Z"):
        assert await api.refused("advanceTestClock", id=clock, to=to) == ("INVALID", ["input", "to"])
    await api.advance(clock, BEGIN)
    await api.advance(clock, "2028-02-02T00:00:00Z")


async def test_customers_on_one_clock_move_together_and_others_do_not(api: Api) -> None:
    clock = await api.clock(BEGIN)
    together = [await api.customer(clockId=clock) for _ in range(5)]
    apart = await api.customer()
    for customer_id in [*together, apart]:
        await api.subscribe(customer_id, "free")
    await api.advance(clock, "2026-03-01T00:00:00Z")
    for customer_id in together:
        kinds = [one["type"] for one in await api.journal(customer_id, "type")]
        assert kinds[3:] == ["subscription.renewed"]
    assert len(await api.journal(apart)) == 3
    shown = await api.ask("query($id: ID!) { customer(ref: {id: $id}) { clock { now } } }", id=together[0])
    assert shown["customer"]["clock"] == {"now": "2026-03-01T00:00:00Z"}
