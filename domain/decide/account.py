"""What may happen to a customer's account, each command decided on in the file of its subject. The state given is the
one present at `at`: what fell due is folded in."""

from collections.abc import Sequence
from datetime import datetime

from domain import commands as c
from domain import events as e
from domain.account import Account
from domain.decide.coupons import decide_coupon
from domain.decide.credits import decide_credit
from domain.decide.customers import erase_customer, new_customer, update_customer
from domain.decide.drafts import decide_draft
from domain.decide.grants import decide_grant
from domain.decide.invoices import decide_invoice
from domain.decide.links import decide_link
from domain.decide.payments import decide_payment
from domain.decide.subscriptions import decide_subscription
from domain.errors import ErrorCode, Refusal

_HAPPENED = (
    c.SettlePayment,
    c.NoteProcessing,
    c.SettleRefund,
    c.RecordRefund,
    c.RemoveMethod,
    c.LinkProvider,  # what is known can be deleted there
    c.UnlinkProvider,
    c.NoteDrift,
)
"""What an erased customer's provider has still to tell."""


def decide_account(account: Account, command: c.AccountCommand, at: datetime) -> Sequence[e.AccountEvent]:
    if isinstance(command, c.CreateCustomer):
        return [e.CustomerCreated(new_customer(account, command.customer, at))]
    if account.customer is None:
        raise Refusal(ErrorCode.NOT_FOUND, "no such customer", "customer")
    if isinstance(command, c.CatchUp):
        return []
    if account.customer.erased_at is not None:
        if isinstance(command, c.EraseCustomer):
            return []
        if not isinstance(command, _HAPPENED):  # what happened has happened
            raise Refusal(ErrorCode.NOT_FOUND, "the customer was erased", "customer")
    match command:
        case c.UpdateCustomer():
            return update_customer(account, account.customer, command)
        case c.EraseCustomer():
            return erase_customer(account)
        case c.Subscribe() | c.ChangeSubscription() | c.RevokeCancellation() | c.CancelScheduledChange():
            return decide_subscription(account, account.customer, command, at)
        case c.GrantEntitlement() | c.RevokeEntitlement():
            return decide_grant(account, command, at)
        case c.AddItem() | c.RemoveItem() | c.AdjustLine() | c.FinalizeInvoice():
            return decide_draft(account, command, at)
        case c.VoidInvoice() | c.WriteOffInvoice() | c.IssueCreditNote():
            return decide_invoice(account, command, at)
        case c.GrantCredit() | c.VoidCredit():
            return decide_credit(account, command, at)
        case c.LinkProvider() | c.UnlinkProvider() | c.NoteDrift():
            return decide_link(account, command)
        case c.RedeemCoupon() | c.RemoveCoupon():
            return decide_coupon(account, command, at)
        case _:
            return decide_payment(account, command, at)
