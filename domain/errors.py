"""Every expected "no", typed once. The edge maps these codes to userErrors one to one (a test proves the map total)."""

from enum import StrEnum


class ErrorCode(StrEnum):
    """Why a command was refused. The names are the API's own."""

    NOT_FOUND = "NOT_FOUND"
    ALREADY_EXISTS = "ALREADY_EXISTS"
    INVALID = "INVALID"
    CONFLICT = "CONFLICT"
    STALE = "STALE"
    IDEMPOTENCY_MISMATCH = "IDEMPOTENCY_MISMATCH"
    LIMIT_REACHED = "LIMIT_REACHED"
    NOT_ENTITLED = "NOT_ENTITLED"
    PAYMENT_REQUIRED = "PAYMENT_REQUIRED"
    PAYMENT_FAILED = "PAYMENT_FAILED"
    CURRENCY_MISMATCH = "CURRENCY_MISMATCH"
    INVOICE_FINALIZED = "INVOICE_FINALIZED"
    PERIOD_CLOSED = "PERIOD_CLOSED"
    PROVIDER_UNAVAILABLE = "PROVIDER_UNAVAILABLE"


class Refusal(Exception):
    """A command that the rules do not allow. Raised before anything is written; it changes nothing.

    `field` is the path of what is at fault, outermost first, by the attributes of the command: ("overrides", "0",
    "unit_amount"). Of a command that carries one value (a credit, a coupon, a change) the attributes of that are named,
    too; "customer" is whose account it is. What callers call them, only the edge knows. `conflicts` names scheduled
    changes by id.
    """

    def __init__(self, code: ErrorCode, message: str, *field: str, conflicts: tuple[str, ...] = ()) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.field = field
        self.conflicts = conflicts

    def under(self, *path: str) -> "Refusal":
        """The same refusal, its field one level further in: a tier's fault becomes its price's, then its plan's."""
        return Refusal(self.code, self.message, *path, *self.field, conflicts=self.conflicts)


class NotChargeable(Refusal):
    """The instant from which something shall be charged is in the future, before what it changes, or closed already.
    Who said that instant may have been a quote."""

    def __init__(self, message: str, field: str) -> None:
        super().__init__(ErrorCode.INVALID, message, field)


def invalid(message: str, *field: str) -> Refusal:
    """The commonest refusal: an input that breaks a rule of its own."""
    return Refusal(ErrorCode.INVALID, message, *field)
