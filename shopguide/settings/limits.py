"""Numbers out of the environment, where empty is not zero."""

import os
from decimal import Decimal, InvalidOperation

from django.core.exceptions import ImproperlyConfigured


def amount(name: str, default: str = "") -> Decimal | None:
    """Return the variable as a number, 0 included; None where it is empty.

    Raises ImproperlyConfigured, naming it, for what is no number or below zero.
    """
    said = os.environ.get(name, default).strip()
    if not said:
        return None
    try:
        number = Decimal(said)
    except InvalidOperation:
        number = Decimal("NaN")
    if not number.is_finite() or number < 0:
        raise ImproperlyConfigured(f"{name}={said!r} is no number of zero or more")
    return number


def whole(name: str, default: str = "") -> int | None:
    """Return the variable as a whole number, as `amount` does."""
    number = amount(name, default)
    if number is not None and number != number.to_integral_value():
        raise ImproperlyConfigured(f"{name}={number} is no whole number")
    return None if number is None else int(number)
