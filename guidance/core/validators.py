"""What a field may hold, where its type does not say it."""

import zoneinfo
from functools import cache

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _


def is_time_zone(name: str) -> bool:
    """Tell whether this is the name of a time zone, such as Europe/Berlin."""
    return name in _names()


def validate_time_zone(name: str) -> None:
    """Refuse what is no time zone: with it no day of the shop could be told."""
    if not is_time_zone(name):
        raise ValidationError(_("This is no time zone's name; Europe/Berlin is one."))


@cache
def _names() -> set[str]:
    return zoneinfo.available_timezones()
