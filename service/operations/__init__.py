"""What operators run: seed, verify, replay, and moving to another master secret."""
