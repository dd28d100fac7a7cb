"""What the simulated provider keeps of customers: enough to see what it was told, and how often."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from domain.books.payment import Method
from domain.provider import Mirror, Mirrored, MirrorState, Unknown


@dataclass
class Kept:
    """Of one customer. `copies`: of invoices, by our id of the invoice."""

    anonymous_id: str
    default: str | None = None
    detached: list[str] = field(default_factory=list)
    copies: dict[str, Mirror] = field(default_factory=dict)


class SimulatedCustomers:
    """Methods are not kept: their tokens say how they behave, and are everybody's."""

    def __init__(self) -> None:
        self.customers: dict[str, Kept] = {}
        self.pushes = 0

    async def link(self, anonymous_id: str) -> str:
        reference = f"simulated_{anonymous_id}"
        self.customers.setdefault(reference, Kept(anonymous_id))
        return reference

    async def forget(self, reference: str) -> None:
        self.customers.pop(reference, None)

    async def set_up(self, reference: str, key: str) -> str:
        self._kept(reference)
        return f"simulated_secret_{key}"

    async def methods(self, reference: str) -> Sequence[Method]:
        return ()

    async def set_default(self, reference: str, token: str) -> None:
        self._kept(reference).default = token

    async def detach(self, token: str) -> None:
        return None

    async def portal(self, reference: str, return_url: str) -> str:
        self._kept(reference)
        return f"https://pay.example/portal/{reference}"

    async def push(self, reference: str, mirror: Mirror, copy: str | None) -> Mirrored:
        copies = self._kept(reference).copies
        self.pushes += 1
        if mirror.state is MirrorState.GONE:
            copies.pop(mirror.invoice_id, None)
            return Mirrored(None, None)
        copies[mirror.invoice_id] = mirror
        return Mirrored(f"simulated_{mirror.invoice_id}", mirror.total)

    def _kept(self, reference: str) -> Kept:
        """Another process knows nothing of whom this one has linked."""
        kept = self.customers.get(reference)
        if kept is None:
            anonymous_id = reference.removeprefix("simulated_")
            if anonymous_id == reference:
                raise Unknown("there is no such customer")
            kept = self.customers[reference] = Kept(anonymous_id)
        return kept
