"""The types of the schema, made from domain values. Nothing here reads or decides.

How each is made (mutations use the same classmethods as queries):

    standing = await context.standing(recorded.state)   # an Account as a command left it; forgets what was read before

    Customer.of(standing)
    Subscription.of(standing, held)                     # held: domain Subscription
    ScheduledChange.of(standing, held, planned)         # planned: domain ScheduledChange of held
    Entitlement.of(standing.catalog, entitlement, usage)   # usage: domain.gate.Usage, None: not metered
    BillingStatus.of(standing)
    FeatureDecision.of(catalog, decision, cheapest, as_of, version)
    Plan.of(catalog, plan) · PlanVersion.of(catalog, version) · Price.of(catalog, price)
    Feature.of(catalog, feature) · Meter.of(meter)
    TestClock.of(clock) · ApiKey.of(key) · JournalEvent.of(context, entry) · UserError.of(refusal)
    Money.of(money) · Period.of(period)

Enums are the domain's own, described in `enums`. `CustomerRef` is the input that names a customer; `context.customer_id`
resolves it.
"""
