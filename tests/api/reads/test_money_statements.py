"""A page about money takes the same few statements whatever its size."""

import pytest
from statements import counted
from storefront import Storefront

BILLING_PAGES = """
query ($first: Int!) {
  customers(first: $first) { edges { node {
    externalId balance { amount }
    billingStatus { state owed { amount } nextInvoiceAt overdue { number } }
    invoices(first: 5) { edges { node {
      number status total { amount } due { amount } buyer lines { description amount { amount } price { key } }
      creditNotes { number } attempts { at } payments { amount { amount } invoice { number } } pdfUrl
    } } }
    upcomingInvoice { total { amount } lines { amount { amount } derivation { amount } } }
    credits { remaining { amount } } paymentMethods { label } coupons { coupon { code } }
    payments(first: 5) { edges { node { status allocations { invoice { number } } } } }
  } } }
}
"""
ALL_INVOICES = """
query ($first: Int!) { invoices(first: $first) { edges { node {
  number customer { externalId } lines { description } paid { amount } creditNotes { number } } } } }
"""


async def crowd(shop: Storefront, size: int, start: int = 0) -> None:
    """Customers with an invoice that is paid, and usage for the next one."""
    for n in range(start, size):
        id = await shop.customer(f"c{n}", "starter")
        await shop.use(id, "transfer", str(100 + n))
        await shop.use(id, "api.calls", "5")
        await shop.pay(id)


@pytest.mark.parametrize(("query", "root"), [(BILLING_PAGES, "customers"), (ALL_INVOICES, "invoices")])
async def test_a_page_of_60_takes_as_many_statements_as_one_of_5(shop: Storefront, query: str, root: str) -> None:
    engine = shop.runtime.engine
    await crowd(shop, 5)
    async with counted(engine) as few:
        assert len((await shop.ask(query, first=60))[root]["edges"]) == 5
    await crowd(shop, 60, start=5)
    async with counted(engine) as many:
        assert len((await shop.ask(query, first=60))[root]["edges"]) == 60
    assert len(few) == len(many), "\n".join(many)
    assert 0 < len(many) <= 15
