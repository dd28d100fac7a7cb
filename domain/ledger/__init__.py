"""The double-entry ledger: what each money event means to an accountant, and when revenue paid in advance is earned.

It decides nothing and owns no balance: the books (`domain.books`) are the truth, the ledger restates them.
"""

from domain.ledger.posting import RECOGNIZED, LedgerAccount, LedgerEntry, Posting
from domain.ledger.postings import postings
from domain.ledger.recognition import month_of, recognized

__all__ = ["RECOGNIZED", "LedgerAccount", "LedgerEntry", "Posting", "month_of", "postings", "recognized"]
