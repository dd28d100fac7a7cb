"""The smallest provider there can be: it charges and gives back, and neither lists, shows nor tells anything."""

from collections.abc import Iterator, Sequence

from pydantic import Field
from pydantic_settings import BaseSettings

from adapters.payments.connector import Connector, PublicSettings, Surroundings
from adapters.settings import FROM_ENVIRONMENT, DeploymentSettings, read
from domain.books.payment import FailureCode, Method
from domain.providers.provider import (
    Capabilities,
    ChargeRequest,
    Failed,
    NeedsAction,
    Outcome,
    Processing,
    Provider,
    Refused,
    Repayment,
    Succeeded,
    Unknown,
)


class Toy(Provider):
    """It gives a charge its own name when it is asked first, and tells only those what became of it who know that
    name. A "slow" one is under way until it is asked again; one "to confirm" waits for the customer."""

    capabilities = Capabilities()

    def __init__(self) -> None:
        self.charges: dict[str, ChargeRequest] = {}
        self.refunds: dict[str, Repayment] = {}
        self.life: list[str] = []

    async def open(self, surroundings: Surroundings) -> None:
        self.life.append("opened")

    async def close(self) -> None:
        self.life.append("closed")

    # ── payments ─────────────────────────────────────────────────────────────────────────────────────────────────────
    async def charge(self, charge: ChargeRequest) -> Outcome:
        reference = charge.reference
        if reference is None:
            reference = f"toy-{len(self.charges) + 1}"
            self.charges[reference] = charge
            if charge.token == "slow":
                raise Processing("it takes its time", 60.0, reference)
            if charge.token == "to confirm":
                return NeedsAction(f"https://toy.example/{reference}", reference)
        elif self.charges[reference].payment_id != charge.payment_id:
            raise Unknown("this name stands for another payment")
        return Succeeded(reference) if charge.token in ("slow", "good") else Failed(FailureCode.DECLINED)

    async def outcome_of(self, charge: ChargeRequest) -> Outcome | None:
        if charge.reference is None:
            return None
        return NeedsAction(f"https://toy.example/{charge.reference}", charge.reference)

    async def refund(self, repayment: Repayment) -> Succeeded | Refused:
        self.refunds[repayment.refund_id] = repayment
        return Succeeded(f"toy-back-{repayment.reference}")

    async def withdraw(self, charge: ChargeRequest) -> Succeeded | None:
        return None

    # ── customers ────────────────────────────────────────────────────────────────────────────────────────────────────
    async def link(self, anonymous_id: str) -> str:
        return f"toy-of-{anonymous_id}"

    async def forget(self, reference: str) -> None:
        return None

    async def methods(self, reference: str) -> Sequence[Method]:
        return ()

    async def set_default(self, reference: str, token: str) -> None:
        return None

    async def detach(self, token: str) -> None:
        return None


class ToySettings(BaseSettings):
    model_config = FROM_ENVIRONMENT

    key: str | None = Field(default=None, max_length=9, validation_alias="TOY_KEY", description="a key of the toy's")


toy = Toy()


def toy_connectors(settings: DeploymentSettings) -> Iterator[Connector]:
    key = read(ToySettings, env_file=None).key
    yield Connector(name="toy", payments=toy, public=PublicSettings(key), open=toy.open, close=toy.close)
