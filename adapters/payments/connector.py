"""A payment provider as the rest of the house has it: one value, which its package makes from the settings and
`tollgate/providers.py` registers. Nobody else knows who it is."""

from collections.abc import Awaitable, Callable, Iterable
from datetime import datetime

from msgspec import Struct

from adapters.postgres.connection import Engine
from adapters.settings import DeploymentSettings
from domain.providers.notice import Notices
from domain.providers.provider import Capabilities, Provider
from domain.providers.records import ProviderRecords


class Surroundings(Struct, frozen=True):
    """What a connector may use of ours while it is open. `now_of`: the present instant of whom an anonymous id stands
    for, which is that of their test clock if they live by one."""

    engine: Engine
    now_of: Callable[[str], Awaitable[datetime]]


class PublicSettings(Struct, frozen=True):
    """What a customer's browser may know."""

    publishable_key: str | None = None


async def _nothing_to_open(surroundings: Surroundings) -> None:
    return None


async def _nothing_to_close() -> None:
    return None


class Connector(Struct, frozen=True, kw_only=True):
    """`name`: what payment methods, links and the address of its notices carry, for ever. `records` None: it cannot be
    compared with; `notices` None: it tells nothing by itself, as one without records cannot: what is told is looked
    at there. Nothing is asked of it before `open` or after `close`."""

    name: str
    payments: Provider
    records: ProviderRecords | None = None
    notices: Notices | None = None
    public: PublicSettings = PublicSettings()
    open: Callable[[Surroundings], Awaitable[None]] = _nothing_to_open
    close: Callable[[], Awaitable[None]] = _nothing_to_close

    @property
    def capabilities(self) -> Capabilities:
        return self.payments.capabilities


Registered = Callable[[DeploymentSettings], Iterable[Connector]]
"""What a provider's package gives: its connectors, one for each account there that is set up; none, if it is not."""
