"""The rules of rights, usage and money. Frozen values in, values out: no I/O, no clock, no chance, no framework.

Read in this order: exact, money, zone, period · errors · policy, tax, coupon, seller, catalog · subscription · books
· pricing, totals · account · events, commands · evolve · trial, transition, clash · due · usage · entitlement,
billing_status · dunning, settlement, dating, ledger · billing · decide · engine, gate.
"""
