"""How is billed, changed in part."""

import asyncio

from e2e.client import Api, Json
from money_desk import Till, price

SHOWN = """settings { seller { name line1 city country iban smallPrint } zone netDays quoteMinutes correctionsDays
    invoices { prefix digits yearly } creditNotes { prefix digits yearly } dunning { retryDays graceDays lastStep }
    burnOrder taxRates { country category percent since until code reason } }"""


async def test_what_is_left_out_stays_and_null_removes(api: Api) -> None:
    first = (await api.do("updateBillingSettings", SHOWN, seller={"name": "Ada GmbH", "line1": "Weg 1"}))["settings"]
    second = await api.do(
        "updateBillingSettings",
        SHOWN,
        seller={"line1": None, "country": "DE"},
        netDays=30,
        invoices={"prefix": "R", "yearly": True},
        dunning={"retryDays": [1, 3]},
        burnOrder=["EXPIRY"],
    )
    assert second["settings"] == {
        **first,
        "seller": {**first["seller"], "line1": None, "country": "DE"},
        "netDays": 30,
        "invoices": {**first["invoices"], "prefix": "R", "yearly": True},
        "dunning": {**first["dunning"], "retryDays": [1, 3]},
        "burnOrder": ["EXPIRY"],
    }
    assert second["settings"]["seller"]["name"] == "Ada GmbH"
    assert (await api.do("updateBillingSettings", SHOWN))["settings"] == second["settings"]


async def test_two_changes_at_once_are_both_made(api: Api) -> None:
    asked: list[Json] = [{"netDays": 21}, {"quoteMinutes": 33}, {"correctionsDays": 44}, {"zone": "Europe/Berlin"}]
    await asyncio.gather(*(api.do("updateBillingSettings", SHOWN, **one) for one in asked))
    settings = (await api.do("updateBillingSettings", SHOWN))["settings"]
    assert {name: settings[name] for one in asked for name in one} == {k: v for one in asked for k, v in one.items()}


async def test_what_makes_no_sense_is_refused_with_its_path(api: Api) -> None:
    rate: Json = {"country": "DE", "category": "standard", "name": "VAT", "percent": "19"}
    for wrong, field in (
        ({"netDays": -1}, ["netDays"]),
        ({"zone": "Mars"}, ["zone"]),
        ({"seller": {"country": "XX"}}, ["seller", "country"]),
        ({"seller": {"iban": "DE00123"}}, ["seller", "iban"]),
        ({"invoices": {"digits": 0}}, ["invoices", "digits"]),
        ({"creditNotes": {"prefix": ""}}, ["creditNotes", "prefix"]),
        ({"dunning": {"retryDays": [0]}}, ["dunning", "retryDays", "0"]),
        ({"burnOrder": ["AGE", "AGE"]}, ["burnOrder"]),
        ({"taxRates": [{**rate, "percent": "101"}]}, ["taxRates", "0", "percent"]),
        ({"taxRates": [rate, rate]}, ["taxRates", "1", "since"]),
    ):
        assert await api.refused("updateBillingSettings", **wrong) == ("INVALID", ["input", *field])


async def test_settings_are_those_of_invoices_from_then_on(till: Till) -> None:
    buyer, plan = await till.buyer(address={"country": "AT"}), await till.plan(price("100"))
    await till.subscribe(buyer, plan)
    rate: Json = {"country": "AT", "category": "standard", "name": "USt. 20 %", "percent": "20"}
    await till.api.do("updateBillingSettings", SHOWN, seller={"country": "AT", "name": "New"}, taxRates=[rate])
    await till.to(buyer, "2026-02-01T01:00:00Z")
    shown = "total { amount } tax { name } seller"
    before, after = await till.invoices(buyer, shown)
    assert before["total"] == {"amount": "100.00"}
    assert (after["total"], after["tax"]) == ({"amount": "120.00"}, [{"name": "USt. 20 %"}])
    assert (before["seller"]["name"] != "New", after["seller"]["name"]) == (True, "New")
