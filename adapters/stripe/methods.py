"""Ways to pay, which Stripe's own form sets up in the customer's browser: card data never reaches us.

What we keep of one is its token and what the customer knows it by. Names, mail addresses and billing addresses that a
customer gave to Stripe are not read.
"""

from calendar import monthrange
from datetime import UTC, date, datetime
from types import MappingProxyType

from msgspec import Struct
from stripe import InvalidRequestError, ListObject, PaymentMethod

from adapters.stripe.client import OURSELVES, Api
from adapters.stripe.errors import code_of, is_missing
from adapters.stripe.ours import STRIPE, maybe, name, text
from adapters.stripe.pages import PAGE, every
from domain.books.payment import Method
from domain.identity import derived_id
from domain.providers.provider import Unknown

_BRANDS = MappingProxyType(
    {
        "amex": "American Express",
        "cartes_bancaires": "Cartes Bancaires",
        "diners": "Diners Club",
        "discover": "Discover",
        "eftpos_au": "Eftpos Australia",
        "interac": "Interac",
        "jcb": "JCB",
        "link": "Link",
        "mastercard": "Mastercard",
        "unionpay": "UnionPay",
        "visa": "Visa",
    }
)
_BANKS = MappingProxyType(
    {
        "acss_debit": "Bank account",
        "au_becs_debit": "Bank account",
        "bacs_debit": "Bank account",
        "nz_bank_account": "Bank account",
        "sepa_debit": "SEPA",
        "us_bank_account": "Bank account",
    }
)
_OTHERS = MappingProxyType({"paypal": "PayPal", "amazon_pay": "Amazon Pay", "cashapp": "Cash App", "link": "Link"})


class Setup(Struct, frozen=True):
    """`client_secret` is for Stripe's form in the customer's browser, and for nobody else."""

    reference: str
    client_secret: str


class StripeMethods:
    def __init__(self, api: Api, provider: str = STRIPE) -> None:
        """`provider`: the name that the account is registered by."""
        self._api = api
        self._provider = provider

    async def set_up(self, customer: str, key: str) -> Setup:
        """Begin to save a method for later charges. `key`: asked again under it, the same set-up. Raises Unknown."""
        try:
            async with self._api.turn(customer) as v1:
                made = await v1.setup_intents.create_async(
                    {"customer": customer, "usage": "off_session", "automatic_payment_methods": {"enabled": True}},
                    {"idempotency_key": key},
                )
        except InvalidRequestError as error:
            raise Unknown(f"Stripe sets up no method: {code_of(error)}") from error
        if made.client_secret is None:
            raise Unknown("Stripe gave no client secret")
        return Setup(made.id, made.client_secret)

    async def all(self, customer: str) -> list[Method]:
        """Those that this customer may be charged with, the newest first. Raises Unknown."""

        async def ask(after: str | None) -> ListObject[PaymentMethod]:
            async with self._api.turn(customer) as v1:
                return await v1.payment_methods.list_async(
                    {"customer": customer, "limit": PAGE, **({"starting_after": after} if after is not None else {})}
                )

        try:
            return [self.read(method) async for method in every(ask)]
        except InvalidRequestError as error:
            if is_missing(error):
                return []
            raise Unknown(f"Stripe lists no methods: {code_of(error)}") from error

    async def one(self, token: str) -> tuple[Method, str | None] | None:
        """The method as it now is, and the Stripe customer who may be charged with it; None there: nobody any more.
        None at all: Stripe does not know it. Raises Unknown."""
        try:
            async with self._api.turn(OURSELVES) as v1:
                found = await v1.payment_methods.retrieve_async(token)
        except InvalidRequestError as error:
            if is_missing(error):
                return None
            raise Unknown(f"Stripe does not show the method: {code_of(error)}") from error
        return self.read(found), name(found.customer)

    async def set_default(self, customer: str, token: str) -> bool:
        """What Stripe's portal shows as the default; which method is charged is said with each charge. False: the
        customer or the method is gone. Raises Unknown."""
        try:
            async with self._api.turn(customer) as v1:
                await v1.customers.update_async(customer, {"invoice_settings": {"default_payment_method": token}})
        except InvalidRequestError:
            return False
        return True

    async def detach(self, token: str) -> None:
        """It can never be charged again. Done twice is done once. Raises Unknown."""
        try:
            async with self._api.turn(OURSELVES) as v1:
                await v1.payment_methods.detach_async(token)
        except InvalidRequestError as error:
            known = await self.one(token)
            if known is not None and known[1] is not None:
                raise Unknown(f"Stripe keeps the method: {code_of(error)}") from error

    def read(self, found: PaymentMethod) -> Method:
        """In our words. Its id is worked out, so that hearing of it twice adds it once."""
        added_at = datetime.fromtimestamp(found.created, UTC)
        return Method(
            id=derived_id("method", added_at, self._provider, found.id),
            provider=self._provider,
            token=found.id,
            kind="CARD" if found.type == "card" else found.type.upper(),
            label=_label(found),
            added_at=added_at,
            expires=_expires(found),
        )


def _label(found: PaymentMethod) -> str:
    card = maybe(found, "card")
    if card is not None:
        brand = text(card, "display_brand") or text(card, "brand") or "card"
        return f"{_BRANDS.get(brand, _titled(brand))} •••• {text(card, 'last4')}"
    if (bank := _BANKS.get(found.type)) is not None:
        last4 = text(maybe(found, found.type), "last4")
        return bank if last4 is None else f"{bank} •••• {last4}"
    return _OTHERS.get(found.type) or _titled(found.type)


def _titled(word: str) -> str:
    return word.replace("_", " ").title()


def _expires(found: PaymentMethod) -> date | None:
    """The last day that a card is good for: that of its month."""
    if maybe(found, "card") is None or found.card is None:
        return None
    year, month = found.card.exp_year, found.card.exp_month
    return date(year, month, monthrange(year, month)[1])
