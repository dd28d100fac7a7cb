"""The gate: may this customer do this, now?

The resolvers are plain functions that answer without waiting when the account is in memory; graphql-core runs those
several times faster than coroutines.
"""

from collections.abc import Awaitable
from datetime import datetime
from decimal import Decimal
from typing import Annotated, Any

import strawberry

from api.context import Context, Info
from api.types.customer_ref import CustomerRef
from api.types.decision import FeatureDecision
from api.types.moment import AHEAD_MAX
from domain.access import Scope
from domain.exact import ONE, ZERO
from graphql_edge.errors import BAD_USER_INPUT, ClientError
from service.gates.can_use import GateAnswer, GateCustomer, answer, can_use, known, look_up_answers

FEATURES_MAX = 100
KEY_CHARS_MAX = 200


@strawberry.type
class GateQueries:
    @strawberry.field(
        graphql_type=FeatureDecision,
        description="Whether a customer may use a feature now, at most a second stale. Customers and features that are "
        "not there are answered with a denial that says so.",
    )
    def can_use(
        self,
        info: Info,
        customer: Annotated[CustomerRef, strawberry.argument(description="Who.")],
        feature: Annotated[str, strawberry.argument(description="The feature's key.")],
        quantity: Annotated[
            Decimal | None,
            strawberry.argument(
                description="METERED: how much is about to be used. VALUE: the number that is asked for."
            ),
        ] = ONE,
        at: Annotated[
            datetime | None,
            strawberry.argument(description="As of then; what lies ahead is answered as if nothing else happens."),
        ] = None,
        fresh: Annotated[
            bool | None, strawberry.argument(description="Decide from the database, not from memory.")
        ] = False,
    ) -> Any:
        context: Context = info.context
        context.require(Scope.CUSTOMERS_READ)
        if quantity is None:
            quantity = ONE
        _check(quantity, feature)
        if at is not None and at > context.runtime.clock.now() + AHEAD_MAX:
            raise ClientError(f"`at` may lie at most {AHEAD_MAX.days} days ahead.", code=BAD_USER_INPUT)
        ref = GateCustomer(customer.id or None, customer.external_id or None)
        found = can_use(context.runtime, context.principal, ref, feature, quantity, at, bool(fresh))
        return _shown(found) if isinstance(found, GateAnswer) else _later(found)

    @strawberry.field(
        graphql_type=list[FeatureDecision],
        description="Whether a customer may use each of these features now: one answer for each, in their order, all "
        "decided from the same state.",
    )
    def can_use_many(
        self,
        info: Info,
        customer: Annotated[CustomerRef, strawberry.argument(description="Who.")],
        features: Annotated[list[str], strawberry.argument(description="The features' keys, at most 100.")],
    ) -> Any:
        context: Context = info.context
        context.require(Scope.CUSTOMERS_READ)
        if len(features) > FEATURES_MAX:
            raise ClientError(f"features: at most {FEATURES_MAX}.", code=BAD_USER_INPUT)
        _check(ONE, *features)
        ref = GateCustomer(customer.id or None, customer.external_id or None)
        snapshot = known(context.runtime, context.principal, ref)
        if snapshot is None:
            return _later_many(look_up_answers(context.runtime, context.principal, ref, features))
        return [_shown(answer(snapshot, feature, ONE)) for feature in features]


def _check(quantity: Decimal, *features: str) -> None:
    if quantity < ZERO:
        raise ClientError("quantity: must not be below 0.", code=BAD_USER_INPUT)
    for feature in features:
        if len(feature) > KEY_CHARS_MAX:
            raise ClientError(f"feature: at most {KEY_CHARS_MAX} characters.", code=BAD_USER_INPUT)


def _shown(found: GateAnswer) -> FeatureDecision:
    """Made once and kept with the answer, which is given as long as its snapshot lives."""
    shown: FeatureDecision | None = found.shown
    if shown is None:
        shown = found.shown = FeatureDecision.of(found)
    return shown


async def _later(found: Awaitable[GateAnswer]) -> FeatureDecision:
    return _shown(await found)


async def _later_many(found: Awaitable[list[GateAnswer]]) -> list[FeatureDecision]:
    return [_shown(answer) for answer in await found]
