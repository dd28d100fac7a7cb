"""A small application served as `tollgate serve` does it: started by the tests as a process of its own.

python plain_server.py [worker code]: with code, a worker that runs it stands beside the server.
"""

import asyncio
import sys

import asyncpg
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route, WebSocketRoute
from starlette.websockets import WebSocket, WebSocketDisconnect

from adapters.secrets import Secrets
from adapters.settings import DeploymentSettings, read_settings
from tollgate.logging import configure_logging
from tollgate.serving import serve


def create_app(settings: DeploymentSettings, secrets: Secrets, dsn: str) -> Starlette:
    """POST /graphql writes a row and tells how many there are."""

    async def graphql(request: Request) -> JSONResponse:
        if request.headers.get("authorization") != f"Bearer {secrets.admin_key}":
            return JSONResponse({"error": "who is this?"}, 401)
        connection = await asyncpg.connect(dsn)
        try:
            await connection.execute("CREATE TABLE IF NOT EXISTS facts (n serial)")
            n = await connection.fetchval("INSERT INTO facts DEFAULT VALUES RETURNING n")
        finally:
            await connection.close()
        return JSONResponse({"acknowledged": n})

    async def slow(request: Request) -> JSONResponse:
        print("a slow request has begun", flush=True)
        await asyncio.sleep(1)
        return JSONResponse({"slow": True})

    async def echo(socket: WebSocket) -> None:
        await socket.accept()
        try:
            while True:
                await socket.send_text(await socket.receive_text())
        except WebSocketDisconnect:
            pass

    return Starlette(
        routes=[Route("/graphql", graphql, methods=["POST"]), Route("/slow", slow), WebSocketRoute("/socket", echo)]
    )


if __name__ == "__main__":
    settings = read_settings(env_file=None)
    configure_logging(settings)
    code = sys.argv[1:]
    sys.exit(serve(settings, create_app, worker=("-c", *code) if code else None))
