"""Stripe, spoken here and nowhere else: nothing outside of this package imports `stripe` or sees one of its types.

Stripe collects; what is owed, by whom and why is decided elsewhere. It learns an anonymous id, amounts, currencies and
its own names of methods, and our ids of payments, refunds and invoices. Every request goes through `client.Api`.
"""
