"""What is written down about one customer's money: what runs and at which terms, what was billed, owed, given and
paid."""

from domain.books.books import Books

__all__ = ["Books"]
