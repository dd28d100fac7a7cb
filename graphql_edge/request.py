"""A GraphQL request as it comes over the wire, decoded and checked before anything else looks at it."""

from typing import Any
from urllib.parse import parse_qs

import msgspec

from graphql_edge.errors import BAD_REQUEST, ClientError

_NULL = msgspec.Raw(b"null")


class GraphQLRequest(msgspec.Struct, rename="camel"):
    """The four parameters of a request. Variables stay raw until the operation says how to read them."""

    query: str
    operation_name: str | None = None
    variables: msgspec.Raw = _NULL
    extensions: msgspec.Raw = _NULL


class BadRequest(ClientError):
    """Not a GraphQL request: always 400, whatever the client accepts."""

    code = BAD_REQUEST


_request = msgspec.json.Decoder(GraphQLRequest)
_object = msgspec.json.Decoder(dict[str, Any] | None)


def decode_request(body: bytes) -> GraphQLRequest:
    """The request in a JSON body, or BadRequest."""
    if not body:
        raise BadRequest("The request has no body.")
    try:
        request = _request.decode(body)
    except msgspec.ValidationError as error:
        raise BadRequest(f"Not a GraphQL request: {error}.") from None
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise BadRequest(f"The body is not JSON that is accepted here: {error}.") from None
    return checked(request, body)


def checked(request: GraphQLRequest, source: bytes) -> GraphQLRequest:
    """The request, if its extensions are an object or null and `source` holds no escaped NUL character, which
    many a database has no text for."""
    if request.extensions is not _NULL:
        decode_object(request.extensions, "extensions")
    if b"\\u0000" in source:
        raise BadRequest("The NUL character is not accepted.")
    return request


def decode_query_string(query_string: bytes) -> GraphQLRequest:
    """The request in the query string of a GET, or BadRequest."""
    try:
        given = parse_qs(query_string.decode("ascii"), keep_blank_values=True, errors="strict", max_num_fields=20)
    except (ValueError, UnicodeDecodeError):
        raise BadRequest("The query string cannot be read.") from None
    if any(len(values) > 1 for name, values in given.items() if name in _PARAMETERS):
        raise BadRequest("A parameter is given twice.")
    if "query" not in given:
        raise BadRequest("The parameter `query` is missing.")
    variables = given.get("variables", [""])[0].encode()
    extensions = given.get("extensions", [""])[0].encode()
    request = GraphQLRequest(
        query=given["query"][0],
        operation_name=given.get("operationName", [""])[0] or None,
        variables=msgspec.Raw(variables) if variables else _NULL,
        extensions=msgspec.Raw(extensions) if extensions else _NULL,
    )
    if "\0" in request.query:
        raise BadRequest("The NUL character is not accepted.")
    return checked(request, variables)


def starts_with(raw: msgspec.Raw, character: bytes) -> bool:
    """Whether the raw value is an object ("{") or a list ("[")."""
    return memoryview(raw)[:1] == character


_PARAMETERS = frozenset({"query", "operationName", "variables", "extensions"})


def decode_object(raw: msgspec.Raw, name: str) -> dict[str, Any]:
    """A raw parameter that must be an object; null and absent count as an empty one."""
    if raw is _NULL:
        return {}
    try:
        return _object.decode(raw) or {}
    except msgspec.ValidationError:
        raise BadRequest(f"`{name}` has to be an object.") from None
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise BadRequest(f"`{name}` is not JSON that is accepted here: {error}.") from None
