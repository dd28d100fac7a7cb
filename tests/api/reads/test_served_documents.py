"""GET /documents/{id}.pdf: for whoever holds a link to it, as long as it holds."""

from datetime import timedelta

import httpx
import pytest
from billed_customer import billed
from starlette.applications import Starlette
from storefront import Storefront, customer_token

from api.routes.documents import documents_route
from domain.commands import EraseCustomer

LINKS = """query ($id: ID!) { node(id: $id) { ... on Invoice { pdfUrl } ... on CreditNote { pdfUrl } } }"""


def browser(shop: Storefront) -> httpx.AsyncClient:
    application = Starlette(routes=[documents_route(lambda: shop.runtime.documents)])
    return httpx.AsyncClient(transport=httpx.ASGITransport(application), base_url="http://tollgate")


async def link(shop: Storefront, id: str) -> str:
    url: str = (await shop.ask(LINKS, id=id))["node"]["pdfUrl"]
    return url


async def test_a_link_opens_the_invoice(shop: Storefront) -> None:
    one = await billed(shop)
    customer = customer_token(one.customer_id)
    url = (await shop.ask(LINKS, customer, id=one.invoice_id))["node"]["pdfUrl"]
    async with browser(shop) as client:
        answer = await client.get(url)
        assert (answer.status_code, answer.headers["content-type"]) == (200, "application/pdf")
        assert answer.content.startswith(b"%PDF-")
        assert answer.headers["content-disposition"] == (
            "inline; filename=\"INV-000001.pdf\"; filename*=UTF-8''INV-000001.pdf"
        )
        assert answer.headers["cache-control"] == "private, no-store"
        assert answer.headers["referrer-policy"] == "no-referrer"
        assert answer.headers["x-content-type-options"] == "nosniff"


async def test_a_credit_note_has_one_too(shop: Storefront) -> None:
    one = await billed(shop)
    async with browser(shop) as client:
        answer = await client.get(await link(shop, one.note_id))
    assert answer.status_code == 200
    assert "CN-000001.pdf" in answer.headers["content-disposition"]


async def test_what_it_shows_is_what_was_billed_and_what_is_paid(shop: Storefront) -> None:
    one = await billed(shop)
    paper = await shop.runtime.documents.document(one.invoice_id, None)
    assert paper is not None
    assert (paper.number, str(paper.total), str(paper.paid)) == ("INV-000001", "99.00", "90.00")
    assert (paper.buyer.name, paper.buyer.line1, paper.buyer.external_id) == ("Ms acme", "1 Rue", "acme")
    note = await shop.runtime.documents.document(one.note_id, None)
    assert note is not None
    assert note.corrects is not None
    assert (note.number, note.corrects.number) == ("CN-000001", "INV-000001")


async def test_nobody_who_may_not_see_the_customer_is_given_a_paper(shop: Storefront) -> None:
    one = await billed(shop)
    documents = shop.runtime.documents
    for visible in (frozenset[str](), frozenset({"customer_x"})):
        assert await documents.pdf(one.invoice_id, visible) is None
    assert await documents.document(one.invoice_id, frozenset({one.customer_id})) is not None


async def test_it_expires_after_an_hour_of_real_time(shop: Storefront, monkeypatch: pytest.MonkeyPatch) -> None:
    one = await billed(shop)
    url, now = await link(shop, one.invoice_id), shop.runtime.clock.now()
    async with browser(shop) as client:
        monkeypatch.setattr(type(shop.runtime.clock), "now", lambda _: now + timedelta(hours=1, seconds=1))
        answer = await client.get(url)
    assert (answer.status_code, answer.text) == (410, "This link has expired.\n")


async def test_a_link_opens_nothing_else_and_cannot_be_made_up(shop: Storefront) -> None:
    one = await billed(shop)
    url = await link(shop, one.invoice_id)
    path, query = url.split("?")
    forged = [
        path,
        f"{path}?expires=9999999999&signature=x",
        f"{path}?{query.replace('expires=1', 'expires=2')}",
        f"/documents/{one.note_id}.pdf?{query}",
        f"{path}?{query}x",
        f"{path}?expires=%00&signature=%FF",
        f"/documents/%00.pdf?{query}",
    ]
    async with browser(shop) as client:
        for address in forged:
            assert (await client.get(address)).status_code == 403, address
        assert (await client.post(url)).status_code == 405
        assert (await client.get(shop.runtime.documents.link("invoice_x"))).status_code == 404


async def test_a_draft_has_no_paper(shop: Storefront) -> None:
    one = await billed(shop)
    assert (await shop.ask(LINKS, id=one.draft_id))["node"] == {"pdfUrl": None}
    async with browser(shop) as client:
        assert (await client.get(shop.runtime.documents.link(one.draft_id))).status_code == 404


async def test_of_an_erased_customer_only_what_the_law_wants_is_left(shop: Storefront) -> None:
    one = await billed(shop)
    await shop.record(one.customer_id, EraseCustomer())
    paper = await shop.runtime.documents.document(one.invoice_id, None)
    assert paper is not None
    assert (paper.number, str(paper.total), paper.buyer.country) == ("INV-000001", "99.00", "FR")
    assert (paper.buyer.name, paper.buyer.line1, paper.buyer.email, paper.buyer.external_id) == ("—", None, None, None)
    async with browser(shop) as client:
        assert (await client.get(await link(shop, one.invoice_id))).status_code == 200
