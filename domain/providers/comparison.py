"""The comparison itself: what a provider has and what the books say, and what follows from the difference. Pure.

The provider knows what money moved, the journal why. So a success that the journal has not heard of is recorded, and a
refund made in the dashboard, too; what nobody here asked for, or what both tell differently, is for people.
"""

from collections.abc import Iterable, Sequence

from msgspec import Struct

from domain import commands as c
from domain.books import Books
from domain.books.payment import Method, Payment, Refund, RefundTarget
from domain.identity import derived_id
from domain.money import Money
from domain.providers.chargeback import chargeback
from domain.providers.records import DisputeStatus, FoundCustomer, FoundDispute, FoundPayment, FoundRefund, FoundStatus

Repair = (
    c.SettlePayment
    | c.SettleRefund
    | c.RecordRefund
    | c.AddMethod
    | c.RemoveMethod
    | c.UpdateMethod
    | c.LinkProvider
    | c.UnlinkProvider
)
NOT_TAKEN_BACK = "the bank did not take it back"


class Findings(Struct, frozen=True):
    """`repairs`, in their order. `ask`: payments of which the provider is to be asked in full: those that have
    failed there, so that it sees to it that they stay so, and those of which we think that they wait for the customer.
    `looked_at`: the provider's names of what was compared; `drift`: what is to
    be said of these, each beginning with its name."""

    repairs: tuple[Repair, ...] = ()
    ask: tuple[str, ...] = ()
    looked_at: tuple[str, ...] = ()
    drift: tuple[str, ...] = ()

    def __add__(self, other: "Findings") -> "Findings":
        return Findings(
            self.repairs + other.repairs,
            self.ask + other.ask,
            self.looked_at + other.looked_at,
            self.drift + other.drift,
        )


def agreed(name: str) -> Findings:
    return Findings(looked_at=(name,))


def differs(name: str, what: str) -> Findings:
    return Findings(looked_at=(name,), drift=(f"{name}: {what}",))


# ── payments ─────────────────────────────────────────────────────────────────────────────────────────────────────────
def payment(books: Books, provider: str, found: FoundPayment) -> Findings:
    name, amount = found.reference, written(found.amount)
    ours = books.payments.get(found.payment_id or "")
    given_back = found.refunded == found.amount
    if ours is None:
        taken = found.state is FoundStatus.SUCCEEDED and not given_back
        return differs(name, f"{amount} charged there, and asked for by nobody here") if taken else agreed(name)
    there = f"payment {ours.id}"
    succeeded = ours.settled_at is not None and ours.failure is None
    if found.state is not FoundStatus.SUCCEEDED:
        if succeeded and ours.reference == name:
            return differs(name, f"{there} came in, but it is {found.state} there")
        went_on = found.state is FoundStatus.FAILED or ours.waiting  # a debit is under way once it is confirmed
        return Findings(ask=(ours.id,) if ours.settled_at is None and went_on else (), looked_at=(name,))
    if ours.provider != provider or Money(ours.amount, ours.currency) != found.amount:
        return differs(name, f"{amount} charged there for {there}, which is of {written(_amount(ours))}")
    if succeeded:
        if ours.reference is not None and ours.reference != name and not given_back:
            return differs(name, f"{amount} charged there for {there} a second time, beside {ours.reference}")
        return agreed(name)
    return Findings((c.SettlePayment(ours.id, reference=name),), looked_at=(name,))


# ── refunds ──────────────────────────────────────────────────────────────────────────────────────────────────────────
def refund(books: Books, provider: str, payment_id: str, found: FoundRefund) -> Findings:
    """`payment_id`: ours, of the payment that is given back, which has come in."""
    name, amount = found.reference, written(found.amount)
    known = {refund.id: refund for refund in books.payments[payment_id].refunds}
    made_there = derived_id("refund", found.at, provider, name)
    ours = known.get(found.refund_id or made_there)
    if ours is None:
        ours, asked_here = known.get(made_there), False
    else:
        asked_here = found.refund_id is not None
    if ours is None:
        if found.state is not FoundStatus.SUCCEEDED:
            return agreed(name)
        reason = f"given back at {provider}"
        return Findings((c.RecordRefund(made_there, payment_id, found.amount.amount, name, reason),), looked_at=(name,))
    open_here = asked_here and ours.settled_at is None and ours.failure is None
    match found.state:
        case FoundStatus.PENDING:
            return agreed(name)
        case FoundStatus.SUCCEEDED if open_here:
            return Findings((c.SettleRefund(ours.id, payment_id),), looked_at=(name,))
        case FoundStatus.SUCCEEDED if ours.failure is not None:
            return differs(name, f"{amount} given back there, but refund {ours.id} failed")
        case FoundStatus.FAILED if open_here:
            return Findings((c.SettleRefund(ours.id, payment_id, NOT_TAKEN_BACK),), looked_at=(name,))
        case FoundStatus.FAILED if ours.failure is None:
            return differs(name, f"{amount} not given back there after all, but refund {ours.id} went through")
    return agreed(name)


def refunds_missing(books: Books, payment_id: str, found: Iterable[FoundRefund]) -> Findings:
    """Of a payment all of whose refunds there were found: what went through here, and not there."""
    there = {refund.refund_id for refund in found}
    findings = Findings()
    for refund in books.payments[payment_id].refunds:
        if _sent(refund):
            amount = written(Money(refund.amount, books.payments[payment_id].currency))
            message = f"{amount} went back by our books, and not there"
            findings += agreed(refund.id) if refund.id in there else differs(refund.id, message)
    return findings


def _sent(refund: Refund) -> bool:
    return (
        refund.to is RefundTarget.METHOD
        and refund.settled_at is not None
        and refund.failure is None
        and not refund.reference
    )


# ── disputes ─────────────────────────────────────────────────────────────────────────────────────────────────────────
def dispute(books: Books, provider: str, payment_id: str, found: FoundDispute) -> Findings:
    """While it is open support is told; one that is lost is a refund that nobody asked for."""
    name, amount = found.reference, written(found.amount)
    back = chargeback(provider, payment_id, found)
    recorded = any(refund.id == back.refund_id for refund in books.payments[payment_id].refunds)
    about = f"{amount} of payment {payment_id}"
    match found.status:
        case DisputeStatus.LOST if not recorded:
            return Findings((back,), looked_at=(name,))
        case DisputeStatus.WON if recorded:
            return differs(name, f"{about} came back after the dispute was lost, and is in no book")
        case DisputeStatus.ASKED:
            return differs(name, f"the bank inquires about {about} ({found.reason})")
        case DisputeStatus.OPEN:
            return differs(name, f"{about} is disputed ({found.reason})")
    return agreed(name)


# ── customers ────────────────────────────────────────────────────────────────────────────────────────────────────────
def customer(books: Books, provider: str, anonymous_id: str, found: FoundCustomer | None) -> Findings:
    """Of one who is linked. None: the provider's record was deleted, and with it all their methods."""
    link = books.links[provider]
    if found is None:
        gone = tuple(c.RemoveMethod(method.id) for method in live(books, provider))
        return Findings((*gone, c.UnlinkProvider(provider)))
    if found.anonymous_id != anonymous_id:
        return differs(link.reference, "it does not carry the customer's anonymous id any more")
    if found.also:
        return differs(link.reference, f"it says more than the anonymous id: {', '.join(found.also)}")
    return agreed(link.reference)


def methods(books: Books, provider: str, found: Sequence[Method]) -> Findings:
    """The newest method is the one to charge. What was removed here stays removed, and is detached by whoever did."""
    known = {method.token: method for method in books.methods if method.provider == provider}
    there = {method.token: method for method in found}
    repairs: list[Repair] = [c.RemoveMethod(method.id) for method in live(books, provider) if method.token not in there]
    for method in sorted(found, key=lambda method: method.id):
        ours = known.get(method.token)
        if ours is None:
            repairs.append(c.AddMethod(method, default=_newest(books, method)))
        elif ours.removed_at is None and (ours.label, ours.expires) != (method.label, method.expires):
            repairs.append(c.UpdateMethod(ours.id, method.label, method.expires))
    return Findings(tuple(repairs))


def live(books: Books, provider: str) -> list[Method]:
    return [method for method in books.methods if method.provider == provider and method.removed_at is None]


def _newest(books: Books, method: Method) -> bool:
    """By when they were made there, which their ids tell, and not by when we heard of them: notices come in any
    order."""
    return books.method is None or books.method.id < method.id


def written(amount: Money) -> str:
    return f"{amount.amount:f} {amount.currency}"


def _amount(payment: Payment) -> Money:
    return Money(payment.amount, payment.currency)
