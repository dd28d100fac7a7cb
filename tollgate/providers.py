"""The payment providers that Tollgate can be set up with: one line each."""

from collections.abc import Sequence

from adapters.payments.connector import Connector, Registered
from adapters.payments.simulated import simulated_connectors
from adapters.settings import DeploymentSettings
from adapters.stripe.connector import stripe_connectors
from adapters.stripe.ours import STRIPE

REGISTERED: tuple[Registered, ...] = (
    stripe_connectors,
    simulated_connectors,
)

USUAL = STRIPE
"""Who is meant where a request names nobody; if it is not set up, the only one that is."""


def connectors(settings: DeploymentSettings, registered: Sequence[Registered]) -> list[Connector]:
    """The connectors that are set up, in the order of the table."""
    return [connector for connect in registered for connector in connect(settings)]


def usual(connected: Sequence[Connector]) -> str | None:
    names = [connector.name for connector in connected]
    if USUAL in names:
        return USUAL
    return names[0] if len(names) == 1 else None
