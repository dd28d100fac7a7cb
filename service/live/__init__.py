"""Who watches is told: changes as they are heard of, accounts read once for all, the journal followed."""
