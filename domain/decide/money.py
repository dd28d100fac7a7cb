"""Money commands, each to the file of its subject."""

from collections.abc import Sequence
from datetime import datetime

from domain import commands as c
from domain import events as e
from domain.account import Account
from domain.decide.coupons import decide_coupon
from domain.decide.credits import decide_credit
from domain.decide.drafts import decide_draft
from domain.decide.invoices import decide_invoice
from domain.decide.links import decide_link
from domain.decide.payments import decide_payment


def decide_money(account: Account, command: c.MoneyCommand, at: datetime) -> Sequence[e.AccountEvent]:
    match command:
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
