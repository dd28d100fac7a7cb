"""Refusals, as data."""

import strawberry

from domain.errors import ErrorCode


@strawberry.type(description="Why a mutation was refused: something that a form can show, and a caller can act on.")
class UserError:
    code: ErrorCode = strawberry.field(description="For programs.")
    message: str = strawberry.field(description="For people.")
    field: list[str] | None = strawberry.field(
        description="The path of the input at fault, outermost first; null when no single one is."
    )
