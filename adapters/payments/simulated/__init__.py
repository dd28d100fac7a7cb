"""A provider that moves no money, for tests and demos: how it behaves is written on the method (`Behaviour`).

It is played by the customer's own time, so that a debit of days, a return or a dispute comes when a test clock moves.
What it knows is in a table, as a real one's would be in its own house: server and worker ask the same one. Until it is
opened on a database it keeps it in memory.
"""

from adapters.payments.simulated.behaviour import Behaviour
from adapters.payments.simulated.connector import simulated_connectors
from adapters.payments.simulated.provider import Simulated

__all__ = ["Behaviour", "Simulated", "simulated_connectors"]
