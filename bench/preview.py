"""previewPlanChange over HTTP through the whole application, against a bare Starlette route that reads the same JSON
and answers the same JSON, in the same process: `python -m bench.preview`.

A preview reads the account and its usage, decides the change, bills it, and says what comes after it. One asks at a
time, so the ratio is how many times as long as any answer at all it takes.
"""

import time

from bench.accounts import fill
from bench.can_use import both
from bench.database import run as measured
from bench.database import server, tables
from bench.edge import http
from bench.worker import Rate, Worker, ask, compare, post, worker

ROUNDS = 7
SECONDS = 1.0
WHOSE = "{ customers(first: 1) { edges { node { subscriptions(first: 1) { edges { node { id } } } } } } }"
QUERY = """query Preview($input: ChangePlanInput!) {
  previewPlanChange(input: $input) {
    token dueNow { amount } credited { amount } nextInvoice { amount }
    lines { description quantity amount { amount } period { start end } }
    entitlementChanges { feature { key } before { limit } after { limit } }
    userErrors { code }
  }
}"""


async def prepare(dsn: str) -> None:
    """A customer in the middle of a month that is paid, with usage."""
    await tables(dsn)
    await fill(dsn, 1, days=15)


async def measure(worker: Worker) -> Rate:
    shown = await ask(worker.port, post("/graphql", WHOSE))
    (customer,) = shown["data"]["customers"]["edges"]
    id = customer["node"]["subscriptions"]["edges"][0]["node"]["id"]
    ours = post("/graphql", QUERY, input={"subscriptionId": id, "plan": "starter", "idempotencyKey": "bench"})
    answer = await ask(worker.port, ours)
    assert len(answer["data"]["previewPlanChange"]["lines"]) == 7, answer
    await ask(worker.port, http("POST", "/bare", {"answer": answer}))
    bare = post("/bare", QUERY)
    return await compare(worker.port, ours, bare, connections=1, rounds=ROUNDS, seconds=SECONDS, clock=time.monotonic)


def run(dsn: str) -> Rate:
    """On an empty database."""
    return measured(dsn, prepare, lambda dsn: worker(both, dsn), measure)


if __name__ == "__main__":
    with server() as found:
        rate = run(found.dsn)
    print(f"previewPlanChange {rate.ours:,.0f}/s   bare route {rate.bare:,.0f}/s   ratio {rate.ratio:.3f}")
