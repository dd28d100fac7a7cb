"""Who asks for a change, of whose account, and from what catalog: the same for the change and for its preview."""

from api.context import Context
from domain.catalog import Catalog
from domain.errors import ErrorCode, Refusal
from domain.wording import REASON_CHARS_MAX, check_length
from service.write.record import By


async def catalog_of(context: Context) -> Catalog:
    """What is on sale now."""
    return (await context.loaders.catalog_snapshot()).catalog


async def owner_of(context: Context, id: str, *field: str) -> str:
    """The id of the customer whose the thing with this id is. Raises Refusal when nobody's that may be seen."""
    customer_id = await context.loaders.owners.load(id)
    if customer_id is None:
        raise Refusal(ErrorCode.NOT_FOUND, "there is no such thing, or none that you may see", *field)
    return customer_id


def by(context: Context, reason: str | None = None) -> By:
    """Who the journal names, and whom they may touch. Raises Refusal for a reason that is too long."""
    check_length(reason, REASON_CHARS_MAX, "reason")
    principal = context.principal
    return By(principal.id, principal.customer_ids, reason, f"request {context.request_id}")
