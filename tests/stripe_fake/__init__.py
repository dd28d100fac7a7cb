"""A small Stripe over real HTTP, for tests: what the adapter uses of it, as strict as Stripe, as unreliable as told.

`with FakeStripe(seed) as stripe:` serves it at `stripe.url`. `stripe.account` is what it holds; `customers`, `payments`
and `refunds` are also what customers, banks and dashboards do. `stripe.faults` makes it fail; `stripe.requests` is all
that it was sent.
"""

from stripe_fake.account import Account
from stripe_fake.cards import CARDS, Card
from stripe_fake.faults import Fault, Faults
from stripe_fake.server import FakeStripe, Seen
from stripe_fake.webhooks import deliver, signed

__all__ = ["CARDS", "Account", "Card", "FakeStripe", "Fault", "Faults", "Seen", "deliver", "signed"]
