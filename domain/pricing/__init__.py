"""Prices: which make sense (`check`), what a quantity comes to (`rate`), what a part of a period costs (`proration`),
what fixed fees come to (`fixed_fees`).

A new price model is described in four files: its name in `domain/catalog.py`, its row of the table in `models.py`, what
it comes to in `steps.py`, and its words for clients in `api/types/enums.py`. If it says something that no other model
does, the new field of a Price adds its words in `check.py` and a field to `PriceInput` and to the `Price` type.
"""

from domain.pricing.check import TIERS_MAX, check_price, check_prices

__all__ = ["TIERS_MAX", "check_price", "check_prices"]
