"""Numbers as people read them."""

from django.utils.formats import number_format


def rounded(value: float, digits: int = 0) -> str:
    """Return a number rounded and grouped, never -0; `number_format` alone cuts digits off, so that
    .99999 would read as 99.9 %."""
    return number_format(round(value, digits) or 0.0, digits, force_grouping=True)
