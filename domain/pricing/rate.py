"""What a quantity comes to under a price: the exact amount, and each figure on the way to it.

Included units come off first; what is left is charged by the price's model. Bounds and quantities may be fractions.
"""

from decimal import Decimal
from fractions import Fraction

from msgspec import Struct

from domain.books.line import Step
from domain.catalog import Price
from domain.exact import EXACT, ZERO, exact_sum
from domain.pricing.fraction import as_decimal
from domain.pricing.models import MODELS
from domain.pricing.steps import step

INCLUDED = "included"
"""The label of the step that takes off what the price includes."""


class Rated(Struct, frozen=True):
    """`exact` is what is rounded, once, into a line's amount. The amounts of `steps` add up to it, except that a step
    whose label says so is itself rounded."""

    exact: Fraction
    steps: tuple[Step, ...]

    @property
    def amount(self) -> Decimal:
        """`exact` as a decimal to show: all of it after `rate`, perhaps cut to 12 places after `prorated`."""
        return as_decimal(self.exact)[0]


def rate(price: Price, quantity: Decimal) -> Rated:
    """What `quantity` units (seats, or a meter's figure for one whole period) cost. `price` has passed check_price.

    A FLAT price costs its amount as often as it was bought: `quantity` is 1 but for add-ons. A quantity below zero, as
    corrections can leave it, counts as zero. The first tier is entered by the first unit that is not included.
    """
    steps = steps_of(price, quantity)
    return Rated(Fraction(exact_sum(step.amount for step in steps)), steps)


def steps_of(price: Price, quantity: Decimal) -> tuple[Step, ...]:
    """The figures of `rate` alone."""
    used = max(quantity, ZERO)
    included = min(used, price.included or ZERO)
    steps = [] if quantity >= 0 else [step("below zero, counts as 0", quantity, ZERO)]
    if included:
        steps.append(step(INCLUDED, included, ZERO))
    return (*steps, *MODELS[price.model].steps(price, EXACT.subtract(used, included)))
