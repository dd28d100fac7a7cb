"""What can be asked for. A command carries what `decide` needs besides the state: ids, frozen terms, sealed data."""

from datetime import date, datetime
from decimal import Decimal

from msgspec import UNSET, Struct, UnsetType

from domain.access import ApiKey, Scope
from domain.account import Customer, Grant
from domain.books.credit import Credit
from domain.books.invoice import Adjustment, Instalment, Item
from domain.books.line import Line
from domain.books.payment import Allocation, FailureCode, Method, RefundTarget
from domain.catalog import Feature, Meter, PlanVersion, Price, Terms
from domain.coupon import Coupon
from domain.period import Cadence
from domain.policy import ChangeTiming
from domain.seller import Settings
from domain.subscription import Change


# ── account ──────────────────────────────────────────────────────────────────────────────────────────────────────────
class CreateCustomer(Struct, frozen=True):
    customer: Customer


class UpdateCustomer(Struct, frozen=True):
    """What is left out stays. None removes: a field of `sealed`, the country."""

    sealed: dict[str, str | None] = {}
    currency: str | None = None
    timezone: str | None = None
    country: str | UnsetType | None = UNSET
    locale: str | None = None
    tax_id_country: str | UnsetType | None = UNSET
    tax_id_valid: bool | None = None


class EraseCustomer(Struct, frozen=True):
    pass


class Subscribe(Struct, frozen=True):
    """`cadence`, `start_at`, `anchor` and `trial_days` left out take the plan's or the moment's. `coupon`: redeemed
    with it, under the id `redemption_id`."""

    subscription_id: str
    plan: PlanVersion
    quantity: int = 1
    cadence: Cadence | None = None
    start_at: datetime | None = None
    anchor: datetime | None = None
    trial_days: int | None = None
    overrides: tuple[Price, ...] = ()
    add_ons: tuple[PlanVersion, ...] = ()
    coupon: Coupon | None = None
    redemption_id: str | None = None


class ChangeSubscription(Struct, frozen=True):
    """Any change of a running subscription, now or later. `change_id` names it if it has to wait.

    `timing` None: what the plan says of such a change. `replace_scheduled`: withdraw the planned changes that conflict
    with this one instead of refusing it. `since`: from when it is charged, if that is not its own instant: a quote's.
    """

    subscription_id: str
    change_id: str
    change: Change
    timing: ChangeTiming | None = ChangeTiming.NOW
    effective_at: datetime | None = None
    replace_scheduled: bool = False
    since: datetime | None = None


class RevokeCancellation(Struct, frozen=True):
    subscription_id: str


class CancelScheduledChange(Struct, frozen=True):
    change_id: str


class GrantEntitlement(Struct, frozen=True):
    grant: Grant


class RevokeEntitlement(Struct, frozen=True):
    grant_id: str


# ── money ────────────────────────────────────────────────────────────────────────────────────────────────────────────
class AddItem(Struct, frozen=True):
    """`at_once`: on an invoice of its own, now."""

    item: Item
    at_once: bool = False


class RemoveItem(Struct, frozen=True):
    item_id: str


class AdjustLine(Struct, frozen=True):
    """`draft_id`: of the draft that the caller saw; refused if that is final by now."""

    draft_id: str
    adjustment: Adjustment


class FinalizeInvoice(Struct, frozen=True):
    """Close the draft now. `draft_id` as the caller saw it."""

    draft_id: str


class VoidInvoice(Struct, frozen=True):
    invoice_id: str
    rebill: bool = False


class WriteOffInvoice(Struct, frozen=True):
    invoice_id: str


class IssueCreditNote(Struct, frozen=True):
    """`amounts`: by line id, before tax (with it where the price contains it); None: all that is left of the
    invoice. `lines`: the invoice's own, for the words of the note's; they are final, so they can be read before."""

    invoice_id: str
    reason: str
    amounts: dict[str, Decimal] | None = None
    lines: tuple[Line, ...] = ()


class GrantCredit(Struct, frozen=True):
    credit: Credit


class VoidCredit(Struct, frozen=True):
    """`amount` None: all that remains."""

    credit_id: str
    amount: Decimal | None = None


class RedeemCoupon(Struct, frozen=True):
    coupon: Coupon
    redemption_id: str
    subscription_id: str | None = None


class RemoveCoupon(Struct, frozen=True):
    redemption_id: str


class AddMethod(Struct, frozen=True):
    method: Method
    default: bool = True


class RemoveMethod(Struct, frozen=True):
    method_id: str


class DefaultMethod(Struct, frozen=True):
    method_id: str


class UpdateMethod(Struct, frozen=True):
    """What the provider now says of it, as when a bank has renewed a card."""

    method_id: str
    label: str
    expires: date | None = None


class PayInvoice(Struct, frozen=True):
    """`method_id` None: the default one. `amount` None: all that is owed."""

    payment_id: str
    invoice_id: str
    method_id: str | None = None
    amount: Decimal | None = None


class RecordPayment(Struct, frozen=True):
    """Money that came in elsewhere. `allocations` (invoice, amount) as told; `invoice_ids`: as far as it goes, in this
    order; neither: the oldest first. What is left over becomes credit."""

    payment_id: str
    amount: Decimal
    currency: str
    reference: str | None = None
    allocations: tuple[Allocation, ...] = ()
    invoice_ids: tuple[str, ...] = ()
    received_at: datetime | None = None


class SettlePayment(Struct, frozen=True):
    """What the provider answered. `failure` None: it went through. `action`: the customer is to confirm it."""

    payment_id: str
    failure: FailureCode | None = None
    reference: str | None = None
    action: str | None = None


class RefundPayment(Struct, frozen=True):
    """`amount` None: all that is left."""

    refund_id: str
    payment_id: str
    amount: Decimal | None = None
    to: RefundTarget = RefundTarget.METHOD
    reason: str | None = None


class SettleRefund(Struct, frozen=True):
    refund_id: str
    payment_id: str
    failure: str | None = None


class RecordRefund(Struct, frozen=True):
    """Money that the provider has given back without being asked by us: in its dashboard, or by a dispute that was
    lost. `reference`: the provider's own. Recording it again changes nothing."""

    refund_id: str
    payment_id: str
    amount: Decimal
    reference: str
    reason: str


class PlanInstalments(Struct, frozen=True):
    invoice_id: str
    instalments: tuple[Instalment, ...]


class LinkProvider(Struct, frozen=True):
    provider: str
    reference: str


class UnlinkProvider(Struct, frozen=True):
    provider: str


class NoteDrift(Struct, frozen=True):
    """What a comparison with the provider found: all of it; or, with `about`, what it found of these things. Words on
    drift then begin with the thing's name and a colon; what was said of other things stays."""

    provider: str
    drift: tuple[str, ...] = ()
    about: tuple[str, ...] | None = None


ProviderCommand = LinkProvider | UnlinkProvider | NoteDrift

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
    | RefundPayment
    | SettleRefund
    | RecordRefund
    | PlanInstalments
    | ProviderCommand
)


class CatchUp(Struct, frozen=True):
    """Nothing of its own: what fell due is recorded before any command is decided. `until_charge`: only until a charge
    is asked for, whose answer may change what falls due after it."""

    until_charge: bool = False


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


# ── catalog ──────────────────────────────────────────────────────────────────────────────────────────────────────────
class CreateFeature(Struct, frozen=True):
    feature: Feature


class CreateMeter(Struct, frozen=True):
    meter: Meter


class CreatePlan(Struct, frozen=True):
    plan_id: str
    version_id: str
    key: str
    name: str
    description: str | None
    terms: Terms


class PublishPlanVersion(Struct, frozen=True):
    plan_key: str
    version_id: str
    terms: Terms


class ArchivePlan(Struct, frozen=True):
    plan_key: str


class CreateCoupon(Struct, frozen=True):
    coupon: Coupon


class ArchiveCoupon(Struct, frozen=True):
    code: str


class ChangeSettings(Struct, frozen=True):
    settings: Settings


CatalogCommand = (
    CreateFeature
    | CreateMeter
    | CreatePlan
    | PublishPlanVersion
    | ArchivePlan
    | CreateCoupon
    | ArchiveCoupon
    | ChangeSettings
)


# ── clocks and keys ──────────────────────────────────────────────────────────────────────────────────────────────────
class CreateClock(Struct, frozen=True):
    id: str
    name: str
    now: datetime


class AdvanceClock(Struct, frozen=True):
    to: datetime


ClockCommand = CreateClock | AdvanceClock


class CreateKey(Struct, frozen=True):
    """`maker`: the scopes of whoever makes the key, which it cannot exceed."""

    key: ApiKey
    maker: frozenset[Scope]


class RevokeKey(Struct, frozen=True):
    pass


KeyCommand = CreateKey | RevokeKey
