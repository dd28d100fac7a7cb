"""What quantities, or a customer's past usage, would cost under other prices."""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Annotated

import strawberry

from api.context import Context, Info
from api.inputs.fields import user_error
from api.inputs.plans import PriceInput
from api.inputs.request import catalog_of
from api.scalars import JSON, parse_decimal
from api.types.customer_ref import CustomerRef
from api.types.errors import UserError
from api.types.invoice_line import InvoiceLine, Origin
from api.types.values import Money, PeriodInput
from domain import money
from domain.access import Scope
from domain.billing.simulation import priced_line
from domain.books.line import Line
from domain.catalog import Catalog, Price
from domain.errors import ErrorCode, Refusal, invalid
from domain.exact import exact_sum
from domain.period import Period
from domain.pricing import check_prices
from domain.pricing.models import MODELS
from service.simulation import rerated

PRICES_MAX = 100


@strawberry.input(
    description="Prices to try. With quantities: what these cost, once. With a customer and a period: what was used in "
    "it, by the periods of each price."
)
class SimulatePriceInput:
    prices: list[PriceInput] = strawberry.field(description="1 to 100, all in one currency.")
    customer: CustomerRef | None = strawberry.field(default=None, description="Whose usage.")
    period: PeriodInput | None = strawberry.field(default=None, description="Of when.")
    quantities: JSON | None = strawberry.field(
        default=None,
        description='By the key of the price: {"seat": "12", "api_calls": "123.4"}. Left out: 1 of a FLAT price, 0 of '
        "any other.",
    )


@strawberry.type(description="What it would cost, before tax, coupons and credit. Nothing is written.")
class PriceSimulation:
    total: Money | None = strawberry.field(default=None, description="The sum of the lines.")
    lines: list[InvoiceLine] = strawberry.field(
        default_factory=list, description="One for each price; of past usage one for each period of it."
    )
    actual: Money | None = strawberry.field(
        default=None,
        description="With a customer: what was billed for the usage of these meters in the period, corrections and "
        "credit notes counted. What is not final yet is not billed, and what lies only in part within the period does "
        "not count.",
    )
    user_errors: list[UserError] = strawberry.field(default_factory=list, description="Why it cannot be told.")


@strawberry.type
class PriceSimulationQuery:
    @strawberry.field(description="Rate quantities, or a customer's past usage, by other prices.")
    async def simulate_price(
        self,
        info: Info,
        input: Annotated[SimulatePriceInput, strawberry.argument(description="What by which prices.")],
    ) -> PriceSimulation:
        context = info.context
        context.require(Scope.CATALOG_READ)
        if input.customer is not None:
            context.require(Scope.CUSTOMERS_READ)
            context.require(Scope.INVOICES_READ)
        catalog = await catalog_of(context)
        try:
            prices = _prices(input, catalog)
            if input.customer is not None:
                return await _of_customer(context, catalog, input, input.customer, prices)
            if input.period is not None:
                raise invalid("is for the usage of a customer", "period")
            quantities = _quantities(input.quantities, {price.key for price in prices})
            return _simulation(catalog, prices, [priced_line(price, _quantity(price, quantities)) for price in prices])
        except Refusal as refusal:
            return PriceSimulation(user_errors=[user_error(refusal, input)])


async def _of_customer(
    context: Context, catalog: Catalog, input: SimulatePriceInput, customer: CustomerRef, prices: Sequence[Price]
) -> PriceSimulation:
    if input.quantities is not None:
        raise invalid("what the customer used is the quantity", "quantities")
    if input.period is None:
        raise invalid("is needed with a customer", "period")
    period = Period(input.period.start, input.period.end)
    if period.end <= period.start:
        raise invalid("must end after it starts", "period")
    for index, price in enumerate(prices):
        if price.meter_key is None:
            raise invalid("past usage is rated by prices that follow a meter", "prices", str(index), "meter_key")
    view = await context.customer(customer)
    if view is None:
        raise Refusal(ErrorCode.NOT_FOUND, "no such customer", "customer")
    runtime = context.runtime
    found = await rerated(runtime.engine, runtime.usage, catalog, view.account, view.now, prices, period)
    simulation = _simulation(catalog, prices, found.lines, view.customer.id)
    simulation.actual = Money.of(money.Money(found.actual, prices[0].currency))
    return simulation


def _prices(input: SimulatePriceInput, catalog: Catalog) -> list[Price]:
    prices = [price.price() for price in input.prices]
    if not 1 <= len(prices) <= PRICES_MAX:
        raise invalid(f"must be 1 to {PRICES_MAX}", "prices")
    check_prices(prices, {meter.key for meter in catalog.meters}, "prices")
    for index, price in enumerate(prices):
        if price.currency != prices[0].currency:
            message = f"the first price is in {prices[0].currency}: there would be no sum"
            raise Refusal(ErrorCode.CURRENCY_MISMATCH, message, "prices", str(index), "currency")
    return prices


def _quantities(given: object, keys: set[str]) -> dict[str, Decimal]:
    if given is None:
        return {}
    if not isinstance(given, Mapping):
        raise invalid('must be an object such as {"seat": "12"}', "quantities")
    found: dict[str, Decimal] = {}
    for key, value in given.items():
        if key not in keys:
            raise invalid("no price has this key", "quantities", key)
        try:
            found[key] = parse_decimal(value)
        except ValueError as error:
            raise invalid(str(error), "quantities", key) from None
        if found[key] < 0:
            raise invalid("must not be negative", "quantities", key)
    return found


def _quantity(price: Price, quantities: Mapping[str, Decimal]) -> Decimal:
    return quantities.get(price.key, Decimal(MODELS[price.model].once))


def _simulation(
    catalog: Catalog, prices: Sequence[Price], lines: Sequence[Line], customer_id: str | None = None
) -> PriceSimulation:
    currency = prices[0].currency
    origin = None if customer_id is None else Origin(customer_id)
    return PriceSimulation(
        total=Money.of(money.Money(exact_sum(line.amount for line in lines), currency)),
        lines=[InvoiceLine.of(catalog, line, currency, origin) for line in lines],
    )
