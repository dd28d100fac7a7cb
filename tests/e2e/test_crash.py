"""kill -9 in the middle of everything: what was acknowledged is there once; sending everything again does the rest."""

import asyncio
import os
import re
import shutil
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from decimal import Decimal
from itertools import count, cycle, islice
from pathlib import Path

import httpx
import pytest

from e2e.client import Api, Json

ROOT = Path(__file__).resolve().parents[2]
ALL_TIME = {"start": "2000-01-01T00:00:00Z", "end": "9000-01-01T00:00:00Z"}
CHAIN = 60
"""Requests of one kind that one customer sends in a round, at most: the server is killed before."""
PATIENCE_S = 300
"""This database syncs what it commits. On a disk that others fill meanwhile, one commit has taken half a minute; it is
waited for, since how fast it is is not what is tested."""


class Tollgate:
    """A `tollgate` of its own in a folder: settings, data, and whatever runs there."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.process: subprocess.Popen[str] | None = None

    def start(self, *arguments: str) -> subprocess.Popen[str]:
        settings = {"PORT": "0", "BILLING_DATA_DIR": str(self.folder / "data"), "BILLING_RATE_LIMIT": "0"}
        self.process = subprocess.Popen(
            [sys.executable, "-m", "tollgate", *arguments],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            cwd=self.folder,
            env={"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT), **settings},
        )
        return self.process

    def serve(self, *arguments: str) -> str:
        """Start the server; the address of its endpoint."""
        process = self.start("serve", "--seed", *arguments)
        assert process.stdout is not None
        for line in process.stdout:
            if found := re.search(r"http://\S+/graphql", line):
                return found[0]
        raise AssertionError(process.communicate()[1])

    def verify(self) -> str:
        """What `tollgate verify` says."""
        said, complaints = self.start("verify").communicate(timeout=PATIENCE_S)
        return said if self.process is not None and self.process.returncode == 0 else said + complaints

    def kill(self) -> None:
        """kill -9; afterwards nothing runs here, no database either."""
        if self.process is not None:
            self.process.kill()
            self.process.communicate()
        deadline = time.monotonic() + PATIENCE_S
        while left := self.running():
            assert time.monotonic() < deadline, left
            time.sleep(0.01)

    def running(self) -> list[str]:
        """What works in this folder, as the processes of a PostgreSQL do in their data folder."""
        found = []
        for process in Path("/proc").glob("[0-9]*"):
            try:
                if (process / "cwd").readlink().is_relative_to(self.folder):
                    found.append((process / "cmdline").read_text().replace("\0", " "))
            except OSError:
                continue
        return found

    @asynccontextmanager
    async def api(self, url: str) -> AsyncIterator[Api]:
        async with httpx.AsyncClient(timeout=PATIENCE_S, trust_env=False) as http:
            yield Api(url, (self.folder / "data" / "admin.key").read_text().strip(), http)


@pytest.fixture
def tollgate(tmp_path: Path) -> Iterator[Tollgate]:
    one = Tollgate(tmp_path)
    yield one
    one.kill()
    if (tmp_path / "data" / "socket").is_symlink():  # of a server that was killed and not started again
        shutil.rmtree((tmp_path / "data" / "socket").readlink())


@dataclass
class Request:
    """One mutation under its key, and what the first acknowledged answer to it was."""

    mutation: str
    shown: str
    input: Json
    quantity: Decimal = Decimal(0)
    answer: Json | None = None

    async def send(self, api: Api) -> Json:
        return await api.do(self.mutation, self.shown, **self.input)


@dataclass
class Shop:
    """One customer's requests, in the order in which they were first sent."""

    name: str
    start: list[Request] = field(default_factory=list)
    consumed: list[Request] = field(default_factory=list)
    recorded: list[Request] = field(default_factory=list)
    moved: list[Request] = field(default_factory=list)
    numbers: Iterator[int] = field(default_factory=count)
    plans: Iterator[str] = field(default_factory=lambda: cycle(["starter", "professional", "enterprise"]))

    @property
    def ref(self) -> Json:
        return {"externalId": self.name}

    def sent(self) -> list[list[Request]]:
        return [self.start, self.consumed, self.recorded, self.moved]

    def key(self) -> str:
        return f"{self.name}-{next(self.numbers)}"

    def opening(self) -> Iterator[Request]:
        yield Request("createCustomer", "customer { id externalId name }", {"externalId": self.name, "name": "Ana"})
        yield Request(
            "subscribe",
            "subscription { id quantity plan { key } startedAt currentPeriod { start end } }",
            {"customer": self.ref, "plan": "free", "idempotencyKey": self.key()},
        )

    def uses(self) -> Iterator[Request]:
        """Of `api_calls`: never more than what the free plan allows."""
        while True:
            quantity = next(self.numbers) % 7 + 1
            yield Request(
                "consume",
                "decision { allowed used }",
                {"customer": self.ref, "feature": "api_calls", "quantity": quantity, "idempotencyKey": self.key()},
                Decimal(quantity),
            )

    def records(self) -> Iterator[Request]:
        """Of `transfer`."""
        while True:
            values = [Decimal(next(self.numbers)) / 1000 for _ in range(3)]
            events = [
                {"id": self.key(), "customer": self.ref, "type": "transfer", "value": str(value)} for value in values
            ]
            yield Request("recordUsage", "accepted duplicates results { id status }", {"events": events}, sum(values))

    def moves(self) -> Iterator[Request]:
        answer = self.start[1].answer
        assert answer is not None
        while True:
            yield Request(
                "changePlan",
                "subscription { id plan { key } currentPeriod { start end } } scheduled { id } conflicts { id }",
                {
                    "subscriptionId": answer["subscription"]["id"],
                    "plan": next(self.plans),
                    "idempotencyKey": self.key(),
                },
            )


class Load:
    """Customers who send all kinds of requests at once, and remember every answer."""

    def __init__(self, kill: Callable[[], None], when: int) -> None:
        self.kill = kill
        self.left = when
        """How many more answers there are before the server is killed."""

    async def chain(self, api: Api, requests: Iterator[Request], sent: list[Request]) -> bool:
        """One after the other. Whether all was answered."""
        for request in requests:
            sent.append(request)
            try:
                request.answer = await request.send(api)
            except httpx.TransportError:
                return False
            self.left -= 1
            if self.left == 0:
                self.kill()
        return True

    async def run(self, api: Api, shop: Shop) -> None:
        if not await self.chain(api, islice(shop.opening(), len(shop.start), None), shop.start):
            return
        await asyncio.gather(
            self.chain(api, islice(shop.uses(), CHAIN), shop.consumed),
            self.chain(api, islice(shop.records(), CHAIN), shop.recorded),
            self.chain(api, islice(shop.moves(), CHAIN), shop.moved),
        )


def is_retry_of(request: Request, answer: Json) -> bool:
    """Whether this is what a retry of an acknowledged request is answered."""
    if request.mutation != "recordUsage":
        return answer == request.answer
    statuses = [(result["id"], result["status"]) for result in answer["results"]]
    return statuses == [(event["id"], "DUPLICATE") for event in request.input["events"]]


async def used(api: Api, shop: Shop, feature: str) -> Decimal:
    shown = await api.ask(
        "query($ref: CustomerRef!, $feature: String!, $all: PeriodInput!) {"
        " customer(ref: $ref) { usage(feature: $feature, period: $all) { used } } }",
        ref=shop.ref,
        feature=feature,
        all=ALL_TIME,
    )
    return Decimal(shown["customer"]["usage"]["used"]) if shown["customer"] else Decimal(0)


async def kinds(api: Api, shop: Shop) -> list[str]:
    """The types of what the journal has of a customer, if there is one."""
    shown = await api.ask("query($ref: CustomerRef!) { customer(ref: $ref) { id } }", ref=shop.ref)
    if shown["customer"] is None:
        return []
    return [entry["type"] for entry in await api.journal(shown["customer"]["id"], "type")]


def acknowledged(requests: list[Request]) -> list[Request]:
    return [request for request in requests if request.answer is not None]


def total(requests: list[Request]) -> Decimal:
    return sum((request.quantity for request in requests), Decimal(0))


async def check(api: Api, shop: Shop, at_least: Callable[[list[Request]], list[Request]]) -> None:
    """All of `at_least(requests)` happened once, and nothing that was not sent."""
    for feature, sent in (("api_calls", shop.consumed), ("transfer", shop.recorded)):
        assert total(at_least(sent)) <= await used(api, shop, feature) <= total(sent), (shop.name, feature)
    journal = await kinds(api, shop)
    for kind, sent in (
        ("customer.created", shop.start[:1]),
        ("subscription.created", shop.start[1:]),
        ("subscription.plan_changed", shop.moved),
    ):
        assert len(at_least(sent)) <= journal.count(kind) <= len(sent), (shop.name, kind, journal)


async def again(api: Api, shop: Shop) -> None:
    """Send everything again: the same answers, and then everything is acknowledged."""
    for sent in shop.sent():
        for request in sent:
            answer = await request.send(api)
            assert request.answer is None or is_retry_of(request, answer), (request, answer)
            request.answer = request.answer or answer


@pytest.mark.parametrize(
    ("arguments", "moments"), [(("--no-worker",), (70,)), ((), (1, 40))], ids=["no worker", "worker"]
)
async def test_kill_9_loses_nothing_acknowledged_and_retries_do_the_rest_once(
    tollgate: Tollgate, arguments: tuple[str, ...], moments: tuple[int, ...]
) -> None:
    shops: list[Shop] = []
    url = tollgate.serve(*arguments)
    for round, moment in enumerate(moments):
        shops += [Shop(f"shop-{round}-{number}") for number in range(3)]
        async with tollgate.api(url) as api:
            assert tollgate.process is not None
            load = Load(tollgate.process.kill, moment)
            await asyncio.gather(*(load.run(api, shop) for shop in shops))
        assert load.left <= 0, "it was not killed"
        tollgate.kill()
        url = tollgate.serve(*arguments)
        async with tollgate.api(url) as api:
            for shop in shops:
                await check(api, shop, acknowledged)
            await asyncio.gather(*(again(api, shop) for shop in shops))
            for shop in shops:
                await check(api, shop, list)
    assert all(sent for shop in shops[:3] for sent in shop.sent()), "every kind of request was under way"
    tollgate.kill()
    assert tollgate.verify() == "Everything derived agrees with the journal, and all money adds up.\n"
    assert tollgate.running() == []
