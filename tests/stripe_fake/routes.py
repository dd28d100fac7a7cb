"""Which request is which: method, path, the SDK's type of its parameters, and what it does."""

import re
from collections.abc import Callable
from typing import Any, NamedTuple

import stripe.params as p
from stripe.params import billing_portal

from stripe_fake import customers, invoices, payments, refunds
from stripe_fake.account import Account, Object
from stripe_fake.errors import missing


class Route(NamedTuple):
    method: str
    path: re.Pattern[str]
    params: type
    act: Callable[..., Object]


def _balance(account: Account, params: Object) -> Object:
    return {"object": "balance", "available": [], "pending": [], "livemode": False}


def _list_events(account: Account, params: Object) -> Object:
    kinds = params.get("types") or ([params["type"]] if "type" in params else None)
    kept = [one for one in account.events if kinds is None or one["type"] in kinds]
    return account.page(kept, params, "/v1/events")


def _event(account: Account, params: Object, id: str) -> Object:
    found = next((one for one in account.events if one["id"] == id), None)
    if found is None:
        raise missing("event", id, "id")
    return found


_TABLE: list[tuple[str, str, type, Callable[..., Any]]] = [
    ("GET", "balance", p.BalanceRetrieveParams, _balance),
    ("POST", "billing_portal/sessions", billing_portal.SessionCreateParams, customers.create_portal_session),
    ("GET", "charges", p.ChargeListParams, payments.list_charges),
    ("GET", "charges/ID", p.ChargeRetrieveParams, payments.retrieve_charge),
    ("POST", "customers", p.CustomerCreateParams, customers.create_customer),
    ("GET", "customers", p.CustomerListParams, customers.list_customers),
    ("GET", "customers/search", p.CustomerSearchParams, customers.search_customers),
    ("GET", "customers/ID", p.CustomerRetrieveParams, customers.retrieve_customer),
    ("POST", "customers/ID", p.CustomerUpdateParams, customers.update_customer),
    ("DELETE", "customers/ID", p.CustomerDeleteParams, customers.delete_customer),
    ("GET", "disputes", p.DisputeListParams, refunds.list_disputes),
    ("GET", "disputes/ID", p.DisputeRetrieveParams, refunds.retrieve_dispute),
    ("GET", "events", p.EventListParams, _list_events),
    ("GET", "events/ID", p.EventRetrieveParams, _event),
    ("POST", "invoiceitems", p.InvoiceItemCreateParams, invoices.create_item),
    ("GET", "invoiceitems", p.InvoiceItemListParams, invoices.list_items),
    ("POST", "invoiceitems/ID", p.InvoiceItemUpdateParams, invoices.update_item),
    ("DELETE", "invoiceitems/ID", p.InvoiceItemDeleteParams, invoices.delete_item),
    ("POST", "invoices", p.InvoiceCreateParams, invoices.create_invoice),
    ("GET", "invoices", p.InvoiceListParams, invoices.list_invoices),
    ("GET", "invoices/ID", p.InvoiceRetrieveParams, invoices.retrieve_invoice),
    ("POST", "invoices/ID", p.InvoiceUpdateParams, invoices.update_invoice),
    ("DELETE", "invoices/ID", p.InvoiceDeleteParams, invoices.delete_invoice),
    ("POST", "invoices/ID/finalize", p.InvoiceFinalizeInvoiceParams, invoices.finalize_invoice),
    ("POST", "invoices/ID/pay", p.InvoicePayParams, invoices.pay_invoice),
    ("POST", "invoices/ID/void", p.InvoiceVoidInvoiceParams, invoices.void_invoice),
    ("POST", "payment_intents", p.PaymentIntentCreateParams, payments.create_intent),
    ("GET", "payment_intents", p.PaymentIntentListParams, payments.list_intents),
    ("GET", "payment_intents/search", p.PaymentIntentSearchParams, payments.search_intents),
    ("GET", "payment_intents/ID", p.PaymentIntentRetrieveParams, payments.retrieve_intent),
    ("POST", "payment_intents/ID/confirm", p.PaymentIntentConfirmParams, payments.confirm_intent),
    ("POST", "payment_intents/ID/cancel", p.PaymentIntentCancelParams, payments.cancel_intent),
    ("GET", "payment_methods", p.PaymentMethodListParams, customers.list_methods),
    ("GET", "payment_methods/ID", p.PaymentMethodRetrieveParams, customers.retrieve_method),
    ("POST", "payment_methods/ID", p.PaymentMethodUpdateParams, customers.update_method),
    ("POST", "payment_methods/ID/attach", p.PaymentMethodAttachParams, customers.attach_method),
    ("POST", "payment_methods/ID/detach", p.PaymentMethodDetachParams, customers.detach_method),
    ("POST", "refunds", p.RefundCreateParams, refunds.create_refund),
    ("GET", "refunds", p.RefundListParams, refunds.list_refunds),
    ("POST", "setup_intents", p.SetupIntentCreateParams, customers.create_setup),
    ("GET", "setup_intents/ID", p.SetupIntentRetrieveParams, customers.retrieve_setup),
]

ROUTES = [
    Route(method, re.compile("/v1/" + path.replace("ID", r"(\w+)")), params, act)
    for method, path, params, act in _TABLE
]
