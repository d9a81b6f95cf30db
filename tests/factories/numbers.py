"""Numbers that tell rows of tests from each other."""

from itertools import count

_numbers = count(1)


def next_number() -> int:
    """Return a number that no row has yet."""
    return next(_numbers)
