"""The rules of rights, usage and money. Frozen values in, values out: no I/O, no clock, no chance, no framework.

Read in this order: exact, money, zone, period · errors · catalog, pricing · subscription · account · events, commands ·
evolve · trial, transition, clash · due · usage · entitlement, gate, billing_status · decide.
"""
