"""PaymentIntents, charges, refunds and disputes."""

from typing import Any

import stripe

from stripe_fake.account import Account, Object
from stripe_fake.cards import CARDS, Card
from stripe_fake.customers import customer, method
from stripe_fake.errors import Refusal, invalid

_STEPS = {"bhd": 10, "jod": 10, "kwd": 10, "omr": 10, "tnd": 10, "isk": 100, "ugx": 100}
_MINIMUM = {"eur": 50, "usd": 50, "gbp": 30, "jpy": 50}
_FINAL = ("succeeded", "canceled")


# ── intents ──────────────────────────────────────────────────────────────────────────────────────────────────────────
def create_intent(account: Account, params: Object) -> Object:
    amount, currency = params["amount"], params["currency"]
    if currency != currency.lower():
        raise invalid(f"Invalid currency: {currency}", "currency")
    if amount < _MINIMUM.get(currency, 1):
        raise invalid("Amount must be at least the minimum", "amount", "amount_too_small")
    if amount % _STEPS.get(currency, 1):
        raise invalid(f"Invalid amount for {currency}", "amount", "invalid_charge_amount")
    owner = customer(account, params["customer"])["id"] if "customer" in params else None
    way = _way(account, params["payment_method"], owner) if "payment_method" in params else None
    made = account.add(
        stripe.PaymentIntent,
        "pi",
        amount=amount,
        amount_capturable=0,
        amount_received=0,
        application=None,
        canceled_at=None,
        cancellation_reason=None,
        capture_method="automatic_async",
        confirmation_method="automatic",
        currency=currency,
        customer=owner,
        last_payment_error=None,
        latest_charge=None,
        metadata=params.get("metadata", {}),
        next_action=None,
        on_behalf_of=None,
        payment_method=way,
        payment_method_types=["card"],
        payment_record=None,
        review=None,
        setup_future_usage=None,
        source=None,
        status="requires_confirmation" if way else "requires_payment_method",
    )
    made["client_secret"] = f"{made['id']}_secret_{account.id('s')}"
    account.emit("payment_intent.created", made)
    return _try(account, made, bool(params.get("off_session"))) if params.get("confirm") else made


def confirm_intent(account: Account, params: Object, id: str) -> Object:
    intent = account.get("payment_intent", id, "intent")
    if intent["status"] in (*_FINAL, "processing"):
        raise _unexpected(intent)
    if "payment_method" in params:
        intent["payment_method"] = _way(account, params["payment_method"], intent["customer"])
    if intent["payment_method"] is None:
        raise invalid("There is no payment method", None, "payment_intent_unexpected_state")
    return _try(account, intent, bool(params.get("off_session")))


def cancel_intent(account: Account, params: Object, id: str) -> Object:
    intent = account.get("payment_intent", id, "intent")
    if intent["status"] in (*_FINAL, "processing"):
        raise _unexpected(intent)
    intent |= {"status": "canceled", "canceled_at": int(account.now()), "next_action": None}
    intent["cancellation_reason"] = params.get("cancellation_reason")
    account.emit("payment_intent.canceled", intent)
    return intent


def retrieve_intent(account: Account, params: Object, id: str) -> Object:
    intent = account.get("payment_intent", id, "intent")
    if params.get("expand") == ["latest_charge"]:
        return {**intent, "latest_charge": account.objects.get(intent["latest_charge"], intent["latest_charge"])}
    return intent


def list_intents(account: Account, params: Object) -> Object:
    wanted = params.get("customer")
    if wanted is not None:
        account.get("customer", wanted, "customer", 400)
    kept = (one for one in account.of("payment_intent") if wanted is None or one["customer"] == wanted)
    return account.page(kept, params, "/v1/payment_intents")


def search_intents(account: Account, params: Object) -> Object:
    return account.search("payment_intent", params, "/v1/payment_intents/search")


# ── what happens to them elsewhere ───────────────────────────────────────────────────────────────────────────────────
def authenticate(account: Account, id_or_secret: str, well: bool = True, card: Card | None = None) -> Object:
    """The customer confirms with the bank, in Stripe's form; `card`: with another one. Or fails to."""
    intent = account.get("payment_intent", id_or_secret.split("_secret_")[0])
    if intent["status"] not in ("requires_action", "requires_payment_method"):
        raise _unexpected(intent)
    card = card or account.cards[intent["payment_method"]]
    if not well:
        return _failed(account, intent, card, "payment_intent_authentication_failure", None)
    if card.declines is not None:
        return _failed(account, intent, card, card.code, card.declines)
    return _succeeded(account, intent, card)


def bank_answers(account: Account, id: str, well: bool = True) -> Object:
    """Days later, about a debit or a refund under way."""
    found = account.objects[id]
    if found["object"] == "payment_intent":
        card = account.cards[found["payment_method"]]
        return _succeeded(account, found, card) if well else _failed(account, found, card, "account_closed", None)
    found["status"] = "succeeded" if well else "failed"
    if not well:
        found["failure_reason"] = "expired_or_canceled_card"
        account.objects[found["charge"]]["amount_refunded"] -= found["amount"]
    account.emit("refund.updated" if well else "refund.failed", found)
    return found


# ── charges ──────────────────────────────────────────────────────────────────────────────────────────────────────────
def list_charges(account: Account, params: Object) -> Object:
    kept = [
        one
        for one in account.of("charge")
        if all(one[name] == params[name] for name in ("customer", "payment_intent") if name in params)
    ]
    return account.page(kept, params, "/v1/charges")


def retrieve_charge(account: Account, params: Object, id: str) -> Object:
    return account.get("charge", id, "charge")


# ── inside ───────────────────────────────────────────────────────────────────────────────────────────────────────────
def _way(account: Account, id: str, owner: str | None) -> str:
    found = method(account, id)
    if id not in CARDS and found["customer"] != owner:
        raise invalid("The payment method does not belong to the customer.", "payment_method")
    return str(found["id"])


def _try(account: Account, intent: Object, off_session: bool) -> Object:
    card = account.cards[intent["payment_method"]]
    if card.authentication and not (off_session and not card.asks):
        intent["status"] = "requires_action"
        intent["next_action"] = {"type": "use_stripe_sdk", "use_stripe_sdk": {}}
        account.emit("payment_intent.requires_action", intent)
        return intent
    if card.authentication:
        _failed(account, intent, card, "authentication_required", "authentication_required")
    elif card.declines is not None:
        _failed(account, intent, card, card.code, card.declines)
    elif card.takes_days:
        intent["status"] = "processing"
        account.emit("payment_intent.processing", intent)
        return intent
    else:
        return _succeeded(account, intent, card)
    raise Refusal(402, **intent["last_payment_error"], charge=intent["latest_charge"], payment_intent=intent)


def _succeeded(account: Account, intent: Object, card: Card) -> Object:
    charge = _charge(
        account, intent, card, "succeeded", outcome={"type": "authorized", "network_status": "approved_by_network"}
    )
    intent |= {"status": "succeeded", "amount_received": intent["amount"], "latest_charge": charge["id"]}
    intent |= {"last_payment_error": None, "next_action": None}
    account.emit("charge.succeeded", charge)
    account.emit("payment_intent.succeeded", intent)
    return intent


def _failed(account: Account, intent: Object, card: Card, code: str, reason: str | None) -> Object:
    outcome: dict[str, Any] = {"type": "issuer_declined", "network_status": "declined_by_network"}
    error: dict[str, Any] = {"type": "card_error", "code": code, "message": "Your card was declined."}
    if reason is not None:
        error["decline_code"] = outcome["reason"] = reason
    if card.advice is not None:
        error["advice_code"] = outcome["advice_code"] = card.advice
    charge = _charge(account, intent, card, "failed", failure_code=code, outcome=outcome)
    intent |= {"status": "requires_payment_method", "last_payment_error": error, "latest_charge": charge["id"]}
    intent |= {"payment_method": intent["payment_method"], "next_action": None}
    account.emit("charge.failed", charge)
    account.emit("payment_intent.payment_failed", intent)
    return intent


def _charge(account: Account, intent: Object, card: Card, status: str, **more: Any) -> Object:
    paid = status == "succeeded"
    return account.add(
        stripe.Charge,
        "ch",
        amount=intent["amount"],
        amount_captured=intent["amount"] if paid else 0,
        amount_refunded=0,
        application=None,
        application_fee=None,
        balance_transaction=None,
        billing_details={"address": None, "email": None, "name": None, "phone": None, "tax_id": None},
        captured=paid,
        currency=intent["currency"],
        customer=intent["customer"],
        disputed=False,
        failure_balance_transaction=None,
        metadata=dict(intent["metadata"]),
        on_behalf_of=None,
        paid=paid,
        payment_intent=intent["id"],
        refunded=False,
        review=None,
        source=None,
        source_transfer=None,
        status=status,
        transfer=None,
        **more,
    )


def _unexpected(intent: Object) -> Refusal:
    return invalid(
        f"This PaymentIntent has a status of {intent['status']}.",
        None,
        "payment_intent_unexpected_state",
        payment_intent=intent,
    )
