"""The facts. Each is written once and never changed; each carries the terms it rests on.

An event's `type` is its tag. Fields may be added with a default; any other change of shape takes a new version and a
lift (`adapters.postgres.codec`).
"""

from domain.events.catalog import (
    CatalogEvent,
    CouponArchived,
    CouponCreated,
    FeatureCreated,
    MeterCreated,
    PlanArchived,
    PlanCreated,
    PlanVersionPublished,
    SettingsChanged,
)
from domain.events.clock import ClockAdvanced, ClockCreated, ClockEvent
from domain.events.credit import (
    CouponRedeemed,
    CouponRemoved,
    CreditApplied,
    CreditExpired,
    CreditGranted,
    CreditVoided,
)
from domain.events.customer import CustomerCreated, CustomerErased, CustomerUpdated
from domain.events.entitlement import EntitlementExpired, EntitlementGranted, EntitlementRevoked
from domain.events.event import Event
from domain.events.invoice import (
    BillingClosed,
    CreditNoteIssued,
    InstalmentsPlanned,
    InvoiceFinalized,
    InvoiceVoided,
    InvoiceWrittenOff,
    ItemAdded,
    ItemRemoved,
    LineAdjusted,
    ReturnsSetOff,
)
from domain.events.key import KeyCreated, KeyEvent, KeyRevoked
from domain.events.method import MethodAdded, MethodDefaulted, MethodRemoved, MethodUpdated
from domain.events.payment import (
    BillingRestored,
    BillingSuspended,
    PaymentFailed,
    PaymentNeedsAction,
    PaymentProcessing,
    PaymentRecorded,
    PaymentRequested,
    PaymentSucceeded,
    RefundFailed,
    RefundRequested,
    RefundSettled,
)
from domain.events.provider import ProviderDrifted, ProviderLinked, ProviderUnlinked
from domain.events.subscription import (
    AddOnAdded,
    AddOnRemoved,
    ChangeApplied,
    ChangeScheduled,
    ChangeWithdrawn,
    PlanChanged,
    QuantityChanged,
    SubscriptionCreated,
    SubscriptionEnded,
    SubscriptionPaused,
    SubscriptionRenewed,
    SubscriptionResumed,
    SubscriptionStarted,
    TrialEnded,
)

RightsEvent = (
    CustomerCreated
    | CustomerUpdated
    | CustomerErased
    | SubscriptionCreated
    | SubscriptionStarted
    | TrialEnded
    | SubscriptionRenewed
    | PlanChanged
    | QuantityChanged
    | AddOnAdded
    | AddOnRemoved
    | SubscriptionPaused
    | SubscriptionResumed
    | SubscriptionEnded
    | ChangeScheduled
    | ChangeWithdrawn
    | ChangeApplied
    | EntitlementGranted
    | EntitlementRevoked
    | EntitlementExpired
)
"""Who they are and what they hold."""

MoneyEvent = (
    ItemAdded
    | ItemRemoved
    | LineAdjusted
    | InvoiceFinalized
    | BillingClosed
    | ReturnsSetOff
    | InvoiceVoided
    | InvoiceWrittenOff
    | InstalmentsPlanned
    | CreditNoteIssued
    | CreditGranted
    | CreditVoided
    | CreditExpired
    | CreditApplied
    | CouponRedeemed
    | CouponRemoved
    | MethodAdded
    | MethodRemoved
    | MethodDefaulted
    | MethodUpdated
    | PaymentRequested
    | PaymentNeedsAction
    | PaymentProcessing
    | PaymentSucceeded
    | PaymentFailed
    | PaymentRecorded
    | RefundRequested
    | RefundSettled
    | RefundFailed
    | BillingSuspended
    | BillingRestored
    | ProviderLinked
    | ProviderUnlinked
    | ProviderDrifted
)

AccountEvent = RightsEvent | MoneyEvent

AnyEvent = AccountEvent | CatalogEvent | ClockEvent | KeyEvent

__all__ = [
    "AccountEvent",
    "AddOnAdded",
    "AddOnRemoved",
    "AnyEvent",
    "BillingClosed",
    "BillingRestored",
    "BillingSuspended",
    "CatalogEvent",
    "ChangeApplied",
    "ChangeScheduled",
    "ChangeWithdrawn",
    "ClockAdvanced",
    "ClockCreated",
    "ClockEvent",
    "CouponArchived",
    "CouponCreated",
    "CouponRedeemed",
    "CouponRemoved",
    "CreditApplied",
    "CreditExpired",
    "CreditGranted",
    "CreditNoteIssued",
    "CreditVoided",
    "CustomerCreated",
    "CustomerErased",
    "CustomerUpdated",
    "EntitlementExpired",
    "EntitlementGranted",
    "EntitlementRevoked",
    "Event",
    "FeatureCreated",
    "InstalmentsPlanned",
    "InvoiceFinalized",
    "InvoiceVoided",
    "InvoiceWrittenOff",
    "ItemAdded",
    "ItemRemoved",
    "KeyCreated",
    "KeyEvent",
    "KeyRevoked",
    "LineAdjusted",
    "MeterCreated",
    "MethodAdded",
    "MethodDefaulted",
    "MethodRemoved",
    "MethodUpdated",
    "MoneyEvent",
    "PaymentFailed",
    "PaymentNeedsAction",
    "PaymentProcessing",
    "PaymentRecorded",
    "PaymentRequested",
    "PaymentSucceeded",
    "PlanArchived",
    "PlanChanged",
    "PlanCreated",
    "PlanVersionPublished",
    "ProviderDrifted",
    "ProviderLinked",
    "ProviderUnlinked",
    "QuantityChanged",
    "RefundFailed",
    "RefundRequested",
    "RefundSettled",
    "ReturnsSetOff",
    "RightsEvent",
    "SettingsChanged",
    "SubscriptionCreated",
    "SubscriptionEnded",
    "SubscriptionPaused",
    "SubscriptionRenewed",
    "SubscriptionResumed",
    "SubscriptionStarted",
    "TrialEnded",
]
