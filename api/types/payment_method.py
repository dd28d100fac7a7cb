"""Ways to pay."""

from datetime import date, datetime

import strawberry

from api.loaders import AccountView
from api.types.node import Node
from domain.books.payment import Method


@strawberry.type(description="A way to pay that the payment provider keeps.")
class PaymentMethod(Node):
    kind: str = strawberry.field(description="Such as card or sepa_debit.")
    label: str = strawberry.field(description="By which the customer knows it, such as Visa •••• 4242.")
    provider: str = strawberry.field(description="Who keeps it.")
    expires: date | None = strawberry.field(description="The last day on which it can be used.")
    default: bool = strawberry.field(description="Whether it is charged unless another is named.")
    added_at: datetime = strawberry.field(description="Since when it is known.")
    removed_at: datetime | None = strawberry.field(description="When it was removed.")

    @classmethod
    def of(cls, view: AccountView, method: Method) -> "PaymentMethod":
        """A method of a view with books. Its name at the provider is not shown."""
        return cls(
            id=strawberry.ID(method.id),
            kind=method.kind,
            label=method.label,
            provider=method.provider,
            expires=method.expires,
            default=method.id == view.account.books.default_method_id and method.removed_at is None,
            added_at=method.added_at,
            removed_at=method.removed_at,
        )


def methods_of(view: AccountView) -> list[PaymentMethod]:
    """The methods of a view with books that can be used: the default one first, then the newest."""
    usable = [PaymentMethod.of(view, method) for method in view.account.books.methods if method.removed_at is None]
    newest_first = sorted(usable, key=lambda method: (method.added_at, method.id), reverse=True)
    return sorted(newest_first, key=lambda method: not method.default)


def method_of(view: AccountView, id: str | None) -> PaymentMethod | None:
    """Also one that was removed since."""
    found = next((method for method in view.account.books.methods if method.id == id), None)
    return None if found is None else PaymentMethod.of(view, found)
