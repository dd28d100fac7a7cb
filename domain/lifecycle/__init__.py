"""What happens to a subscription in time: trials, changes now, planned and backdated, conflicts, what falls due."""
