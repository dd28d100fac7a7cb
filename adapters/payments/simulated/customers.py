"""What the simulated provider keeps of customers: enough to see what it was told, and how often."""

from collections.abc import Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field

from adapters.payments.simulated.stores import MemoryStore, Store
from domain.books.payment import Method
from domain.providers.provider import Mirror, Mirrored, MirrorState, Unknown

PREFIX = "simulated_"


@dataclass
class SimulatedCustomer:
    """Of one customer. `copies`: of invoices, by our id of the invoice."""

    anonymous_id: str
    default: str | None = None
    copies: dict[str, Mirror] = field(default_factory=dict)


class SimulatedCustomers:
    """Methods are not kept: their tokens say how they behave, and are everybody's."""

    def __init__(self) -> None:
        self._in_memory_customers = MemoryStore[SimulatedCustomer]()
        self.customer_store: Store[SimulatedCustomer] = self._in_memory_customers
        self.pushes = 0

    @property
    def customers(self) -> dict[str, SimulatedCustomer]:
        """The customers in memory, by reference."""
        return self._in_memory_customers.kept

    async def link(self, anonymous_id: str) -> str:
        reference = f"{PREFIX}{anonymous_id}"
        async with self._kept(reference):
            return reference

    async def forget(self, reference: str) -> None:
        await self.customer_store.drop(reference)

    async def set_up(self, reference: str, key: str) -> str:
        async with self._kept(reference):
            return f"simulated_secret_{key}"

    async def methods(self, reference: str) -> Sequence[Method]:
        return ()

    async def set_default(self, reference: str, token: str) -> None:
        async with self._kept(reference) as kept:
            assert kept is not None
            kept.default = token

    async def detach(self, token: str) -> None:
        return None

    async def portal(self, reference: str, return_url: str) -> str:
        async with self._kept(reference):
            return f"https://pay.example/portal/{reference}"

    async def push(self, reference: str, mirror: Mirror, copy: str | None) -> Mirrored:
        self.pushes += 1
        async with self._kept(reference) as kept:
            assert kept is not None
            if mirror.state is MirrorState.GONE:
                kept.copies.pop(mirror.invoice_id, None)
                return Mirrored(None, None)
            kept.copies[mirror.invoice_id] = mirror
        return Mirrored(f"simulated_{mirror.invoice_id}", mirror.total)

    def _kept(self, reference: str) -> AbstractAsyncContextManager[SimulatedCustomer | None]:
        """Whoever is asked for is there: links may be older than what is remembered here."""
        anonymous_id = reference.removeprefix(PREFIX)
        if anonymous_id == reference:
            raise Unknown("there is no such customer")
        return self.customer_store.changing(reference, (anonymous_id, SimulatedCustomer(anonymous_id)))
