"""Invoices and their items: drafts that change, final ones that do not."""

from typing import Any

import stripe

from stripe_fake.account import Account, Object
from stripe_fake.customers import customer
from stripe_fake.errors import invalid


def create_invoice(account: Account, params: Object) -> Object:
    owner = customer(account, params["customer"])["id"]
    now = int(account.now())
    made = account.add(
        stripe.Invoice,
        "in",
        amount_overpaid=0,
        amount_paid=0,
        amount_shipping=0,
        application=None,
        attempt_count=0,
        attempted=False,
        auto_advance=params.get("auto_advance", False),
        automatic_tax={"enabled": False, "liability": None, "provider": None, "status": None, "disabled_reason": None},
        billing_reason="manual",
        collection_method=params.get("collection_method", "charge_automatically"),
        currency=params["currency"],
        customer=owner,
        customer_tax_exempt=None,
        default_payment_method=None,
        default_source=None,
        default_tax_rates=[],
        discounts=[],
        issuer={"type": "self"},
        latest_revision=None,
        metadata=params.get("metadata", {}),
        number=None,
        on_behalf_of=None,
        payment_settings={"default_mandate": None, "payment_method_options": None, "payment_method_types": None},
        period_end=now,
        period_start=now,
        post_payment_credit_notes_amount=0,
        pre_payment_credit_notes_amount=0,
        starting_balance=0,
        status="draft",
        status_transitions={"finalized_at": None, "marked_uncollectible_at": None, "paid_at": None, "voided_at": None},
        **_totals([]),
    )
    account.emit("invoice.created", made)
    return made


def retrieve_invoice(account: Account, params: Object, id: str) -> Object:
    return account.get("invoice", id, "invoice")


def list_invoices(account: Account, params: Object) -> Object:
    kept = [
        one
        for one in account.of("invoice")
        if all(one[name] == params[name] for name in ("customer", "status") if name in params)
    ]
    return account.page(kept, params, "/v1/invoices")


def update_invoice(account: Account, params: Object, id: str) -> Object:
    found = account.get("invoice", id, "invoice")
    for name, value in params.items():
        found[name] = {**found[name], **value} if isinstance(found.get(name), dict) else value
    account.emit("invoice.updated", found)
    return found


def delete_invoice(account: Account, params: Object, id: str) -> Object:
    found = _draft(account, id, "You can only delete draft invoices.")
    for item in _items(account, id):
        del account.objects[item["id"]]
    del account.objects[id]
    account.emit("invoice.deleted", found)
    return {"id": id, "object": "invoice", "deleted": True}


def finalize_invoice(account: Account, params: Object, id: str) -> Object:
    found = _draft(account, id, "This invoice is already finalized.")
    found["number"] = f"FAKE-{len([one for one in account.of('invoice') if one['number']]) + 1:04}"
    found["status_transitions"]["finalized_at"] = int(account.now())
    found["status"] = "open"
    account.emit("invoice.finalized", found)
    return _paid(account, found) if found["amount_due"] == 0 else found


def pay_invoice(account: Account, params: Object, id: str) -> Object:
    found = account.get("invoice", id, "invoice")
    if found["status"] != "open":
        raise invalid("Invoice is already paid" if found["status"] == "paid" else "You can only pay an open invoice.")
    assert params.get("paid_out_of_band") is True, "nothing is ever collected through an invoice"
    return _paid(account, found)


def void_invoice(account: Account, params: Object, id: str) -> Object:
    found = account.get("invoice", id, "invoice")
    if found["status"] not in ("open", "uncollectible"):
        raise invalid("You can only pass in open invoices. This invoice isn't open.")
    found["status"] = "void"
    account.emit("invoice.voided", found)
    return found


# ── items ────────────────────────────────────────────────────────────────────────────────────────────────────────────
def create_item(account: Account, params: Object) -> Object:
    _draft(account, params["invoice"], "The invoice is already finalized.")
    now = int(account.now())
    made = account.add(
        stripe.InvoiceItem,
        "ii",
        amount=params["amount"],
        currency=params["currency"],
        customer=customer(account, params["customer"])["id"],
        date=now,
        description=params.get("description"),
        discountable=True,
        invoice=params["invoice"],
        metadata=params.get("metadata", {}),
        period=params.get("period", {"start": now, "end": now}),
        proration=False,
        quantity=1,
        quantity_decimal="1",
    )
    _add_up(account, params["invoice"])
    return made


def list_items(account: Account, params: Object) -> Object:
    kept = [
        one
        for one in account.of("invoiceitem")
        if all(one[name] == params[name] for name in ("customer", "invoice") if name in params)
    ]
    return account.page(kept, params, "/v1/invoiceitems")


def update_item(account: Account, params: Object, id: str) -> Object:
    found = account.get("invoiceitem", id, "invoiceitem")
    _draft(account, found["invoice"], "The invoice item is on a final invoice.")
    for name, value in params.items():
        found[name] = {**found[name], **value} if isinstance(found.get(name), dict) else value
    _add_up(account, found["invoice"])
    return found


def delete_item(account: Account, params: Object, id: str) -> Object:
    found = account.get("invoiceitem", id, "invoiceitem")
    _draft(account, found["invoice"], "The invoice item is on a final invoice.")
    del account.objects[id]
    _add_up(account, found["invoice"])
    return {"id": id, "object": "invoiceitem", "deleted": True}


def _draft(account: Account, id: object, refusal: str) -> Object:
    found = account.get("invoice", id, "invoice")
    if found["status"] != "draft":
        raise invalid(refusal, None, "invoice_not_editable")
    return found


def _items(account: Account, invoice: str) -> list[Object]:
    return [one for one in account.of("invoiceitem") if one["invoice"] == invoice]


def _add_up(account: Account, id: str) -> None:
    found = account.objects[id]
    found |= _totals(_items(account, id))
    account.emit("invoice.updated", found)


def _totals(items: list[Object]) -> dict[str, Any]:
    total = sum(one["amount"] for one in items)
    lines = [
        {
            "id": f"il_{one['id'][3:]}",
            "object": "line_item",
            "amount": one["amount"],
            "currency": one["currency"],
            "description": one["description"],
            "discountable": True,
            "discounts": [],
            "livemode": False,
            "metadata": one["metadata"],
            "period": one["period"],
            "subscription": None,
            "subtotal": one["amount"],
        }
        for one in items
    ]
    listed = {"object": "list", "url": "/v1/invoices/lines", "has_more": False, "data": lines}
    due = max(0, total)
    return {"subtotal": total, "total": total, "amount_due": due, "amount_remaining": due, "lines": listed}


def _paid(account: Account, found: Object) -> Object:
    found |= {"status": "paid", "amount_paid": found["amount_due"], "amount_remaining": 0}
    found["status_transitions"]["paid_at"] = int(account.now())
    account.emit("invoice.paid", found)
    return found
