"""What keeps Tollgate from running though the program is right."""


class Problem(Exception):
    """Something on this machine, or in its settings. The message says what, and what to do; no traceback is needed."""
