"""Customers, their methods, set-ups and portal sessions."""

from typing import Any

import stripe
from stripe import billing_portal

from stripe_fake.account import Account, Object
from stripe_fake.cards import CARDS, Card
from stripe_fake.errors import invalid


# ── customers ────────────────────────────────────────────────────────────────────────────────────────────────────────
def create_customer(account: Account, params: Object) -> Object:
    made = account.add(
        stripe.Customer,
        "cus",
        default_source=None,
        tax_exempt=params.get("tax_exempt", "none"),
        metadata=params.pop("metadata", {}),
        invoice_settings=params.pop("invoice_settings", None) or {"default_payment_method": None},
        **params,
    )
    account.emit("customer.created", made)
    return made


def customer(account: Account, id: object, param: str = "customer", status: int = 400) -> Object:
    """One that is there. A deleted one can be seen, and not used."""
    found = account.get("customer", id, param, status)
    if found.get("deleted"):
        raise invalid(f"No such customer: '{id}'", param, "resource_missing")
    return found


def retrieve_customer(account: Account, params: Object, id: str) -> Object:
    found = account.get("customer", id)
    return {"id": id, "object": "customer", "deleted": True} if found.get("deleted") else found


def update_customer(account: Account, params: Object, id: str) -> Object:
    found = customer(account, id, "id", 404)
    chosen = params.get("invoice_settings", {}).get("default_payment_method")
    if chosen and method(account, chosen, "default_payment_method").get("customer") != id:
        raise invalid("The customer does not have this payment method", "invoice_settings[default_payment_method]")
    before = {name: found.get(name) for name in params}
    for name, value in params.items():
        found[name] = {**found[name], **value} if isinstance(found.get(name), dict) else value
    account.emit("customer.updated", found, before)
    return found


def delete_customer(account: Account, params: Object, id: str) -> Object:
    found = customer(account, id, "id", 404)
    for one in account.of("payment_method"):
        if one["customer"] == id:
            one["customer"] = None
    account.emit("customer.deleted", found)
    found["deleted"] = True
    return {"id": id, "object": "customer", "deleted": True}


def list_customers(account: Account, params: Object) -> Object:
    return account.page((one for one in account.of("customer") if not one.get("deleted")), params, "/v1/customers")


def search_customers(account: Account, params: Object) -> Object:
    return account.search("customer", params, "/v1/customers/search")


# ── methods ──────────────────────────────────────────────────────────────────────────────────────────────────────────
def make_method(account: Account, card: Card, owner: str | None = None) -> Object:
    """As Stripe's form does from what the customer types, their name and address among it."""
    details: dict[str, Any] = {"last4": card.last4, "fingerprint": account.id("fp")}
    if card.kind == "card":
        details |= {
            "brand": card.brand,
            "display_brand": card.brand,
            "exp_month": 2,
            "exp_year": 2028,
            "funding": "credit",
        }
    made = account.add(
        stripe.PaymentMethod,
        "pm",
        allow_redisplay="unspecified",
        billing_details={"address": None, "email": None, "name": "Typed At Stripe", "phone": None, "tax_id": None},
        customer=owner,
        type=card.kind,
        metadata={},
        **{card.kind: details},
    )
    account.cards[made["id"]] = card
    return made


def method(account: Account, id: object, param: str = "payment_method", status: int = 400) -> Object:
    if id in CARDS:  # the test tokens stand for a fresh method each time
        return make_method(account, CARDS[str(id)])
    return account.get("payment_method", id, param, status)


def retrieve_method(account: Account, params: Object, id: str) -> Object:
    return method(account, id, "payment_method", 404)


def list_methods(account: Account, params: Object) -> Object:
    wanted = params.get("customer")
    if wanted is not None:
        customer(account, wanted)
    kept = (one for one in account.of("payment_method") if wanted is None or one["customer"] == wanted)
    return account.page(kept, params, "/v1/payment_methods")


def attach_method(account: Account, params: Object, id: str) -> Object:
    found, owner = method(account, id, "payment_method", 404), customer(account, params["customer"])
    if found["customer"] not in (None, owner["id"]):
        raise invalid("The payment method you provided has already been attached to a customer.")
    found["customer"] = owner["id"]
    account.emit("payment_method.attached", found)
    return found


def detach_method(account: Account, params: Object, id: str) -> Object:
    found = account.get("payment_method", id, "payment_method")
    if found["customer"] is None:
        raise invalid("The payment method you provided is not attached to a customer so detachment is impossible.")
    before, found["customer"] = found["customer"], None
    account.emit("payment_method.detached", found, {"customer": before})
    return found


def update_method(account: Account, params: Object, id: str) -> Object:
    found = account.get("payment_method", id, "payment_method")
    before = {name: found.get(name) for name in params}
    for name, value in params.items():
        found[name] = {**found[name], **value} if isinstance(found.get(name), dict) else value
    account.emit("payment_method.updated", found, before)
    return found


# ── set-ups ──────────────────────────────────────────────────────────────────────────────────────────────────────────
def create_setup(account: Account, params: Object) -> Object:
    owner = customer(account, params["customer"])["id"] if "customer" in params else None
    made = account.add(
        stripe.SetupIntent,
        "seti",
        application=None,
        cancellation_reason=None,
        customer=owner,
        latest_attempt=None,
        mandate=None,
        on_behalf_of=None,
        payment_method=None,
        payment_method_types=["card", "sepa_debit"],
        single_use_mandate=None,
        status="requires_payment_method",
        usage=params.get("usage", "off_session"),
        metadata=params.get("metadata", {}),
    )
    made["client_secret"] = f"{made['id']}_secret_{account.id('s')}"
    account.emit("setup_intent.created", made)
    return made


def retrieve_setup(account: Account, params: Object, id: str) -> Object:
    return account.get("setup_intent", id, "intent")


def complete_setup(account: Account, id_or_secret: str, card: Card | str = "pm_card_visa") -> Object:
    """The customer has filled in Stripe's form: the method that came of it."""
    intent = account.get("setup_intent", id_or_secret.split("_secret_")[0])
    made = make_method(account, CARDS[card] if isinstance(card, str) else card, intent["customer"])
    intent |= {"status": "succeeded", "payment_method": made["id"]}
    account.emit("payment_method.attached", made)
    account.emit("setup_intent.succeeded", intent)
    return made


# ── the portal ───────────────────────────────────────────────────────────────────────────────────────────────────────
def create_portal_session(account: Account, params: Object) -> Object:
    owner = customer(account, params["customer"])["id"]
    made = account.add(
        billing_portal.Session,
        "bps",
        configuration="bpc_1",
        customer=owner,
        customer_account=None,
        locale=None,
        return_url=params.get("return_url"),
        url="",
    )
    made["url"] = f"https://billing.stripe.example/p/session/{made['id']}"
    return made
