"""Money that goes back: refunds, and disputes that a customer's bank opens."""

import stripe

from stripe_fake.account import Account, Object
from stripe_fake.errors import invalid


def create_refund(account: Account, params: Object) -> Object:
    intent = account.get("payment_intent", params["payment_intent"], "payment_intent", 404)
    if intent["status"] != "succeeded":
        raise invalid("This PaymentIntent does not have a successful charge to refund.")
    charge = account.objects[intent["latest_charge"]]
    left = charge["amount"] - charge["amount_refunded"]
    amount = params.get("amount", left)
    if charge["disputed"]:
        raise invalid("The charge has been charged back", None, "charge_disputed")
    if left == 0:
        raise invalid("Charge has already been refunded.", None, "charge_already_refunded")
    if not 0 < amount <= left:
        raise invalid("Refund amount is greater than unrefunded amount on charge", "amount")
    charge["amount_refunded"] += amount
    charge["refunded"] = charge["amount_refunded"] == charge["amount"]
    waits = account.cards[intent["payment_method"]].takes_days
    made = account.add(
        stripe.Refund,
        "re",
        amount=amount,
        balance_transaction=None,
        charge=charge["id"],
        currency=charge["currency"],
        customer=charge["customer"],
        failure_balance_transaction=None,
        metadata=params.get("metadata", {}),
        payment_intent=intent["id"],
        payment_method=intent["payment_method"],
        pending_reason="processing" if waits else None,
        reason=params.get("reason"),
        source_transfer_reversal=None,
        transfer_reversal=None,
        status="pending" if waits else "succeeded",
    )
    account.emit("charge.refunded", charge)
    account.emit("refund.created", made)
    return made


def list_refunds(account: Account, params: Object) -> Object:
    wanted = params.get("payment_intent")
    if wanted is not None:
        account.get("payment_intent", wanted, "payment_intent", 404)
    kept = (one for one in account.of("refund") if wanted is None or one["payment_intent"] == wanted)
    return account.page(kept, params, "/v1/refunds")


# ── disputes ─────────────────────────────────────────────────────────────────────────────────────────────────────────
def dispute(account: Account, intent_id: str, reason: str = "fraudulent") -> Object:
    intent = account.get("payment_intent", intent_id)
    charge = account.objects[intent["latest_charge"]]
    charge["disputed"] = True
    made = account.add(
        stripe.Dispute,
        "du",
        amount=charge["amount"],
        balance_transactions=[],
        charge=charge["id"],
        currency=charge["currency"],
        enhanced_eligibility_types=[],
        evidence={},
        evidence_details={"due_by": None, "has_evidence": False, "past_due": False, "submission_count": 0},
        is_charge_refundable=False,
        metadata={},
        payment_intent=intent["id"],
        reason=reason,
        status="needs_response",
    )
    account.emit("charge.dispute.created", made)
    return made


def close_dispute(account: Account, id: str, won: bool) -> Object:
    found = account.get("dispute", id)
    found["status"] = "won" if won else "lost"
    account.emit("charge.dispute.closed", found)
    return found


def retrieve_dispute(account: Account, params: Object, id: str) -> Object:
    return account.get("dispute", id, "dispute")


def list_disputes(account: Account, params: Object) -> Object:
    kept = (one for one in account.of("dispute") if params.get("payment_intent") in (None, one["payment_intent"]))
    return account.page(kept, params, "/v1/disputes")
