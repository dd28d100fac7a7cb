"""The errors that clients see: which codes exist, what is told, what is only logged."""

import logging
from collections.abc import Iterable
from typing import Any, Final

from graphql import GraphQLError

log = logging.getLogger("graphql_edge")

PARSE_FAILED: Final = "GRAPHQL_PARSE_FAILED"
VALIDATION_FAILED: Final = "GRAPHQL_VALIDATION_FAILED"
TOO_COMPLEX: Final = "QUERY_TOO_COMPLEX"
BAD_REQUEST: Final = "BAD_REQUEST"
BAD_USER_INPUT: Final = "BAD_USER_INPUT"
INTERNAL: Final = "INTERNAL"


class ClientError(Exception):
    """An error whose message is meant for the client, raised by a resolver, a callback or the view itself.

    `code` goes to `extensions.code`; `status` is the HTTP status when the whole request fails with it.
    """

    code = BAD_REQUEST
    status = 400

    def __init__(self, message: str, *, code: str | None = None, status: int | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.code = code or self.code
        self.status = status or self.status

    @property
    def headers(self) -> list[tuple[bytes, bytes]]:
        """Headers that the HTTP answer carries besides the usual ones."""
        return []


class Unauthenticated(ClientError):
    """No credentials, unknown ones, expired or revoked ones."""

    code = "UNAUTHENTICATED"
    status = 401

    def __init__(self, message: str = "Valid credentials are required: Authorization: Bearer <key>.") -> None:
        super().__init__(message)

    @property
    def headers(self) -> list[tuple[bytes, bytes]]:
        return [(b"www-authenticate", b"Bearer")]


class Forbidden(ClientError):
    """The credentials are valid and do not allow this."""

    code = "FORBIDDEN"
    status = 403

    def __init__(self, message: str = "These credentials do not allow this.") -> None:
        super().__init__(message)


class RateLimited(ClientError):
    """The budget of the credentials is spent; `retry_after_s` is when to come back."""

    code = "RATE_LIMITED"
    status = 429

    def __init__(self, message: str = "Too many requests.", *, retry_after_s: float = 1.0) -> None:
        super().__init__(message)
        self.retry_after_s = retry_after_s

    @property
    def headers(self) -> list[tuple[bytes, bytes]]:
        return [(b"retry-after", str(max(1, round(self.retry_after_s))).encode())]


class TooComplex(ClientError):
    """The document asks for more than DocumentLimits allow."""

    code = TOO_COMPLEX


def simple(message: str, code: str, request_id: str) -> dict[str, Any]:
    """An error without a place in the document, as the response carries it."""
    return {"message": message, "extensions": {"code": code, "requestId": request_id}}


def refused(errors: Iterable[GraphQLError], code: str, request_id: str) -> list[dict[str, Any]]:
    """Errors of a request that was not executed: syntax, validation, coercion. All are about the client's own
    text, so their messages are kept."""
    return [_formatted(error, error.message, code, request_id) for error in errors]


def executed(errors: Iterable[GraphQLError], request_id: str) -> list[dict[str, Any]]:
    """Errors of fields. Those nobody meant for a client become INTERNAL and go to the log, without variables."""
    return [_of_field(error, request_id) for error in errors]


def _of_field(error: GraphQLError, request_id: str) -> dict[str, Any]:
    cause = error.original_error
    while isinstance(cause, GraphQLError) and cause.original_error is not None:
        cause = cause.original_error
    if isinstance(cause, ClientError):
        return _formatted(error, cause.message, cause.code, request_id)
    if cause is None or isinstance(cause, GraphQLError):
        # Raised as a GraphQLError: by graphql-core about a literal argument, or by a resolver on purpose.
        return _formatted(error, error.message, BAD_USER_INPUT, request_id)
    log.error(
        "unexpected error in %s (request %s)",
        ".".join(map(str, error.path or ())),
        request_id,
        exc_info=(type(cause), cause, cause.__traceback__),
    )
    return _formatted(error, "Internal error.", INTERNAL, request_id, own_extensions=False)


def _formatted(
    error: GraphQLError, message: str, code: str, request_id: str, *, own_extensions: bool = True
) -> dict[str, Any]:
    formatted: dict[str, Any] = {"message": message}
    if error.locations:
        formatted["locations"] = [{"line": at.line, "column": at.column} for at in error.locations]
    if error.path:
        formatted["path"] = error.path
    extensions: dict[str, Any] = {"code": code, "requestId": request_id}
    if own_extensions and error.extensions:
        extensions = {**extensions, **error.extensions}
    formatted["extensions"] = extensions
    return formatted
