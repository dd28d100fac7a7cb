"""The one write path: a command decided on the locked state of its stream, and all that follows written with it."""
