"""Prices: which make sense (`check`), what a quantity comes to (`rate`), what part of a period costs (`proration`)."""

from domain.pricing.check import TIERS_MAX, check_price, check_prices, check_tiers

__all__ = ["TIERS_MAX", "check_price", "check_prices", "check_tiers"]
