"""The types of the schema, made from domain values. Nothing here reads or decides.

How each is made (mutations use the same classmethods as queries):

    standing = await context.standing(recorded.state)   # an Account as a command left it; forgets what was read before

    Customer.of(standing)                               # each in the module of its name
    Subscription.of(standing, held)                     # held: domain Subscription
    ScheduledChange.of(standing, subscription, planned)  # planned: domain ScheduledChange of subscription
    Entitlement.of(standing.catalog, right, usage)      # usage: domain.rights.gate.Usage, None: not metered
    BillingStatus.of(standing)
    Invoice.of(standing, invoice)                       # a draft if the standing's books know nothing of it
    CreditNote.of(standing, note) · CreditGrant.of(standing, credit) · CouponRedemption.of(redemption)
    Payment.of(standing, payment) · Refund.of(standing, payment, refund) · PaymentMethod.of(standing, method)
    InvoiceLine.of(catalog, line, currency, origin)     # origin: an Origin; None: nobody's, as in a simulation
    BillingSettings.of(settings) · Coupon.of(coupon) · TaxLine.of(line, currency)
    FeatureDecision.of(answer)                          # answer: service.gates.snapshot.Answer
    Plan.of(catalog, plan) · PlanVersion.of(catalog, version) · Price.of(catalog, price)
    Feature.of(catalog, feature) · Meter.of(meter)
    TestClock.of(clock) · ApiKey.of(key) · JournalEvent.of(entry, sees_provider) · UserError.of(refusal)
    Money.of(money) · Period.of(period)

Those about money need a whole standing, one with its books: what a command left is one; a read makes it one by
`await context.loaders.with_books(standing)`.

Enums are the domain's own, described in `enums`. `CustomerRef` is the input that names a customer, which
`context.customer_id` resolves.
"""

from api.types import enums

__all__ = ["enums"]  # described before any type uses them
