"""Stripe's "no", as it goes over the wire. Source: docs.stripe.com/api/errors."""

from typing import Any


class Refusal(Exception):
    def __init__(
        self, status: int, type: str, code: str | None, message: str, param: str | None = None, **more: Any
    ) -> None:
        super().__init__(message)
        self.status = status
        self.body = {
            "error": {
                "type": type,
                "message": message,
                **({"code": code} if code is not None else {}),
                **({"param": param} if param is not None else {}),
                **more,
            }
        }


def missing(what: str, id: object, param: str, status: int = 404) -> Refusal:
    return Refusal(status, "invalid_request_error", "resource_missing", f"No such {what}: '{id}'", param)


def invalid(message: str, param: str | None = None, code: str | None = None, **more: Any) -> Refusal:
    return Refusal(400, "invalid_request_error", code, message, param, **more)
