"""Answers that show an invoice as a command left it."""

import strawberry

from api.types.errors import UserError
from api.types.invoice import Invoice


@strawberry.type
class Invoiced:
    invoice: Invoice | None = strawberry.field(default=None, description="The invoice as it stands.")
    user_errors: list[UserError] = strawberry.field(default_factory=list, description="Why it was refused.")
