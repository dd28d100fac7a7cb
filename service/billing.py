"""Billing as part of whatever command came by: an account is brought up to an instant in the order in which things
happen to it, and usage is read where a moment needs it."""

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from typing import Protocol

from adapters.postgres.usage.periods import Ask
from domain.account import Account, Customer
from domain.billing.ahead import expected, next_instant
from domain.billing.bill import bill, drafts
from domain.billing.charge import Charge, Count
from domain.billing.charges import charges, counts
from domain.billing.invoicing import make
from domain.billing.moment import Moment, by_hand, next_moment
from domain.billing.office import Office, office
from domain.books.invoice import Invoice
from domain.decide.drafts import waiting
from domain.due import next_due
from domain.dunning import charges_open, money_due, next_money_due
from domain.seller import Settings
from service.draft import Draft
from service.sources import Source


class Taxes(Protocol):
    """A tax service in the place of the rates in the settings."""

    async def office(self, settings: Settings, customer: Customer) -> Office:
        """How each category is taxed for this customer."""
        ...


class OwnRates:
    """The rates in the settings."""

    async def office(self, settings: Settings, customer: Customer) -> Office:
        return office(settings, customer)


class Billing:
    """`advance` brings a draft of an account up to an instant."""

    def __init__(self, taxes: Taxes | None = None) -> None:
        self.taxes = taxes or OwnRates()

    async def advance(self, source: Source, draft: Draft, at: datetime, *, until_charge: bool = False) -> None:
        """All that happens by itself up to and including `at`, each at its own instant, in order: what falls due, then
        what the money makes due, then what is billed. `until_charge`: not beyond where a provider is to be asked."""
        while (instant := next_instant(draft.state)) is not None and instant <= at:
            if until_charge and charges_open(draft.state.books):
                return
            if _is(next_due(draft.state), instant):
                draft.catch_up(instant)
            elif _is(next_money_due(draft.state), instant):
                happens_at = draft.at(instant)  # what follows counts from when it happens, not from when it should have
                for event in money_due(draft.state, happens_at):
                    draft.add(event, happens_at, by_time=True)
            else:
                moment = next_moment(draft.state)
                assert moment is not None
                await self.bill(source, draft, moment)

    async def close_by_hand(self, source: Source, draft: Draft, at: datetime) -> None:
        """Make the draft final that is the next one."""
        await self.bill(source, draft, by_hand(draft.state.books, at))

    async def bill(self, source: Source, draft: Draft, moment: Moment) -> None:
        at = draft.at(moment.at)
        wanted = await self.wanted(source, draft.state, moment, at)
        terms = await self.office(source, draft.state)
        for event in bill(draft.state, wanted, terms, moment, at):
            draft.add(event, at, by_time=True)

    async def upcoming(self, source: Source, account: Account, at: datetime) -> Invoice | None:
        """The draft of the next invoice, as it would be now if nothing else happened: what will recur, and the usage so
        far. None: as things are, none will come."""
        for ahead, moment in expected(account, at):
            wanted = await self.wanted(source, ahead, moment, max(at, moment.at))
            one = next((one for one in drafts(ahead.books, wanted, moment) if one.charges), None)
            if one is not None:
                terms, until = await self.office(source, ahead), moment.until
                return make(
                    ahead, one.lines, terms, one.currency, moment.at, until=until, continued=one.continued
                ).invoice
        return None

    async def drafts(self, source: Source, draft: Draft) -> list[Invoice]:
        """What is not final yet. Uses the draft up: the waiting invoice is made in it, to see what comes after."""
        found: list[Invoice] = []
        if waiting(draft.state, draft.time):
            first = await self.upcoming(source, draft.state, draft.time)
            moment = next_moment(draft.state)
            assert moment is not None
            await self.bill(source, draft, moment)
            found += [first] if first is not None and first.issued_at == moment.at else []
        running = await self.upcoming(source, draft.state, draft.time)
        return found if running is None else [*found, running]

    async def wanted(self, source: Source, account: Account, moment: Moment, at: datetime) -> tuple[Charge, ...]:
        """What is wanted by then, with the usage as it stands."""
        if moment.until is None:
            return ()
        asked = counts(account, moment.until, interim=moment.interim)
        found = await self._figures(source, account, asked, at)
        figures = dict(zip(asked, found, strict=True))
        return charges(account, figures, moment.until, interim=moment.interim)

    async def office(self, source: Source, account: Account) -> Office:
        assert account.customer is not None
        return await self.taxes.office((await source.catalog()).settings, account.customer)

    async def _figures(
        self, source: Source, account: Account, asked: Sequence[Count], at: datetime
    ) -> Sequence[Decimal]:
        assert account.customer is not None
        if not asked:
            return ()
        meters = {meter.key: meter for meter in (await source.catalog()).meters}
        id = account.customer.id
        asks = [Ask(id, meters[one.meter_key], one.period, at, subscription_id=one.subscription_id) for one in asked]
        return await source.used(asks)


def _is(instant: datetime | None, other: datetime) -> bool:
    return instant is not None and instant <= other
