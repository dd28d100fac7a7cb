"""What is done later: one queue, and the kinds of work that it knows."""
