"""Lines: one amount each, with every figure on the way to it."""

from datetime import datetime
from decimal import Decimal
from enum import StrEnum

from msgspec import Struct

from domain.books.redemption import CouponShare
from domain.catalog import Price
from domain.exact import ZERO
from domain.period import Period
from domain.tax import Treatment


class LineKind(StrEnum):
    RECURRING = "RECURRING"
    USAGE = "USAGE"
    ONCE = "ONCE"
    MINIMUM = "MINIMUM"  # what is missing from a minimum spend
    ITEM = "ITEM"  # put there by hand
    CREDIT = "CREDIT"  # prepaid credit bought


class Step(Struct, frozen=True):
    """One figure on the way, enough to redo it with a pencil: `amount` = `quantity` × `rate`, exact unless the label
    says how it was rounded. The amounts of a line's steps add up to what it comes to before it is rounded."""

    label: str
    quantity: Decimal
    rate: Decimal
    amount: Decimal


class Span(Struct, frozen=True):
    """So much of a line's amount is for this part of its period."""

    period: Period
    amount: Decimal


class EventShare(Struct, frozen=True, omit_defaults=True):
    """Which usage events of a time a line charges for: those that name `naming`; None: all but those that name one of
    `but`, for which other subscriptions charge."""

    period: Period
    naming: str | None = None
    but: tuple[str, ...] = ()


class LineRef(Struct, frozen=True):
    """A line of a final invoice."""

    invoice_id: str
    line_id: str


class Line(Struct, frozen=True, omit_defaults=True):
    """`key` names what is charged, the same on every invoice that bills or corrects it: wanted − billed counts by it.

    `amount` has the currency's digits; below zero where the line gives back. `calculated` is what the rules came to,
    where support put another amount in its place. `discount` and `credit` are its shares of coupons and of promotional
    credit (of the sign of `amount`); `coupons` says which took what. `usage` is the segment whose events were counted;
    `events` says which of them, by time; a line made before that was kept says only with `named_only`
    whether they name the subscription. `treatment` is set when the invoice is final; what reverses an
    earlier line keeps that line's. `ends_at`: the end of the price's own period, of which `period` may be a part.
    `corrects`: the line that it gives back of, `over` which part of that line's time, `stands` how what is left of that
    lies in time (None: not said; empty: evenly). `because`: the number, in its
    customer's journal, of the event that began the segment it charges for.
    """

    id: str
    key: str
    kind: LineKind
    description: str
    quantity: Decimal
    amount: Decimal
    period: Period
    unit_amount: Decimal | None = None
    tax_category: str = "standard"
    tax_inclusive: bool = False
    subscription_id: str | None = None
    plan_key: str | None = None
    price: Price | None = None
    usage: Period | None = None
    named_only: bool = False
    events: tuple[EventShare, ...] = ()
    steps: tuple[Step, ...] = ()
    calculated: Decimal | None = None
    ends_at: datetime | None = None
    discount: Decimal = ZERO
    credit: Decimal = ZERO
    treatment: Treatment | None = None
    coupons: tuple[CouponShare, ...] = ()
    corrects: LineRef | None = None
    over: Period | None = None
    stands: tuple[Span, ...] | None = None
    because: int | None = None
