"""The domain's enums under the same names in the schema, described. There is no second list to keep in step."""

from enum import StrEnum

import strawberry

from domain.access import Role
from domain.account import CustomerKind
from domain.billing_status import BillingState
from domain.books.credit import CreditKind
from domain.books.invoice import InvoiceStatus
from domain.books.line import LineKind
from domain.books.payment import PaymentStatus, RefundTarget
from domain.catalog import Aggregation, BillingMode, ChargeModel, FeatureKind, ProrationPolicy
from domain.errors import ErrorCode
from domain.period import Cadence, Grain
from domain.policy import BurnBy, ChangeDay, ChangesBilled, ChangeTiming, LastStep, Rounding, TrialUsage, ZeroUsage
from domain.rights.gate import DecisionReason
from domain.rights.source import SourceKind
from domain.subscription import SubscriptionStatus
from domain.tax import TaxCode
from service.usage import ReservationState, UsageEventStatus


def _describe(enum: type[StrEnum], description: str, **values: str) -> None:
    strawberry.enum(enum, description=description)
    for value in enum.__strawberry_definition__.values:  # type: ignore[attr-defined]
        value.description = values[value.name]


_describe(
    ErrorCode,
    "Why a mutation was refused. A refusal changes nothing.",
    NOT_FOUND="There is no such thing, or none that you may see.",
    ALREADY_EXISTS="It exists, with other content.",
    INVALID="The input breaks a rule of its own.",
    CONFLICT="It contradicts what is, or what is planned.",
    STALE="What it was based on has changed meanwhile.",
    IDEMPOTENCY_MISMATCH="The idempotency key was used before, with another input.",
    LIMIT_REACHED="There may be no more of it.",
    NOT_ENTITLED="The customer has no right to it.",
    PAYMENT_REQUIRED="It has to be paid for first.",
    PAYMENT_FAILED="The payment did not succeed.",
    CURRENCY_MISMATCH="It is in another currency than the customer is billed in.",
    INVOICE_FINALIZED="The invoice is final and never changes.",
    PERIOD_CLOSED="The period has been billed.",
    PROVIDER_UNAVAILABLE="The payment provider does not answer.",
)
_describe(
    Role,
    "What kind of caller the credentials stand for.",
    ADMIN="Operates Tollgate: everything.",
    SUPPORT="Helps customers: sees all of them, corrects subscriptions, rights and usage.",
    SERVICE="The product's backend.",
    PARTNER="Sees the customers it is named for.",
    CUSTOMER="A customer's own frontend: sees that customer.",
)
_describe(
    CustomerKind,
    "Who the customer is.",
    USER="One person.",
    GROUP="A team, company or other group.",
)
_describe(
    BillingState,
    "Where a customer stands with billing, in one word.",
    NONE="Has no subscription yet.",
    TRIALING="On trial.",
    CURRENT="Has a running subscription.",
    PAST_DUE="Owes a payment that has fallen due.",
    SUSPENDED="No rights while it lasts: what is overdue was asked for in vain, or every subscription is paused.",
    CANCELED="Had a subscription, and has none any more.",
)
_describe(
    FeatureKind,
    "What a feature is.",
    SWITCH="On or off.",
    METERED="A limit on what a meter reads.",
    VALUE='A setting, such as 5 seats or "eu".',
)
_describe(
    Aggregation,
    "How a meter turns events into one figure for a period.",
    COUNT="The number of events.",
    SUM="The sum of their values.",
    MAX="The highest value.",
    LATEST="The level last reported; it carries over into the next period.",
    UNIQUE="How many different texts the property had.",
    TIME_WEIGHTED="A level over time, in unit-hours: 2 GB for 3 hours are 6.",
)
_describe(
    BillingMode,
    "When a plan is charged.",
    IN_ADVANCE="At the start of each period.",
    IN_ARREARS="At the end of each period.",
    PREPAID="From credit bought first.",
)
_describe(
    Cadence,
    "How often something comes round, on the customer's calendar.",
    ONCE="Once.",
    DAY="Every day.",
    WEEK="Every week.",
    MONTH="Every month; an anchor on the 31st takes the last day of shorter months.",
    QUARTER="Every three months.",
    YEAR="Every year.",
)
_describe(
    Grain,
    "The steps of a usage history. All but HOUR are the customer's own calendar.",
    HOUR="Hours, in UTC.",
    DAY="Days.",
    WEEK="Weeks, from Monday.",
    MONTH="Calendar months.",
    QUARTER="Calendar quarters.",
    YEAR="Calendar years.",
)
_describe(
    ChargeModel,
    "How a quantity becomes an amount.",
    FLAT="A fee, whatever the quantity.",
    PER_UNIT="So much for each unit.",
    PER_SEAT="So much for each seat of the subscription.",
    GRADUATED="Each unit at the price of the tier it falls into.",
    VOLUME="All units at the price of the tier that the total falls into.",
    PACKAGE="So much for each package begun.",
    PERCENTAGE="A share of the metered value.",
)
_describe(
    ProrationPolicy,
    "What a part of a period costs.",
    BY_SECOND="Its share, to the second.",
    BY_DAY="Its share, by days in the customer's zone.",
    NONE="Nothing.",
    FULL="As much as the whole.",
)
_describe(
    Rounding,
    "How the exact amount of a line becomes one with the currency's digits.",
    HALF_UP="To the nearest; ties away from zero.",
    HALF_EVEN="To the nearest; ties to the even digit.",
    UP="Away from zero.",
    DOWN="Towards zero.",
)
_describe(
    ZeroUsage,
    "Whether the flat fee of the first tier is due in a period that used nothing.",
    CHARGED="It is.",
    FREE="It is not.",
)
_describe(
    ChangeDay,
    "Whose the day of a change is, where days are counted.",
    NEW="Of what begins on it; the day of a cancellation is nobody's.",
    OLD="Of what ends on it.",
)
_describe(
    TrialUsage,
    "What becomes of usage during a trial.",
    FREE="It costs nothing.",
    BILLED="It is billed as any other.",
)
_describe(
    ChangesBilled,
    "When the difference that a change makes is billed.",
    AT_ONCE="When it is made.",
    NEXT_INVOICE="With the next invoice.",
)
_describe(
    BurnBy,
    "One criterion of the order in which credits are used up.",
    PRIORITY="The lower priority first.",
    EXPIRY="What expires soonest first.",
    PROMOTIONAL="What was given before what was bought.",
    AGE="The oldest first.",
)
_describe(
    LastStep,
    "What happens when the last try to collect a payment has failed.",
    SUSPEND="Rights are suspended until it is paid.",
    CANCEL="Subscriptions end.",
    LEAVE="Nothing.",
)
_describe(
    TaxCode,
    "Why a rate of tax is what it is, as EN 16931 tells it.",
    STANDARD="S: taxed at a rate of the country.",
    ZERO="Z: zero-rated.",
    EXEMPT="E: exempt.",
    REVERSE_CHARGE="AE: the buyer owes the tax.",
    INTRA_COMMUNITY="K: supplied to another country of the EU.",
    EXPORT="G: exported.",
    OUTSIDE_SCOPE="O: not subject to VAT.",
)
_describe(
    InvoiceStatus,
    "Where an invoice stands.",
    DRAFT="Not final: it still changes, and has no number.",
    OPEN="Final, and not paid in full.",
    PAID="Paid, or nothing was left to pay.",
    VOID="Taken back as a whole: nothing is owed on it.",
    UNCOLLECTIBLE="Written off: no more is expected.",
)
_describe(
    LineKind,
    "What a line charges for.",
    RECURRING="A fee that recurs.",
    USAGE="What was used.",
    ONCE="A fee that is charged once.",
    MINIMUM="What is missing from a minimum spend.",
    ITEM="Something put there by hand.",
    CREDIT="Credit that is bought.",
)
_describe(
    CreditKind,
    "What credit does to an invoice.",
    PROMOTIONAL="Given: it lowers what is taxed.",
    PREPAID="Bought, overpaid or credited: it pays, like money.",
)
_describe(
    PaymentStatus,
    "Where a payment stands.",
    PENDING="Under way.",
    SUCCEEDED="It came in.",
    FAILED="It did not come in.",
    REFUNDED="It came in, and all of it was given back.",
    PARTIALLY_REFUNDED="It came in, and a part of it was given back.",
)
_describe(
    RefundTarget,
    "Where the money of a refund goes.",
    METHOD="Back the way it came.",
    CREDIT="To the customer's prepaid credit.",
)
_describe(
    SubscriptionStatus,
    "Where a subscription stands.",
    PENDING="Bought, and begins later.",
    TRIALING="On trial.",
    ACTIVE="Running.",
    PAST_DUE="Running, and its customer owes a payment that has fallen due.",
    PAUSED="Gives no rights until it is resumed.",
    CANCELED="Ended by a cancellation.",
    ENDED="Ended otherwise, as when its customer was erased.",
)
_describe(
    ChangeTiming,
    "When a change takes effect.",
    NOW="At once.",
    PERIOD_END="When the present billing period ends.",
    AT="At an instant that is given.",
)
_describe(
    SourceKind,
    "Where a right comes from.",
    PLAN="The plan of a running subscription.",
    ADD_ON="A plan added to a subscription.",
    TRIAL="The plan of a subscription that is on trial.",
    GRANT="Given by hand, on top of the rest.",
    OVERRIDE="Given by hand, in place of the rest.",
)
_describe(
    DecisionReason,
    "Why a gate allows or denies.",
    INCLUDED="Allowed: a plan includes it.",
    WITHIN_LIMIT="Allowed: the limit is not reached.",
    OVERAGE_BILLED="Allowed beyond a soft limit; what is above it is billed.",
    PREPAID_CREDIT="Allowed: paid from credit.",
    GRANTED="Allowed: given by hand.",
    NOT_INCLUDED="Denied: no plan of the customer includes it.",
    LIMIT_REACHED="Denied: a hard limit is reached.",
    CREDIT_EXHAUSTED="Denied: the credit is used up.",
    NO_SUBSCRIPTION="Denied: there is no running subscription, or no such customer.",
    TRIAL_ENDED="Denied: the trial is over.",
    PAYMENT_OVERDUE="Denied: a payment is overdue.",
    SUSPENDED="Denied: the subscription is paused.",
    REVOKED="Denied: taken away by hand.",
    UNKNOWN_FEATURE="Denied: there is no such feature.",
)
_describe(
    UsageEventStatus,
    "What became of one usage event.",
    ACCEPTED="It is counted.",
    DUPLICATE="It was counted before; nothing changed.",
    CONFLICT="Its id was used before, with other content; nothing changed.",
    REJECTED="It cannot be counted; the message says why.",
)
_describe(
    ReservationState,
    "Where a reservation stands.",
    OPEN="It holds its quantity.",
    COMMITTED="It was used.",
    RELEASED="It was given back.",
    EXPIRED="Its time ran out.",
)
