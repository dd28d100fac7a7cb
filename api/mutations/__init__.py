"""The root of all changes, put together from one file for each subject."""

import strawberry

from api.mutations.catalog import CatalogMutations
from api.mutations.clocks import ClockMutations
from api.mutations.consumption import ConsumptionMutations
from api.mutations.coupons import CouponMutations
from api.mutations.credits import CreditMutations
from api.mutations.customers import CustomerMutations
from api.mutations.drafts import DraftMutations
from api.mutations.entitlements import EntitlementMutations
from api.mutations.invoices import InvoiceMutations
from api.mutations.keys import KeyMutations
from api.mutations.payment_methods import PaymentMethodMutations
from api.mutations.payments import PaymentMutations
from api.mutations.provider import ProviderMutations
from api.mutations.provider_events import ProviderEventMutations
from api.mutations.settings import SettingsMutation
from api.mutations.subscribe import SubscribeMutation
from api.mutations.subscriptions import SubscriptionMutations
from api.mutations.usage import UsageMutations
from api.mutations.work import WorkMutations


@strawberry.type(
    description="Changes. A refusal is in `userErrors` and changes nothing; a retry with its key gets the same answer."
)
class Mutation(
    CatalogMutations,
    CustomerMutations,
    SubscribeMutation,
    SubscriptionMutations,
    EntitlementMutations,
    UsageMutations,
    ConsumptionMutations,
    DraftMutations,
    InvoiceMutations,
    PaymentMutations,
    PaymentMethodMutations,
    ProviderMutations,
    CreditMutations,
    CouponMutations,
    ProviderEventMutations,
    WorkMutations,
    SettingsMutation,
    ClockMutations,
    KeyMutations,
):
    pass
