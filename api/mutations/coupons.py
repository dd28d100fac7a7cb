"""Coupons: offered, taken off the market, redeemed by customers and taken from them."""

from datetime import datetime
from decimal import Decimal
from typing import ClassVar

import strawberry

from api.context import Context, Info
from api.inputs.keyed import Keyed
from api.inputs.plans import MoneyInput
from api.inputs.request import by, catalog_of, owner_of
from api.inputs.subscribe import coupon_of
from api.mutations.once import once, retry
from api.mutations.results import refusable
from api.types.coupon import Coupon, CouponRedemption
from api.types.customer_ref import CustomerRef
from api.types.errors import UserError
from domain import coupon as domain
from domain.access import Scope
from domain.commands import ArchiveCoupon, CreateCoupon, RedeemCoupon, RemoveCoupon
from domain.events import CouponRedeemed
from service.ids import new_id
from service.write.coupons import counted
from service.write.streams import CATALOG


@strawberry.input(description="A new coupon: percent or amount.")
class CreateCouponInput:
    code: str = strawberry.field(description="What it is redeemed by: letters, digits, _, . and -, at most 40.")
    name: str = strawberry.field(description="For people; invoices show it.")
    percent: Decimal | None = strawberry.field(default=None, description="What share it takes off, 0 to 100.")
    amount: MoneyInput | None = strawberry.field(default=None, description="Or how much, off each invoice.")
    periods: int | None = strawberry.field(
        default=None,
        description="How many invoices it lowers that begin a period (of a recurring fee; where none recurs, of "
        "usage): 1 is once; all when left out.",
    )
    plans: list[str] | None = strawberry.field(
        default=None, description="The keys of the plans whose lines it lowers; all lines when left out."
    )
    redemptions_max: int | None = strawberry.field(
        default=None, description="By how many customers it can be redeemed; by all when left out."
    )
    expires_at: datetime | None = strawberry.field(
        default=None, description="From this instant on it cannot be redeemed."
    )


@strawberry.input(description="A coupon that nobody shall redeem any more.")
class ArchiveCouponInput:
    code: str = strawberry.field(description="Its code.")


@strawberry.input(description="A coupon for a customer.")
class ApplyCouponInput(Keyed):
    FIELDS: ClassVar = {"coupon": "code"}

    customer: CustomerRef = strawberry.field(description="Who redeems it.")
    code: str = strawberry.field(description="Its code.")
    subscription_id: strawberry.ID | None = strawberry.field(
        default=None, description="The only subscription whose lines it lowers; any when left out."
    )


@strawberry.input(description="A coupon to take from a customer.")
class RemoveCouponInput(Keyed):
    FIELDS: ClassVar = {"customer": "redemption_id"}

    redemption_id: strawberry.ID = strawberry.field(description="The redemption.")
    reason: str | None = strawberry.field(default=None, description="Why, for the journal.")


@strawberry.type(description="What came of createCoupon.")
class CreateCouponPayload:
    coupon: Coupon | None = strawberry.field(default=None, description="The coupon.")
    user_errors: list[UserError] = strawberry.field(default_factory=list, description="Why it was refused.")


@strawberry.type(description="What came of archiveCoupon.")
class ArchiveCouponPayload:
    coupon: Coupon | None = strawberry.field(default=None, description="The coupon.")
    user_errors: list[UserError] = strawberry.field(default_factory=list, description="Why it was refused.")


@strawberry.type(description="What came of applyCoupon.")
class ApplyCouponPayload:
    redemption: CouponRedemption | None = strawberry.field(default=None, description="It lowers invoices from now on.")
    user_errors: list[UserError] = strawberry.field(default_factory=list, description="Why it was refused.")


@strawberry.type(description="What came of removeCoupon.")
class RemoveCouponPayload:
    redemption: CouponRedemption | None = strawberry.field(default=None, description="It lowers no more invoices.")
    user_errors: list[UserError] = strawberry.field(default_factory=list, description="Why it was refused.")


async def _recorded(context: Context, command: CreateCoupon | ArchiveCoupon, code: str) -> Coupon:
    context.require(Scope.SETTINGS_WRITE)
    recorded = await context.runtime.record(CATALOG, command, by(context))
    context.changed()
    return Coupon.of(coupon_of(recorded.state, code))


@strawberry.type
class CouponMutations:
    @strawberry.mutation(
        description="Offer a coupon. Creating again what is there, with the same content, changes nothing."
    )
    @refusable(CreateCouponPayload)
    async def create_coupon(self, info: Info, input: CreateCouponInput) -> CreateCouponPayload:
        asked = domain.Coupon(
            id=new_id("coupon"),
            code=input.code,
            name=input.name,
            percent=input.percent,
            amount=None if input.amount is None else input.amount.money(),
            periods=input.periods,
            plans=tuple(input.plans or ()),
            redemptions_max=input.redemptions_max,
            expires_at=input.expires_at,
        )
        return CreateCouponPayload(coupon=await _recorded(info.context, CreateCoupon(asked), input.code))

    @strawberry.mutation(description="Take a coupon off the market. Who redeemed it keeps it.")
    @refusable(ArchiveCouponPayload)
    async def archive_coupon(self, info: Info, input: ArchiveCouponInput) -> ArchiveCouponPayload:
        return ArchiveCouponPayload(coupon=await _recorded(info.context, ArchiveCoupon(input.code), input.code))

    @strawberry.mutation(description="Redeem a coupon for a customer. Each customer redeems a coupon once.")
    @refusable(ApplyCouponPayload)
    async def apply_coupon(self, info: Info, input: ApplyCouponInput) -> ApplyCouponPayload:
        context = info.context
        context.require(Scope.SUBSCRIPTIONS_WRITE)
        customer_id = await context.customer_id(input.customer)
        catalog = await catalog_of(context)

        def command() -> RedeemCoupon:
            coupon = coupon_of(catalog, input.code)
            return RedeemCoupon(coupon, new_id("redemption"), input.subscription_id)

        same = retry(context, "applyCoupon", input)
        recorded = await context.runtime.record(
            customer_id, command, by(context), retry=same, also=counted(catalog, input.code)
        )
        context.changed()
        redeemed = recorded.event(CouponRedeemed)
        assert redeemed is not None
        return ApplyCouponPayload(redemption=CouponRedemption.of(redeemed.redemption))

    @strawberry.mutation(description="Take a coupon from a customer: it lowers no more invoices.")
    @refusable(RemoveCouponPayload)
    async def remove_coupon(self, info: Info, input: RemoveCouponInput) -> RemoveCouponPayload:
        context = info.context
        context.require(Scope.SUBSCRIPTIONS_WRITE)
        customer_id = await owner_of(context, input.redemption_id, "redemption_id")
        recorded = await once(context, "removeCoupon", input, customer_id, RemoveCoupon(input.redemption_id))
        context.changed()
        removed = next(
            redemption for redemption in recorded.state.books.redemptions if redemption.id == input.redemption_id
        )
        return RemoveCouponPayload(redemption=CouponRedemption.of(removed))
