"""The types of the schema, made from domain values. Nothing here reads or decides.

How each is made (mutations use the same classmethods as queries):

    view = await context.view(recorded.state)   # an Account as a command left it; forgets what was read before

    Customer.of(view)                               # each in the module of its name
    Subscription.of(view, subscription)
    ScheduledChange.of(view, subscription, planned)  # planned: domain ScheduledChange of subscription
    Entitlement.of(view.catalog, right, usage)      # usage: domain.rights.gate.FeatureUsage; None: not metered
    BillingStatus.of(view)
    Invoice.of(view, invoice)                       # a draft if the view's books know nothing of it
    CreditNote.of(view, note) · CreditGrant.of(view, credit) · CouponRedemption.of(redemption)
    Payment.of(view, payment) · Refund.of(view, payment, refund) · PaymentMethod.of(view, method)
    InvoiceLine.of(catalog, line, currency, origin)     # origin: an Origin; None: nobody's, as in a simulation
    BillingSettings.of(settings) · Coupon.of(coupon) · TaxLine.of(line, currency)
    FeatureDecision.of(answer)                          # answer: service.gates.snapshot.Answer
    Plan.of(catalog, plan) · PlanVersion.of(catalog, version) · Price.of(catalog, price)
    Feature.of(catalog, feature) · Meter.of(meter)
    TestClock.of(clock) · ApiKey.of(key) · JournalEvent.of(entry, sees_provider) · UserError.of(refusal)
    Money.of(money) · Period.of(period)

Those about money need a view with its books: what a command left is one; a read makes it one by
`await context.loaders.with_books(view)`.

Enums are the domain's own, described in `enums`. `CustomerRef` is the input that names a customer, which
`context.customer_id` resolves.
"""

from api.types import enums

__all__ = ["enums"]  # described before any type uses them
