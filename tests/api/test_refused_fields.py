"""A refusal names its field in the domain's words; each input of the edge knows which of its own fields that is."""

import ast
import re
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, get_args, get_type_hints

import pytest
from graphql import GraphQLInputObjectType, GraphQLList, get_nullable_type
from hypothesis import given
from hypothesis import strategies as st
from msgspec import Struct
from strawberry.types.base import get_object_definition

from api.inputs.fields import fields_of, graphql_path
from api.mutations import Mutation
from api.queries.price_simulation import SimulatePriceInput
from api.schema import schema
from domain import catalog
from domain import commands as c
from domain import subscription as s
from domain.access import ApiKey
from domain.account import Grant
from domain.books.credit import Credit
from domain.books.invoice import Adjustment, Item
from domain.books.payment import Method
from domain.clock import TestClock
from domain.coupon import Coupon
from domain.seller import BillingSettings
from service.customers import NewCustomer, Personal
from service.usage.correct import Correction
from service.usage.gate import UseRequest

ROOT = Path(__file__).parents[2]
GRAPHQL_NAME = re.compile("[a-z0-9]+([A-Z][a-z0-9]+)+")
SEALED = {"externalId", "taxId", "postalCode"}
"""What texts are sealed under: stored names, and no fields."""
REFUSES = {"Refusal": 2, "invalid": 1, "NotChargeable": 1}
"""What raises, and how many arguments come before the field."""

# What each input is made into, and which attributes of that no caller gives.
MADE: dict[str, tuple[tuple[type, ...], str]] = {
    "createFeature": ((catalog.Feature,), "id"),
    "createMeter": ((catalog.Meter,), "id"),
    "createPlan": ((c.CreatePlan,), "plan_id version_id terms.prices.id"),
    "publishPlanVersion": ((c.PublishPlanVersion,), "version_id terms.prices.id"),
    "archivePlan": ((c.ArchivePlan,), ""),
    "createCustomer": ((NewCustomer, Personal), "country personal"),
    "updateCustomer": ((c.UpdateCustomer, Personal), "country sealed tax_id_country tax_id_valid"),
    "eraseCustomer": ((c.EraseCustomer,), ""),
    "subscribe": ((c.Subscribe,), "subscription_id overrides.id redemption_id"),
    "changePlan": ((c.ChangeSubscription, s.ChangePlan), "change change_id"),
    "changeQuantity": ((c.ChangeSubscription, s.ChangeQuantity), "change change_id"),
    "addAddOn": ((c.ChangeSubscription, s.AddAddOn), "change change_id"),
    "removeAddOn": ((c.ChangeSubscription, s.RemoveAddOn), "change change_id"),
    "cancelSubscription": ((c.ChangeSubscription, s.Cancel), "change change_id"),
    "pauseSubscription": ((c.ChangeSubscription, s.Pause), "change change_id since"),
    "resumeSubscription": ((c.ChangeSubscription, s.Resume), "change change_id since"),
    "revokeCancellation": ((c.RevokeCancellation,), ""),
    "cancelScheduledChange": ((c.CancelScheduledChange,), ""),
    "grantEntitlement": ((Grant,), "id granted_at ended_at revoked"),
    "revokeEntitlement": ((c.RevokeEntitlement,), ""),
    "correctUsage": ((Correction,), "ref visible quantity"),
    "consume": ((UseRequest,), "ref visible"),
    "reserveUsage": ((UseRequest,), "ref visible"),
    "addInvoiceItem": ((Item,), "id added_at buys at_once"),
    "removeInvoiceItem": ((c.RemoveItem,), ""),
    "adjustInvoiceLine": ((c.AdjustLine, Adjustment), "adjustment key"),
    "finalizeInvoice": ((c.FinalizeInvoice,), ""),
    "voidInvoice": ((c.VoidInvoice,), ""),
    "markUncollectible": ((c.WriteOffInvoice,), ""),
    "issueCreditNote": ((c.IssueCreditNote,), "lines"),
    "planInstalments": ((c.PlanInstalments,), ""),
    "payInvoice": ((c.PayInvoice,), "payment_id"),
    "recordPayment": ((c.RecordPayment,), "payment_id"),
    "refundPayment": ((c.RefundPayment,), "refund_id"),
    "addPaymentMethod": ((Method,), "id added_at removed_at"),
    "setDefaultPaymentMethod": ((c.DefaultMethod,), ""),
    "removePaymentMethod": ((c.RemoveMethod,), ""),
    "grantCredit": ((Credit,), "id remaining granted_at voided_at expired_at source"),
    "voidCredit": ((c.VoidCredit,), ""),
    "buyCredit": ((Item,), "id added_at reason tax_category tax_inclusive period buys at_once"),
    "createCoupon": ((Coupon,), "id archived_at"),
    "archiveCoupon": ((c.ArchiveCoupon,), ""),
    "applyCoupon": ((c.RedeemCoupon,), "redemption_id"),
    "removeCoupon": ((c.RemoveCoupon,), ""),
    "updateBillingSettings": ((BillingSettings,), ""),
    "createTestClock": ((TestClock,), "id"),
    "advanceTestClock": ((c.AdvanceClock,), ""),
    "createApiKey": ((ApiKey,), "id secret_hash created_at revoked_at"),
    "revokeApiKey": ((c.RevokeKey,), ""),
}
# What besides is refused by name, where nothing is recorded as a command.
NAMED = {
    "createCustomer": "external_id clock_id address.country",
    "consume": "feature quantity subscription_id idempotency_key",
    "reserveUsage": "feature quantity subscription_id ttl idempotency_key",
    "commitReservation": "id quantity idempotency_key",
    "releaseReservation": "id idempotency_key",
    "recordUsage": "events events.0.properties",
    "correctUsage": "customer id value properties reason idempotency_key",
    "createPaymentSetup": "customer provider idempotency_key",
    "openBillingPortal": "customer provider return_url",
    "syncCustomer": "customer",
    "replayWebhook": "id reason",
    "replayWork": "kind id reason",
    "reconcile": "customer since until reason",
    "createCustomerToken": "customer lifetime scopes",
    "subscribe": "customer quote coupon add_ons.0 idempotency_key",
    "changePlan": "customer quote plan idempotency_key",
    "adjustInvoiceLine": "customer line_id reason idempotency_key",
    "issueCreditNote": "customer lines.0.line_id",
    "simulatePrice": "customer period prices.0.tiers.0.up_to quantities.any_key",
}


def _inputs() -> dict[str, Any]:
    found: dict[str, Any] = {"simulatePrice": SimulatePriceInput}
    for field in get_object_definition(Mutation, strict=True).fields:
        name = schema.config.name_converter.from_field(field)
        (found[name],) = (argument.type for argument in field.arguments)
    return found


INPUTS = _inputs()


def within(mutation: str, path: Sequence[str]) -> Any:
    """The type that schema.graphql has at this path of the input; None: it has no such path."""
    root = schema._schema.type_map["Query" if mutation == "simulatePrice" else "Mutation"]
    type_ = get_nullable_type(root.fields[mutation].args["input"].type)  # type: ignore[attr-defined]
    for name in path:
        if isinstance(type_, GraphQLInputObjectType) and name in type_.fields:
            type_ = get_nullable_type(type_.fields[name].type)
        elif isinstance(type_, GraphQLList) and name.isdecimal():
            type_ = get_nullable_type(type_.of_type)
        elif getattr(type_, "name", None) != "JSON":
            return None
    return type_


def told(mutation: str, path: str) -> bool:
    """Whether the input has the whole of a path, and not only how it begins."""
    first, *rest = path.split(".")
    whole = len(fields_of(INPUTS[mutation]).get(first, first).split(".")) + len(rest)
    found = graphql_path(INPUTS[mutation], path.split("."))
    return len(found) == whole and within(mutation, found) is not None


def untold(mutation: str, made: type, ours: Sequence[str], path: str = "") -> Iterator[str]:
    """The attributes of what is made that the input does not have, or that are ours whatever it has."""
    for name, hint in get_type_hints(made).items():
        inner, each = _struct(hint), "0." if str(hint).startswith("tuple") else ""
        there = within(mutation, graphql_path(INPUTS[mutation], f"{path}{name}.{each}".split(".")[:-1]))
        if path + name in ours or not told(mutation, path + name):
            yield path + name
        elif inner is not None and isinstance(there, GraphQLInputObjectType):
            yield from untold(mutation, inner, ours, f"{path}{name}.{each}")


def _struct(hint: Any) -> type | None:
    several = [one for one in get_args(hint) if isinstance(one, type) and issubclass(one, Struct)]
    if several:
        return several[0]
    return hint if isinstance(hint, type) and issubclass(hint, Struct) else None


@pytest.mark.parametrize("mutation", MADE)
def test_what_a_caller_gives_is_named_by_the_callers_field(mutation: str) -> None:
    made, ours = MADE[mutation]
    found = {path.replace(".0", "") for type_ in made for path in untold(mutation, type_, ours.split())}
    assert found == set(ours.split())


@pytest.mark.parametrize("mutation", NAMED)
def test_what_is_refused_by_name_is_in_the_input(mutation: str) -> None:
    assert [path for path in NAMED[mutation].split() if not told(mutation, path)] == []


def test_every_mutation_is_told_of() -> None:
    assert set(INPUTS) == MADE.keys() | NAMED.keys()


# ── whatever is refused ──────────────────────────────────────────────────────────────────────────────────────────────
NAMES = sorted({name for made, _ in MADE.values() for type_ in made for name in get_type_hints(type_)})
PATHS = st.lists(st.sampled_from([*NAMES, "prices", "tiers", "up_to", "lines", "0", "12", "x", ""]), max_size=5)


@given(st.sampled_from(sorted(INPUTS)), PATHS)
def test_no_answer_names_a_field_that_its_input_does_not_have(mutation: str, path: list[str]) -> None:
    assert within(mutation, graphql_path(INPUTS[mutation], path)) is not None


# ── the domain's own words ───────────────────────────────────────────────────────────────────────────────────────────
def _nodes(package: str) -> Iterator[tuple[str, ast.AST]]:
    for path in sorted((ROOT / package).rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text())):
            yield f"{path.relative_to(ROOT)}:{getattr(node, 'lineno', 0)}", node


def _texts(nodes: Iterable[ast.AST]) -> list[str]:
    return [node.value for node in nodes if isinstance(node, ast.Constant) and isinstance(node.value, str)]


@pytest.mark.parametrize("package", ["domain", "service"])
def test_the_rules_know_no_name_of_graphql(package: str) -> None:
    texts = [(where, text) for where, node in _nodes(package) for text in _texts([node])]
    assert [(where, text) for where, text in texts if GRAPHQL_NAME.fullmatch(text) and text not in SEALED] == []


def _refused(package: str) -> Iterator[tuple[str, str]]:
    """What is named where something is refused: the texts after the message."""
    for where, node in _nodes(package):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in REFUSES:
            for text in _texts(node.args[REFUSES[node.func.id] :]):
                yield where, text


@pytest.mark.parametrize("package", ["domain", "service", "api"])
def test_a_refusal_names_what_a_command_has_or_a_table_above(package: str) -> None:
    named = {"first", *NAMES, *" ".join(NAMED.values()).replace(".", " ").split()}
    for made, _ in MADE.values():
        named |= set(_attributes(*made))
    assert [(where, name) for where, name in _refused(package) if name not in named] == []


@pytest.mark.parametrize("package", ["domain", "service"])
def test_what_is_sealed_under_a_name_is_not_refused_by_it(package: str) -> None:
    assert [(where, name) for where, name in _refused(package) if name in SEALED] == []


def _attributes(*types: type) -> Iterator[str]:
    for type_ in types:
        for name, hint in get_type_hints(type_).items():
            yield name
            inner = _struct(hint)
            if inner is not None:
                yield from _attributes(inner)
