"""Stripe, as it is plugged in."""

from collections.abc import Iterator

from adapters.payments.connector import Connector, PublicSettings
from adapters.settings import DeploymentSettings
from adapters.stripe.client import Api
from adapters.stripe.ours import STRIPE
from adapters.stripe.provider import StripeProvider
from adapters.stripe.rate_limit import PER_SECOND, PER_SECOND_IN_TEST_MODE, CallLimit
from adapters.stripe.records import StripeRecords
from adapters.stripe.webhook import StripeNotices


def stripe_connectors(settings: DeploymentSettings) -> Iterator[Connector]:
    """Calls a second, unless the settings say: half of what Stripe bears, since a server and a worker share it."""
    if settings.stripe_api_key is None:
        return
    key = settings.stripe_api_key.get_secret_value()
    usual = PER_SECOND if "_live_" in key else PER_SECOND_IN_TEST_MODE
    api = Api(key, CallLimit(settings.stripe_calls_per_second or usual / 2), address=settings.stripe_base_url)
    secrets = [secret.get_secret_value() for secret in settings.stripe_webhook_secrets]
    yield Connector(
        name=STRIPE,
        payments=StripeProvider(api),
        records=StripeRecords(api),
        notices=StripeNotices(secrets) if secrets else None,
        public=PublicSettings(settings.stripe_publishable_key),
        close=api.close,
    )
