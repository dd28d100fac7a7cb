"""What can be asked for. A command carries what `decide` needs besides the state: ids, frozen terms, sealed data."""

from domain.commands.deployment import (
    AdvanceClock,
    ArchiveCoupon,
    ArchivePlan,
    CatalogCommand,
    ChangeSettings,
    ClockCommand,
    CreateClock,
    CreateCoupon,
    CreateFeature,
    CreateKey,
    CreateMeter,
    CreatePlan,
    KeyCommand,
    PublishPlanVersion,
    RevokeKey,
)
from domain.commands.money import (
    AddItem,
    AddMethod,
    AdjustLine,
    DefaultMethod,
    FinalizeInvoice,
    GrantCredit,
    IssueCreditNote,
    LinkProvider,
    MoneyCommand,
    NoteDrift,
    NoteProcessing,
    PayInvoice,
    PlanInstalments,
    ProviderCommand,
    RecordPayment,
    RecordRefund,
    RedeemCoupon,
    RefundPayment,
    RemoveCoupon,
    RemoveItem,
    RemoveMethod,
    SettlePayment,
    SettleRefund,
    UnlinkProvider,
    UpdateMethod,
    VoidCredit,
    VoidInvoice,
    WriteOffInvoice,
)
from domain.commands.rights import (
    CancelScheduledChange,
    CatchUp,
    ChangeSubscription,
    CreateCustomer,
    EraseCustomer,
    GrantEntitlement,
    RevokeCancellation,
    RevokeEntitlement,
    Subscribe,
    UpdateCustomer,
)
from domain.policy import ChangeTiming

AccountCommand = (
    CreateCustomer
    | UpdateCustomer
    | EraseCustomer
    | Subscribe
    | ChangeSubscription
    | RevokeCancellation
    | CancelScheduledChange
    | GrantEntitlement
    | RevokeEntitlement
    | MoneyCommand
    | CatchUp
)

__all__ = [
    "AccountCommand",
    "AddItem",
    "AddMethod",
    "AdjustLine",
    "AdvanceClock",
    "ArchiveCoupon",
    "ArchivePlan",
    "CancelScheduledChange",
    "CatalogCommand",
    "CatchUp",
    "ChangeSettings",
    "ChangeSubscription",
    "ChangeTiming",
    "ClockCommand",
    "CreateClock",
    "CreateCoupon",
    "CreateCustomer",
    "CreateFeature",
    "CreateKey",
    "CreateMeter",
    "CreatePlan",
    "DefaultMethod",
    "EraseCustomer",
    "FinalizeInvoice",
    "GrantCredit",
    "GrantEntitlement",
    "IssueCreditNote",
    "KeyCommand",
    "LinkProvider",
    "MoneyCommand",
    "NoteDrift",
    "NoteProcessing",
    "PayInvoice",
    "PlanInstalments",
    "ProviderCommand",
    "PublishPlanVersion",
    "RecordPayment",
    "RecordRefund",
    "RedeemCoupon",
    "RefundPayment",
    "RemoveCoupon",
    "RemoveItem",
    "RemoveMethod",
    "RevokeCancellation",
    "RevokeEntitlement",
    "RevokeKey",
    "SettlePayment",
    "SettleRefund",
    "Subscribe",
    "UnlinkProvider",
    "UpdateCustomer",
    "UpdateMethod",
    "VoidCredit",
    "VoidInvoice",
    "WriteOffInvoice",
]
