"""canUse over HTTP through the whole application, against a bare Starlette route that reads the same JSON and answers
the same JSON, in the same process: `python -m bench.can_use`."""

import msgspec
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp

from adapters.secrets import Secrets, open_secrets
from adapters.settings import DeploymentSettings
from bench.database import run as measured
from bench.database import server, tables
from bench.edge import http
from bench.worker import Rate, Worker, ask, beside, compare, post, settings_of, worker
from service.operations.demo import seed_demo
from service.operations.seed import seed
from tollgate.application import create_app
from tollgate.wiring import open_runtime

TARGET = 0.35
CONNECTIONS = 16
ROUNDS = 7
SECONDS = 1.0
QUERY = """query CanUse($customer: CustomerRef!, $feature: String!, $quantity: Decimal!) {
  canUse(customer: $customer, feature: $feature, quantity: $quantity) {
    allowed reason feature limit used remaining resetsAt asOf version
  }
}"""
VARIABLES = {"customer": {"externalId": "acme"}, "feature": "api_calls", "quantity": "1"}


def both(settings: DeploymentSettings, secrets: Secrets, dsn: str) -> ASGIApp:
    """The application, and the bare route, which answers with what it is sent as `answer`, and then always that."""
    answer: object = None

    async def bare(request: Request) -> Response:
        nonlocal answer
        asked = await request.json()
        answer = asked.get("answer", answer)
        return JSONResponse(answer)

    route = Starlette(routes=[Route("/bare", bare, methods=["POST"])])
    return beside(create_app(settings, secrets, dsn), "/bare", route)


async def prepare(dsn: str) -> None:
    """The demo's customers, with a day of usage."""
    await tables(dsn)
    settings = settings_of(dsn)
    async with open_runtime(settings, open_secrets(settings), dsn) as runtime:
        await seed(runtime.record)
        await seed_demo(runtime)


async def measure(worker: Worker) -> Rate:
    """By the processor time of the worker."""
    port = worker.port
    ours, bare = post("/graphql", QUERY, **VARIABLES), post("/bare", QUERY, **VARIABLES)
    answer = await ask(port, ours)
    assert answer["data"]["canUse"]["allowed"] is True, answer
    await ask(port, http("POST", "/bare", {"answer": answer}))
    assert len(msgspec.json.encode(await ask(port, bare))) > 100
    return await compare(
        port,
        ours,
        bare,
        connections=CONNECTIONS,
        rounds=ROUNDS,
        seconds=SECONDS,
        clock=worker.processor_seconds,
    )


def run(dsn: str) -> Rate:
    """On an empty database."""
    return measured(dsn, prepare, lambda dsn: worker(both, dsn), measure)


if __name__ == "__main__":
    with server() as found:
        rate = run(found.dsn)
    print(f"canUse {rate.ours:,.0f}/s   bare route {rate.bare:,.0f}/s   ratio {rate.ratio:.2f}  (target {TARGET:.2f})")
