"""The choices a plan makes, and what is known of a customer for billing."""

from e2e.client import Json, unique
from money_desk import Till, price

CUSTOMER = "customer { id locale address { country } taxId { value country valid } }"


async def test_a_plan_says_by_which_rules_it_is_billed(till: Till) -> None:
    chosen = {
        "trialUsage": "BILLED",
        "upgrades": "PERIOD_END",
        "downgrades": "PERIOD_END",
        "changesBilled": "NEXT_INVOICE",
        "draftHours": 48,
    }
    by_day = price("10", proration="BY_DAY", changeDay="OLD", taxCategory="books", rounding="HALF_EVEN")
    tiered = price("1", "calls", model="GRADUATED", meterKey="api_calls", zeroUsage="FREE")
    tiered = {**tiered, "unitAmount": None, "tiers": [{"unitAmount": "1", "flatAmount": "5"}]}
    shown = f"plan {{ current {{ {' '.join(chosen)} prices {{ taxCategory rounding changeDay zeroUsage }} }} }}"
    version = {"prices": [by_day, tiered], "entitlements": [], **chosen}
    made = await till.api.do("createPlan", shown, key=unique("plan"), name="P", version=version)
    assert made["plan"]["current"] == {
        **chosen,
        "prices": [
            {"taxCategory": "books", "rounding": "HALF_EVEN", "changeDay": "OLD", "zeroUsage": "CHARGED"},
            {"taxCategory": "standard", "rounding": "HALF_UP", "changeDay": "NEW", "zeroUsage": "FREE"},
        ],
    }


async def test_rules_that_make_no_sense_are_refused_with_their_path(till: Till) -> None:
    for version, field in (
        ({"upgrades": "AT"}, ["upgrades"]),
        ({"draftHours": 169}, ["draftHours"]),
        ({"prices": [price("1", changeDay="OLD")]}, ["prices", "0", "changeDay"]),
        ({"prices": [price("1", zeroUsage="FREE")]}, ["prices", "0", "zeroUsage"]),
        ({"prices": [price("1", taxCategory="Books!")]}, ["prices", "0", "taxCategory"]),
    ):
        asked: Json = {"prices": [], "entitlements": [], **version}
        told = await till.api.refused("createPlan", key=unique("plan"), name="P", version=asked)
        assert told == ("INVALID", ["input", "version", *field])


async def test_a_tax_number_is_read_with_the_country(till: Till) -> None:
    asked: Json = {
        "externalId": unique("customer"),
        "taxId": "DE 136 695 976",
        "address": {"country": "DE"},
        "locale": "de",
    }
    made = (await till.api.do("createCustomer", CUSTOMER, **asked))["customer"]
    assert made["locale"] == "de"
    assert made["taxId"] == {"value": "DE 136 695 976", "country": "DE", "valid": True}
    ref = {"customer": {"id": made["id"]}}
    wrong = await till.api.do("updateCustomer", CUSTOMER, **ref, taxId="DE136695977")
    assert wrong["customer"]["taxId"] == {"value": "DE136695977", "country": "DE", "valid": False}
    gone = await till.api.do("updateCustomer", CUSTOMER, **ref, taxId=None)
    assert gone["customer"]["taxId"] is None
    assert gone["customer"]["locale"] == "de"


async def test_a_tax_number_without_a_prefix_means_what_the_country_makes_of_it(till: Till) -> None:
    """136695976 is a German number; in France it is none."""
    asked: Json = {"externalId": unique("customer"), "taxId": "136695976", "address": {"country": "FR"}}
    made = (await till.api.do("createCustomer", CUSTOMER, **asked))["customer"]
    assert made["taxId"] == {"value": "136695976", "country": "FR", "valid": False}
    moved = await till.api.do("updateCustomer", CUSTOMER, customer={"id": made["id"]}, address={"country": "DE"})
    assert moved["customer"]["taxId"] == {"value": "136695976", "country": "DE", "valid": True}


async def test_a_business_abroad_owes_the_tax_itself(till: Till) -> None:
    rates = [
        {"country": code, "category": "standard", "name": f"VAT {percent} %", "percent": percent}
        for code, percent in (("DE", "19"), ("FR", "20"))
    ]
    seller = {"name": "Ada GmbH", "country": "DE", "taxId": "DE136695976"}
    await till.api.do("updateBillingSettings", "settings { zone }", seller=seller, taxRates=rates)
    plan, shown = await till.plan(price("100")), "total { amount } tax { code reason }"
    france: Json = {"address": {"country": "FR"}}
    person, firm = await till.buyer(**france), await till.buyer(**france, taxId="FR40303265045")
    for buyer, total, code in ((person, "120.00", "STANDARD"), (firm, "100.00", "REVERSE_CHARGE")):
        await till.subscribe(buyer, plan)
        ((invoice),) = await till.invoices(buyer, shown)
        assert (invoice["total"]["amount"], [line["code"] for line in invoice["tax"]]) == (total, [code])


async def test_a_language_is_one(till: Till) -> None:
    for locale in ("german", "de_DE", "", "DE"):
        told = await till.api.refused("createCustomer", externalId=unique("customer"), locale=locale)
        assert told == ("INVALID", ["input", "locale"])
    id = await till.api.customer()
    changed = await till.api.do("updateCustomer", CUSTOMER, customer={"id": id}, locale="pt-BR")
    assert changed["customer"]["locale"] == "pt-BR"
    told = await till.api.refused("updateCustomer", customer={"id": id}, locale="x")
    assert told == ("INVALID", ["input", "locale"])


async def test_the_same_customer_in_another_language_is_another(till: Till) -> None:
    external_id = unique("customer")
    await till.api.customer(external_id, locale="de")
    assert await till.api.customer(external_id, locale="de")
    told = await till.api.refused("createCustomer", externalId=external_id, locale="fr")
    assert told == ("ALREADY_EXISTS", ["input", "externalId"])
