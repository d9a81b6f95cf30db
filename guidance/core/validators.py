"""What a field may hold, where its type does not say it."""

import zoneinfo
from functools import cache
from urllib.parse import urlsplit

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _


def is_time_zone(name: str) -> bool:
    """Tell whether this is the name of a time zone, such as Europe/Berlin."""
    return name in _names()


def validate_time_zone(name: str) -> None:
    """Refuse what is no time zone: with it no day of the shop could be told."""
    if not is_time_zone(name):
        raise ValidationError(_("This is no time zone's name; Europe/Berlin is one."))


def clean_origin(text: str) -> str:
    """Return a web site's origin as browsers send it; raises ValidationError for what is none."""
    if text.lower().rstrip("/") != (origin := _origin_in(text)):
        raise ValidationError(
            _(
                "“%(origin)s” is no origin: write a scheme and a host, such as https://shop.example."
            ),
            params={"origin": text},
        )
    return origin


def _origin_in(address: str) -> str | None:
    try:
        parts = urlsplit(address)
        host, _port = parts.hostname, parts.port
    except ValueError:
        return None
    is_site = host and parts.scheme in {"http", "https"}
    return f"{parts.scheme}://{parts.netloc}".lower() if is_site else None


@cache
def _names() -> set[str]:
    return zoneinfo.available_timezones()
