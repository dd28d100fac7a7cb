"""From lines to totals: how each is taxed, what coupons and promotional credit take off, what it all comes to, and what
of it a credit note takes back. Does not know where lines come from, nor how an invoice is paid."""

from domain.totals.burn import burn, burn_order
from domain.totals.credit_note import Credited, credit_note_amounts
from domain.totals.discount import Discounted, discounted
from domain.totals.promotional import Promoted, promoted
from domain.totals.totals import Totals, tax_of, totals
from domain.totals.treatment import Buyer, treatment

__all__ = [
    "Buyer",
    "Credited",
    "Discounted",
    "Promoted",
    "Totals",
    "burn",
    "burn_order",
    "credit_note_amounts",
    "discounted",
    "promoted",
    "tax_of",
    "totals",
    "treatment",
]
