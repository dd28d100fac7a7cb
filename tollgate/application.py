"""The application that `tollgate serve` runs: the edge, handed what it works with."""

from collections.abc import Sequence
from functools import partial

from starlette.types import ASGIApp

from adapters.payments.connector import Registered
from adapters.secrets import Secrets
from adapters.settings import DeploymentSettings
from adapters.tracing import Tracing, open_tracing
from api import app
from tollgate.providers import REGISTERED
from tollgate.wiring import open_runtime


def create_app(
    settings: DeploymentSettings,
    secrets: Secrets,
    dsn: str,
    tracing: Tracing | None = None,
    registered: Sequence[Registered] = REGISTERED,
) -> ASGIApp:
    """On the migrated database at `dsn`. Before it is shut down: `api.app.close`. `tracing` in place of what the
    settings ask for."""
    tracing = tracing or open_tracing(settings.otlp_endpoint)
    return app.create_app(settings, partial(open_runtime, settings, secrets, dsn, tracing, registered), tracing)
