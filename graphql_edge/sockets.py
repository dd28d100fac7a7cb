"""GraphQL over WebSocket by the graphql-transport-ws protocol.

https://github.com/enisdenjo/graphql-ws/blob/master/PROTOCOL.md. A frame that does not follow it closes the socket with
the code that the protocol names; nothing that a client sends raises beyond this file. Queries and mutations are
answered, too. Messages of live operations come from `live`, already encoded, and only get their id here.
"""

import asyncio
from collections.abc import Coroutine
from typing import Any, Final, cast

import msgspec
from graphql import OperationType
from starlette.types import Message, Receive, Scope, Send

from graphql_edge import errors
from graphql_edge.audience import Lives
from graphql_edge.connection import abort
from graphql_edge.cors import Origins
from graphql_edge.engine import Engine, encode, is_live
from graphql_edge.errors import ClientError
from graphql_edge.outbox import Outbox
from graphql_edge.request import GraphQLRequest, checked
from graphql_edge.request_id import request_id
from graphql_edge.socket_operation import SocketOperation

SUBPROTOCOL: Final = "graphql-transport-ws"

_BAD_MESSAGE: Final = 4400
_UNAUTHORIZED: Final = 4401
_FORBIDDEN: Final = 4403
_BAD_SUBPROTOCOL: Final = 4406
_INIT_TIMEOUT: Final = 4408
_SUBSCRIBER_EXISTS: Final = 4409
_TOO_MANY_INITS: Final = 4429
_TOO_BIG: Final = 1009
_GOING_AWAY: Final = 1001
_INTERNAL_ERROR: Final = 1011

_NULL = msgspec.Raw(b"null")


class Frame(msgspec.Struct):
    """A message of the protocol."""

    type: str
    id: str | None = None
    payload: msgspec.Raw = _NULL


_frame = msgspec.json.Decoder(Frame)
_request = msgspec.json.Decoder(GraphQLRequest)
_init = msgspec.json.Decoder(dict[str, Any] | None)


class Close(Exception):
    """The socket is to be closed with this code."""

    def __init__(self, code: int, reason: str) -> None:
        super().__init__(reason)
        self.code = code
        self.reason = reason[:120]  # a close frame has room for 123 bytes


class Socket:
    """One accepted connection."""

    def __init__(self, engine: Engine, lives: Lives, scope: Scope, receive: Receive, send: Send) -> None:
        self._engine = engine
        self._lives = lives
        self._limits = engine.limits.socket
        self._receive = receive
        self._asgi_send = send
        headers: dict[bytes, bytes] = dict(scope["headers"])
        self._request_id = request_id(headers.get(b"x-request-id"))
        self._principal: Any = None
        self._ready = False
        self._operations: dict[str, SocketOperation] = {}
        self._running: dict[asyncio.Task[None], SocketOperation] = {}
        self._serving: asyncio.Task[None] | None = None
        self._ending: Close | None = None
        self._stalled = False
        self.outbox = Outbox(
            self._transmit,
            self._give_up,
            send_timeout_s=self._limits.send_timeout_s,
            waiting_max=self._limits.waiting_bytes_max,
        )

    async def serve(self) -> None:
        """Answer messages until either side ends the connection."""
        self._serving = asyncio.current_task()
        timer = asyncio.get_running_loop().call_later(
            self._limits.init_timeout_s, self.close, _INIT_TIMEOUT, "Connection initialisation timeout"
        )
        try:
            while True:
                message = await self._receive()
                if message["type"] == "websocket.disconnect":
                    return
                await self._answer(message)
                if self._ready:
                    timer.cancel()
        except Close as close:
            self._ending = close
        except asyncio.CancelledError:
            if self._ending is None and not self._stalled:
                raise  # the server cancels us, not `close`
            assert self._serving is not None
            self._serving.uncancel()
        except Exception as error:
            errors.log.error("unexpected error on a socket (request %s)", self._request_id, exc_info=error)
            self._ending = Close(_INTERNAL_ERROR, "Internal error")
        finally:
            timer.cancel()
            await self._release()
        await self._say_goodbye()
        await asyncio.gather(*self._running, return_exceptions=True)

    def close(self, code: int, reason: str) -> None:
        """End the connection with a close frame, from outside of `serve`."""
        self._end(Close(code, reason))

    def _end(self, close: Close | None) -> None:
        if self._ending is None and not self._stalled:
            self._ending = close
            self._stalled = close is None
            if self._serving is not None:
                self._serving.cancel()

    def _give_up(self) -> None:
        abort(self._asgi_send)
        self._end(None)

    def _transmit(self, text: str) -> Coroutine[Any, Any, None]:
        # ASGI says Awaitable; every server's send is a coroutine function, and a plain call is one step less.
        return cast(Coroutine[Any, Any, None], self._asgi_send({"type": "websocket.send", "text": text}))

    async def _release(self) -> None:
        self.outbox.close()
        self._operations.clear()
        for operation in self._running.values():
            operation.stop()
        reading = [task for task, operation in self._running.items() if not operation.writes]
        await asyncio.gather(*reading, return_exceptions=True)

    async def _say_goodbye(self) -> None:
        if self._ending is None:
            return
        frame = {"type": "websocket.close", "code": self._ending.code, "reason": self._ending.reason}
        try:
            async with asyncio.timeout(self._limits.send_timeout_s):
                await self._asgi_send(frame)
        except TimeoutError:
            abort(self._asgi_send)
        except Exception:  # the client has left first
            return

    async def _answer(self, message: Message) -> None:
        text = message.get("text")
        if text is None:
            raise Close(_BAD_MESSAGE, "Only text frames are understood")
        if len(text) > self._limits.message_bytes_max:
            raise Close(_TOO_BIG, "Message too big")
        try:
            frame = _frame.decode(text)
        except (msgspec.MsgspecError, UnicodeError, RecursionError):
            raise Close(_BAD_MESSAGE, "Invalid message") from None
        match frame.type:
            case "subscribe":
                self._subscribe(frame, text)
            case "complete":
                self._complete(frame)
            case "ping":
                self.outbox.post('{"type":"pong"}')
            case "pong":
                pass
            case "connection_init":
                await self._connect(frame)
            case _:
                raise Close(_BAD_MESSAGE, "Unknown message type")

    async def _connect(self, frame: Frame) -> None:
        if self._ready:
            raise Close(_TOO_MANY_INITS, "Too many initialisation requests")
        try:
            payload = _init.decode(frame.payload) or {}
        except (msgspec.MsgspecError, UnicodeError, RecursionError):
            raise Close(_BAD_MESSAGE, "The payload of connection_init has to be an object") from None
        authorization = payload.get("authorization") or payload.get("Authorization")
        if authorization is not None and not isinstance(authorization, str):
            raise Close(_BAD_MESSAGE, "authorization has to be a string")
        try:
            self._principal = await self._engine.collaborators.authenticate(authorization)
        except ClientError:
            raise Close(_FORBIDDEN, "Forbidden") from None
        self._ready = True
        self.outbox.post('{"type":"connection_ack"}')

    def _subscribe(self, frame: Frame, text: str) -> None:
        if not self._ready:
            raise Close(_UNAUTHORIZED, "Unauthorized")
        if not frame.id or len(frame.id) > 255:
            raise Close(_BAD_MESSAGE, "subscribe needs an id")
        if frame.id in self._operations:
            raise Close(_SUBSCRIBER_EXISTS, f"Subscriber for {frame.id} already exists")
        try:
            request = checked(_request.decode(frame.payload), text.encode())
        except (msgspec.MsgspecError, UnicodeError, RecursionError, ClientError):
            raise Close(_BAD_MESSAGE, "The payload of subscribe is not a GraphQL request") from None
        operation = SocketOperation(self, frame.id)
        if len(self._running) >= self._limits.operations_max:
            problem = errors.simple("Too many operations on this socket.", "TOO_MANY_OPERATIONS", self._request_id)
            operation.fail([problem])
            return
        self._operations[frame.id] = operation
        operation.task = asyncio.create_task(self._operate(operation, request))
        self._running[operation.task] = operation
        operation.task.add_done_callback(self._running.pop)

    def _complete(self, frame: Frame) -> None:
        if not frame.id:
            raise Close(_BAD_MESSAGE, "complete needs an id")
        operation = self._operations.pop(frame.id, None)
        if operation is not None:
            operation.stop()

    async def _operate(self, operation: SocketOperation, request: GraphQLRequest) -> None:
        engine = self._engine
        try:
            await engine.reauthorize(self._principal)
            wanted = engine.operation(request, self._principal)
            prepared = engine.prepare(wanted, request, self._principal, request_id(None))
            if is_live(wanted):
                await self._lives.run(prepared, operation)
                return
            operation.writes = wanted.kind is OperationType.MUTATION
            started = prepared.start()
            payload = started if isinstance(started, dict) else await started
            if self._operations.get(operation.id) is operation:
                await operation.send(encode(payload, prepared.call.request_id).decode())
                operation.finish()
        except Exception as error:
            operation.fail(engine.refusal(error, self._request_id)[1])

    def end(self, operation: SocketOperation, message: dict[str, Any]) -> None:
        """Send the last message of an operation, unless the client has completed it or it was never taken on."""
        known = self._operations.pop(operation.id, None)
        if known is operation or operation.task is None:
            if known is not None and known is not operation:
                self._operations[operation.id] = known
            self.outbox.post(msgspec.json.encode(message).decode())


class Sockets:
    """The open sockets of an endpoint."""

    def __init__(self, engine: Engine, lives: Lives, origins: Origins) -> None:
        self._engine = engine
        self._lives = lives
        self._origins = origins
        self._open: dict[Socket, asyncio.Task[None] | None] = {}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await receive()  # websocket.connect
        headers: dict[bytes, bytes] = dict(scope["headers"])
        if not self._origins.allows_socket(headers.get(b"origin"), headers.get(b"host")):
            await send({"type": "websocket.close", "code": _FORBIDDEN})  # before accept: HTTP 403
            return
        if SUBPROTOCOL not in scope["subprotocols"]:
            await send({"type": "websocket.accept"})
            await send({"type": "websocket.close", "code": _BAD_SUBPROTOCOL, "reason": "Subprotocol not acceptable"})
            return
        await send({"type": "websocket.accept", "subprotocol": SUBPROTOCOL})
        socket = Socket(self._engine, self._lives, scope, receive, send)
        self._open[socket] = asyncio.current_task()
        try:
            await socket.serve()
        finally:
            del self._open[socket]

    def __len__(self) -> int:
        return len(self._open)

    def close_all(self) -> set[asyncio.Task[None]]:
        """Tell all clients that this server goes away; they connect to another. Returns what is still ending."""
        for socket in list(self._open):
            socket.close(_GOING_AWAY, "Going away")
        return {task for task in self._open.values() if task is not None}
