"""The rules of rights, usage and money. Frozen values in, values out: no I/O, no clock, no chance, no framework.

Read in this order: money, period · errors · catalog · subscription · account · events, commands · evolve · due ·
entitlement, usage · decide.
"""
