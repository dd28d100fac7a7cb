"""Answers that show an invoice as a command left it."""

import strawberry

from api.context import Context
from api.types.errors import UserError
from api.types.invoice import Invoice, invoice_of
from service.record import Recorded


@strawberry.type
class Invoiced:
    invoice: Invoice | None = strawberry.field(default=None, description="The invoice as it stands.")
    user_errors: list[UserError] = strawberry.field(default_factory=list, description="Why it was refused.")


async def final(context: Context, recorded: Recorded, id: str) -> Invoice | None:
    """A final invoice as a command left it."""
    return await invoice_of(context, await context.standing(recorded.state), id)
