"""What can be asked for. A command carries what `decide` needs besides the state: ids, frozen terms, sealed data."""

from domain.commands.catalog import (
    ArchiveCoupon,
    ArchivePlan,
    CatalogCommand,
    ChangeSettings,
    CreateCoupon,
    CreateFeature,
    CreateMeter,
    CreatePlan,
    PublishPlanVersion,
)
from domain.commands.clock import AdvanceClock, ClockCommand, CreateClock
from domain.commands.credit import GrantCredit, RedeemCoupon, RemoveCoupon, VoidCredit
from domain.commands.customer import CreateCustomer, EraseCustomer, UpdateCustomer
from domain.commands.due import CatchUp
from domain.commands.entitlement import GrantEntitlement, RevokeEntitlement
from domain.commands.invoice import (
    AddItem,
    AdjustLine,
    FinalizeInvoice,
    IssueCreditNote,
    PlanInstalments,
    RemoveItem,
    VoidInvoice,
    WriteOffInvoice,
)
from domain.commands.key import CreateKey, KeyCommand, RevokeKey
from domain.commands.method import AddMethod, DefaultMethod, RemoveMethod, UpdateMethod
from domain.commands.payment import (
    NoteProcessing,
    PayInvoice,
    RecordPayment,
    RecordRefund,
    RefundPayment,
    SettlePayment,
    SettleRefund,
)
from domain.commands.provider import LinkProvider, NoteDrift, ProviderCommand, UnlinkProvider
from domain.commands.subscription import CancelScheduledChange, ChangeSubscription, RevokeCancellation, Subscribe
from domain.policy import ChangeTiming

MoneyCommand = (
    AddItem
    | RemoveItem
    | AdjustLine
    | FinalizeInvoice
    | VoidInvoice
    | WriteOffInvoice
    | IssueCreditNote
    | GrantCredit
    | VoidCredit
    | RedeemCoupon
    | RemoveCoupon
    | AddMethod
    | RemoveMethod
    | DefaultMethod
    | UpdateMethod
    | PayInvoice
    | RecordPayment
    | SettlePayment
    | NoteProcessing
    | RefundPayment
    | SettleRefund
    | RecordRefund
    | PlanInstalments
    | ProviderCommand
)

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
