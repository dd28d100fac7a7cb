"""How this deployment bills."""

import strawberry

from api.context import Info
from api.inputs.request import by
from api.inputs.settings import UpdateBillingSettingsInput
from api.mutations.results import refusable
from api.types.errors import UserError
from api.types.settings import BillingSettings
from domain.access import Scope
from service.settings import change_settings


@strawberry.type(description="What came of updateBillingSettings.")
class UpdateBillingSettingsPayload:
    settings: BillingSettings | None = strawberry.field(default=None, description="All of them, as they are now.")
    user_errors: list[UserError] = strawberry.field(default_factory=list, description="Why it was refused.")


@strawberry.type
class SettingsMutation:
    @strawberry.mutation(description="Change how is billed from now on. What is left out stays.")
    @refusable(UpdateBillingSettingsPayload)
    async def update_billing_settings(
        self, info: Info, input: UpdateBillingSettingsInput
    ) -> UpdateBillingSettingsPayload:
        context = info.context
        context.require(Scope.SETTINGS_WRITE)
        runtime = context.runtime
        settings = await change_settings(runtime.record, runtime.engine, input.changed, by(context, input.reason))
        context.changed()
        return UpdateBillingSettingsPayload(settings=BillingSettings.of(settings))
