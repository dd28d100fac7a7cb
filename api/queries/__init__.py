"""The root of all questions, put together from one file for each subject."""

import strawberry

from api.queries.catalog import CatalogQueries
from api.queries.clocks import ClockQueries
from api.queries.customers import CustomerQueries
from api.queries.gate import GateQueries
from api.queries.invoices import InvoiceQueries
from api.queries.keys import KeyQueries
from api.queries.nodes import NodeQueries
from api.queries.previews import PreviewQueries
from api.queries.price_simulation import PriceSimulationQuery
from api.queries.provider_events import ProviderEventQueries
from api.queries.work import WorkQueries


@strawberry.type(
    description="Questions. What is not there, and what the credentials may not see, is answered alike: by null."
)
class Query(
    NodeQueries,
    CustomerQueries,
    CatalogQueries,
    GateQueries,
    InvoiceQueries,
    PreviewQueries,
    PriceSimulationQuery,
    ProviderEventQueries,
    WorkQueries,
    ClockQueries,
    KeyQueries,
):
    pass
