"""What a customer opens to confirm a payment: a secret of the provider's, who is asked for it when somebody wants to
see it, so that we store none. Asking changes nothing."""

import asyncio
from collections.abc import Mapping

import structlog

from domain.account import Account
from domain.books.payment import Payment
from domain.providers.provider import ChargeRequest, NeedsAction, Provider, Unknown
from service.providers.payments.charging import charge_of

log = structlog.stdlib.get_logger(__name__)

ASKED_AT_ONCE = 4
"""By this process, however long the pages of payments are: the provider's calls are for charging first."""
ANSWER_S_MAX = 5.0
"""Somebody waits for the page. With the time that it takes to come to the turn."""


class Confirming:
    """`providers` by the name that methods carry."""

    def __init__(
        self, providers: Mapping[str, Provider], at_once: int = ASKED_AT_ONCE, answer_s_max: float = ANSWER_S_MAX
    ) -> None:
        self._providers = providers
        self._turns = asyncio.Semaphore(at_once)
        self._answer_s_max = answer_s_max
        self._asking: dict[str, asyncio.Task[str | None]] = {}

    async def action_of(self, account: Account, payment: Payment) -> str | None:
        """Empty: the provider does not say what. None: nothing is to be confirmed (any more), or the provider does not
        answer in time. `account`: with its books. Who asks for one payment at the same time gets one answer."""
        provider, link = self._providers.get(payment.provider), account.books.links.get(payment.provider)
        if not payment.waiting or provider is None or link is None:
            return None
        if account.customer is None or account.customer.erased_at is not None:
            return None  # nobody will come
        asking = self._asking.get(payment.id)
        if asking is None:
            charge = charge_of(account, payment, link.reference)
            asking = self._asking[payment.id] = asyncio.create_task(self._asked(provider, charge))
            asking.add_done_callback(lambda _: self._asking.pop(payment.id))
        return await asyncio.shield(asking)  # one who goes away does not take the others' answer along

    async def _asked(self, provider: Provider, charge: ChargeRequest) -> str | None:
        try:
            async with asyncio.timeout(self._answer_s_max), self._turns:
                outcome = await provider.outcome_of(charge)
        except Exception as error:
            # The message may repeat what a provider was told; the type says enough, but for what we say ourselves.
            why = str(error) if isinstance(error, Unknown) else type(error).__name__
            log.warning("action not known", payment_id=charge.payment_id, error=why)
            return None
        return (outcome.action or "") if isinstance(outcome, NeedsAction) else None
