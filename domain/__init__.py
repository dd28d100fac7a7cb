"""The rules of rights, usage and money. Frozen values in, values out: no I/O, no clock, no chance, no framework.

Read in this order: exact, money, zone, period · errors · policy, tax, coupon, seller, catalog · subscription · books
· pricing, totals · account · events, commands · evolve · rights (but its gate), billing_status · lifecycle · usage ·
dunning, settlement, ledger, pending · billing · decide · engine, rights.gate, providers.
"""
