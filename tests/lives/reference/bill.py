"""All that is wanted in a life."""

from fractions import Fraction

from ..live import Lived
from .runs import runs
from .wants import Key, fees, minimums, once_prices


def wanted(lived: Lived) -> dict[Key, Fraction]:
    """By key, as it stands at the end."""
    journal = lived.timeline.journal
    currency = lived.life.fact("currency", "EUR")
    ran = runs(journal, journal[-1][0])
    charged = fees(ran, currency) | once_prices(ran, currency)
    return {key: want.amount for key, want in (charged | minimums(ran, charged, currency)).items()}
