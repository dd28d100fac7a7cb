"""Telling payment providers how things stand with the customers whom they know, for their portal and their dashboard.

It follows the state, not the changes: what is told is worked out from the account as it is then, compared with what was
told last, and only the difference is sent. So changes coalesce by themselves, a lost or repeated turn does no harm, and
all that has to survive is that there is something to tell (`adapters.postgres.sync`).

`domain.providers.dirty_marks` says which changes make it so, in their transaction; used: usage, gathered beside its hot
path; `domain.providers.desired_state`: what the provider should have; push: bringing it there; push_schedule: when, and
for whom.
"""
