"""Ids by which a customer is found who was not named."""

from domain.account import Account
from domain.billing.invoicing import invoice_id


def owned_ids(account: Account) -> set[str]:
    """The ids by which this customer can be found: of subscriptions, scheduled changes and grants; of all in the books
    but credit notes, which are documents; and of the two invoices that may be drafts, since they keep their ids when
    they become final."""
    books = account.books
    return (
        ({invoice_id(account), invoice_id(account, 1)} if account.customer is not None else set())
        | {subscription.id for subscription in account.subscriptions}
        | {scheduled.id for subscription in account.subscriptions for scheduled in subscription.scheduled}
        | {grant.id for grant in account.grants}
        | {item.id for item in books.items}
        | books.receivables.keys()
        | books.credits.keys()
        | books.payments.keys()
        | {refund.id for payment in books.payments.values() for refund in payment.refunds}
        | {redemption.id for redemption in books.redemptions}
        | {method.id for method in books.methods}
        | {provider_id(provider, link.reference) for provider, link in books.links.items()}
    )


def provider_id(provider: str, reference: str) -> str:
    """The id under which a customer's record at a payment provider is found: no id of ours has this shape."""
    return f"{provider}/{reference}"
