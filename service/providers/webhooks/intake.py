"""A notice comes in: is it the provider's, and is it new? Then it is kept, and that is all, so that the answer takes
milliseconds. It is handled later (`handling`): only what is stored is ever called received."""

import asyncio
from collections.abc import Mapping
from typing import NamedTuple

from adapters.metrics import Instruments, Received
from adapters.postgres import inbox
from adapters.postgres.connection import Engine
from domain.providers.notice import About, Acknowledgement, NotGenuine, Notices
from domain.providers.provider import Unknown
from service.ids import new_id
from service.outage import telling_outages

KEPT_S_MAX = 5.0
"""A database that takes longer is away: the provider comes again, and must not be kept waiting."""


VERIFIED_S_MAX = 10.0
"""How long a provider may take that has to be asked whether it was it."""


class Kept(NamedTuple):
    """`new`: how many of the notices."""

    new: int
    acknowledgement: Acknowledgement


class NoticeIntake:
    def __init__(self, engine: Engine, notices: Mapping[str, Notices], instruments: Instruments) -> None:
        """`notices`: how to read those of each provider, by its name."""
        self._engine = engine
        self._notices = notices
        self._instruments = instruments

    async def receive(self, provider: str, body: bytes, headers: Mapping[str, str]) -> Kept:
        """All that one body tells, or none of it. Raises NotGenuine, also for a provider that is not set up; Unknown
        and DatabaseAway: then nothing is kept, and the provider is to send it again."""
        reader = self._notices.get(provider)
        if reader is None:
            raise NotGenuine("no such provider is set up")
        try:
            async with asyncio.timeout(VERIFIED_S_MAX):
                delivery = await reader.read(body, headers)
        except NotGenuine:
            self._instruments.webhook_received(provider, About.OTHER, Received.REFUSED)
            raise
        except OSError as error:  # it took too long, or the connection to who was asked broke
            raise Unknown(f"no answer: {type(error).__name__}") from None
        with telling_outages():
            async with asyncio.timeout(KEPT_S_MAX), self._engine.begin() as connection:
                new = [await inbox.keep(connection, new_id("webhook"), provider, notice) for notice in delivery.notices]
        for notice, is_new in zip(delivery.notices, new, strict=True):
            kept = Received.STORED if is_new else Received.DUPLICATE
            self._instruments.webhook_received(provider, notice.about.kind, kept)
        return Kept(sum(new), delivery.acknowledgement)
