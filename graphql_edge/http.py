"""GraphQL over HTTP: one POST or GET, one response. https://graphql.github.io/graphql-over-http/draft/

Requests that are not well formed are refused with 4xx. A well-formed request whose document is refused answers 400 to
those who accept application/graphql-response+json and 200 to those who only know application/json, as the
specification has it. Refused credentials and spent budgets are 401 and 429 for both.
"""

from collections.abc import Iterable
from typing import Any, Final

from starlette.types import Receive, Scope, Send

from graphql_edge import errors
from graphql_edge.body import Disconnected, read_body, too_large
from graphql_edge.cors import Origins
from graphql_edge.documents import Refused
from graphql_edge.engine import Engine, Payload, encode, is_live
from graphql_edge.errors import ClientError
from graphql_edge.explorer import Explorer
from graphql_edge.negotiation import GRAPHQL_RESPONSE, JSON, Answer, answer_for, is_json, prefers_page
from graphql_edge.request import GraphQLRequest, decode_query_string, decode_request
from graphql_edge.request_id import request_id as sane_request_id
from graphql_edge.sse import EventStreams

Header = tuple[bytes, bytes]

_ALLOW: Final = (b"allow", b"GET, POST, OPTIONS")
_NO_STORE: Final = (b"cache-control", b"no-store")


class NotAllowed(ClientError):
    """A method that this endpoint has no meaning for, or a mutation over GET."""

    code = "METHOD_NOT_ALLOWED"
    status = 405

    @property
    def headers(self) -> list[Header]:
        return [_ALLOW]


class HTTPView:
    """Answers HTTP requests."""

    def __init__(self, engine: Engine, origins: Origins, streams: EventStreams, explorer: Explorer) -> None:
        self._engine = engine
        self._origins = origins
        self._streams = streams
        self._explorer = explorer
        batches = engine.collaborators.batches
        self._batch_field = None if batches is None else batches.field

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        headers: dict[bytes, bytes] = dict(scope["headers"])
        request_id = sane_request_id(headers.get(b"x-request-id"))
        always = [_NO_STORE, (b"x-request-id", request_id.encode()), *self._origins.headers(headers.get(b"origin"))]
        accept = headers.get(b"accept")
        answer = answer_for(accept)
        try:
            method: str = scope["method"]
            if method == "OPTIONS":
                await _respond(send, 204, b"", [_ALLOW, *always, *self._origins.preflight(headers)])
                return
            if method == "GET" and prefers_page(accept) and b"query=" not in scope["query_string"]:
                page, page_headers = self._explorer.page_for(scope["query_string"])
                await _respond(send, 200, page, [*always, *page_headers])
                return
            if answer is None:
                raise ClientError("Accept one of application/graphql-response+json, application/json.", status=406)
            if method == "POST":
                if not is_json(headers.get(b"content-type")):
                    raise ClientError("Content-Type has to be application/json, in UTF-8.", status=415)
                principal = await self._engine.collaborators.authenticate(_text(headers.get(b"authorization")))
                length = headers.get(b"content-length")
                body = await read_body(receive, length, self._engine.limits, self._batch_field)
                request = decode_request(body)
            elif method == "GET":
                principal = await self._engine.collaborators.authenticate(_text(headers.get(b"authorization")))
                body = b""
                request = decode_query_string(scope["query_string"])
            else:
                raise NotAllowed(f"{method} is not answered here.")
            await self._execute(method, request, len(body), principal, request_id, answer, always, receive, send)
        except Disconnected:
            return
        except Exception as error:
            status, problems = self._engine.refusal(error, request_id)
            if isinstance(error, Refused) and answer == "json" and error.code != errors.BAD_REQUEST:
                status = 200
            if isinstance(error, ClientError):
                always += error.headers
            media = GRAPHQL_RESPONSE if answer == "graphql" else JSON
            await _respond_json(send, status, {"errors": problems}, media, always, request_id)

    async def _execute(
        self,
        method: str,
        request: GraphQLRequest,
        body_bytes: int,
        principal: Any,
        request_id: str,
        answer: Answer,
        always: list[Header],
        receive: Receive,
        send: Send,
    ) -> None:
        engine = self._engine
        operation = engine.operation(request, principal)
        if body_bytes > engine.limits.body_bytes_max and operation.batch is None:
            raise too_large(engine.limits, self._batch_field)
        if method == "GET" and operation.kind.value == "mutation":
            raise NotAllowed("A mutation has to be sent with POST.")
        prepared = engine.prepare(operation, request, principal, request_id)
        if answer == "stream":
            await self._streams.run(prepared, always, receive, send)
            return
        if is_live(operation):
            raise ClientError("A live operation needs Accept: text/event-stream, or a socket.", status=406)
        started = prepared.start()
        payload = started if isinstance(started, dict) else await started
        media = GRAPHQL_RESPONSE if answer == "graphql" else JSON
        await _respond_json(send, 200, payload, media, always, request_id)


def _text(header: bytes | None) -> str | None:
    return None if header is None else header.decode("latin-1")


async def _respond_json(
    send: Send, status: int, payload: Payload, media: bytes, always: Iterable[Header], request_id: str
) -> None:
    await _respond(send, status, encode(payload, request_id), [(b"content-type", media), *always])


async def _respond(send: Send, status: int, body: bytes, headers: list[Header]) -> None:
    headers.append((b"content-length", str(len(body)).encode()))
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})
