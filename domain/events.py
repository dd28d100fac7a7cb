"""The facts. Each is written once and never changed; each carries the terms it rests on.

An event's `type` is its tag. Fields may be added with a default; any other change of shape takes a new version and a
lift (`adapters.postgres.codec`).
"""

from datetime import date, datetime
from decimal import Decimal

from msgspec import UNSET, Struct, UnsetType

from domain.access import ApiKey
from domain.account import Customer, Grant
from domain.books.credit import Burn, Credit
from domain.books.invoice import Adjustment, CreditNote, Instalment, Invoice, Item
from domain.books.payment import Allocation, FailureCode, Method, Payment, Refund
from domain.books.redemption import Redemption
from domain.catalog import Feature, Meter, Plan, PlanVersion
from domain.coupon import Coupon
from domain.period import Cadence, Period
from domain.seller import Settings
from domain.subscription import AddOn, EndReason, ScheduledChange, Subscription


class Event(Struct, frozen=True, omit_defaults=True, tag_field="type"):
    pass


# ── account ──────────────────────────────────────────────────────────────────────────────────────────────────────────
class CustomerCreated(Event, frozen=True, tag="customer.created"):
    customer: Customer


class CustomerUpdated(Event, frozen=True, tag="customer.updated"):
    """Only what changed. A None in `sealed` removes that field; so does None as the country."""

    sealed: dict[str, str | None] = {}
    currency: str | None = None
    timezone: str | None = None
    country: str | UnsetType | None = UNSET
    locale: str | None = None
    tax_id_country: str | UnsetType | None = UNSET
    tax_id_valid: bool | None = None


class CustomerErased(Event, frozen=True, tag="customer.erased"):
    """From here on nobody can read the customer's personal data: the key is destroyed in the same transaction."""


# `since`, where there is one: from when it is charged. A quote binds from the instant it was given, and support may
# date a change back; rights change when it is recorded. None: at once.
class SubscriptionCreated(Event, frozen=True, tag="subscription.created"):
    subscription: Subscription


class SubscriptionStarted(Event, frozen=True, tag="subscription.started"):
    subscription_id: str
    period: Period
    anchor: datetime
    trial_ends_at: datetime | None = None


class TrialEnded(Event, frozen=True, tag="subscription.trial_ended"):
    subscription_id: str
    period: Period


class SubscriptionRenewed(Event, frozen=True, tag="subscription.renewed"):
    subscription_id: str
    period: Period


class PlanChanged(Event, frozen=True, tag="subscription.plan_changed"):
    subscription_id: str
    plan: PlanVersion
    cadence: Cadence
    quantity: int
    anchor: datetime
    period: Period
    trial_ends_at: datetime | None = None
    since: datetime | None = None


class QuantityChanged(Event, frozen=True, tag="subscription.quantity_changed"):
    subscription_id: str
    quantity: int
    since: datetime | None = None


class AddOnAdded(Event, frozen=True, tag="subscription.add_on_added"):
    subscription_id: str
    add_on: AddOn
    since: datetime | None = None


class AddOnRemoved(Event, frozen=True, tag="subscription.add_on_removed"):
    subscription_id: str
    plan_key: str
    since: datetime | None = None


class SubscriptionPaused(Event, frozen=True, tag="subscription.paused"):
    subscription_id: str
    resumes_at: datetime | None = None


class SubscriptionResumed(Event, frozen=True, tag="subscription.resumed"):
    subscription_id: str


class SubscriptionEnded(Event, frozen=True, tag="subscription.ended"):
    subscription_id: str
    reason: EndReason
    since: datetime | None = None


class ChangeScheduled(Event, frozen=True, tag="subscription.change_scheduled"):
    scheduled: ScheduledChange


class ChangeWithdrawn(Event, frozen=True, tag="subscription.change_withdrawn"):
    """A planned change that will not happen: revoked, replaced, or impossible by the time it fell due (`why`)."""

    subscription_id: str
    change_id: str
    why: str


class ChangeApplied(Event, frozen=True, tag="subscription.change_applied"):
    """A planned change has fallen due; the events after it say what it did."""

    subscription_id: str
    change_id: str


class EntitlementGranted(Event, frozen=True, tag="entitlement.granted"):
    grant: Grant


class EntitlementRevoked(Event, frozen=True, tag="entitlement.revoked"):
    grant_id: str


class EntitlementExpired(Event, frozen=True, tag="entitlement.expired"):
    grant_id: str


# ── money ────────────────────────────────────────────────────────────────────────────────────────────────────────────
class ItemAdded(Event, frozen=True, tag="invoice.item_added"):
    item: Item


class ItemRemoved(Event, frozen=True, tag="invoice.item_removed"):
    item_id: str


class LineAdjusted(Event, frozen=True, tag="invoice.line_adjusted"):
    """Of the draft. A later word on the same key takes the place of an earlier one."""

    adjustment: Adjustment


class InvoiceFinalized(Event, frozen=True, tag="invoice.finalized"):
    """`items`: the ids of those that are on it. `used`: the redemptions of which it used up one period."""

    invoice: Invoice
    items: tuple[str, ...] = ()
    used: tuple[str, ...] = ()


class BillingClosed(Event, frozen=True, tag="billing.closed"):
    """What was due up to `until` needed no invoice: it came to nothing, or went back in credit notes."""

    until: datetime
    corrections_from: datetime


class InvoiceVoided(Event, frozen=True, tag="invoice.voided"):
    """Nobody owes it. `returned`: credit it had used. `rebill`: what it billed counts as not billed."""

    invoice_id: str
    returned: tuple[Burn, ...] = ()
    rebill: bool = False


class InvoiceWrittenOff(Event, frozen=True, tag="invoice.written_off"):
    """Uncollectible: still owed, no longer expected."""

    invoice_id: str


class InstalmentsPlanned(Event, frozen=True, tag="invoice.instalments_planned"):
    invoice_id: str
    instalments: tuple[Instalment, ...]


class CreditNoteIssued(Event, frozen=True, tag="credit_note.issued"):
    note: CreditNote


class CreditGranted(Event, frozen=True, tag="credit.granted"):
    credit: Credit


class CreditVoided(Event, frozen=True, tag="credit.voided"):
    """`amount` of what remained was taken back."""

    credit_id: str
    amount: Decimal


class CreditExpired(Event, frozen=True, tag="credit.expired"):
    credit_id: str
    amount: Decimal


class CreditApplied(Event, frozen=True, tag="credit.applied"):
    """Prepaid credit that settled an invoice, like a payment."""

    invoice_id: str
    burns: tuple[Burn, ...]


class CouponRedeemed(Event, frozen=True, tag="coupon.redeemed"):
    redemption: Redemption


class CouponRemoved(Event, frozen=True, tag="coupon.removed"):
    redemption_id: str


class MethodAdded(Event, frozen=True, tag="payment_method.added"):
    """`default`: charged from now on."""

    method: Method
    default: bool = True


class MethodRemoved(Event, frozen=True, tag="payment_method.removed"):
    method_id: str


class MethodUpdated(Event, frozen=True, tag="payment_method.updated"):
    """As the provider now has it."""

    method_id: str
    label: str
    expires: date | None = None


class MethodDefaulted(Event, frozen=True, tag="payment_method.defaulted"):
    method_id: str


class PaymentRequested(Event, frozen=True, tag="payment.requested"):
    """The fact before the effect: the provider is asked under the payment's id, so asking again charges once."""

    payment: Payment


class PaymentNeedsAction(Event, frozen=True, tag="payment.needs_action"):
    """The customer is to confirm it; `action` is what they open."""

    payment_id: str
    action: str | None = None


class PaymentSucceeded(Event, frozen=True, tag="payment.succeeded"):
    """`allocations`: what it paid in the end; `credit`: what no invoice needed any more when it went through.
    `reference`: the provider's own."""

    payment_id: str
    allocations: tuple[Allocation, ...]
    reference: str | None = None
    credit: Credit | None = None


class PaymentFailed(Event, frozen=True, tag="payment.failed"):
    """`next_attempt_at`: when it is tried again; None: not by itself."""

    payment_id: str
    failure: FailureCode
    next_attempt_at: datetime | None = None


class PaymentRecorded(Event, frozen=True, tag="payment.recorded"):
    """Money that came in elsewhere. `credit`: what is above its invoices."""

    payment: Payment
    credit: Credit | None = None


class RefundRequested(Event, frozen=True, tag="refund.requested"):
    refund: Refund


class RefundSettled(Event, frozen=True, tag="refund.settled"):
    """It went through, or became `credit`."""

    refund_id: str
    payment_id: str
    credit: Credit | None = None


class RefundFailed(Event, frozen=True, tag="refund.failed"):
    refund_id: str
    payment_id: str
    failure: str


class BillingSuspended(Event, frozen=True, tag="billing.suspended"):
    """Dunning has come to its end for this invoice: no rights until everything overdue is paid."""

    invoice_id: str


class BillingRestored(Event, frozen=True, tag="billing.restored"):
    """Nothing is overdue any more."""


class ProviderLinked(Event, frozen=True, tag="provider.linked"):
    """The provider knows the customer, by the anonymous id and nothing else, under this reference."""

    provider: str
    reference: str


class ProviderUnlinked(Event, frozen=True, tag="provider.unlinked"):
    """The provider's record is gone: deleted there, or by us when the customer was erased."""

    provider: str


class ProviderDrifted(Event, frozen=True, tag="provider.drifted"):
    """Where the provider's record and ours differ, as of the last comparison; none: they agree again."""

    provider: str
    drift: tuple[str, ...] = ()


MoneyEvent = (
    ItemAdded
    | ItemRemoved
    | LineAdjusted
    | InvoiceFinalized
    | BillingClosed
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

AccountEvent = RightsEvent | MoneyEvent


# ── catalog ──────────────────────────────────────────────────────────────────────────────────────────────────────────
class FeatureCreated(Event, frozen=True, tag="feature.created"):
    feature: Feature


class MeterCreated(Event, frozen=True, tag="meter.created"):
    meter: Meter


class PlanCreated(Event, frozen=True, tag="plan.created"):
    plan: Plan


class PlanVersionPublished(Event, frozen=True, tag="plan.version_published"):
    version: PlanVersion


class PlanArchived(Event, frozen=True, tag="plan.archived"):
    plan_id: str


class CouponCreated(Event, frozen=True, tag="coupon.created"):
    coupon: Coupon


class CouponArchived(Event, frozen=True, tag="coupon.archived"):
    code: str


class SettingsChanged(Event, frozen=True, tag="settings.changed"):
    """All of them, as they are from now on."""

    settings: Settings


CatalogEvent = (
    FeatureCreated
    | MeterCreated
    | PlanCreated
    | PlanVersionPublished
    | PlanArchived
    | CouponCreated
    | CouponArchived
    | SettingsChanged
)


# ── clocks and keys ──────────────────────────────────────────────────────────────────────────────────────────────────
class ClockCreated(Event, frozen=True, tag="clock.created"):
    id: str
    name: str
    now: datetime


class ClockAdvanced(Event, frozen=True, tag="clock.advanced"):
    to: datetime


ClockEvent = ClockCreated | ClockAdvanced


class KeyCreated(Event, frozen=True, tag="key.created"):
    key: ApiKey


class KeyRevoked(Event, frozen=True, tag="key.revoked"):
    pass


KeyEvent = KeyCreated | KeyRevoked

AnyEvent = AccountEvent | CatalogEvent | ClockEvent | KeyEvent
