"""The simulated provider, as it is plugged in."""

from collections.abc import Iterator

from adapters.payments.connector import Connector
from adapters.payments.simulated.provider import Simulated
from adapters.payments.simulated.records import SimulatedNotices, SimulatedRecords
from adapters.settings import DeploymentSettings


def simulated_connectors(settings: DeploymentSettings) -> Iterator[Connector]:
    if settings.simulated_payments:
        simulated = Simulated()
        records = SimulatedRecords(simulated)
        yield Connector(
            name="simulated",
            payments=simulated,
            records=records,
            notices=SimulatedNotices(records),
            open=simulated.open,
        )
