"""A limit on everything a client can make long, deep, many or slow. One object, given to the endpoint."""

from dataclasses import dataclass, field

KIB = 1024
MIB = 1024 * KIB


@dataclass(frozen=True, slots=True)
class DocumentLimits:
    """What one GraphQL document may be. Checked before the standard validation rules see it.

    Every figure counts with fragments expanded, however cheaply it was written down.
    """

    chars_max: int = 20_000  # the lexer takes 0.3 µs a character: 6 ms at most
    tokens_max: int = 1_000  # the parser takes 30 µs a token; the usual introspection query has 240
    operations_max: int = 20
    fragments_max: int = 50
    depth_max: int = 24  # the usual introspection query is 18 deep
    fields_max: int = 2_000
    root_fields_max: int = 20
    aliases_max: int = 100
    directives_max: int = 50
    merges_max: int = 1_000  # pairs of fields that share a response name; validation compares each
    introspection_lists_max: int = 1  # lists within lists of __schema and __type multiply
    errors_max: int = 20
    cost_max: int = 50_000


@dataclass(frozen=True, slots=True)
class SocketLimits:
    """What one WebSocket may hold. Times in seconds."""

    init_timeout_s: float = 3.0
    send_timeout_s: float = 10.0
    operations_max: int = 100
    message_bytes_max: int = 1 * MIB
    waiting_bytes_max: int = 4 * MIB  # unsent answers of a client that reads slowly


@dataclass(frozen=True, slots=True)
class Limits:
    """All limits of the endpoint. The defaults are those of production."""

    document: DocumentLimits = field(default_factory=DocumentLimits)
    socket: SocketLimits = field(default_factory=SocketLimits)
    body_bytes_max: int = 1 * MIB
    batch_body_bytes_max: int = 8 * MIB  # a body whose operation has a batch (`contract.Batches`)
    body_timeout_s: float = 30.0
    cached_documents_max: int = 1_000
    cached_document_chars_max: int = 500_000  # all cached texts together
    send_timeout_s: float = 10.0  # of one event of an event stream
    keep_alive_s: float = 12.0  # between the comments of an idle event stream
