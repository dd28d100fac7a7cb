"""Telling payment providers how things stand with the customers whom they know, for their portal and their dashboard.

It follows the state, not the changes: what is told is worked out from the account as it is then, compared with what was
told last, and only the difference is sent. So changes coalesce by themselves, a lost or repeated turn does no harm, and
all that has to survive is that there is something to tell (`adapters.postgres.sync`).

marks: what changes in an account makes it so, in the same transaction. used: usage, gathered beside its hot path.
wanted: what the provider should have. telling: bringing it there. turns: when, and for whom.
"""
