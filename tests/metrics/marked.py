"""A customer full of marked personal data, taken through what metrics and traces could see of them."""

from e2e.client import Api

MARKS = ("zanzibar", "kilimanjaro", "ngorongoro", "serengeti")
"""In every text that says something of them, whatever the case."""

SUBSCRIBE = """mutation Subscribe($input: SubscribeInput!) {
  subscribe(input: $input) { subscription { id status } userErrors { code } }
}"""
OPEN = """query Owed($id: ID!) {
  customer(ref: {id: $id}) { name invoices(first: 1, status: [OPEN]) { edges { node { id } } } }
}"""
WHO = 'query { customer(ref: {externalId: "zanzibar-17"}) { id name email } }'


async def appear(api: Api) -> str:
    """Their id. They live by real time."""
    return await api.customer(
        "zanzibar-17",
        name="Kilimanjaro GmbH",
        email="ngorongoro@serengeti.example",
        address={"line1": "Serengeti 5", "city": "Ngorongoro", "country": "DE"},
    )


async def subscribe(api: Api, plan: str = "starter", **headers: str) -> str:
    """A subscription's id."""
    asked = {"customer": {"externalId": "zanzibar-17"}, "plan": plan, "idempotencyKey": f"kilimanjaro-{plan}"}
    answer = (await api.post(SUBSCRIBE, {"input": asked}, **headers)).json()["data"]["subscribe"]
    assert answer["userErrors"] == []
    id: str = answer["subscription"]["id"]
    return id


async def pay(api: Api, customer: str, token: str) -> str:
    """The oldest open invoice, by a card that does what the token says: what became of the payment."""
    card = await api.pays(customer, token)
    (edge,) = (await api.ask(OPEN, id=customer))["customer"]["invoices"]["edges"]
    asked = {"invoiceId": edge["node"]["id"], "paymentMethodId": card, "idempotencyKey": f"zanzibar-{token}"}
    paid = await api.do("payInvoice", "payment { status }", **asked)
    status: str = paid["payment"]["status"]
    return status


async def live(api: Api) -> None:
    """All of it, mistakes included."""
    customer = await appear(api)
    held = await subscribe(api)
    assert await pay(api, customer, "declines") == "FAILED"
    assert await pay(api, customer, "succeeds") == "SUCCEEDED"
    await api.use(customer, "api.calls", 5, properties={"who": "Kilimanjaro"})
    assert (await api.ask(WHO))["customer"]["name"] == "Kilimanjaro GmbH"
    await api.fails('query { customer(ref: {externalId: "zanzibar-17"}) { ngorongoro } }')
    assert (await api.attempt("createCustomer", "customer { id }", externalId="zanzibar-17"))["userErrors"]
    gone = {"subscriptionId": held, "timing": "NOW", "reason": "Ngorongoro moved", "idempotencyKey": "serengeti"}
    await api.do("cancelSubscription", "subscription { status }", **gone)
