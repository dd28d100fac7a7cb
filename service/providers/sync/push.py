"""Bringing what a provider has of one customer to what it should have. Every step is safe to repeat, and what was done
is kept step by step: a turn that breaks off goes on where it was."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from decimal import Decimal

from adapters.postgres import states, sync
from adapters.postgres.codec import decode_whole_account
from adapters.postgres.connection import Engine
from adapters.postgres.reads.catalog import catalog
from adapters.postgres.sync import Copy, Job
from adapters.postgres.usage.periods import UsageQuery
from domain.account import Account
from domain.books.invoice import Invoice
from domain.commands import NoteDrift
from domain.providers.desired_state import DesiredState, desired_state, digest
from domain.providers.provider import CustomerProvider, Mirror, MirrorState, Provider, Unknown, Unsayable
from service.clock import Clock
from service.documents.drafts import Stored, drafts_of
from service.write.record import WORKER, Recording

Figures = Callable[[Sequence[UsageQuery]], Awaitable[Sequence[Decimal]]]
"""What meters read."""


class Push:
    def __init__(
        self, engine: Engine, record: Recording, clock: Clock, figures: Figures, providers: Mapping[str, Provider]
    ) -> None:
        self._engine = engine
        self._record = record
        self._clock = clock
        self._figures = figures
        self._providers = providers

    async def tell(self, job: Job) -> None:
        """The caller sees to it that nobody else tells this provider of this customer meanwhile. Raises Unknown."""
        provider = self._providers.get(job.provider)
        if provider is None:
            raise Unknown(f"no provider {job.provider} here")
        found = await self._account(job)
        if found is None:
            return
        account, drafts = found
        want = desired_state(account, drafts, job.provider)
        pushed, methods = digest(want), digest(want.methods)
        if methods != job.methods_digest:
            await _tell_methods(provider, job.reference, want)
        if pushed != job.pushed_digest and provider.capabilities.copies:
            await self._tell_copies(provider, job, want)
        await self._note_drift(job, account)
        async with self._engine.begin() as connection:
            await sync.note_pushed(connection, job, pushed, methods)

    async def _account(self, job: Job) -> tuple[Account, Sequence[Invoice]] | None:
        """None: they are not linked under this reference any more."""
        async with self._engine.connect() as connection:
            head = await states.head(connection, job.customer_id)
            if head is None or head.effective_at is None:
                return None
            account = decode_whole_account(head.state, head.books, head.seq)
            link, customer = account.books.links.get(job.provider), account.customer
            if link is None or link.reference != job.reference or customer is None or customer.erased_at is not None:
                return None
            now = await self._clock.at(connection, customer.clock_id)
        stored = Stored(account, head.effective_at, max(now, head.effective_at))
        drafts = await drafts_of([stored], (await catalog(self._engine)).catalog, self._figures)
        return account, drafts[job.customer_id]

    async def _tell_copies(self, provider: CustomerProvider, job: Job, want: DesiredState) -> None:
        async with self._engine.connect() as connection:
            copies = await sync.copies_of(connection, job.customer_id, job.provider)
        there = {mirror.invoice_id for mirror in want.mirrors}
        # A draft that will not be, as of a subscription that was cancelled.
        left = [copy for copy in copies.values() if copy.state == MirrorState.DRAFT and copy.invoice_id not in there]
        for mirror in (*want.mirrors, *(Mirror(copy.invoice_id, "", (), MirrorState.GONE) for copy in left)):
            copy = copies.get(mirror.invoice_id)
            if copy is None and mirror.state is MirrorState.GONE:
                continue
            if copy is None or copy.digest != digest(mirror):
                await self._tell_copy(provider, job, mirror, copy)

    async def _tell_copy(self, provider: CustomerProvider, job: Job, mirror: Mirror, copy: Copy | None) -> None:
        reference = None if copy is None else copy.reference
        state = str(mirror.state)
        try:
            pushed = await provider.push(job.reference, mirror, reference)
        except Unsayable as why:
            await self._keep(
                job, Copy(mirror.invoice_id, reference, state, digest(mirror), f"{mirror.invoice_id}: {why}")
            )
        except Unknown:
            if copy is not None:
                await self._keep(job, copy._replace(digest=None))
            raise
        else:
            drift = None
            if pushed.total is not None and pushed.total != mirror.total:
                drift = f"{mirror.invoice_id}: comes to {pushed.total.amount} there, to {mirror.total.amount} here"
            await self._keep(job, Copy(mirror.invoice_id, pushed.reference or reference, state, digest(mirror), drift))

    async def _keep(self, job: Job, copy: Copy) -> None:
        async with self._engine.begin() as connection:
            await sync.keep_copy(connection, job, copy)

    async def _note_drift(self, job: Job, account: Account) -> None:
        async with self._engine.connect() as connection:
            copies = await sync.copies_of(connection, job.customer_id, job.provider)
        known = {line for line in account.books.links[job.provider].drift if line.partition(":")[0] in copies}
        found = {copy.drift for copy in copies.values() if copy.drift is not None}
        if found != known:
            note = NoteDrift(job.provider, tuple(sorted(found)), about=tuple(sorted(copies)))
            await self._record(job.customer_id, note, WORKER)


async def _tell_methods(provider: CustomerProvider, reference: str, want: DesiredState) -> None:
    if want.methods.removed:
        for method in await provider.methods(reference):
            if method.token in want.methods.removed:
                await provider.detach(method.token)
    if want.methods.default is not None:
        await provider.set_default(reference, want.methods.default)
