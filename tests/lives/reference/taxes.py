"""How a line is taxed, by a reading of its own of Directive 2006/112/EC for a seller of services in Germany.

tax DE standard 19
tax DE books 7 since=2026-02-01
"""

from datetime import date
from fractions import Fraction
from typing import NamedTuple

HOME = "DE"
UNION = frozenset({"DE", "AT", "FR", "IT", "ES"})
"""Of its members, those where anybody lives here."""


class Rate(NamedTuple):
    country: str
    category: str
    percent: Fraction
    since: date
    until: date


class Taxed(NamedTuple):
    """`percent` of what is charged, or in it."""

    percent: Fraction
    inclusive: bool

    @property
    def added(self) -> Fraction:
        """To each unit that is charged."""
        return Fraction(0) if self.inclusive else self.percent / 100


def rate(text: str) -> Rate:
    country, category, percent, *terms = text.split()
    named = dict(term.partition("=")[::2] for term in terms)
    since, until = named.get("since", "0001-01-01"), named.get("until", "9999-12-31")
    return Rate(country, category, Fraction(percent), date.fromisoformat(since), date.fromisoformat(until))


def percent(rates: list[Rate], country: str, vat: str | None, category: str, on: date) -> Fraction:
    """`vat`: the country of a valid number."""
    there = _levied(rates, country, category, on)
    if country == HOME:
        return there or Fraction(0)
    if country in UNION and vat in UNION and vat != HOME:
        return Fraction(0)  # the recipient accounts for it
    if there is not None:
        return there
    return (_levied(rates, HOME, category, on) or Fraction(0)) if country in UNION else Fraction(0)


def _levied(rates: list[Rate], country: str, category: str, on: date) -> Fraction | None:
    """The category's own rate, else the standard one."""
    for name in (category, "standard"):
        for rate in rates:
            if (rate.country, rate.category) == (country, name) and rate.since <= on < rate.until:
                return rate.percent
    return None
