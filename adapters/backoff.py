"""How long to wait before trying again: twice as long each time."""


def backoff_s(failures: int, shortest_s: float, longest_s: float) -> float:
    """Seconds, after so many failures in a row (1: the first)."""
    return min(shortest_s * 2.0 ** min(max(failures - 1, 0), 32), longest_s)
