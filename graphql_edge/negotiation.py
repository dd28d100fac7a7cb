"""Which media type a client sends and which it wants back."""

from typing import Final, Literal

JSON: Final = b"application/json; charset=utf-8"
GRAPHQL_RESPONSE: Final = b"application/graphql-response+json; charset=utf-8"

Answer = Literal["graphql", "json", "stream"]

_OFFERED: Final[dict[str, Answer]] = {
    "application/graphql-response+json": "graphql",
    "application/json": "json",
    "text/event-stream": "stream",
}
# A wildcard gets what was there before the newer media type existed.
_WILDCARDS: Final[dict[str, Answer]] = {"*/*": "json", "application/*": "json"}
_KEPT_MAX: Final = 256
_answers: dict[bytes, Answer | None] = {}
_json_types: dict[bytes, bool] = {}


def answer_for(accept: bytes | None) -> Answer | None:
    """What to answer with for this Accept header: the acceptable one of the highest quality, the first of equals.
    None: nothing that this endpoint can send (406)."""
    if accept is None:
        return "json"
    try:
        return _answers[accept]
    except KeyError:
        answer = _negotiated(accept.decode("latin-1"))
        if len(_answers) < _KEPT_MAX and len(accept) < _KEPT_MAX:
            _answers[accept] = answer
        return answer


def _negotiated(accept: str) -> Answer | None:
    best: Answer | None = None
    best_quality = 0.0
    if not accept.strip():
        return "json"
    for part in accept[:2_000].lower().split(","):
        media, *parameters = (piece.strip() for piece in part.split(";"))
        answer = _OFFERED.get(media) or _WILDCARDS.get(media)
        if answer is None:
            continue
        quality = 1.0
        for parameter in parameters:
            name, _, value = parameter.partition("=")
            if name.strip() == "q":
                try:
                    quality = float(value)
                except ValueError:
                    quality = 0.0
            elif name.strip() == "charset" and value.strip('" ') not in ("utf-8", "utf8"):
                quality = 0.0
        if quality > best_quality:  # false for nan, too
            best, best_quality = answer, quality
    return best


def prefers_page(accept: bytes | None) -> bool:
    """Whether this looks like a browser that was given the address of the endpoint."""
    return accept is not None and b"text/html" in accept


def is_json(content_type: bytes | None) -> bool:
    """Whether a body is declared to be JSON in UTF-8; anything else is refused (415)."""
    if content_type is None:
        return False
    known = _json_types.get(content_type)
    if known is None:
        media, *parameters = (piece.strip() for piece in content_type.decode("latin-1").lower().split(";"))
        known = media == "application/json" and all(
            parameter.partition("=")[2].strip('" ') in ("utf-8", "utf8")
            for parameter in parameters
            if parameter.startswith("charset")
        )
        if len(_json_types) < _KEPT_MAX and len(content_type) < _KEPT_MAX:
            _json_types[content_type] = known
    return known
