"""What targeting may ask about a shopper, read when a running experiment asks."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from django.utils import timezone

from guidance.core.among import AmongTexts
from guidance.core.models import Market
from guidance.customers.markets import Markets
from guidance.customers.models import Customer

# A shopper is new for so long after joining, or after we first met them.
NEW_FOR = timedelta(days=30)


def attributes_of(unit: str) -> dict[str, Any]:
    """Return what is known of the shopper of a pseudonym; two statements.

    Who was never met is a new, anonymous visitor. What is not known is missing, as in the
    published scheme, and so equals null.
    """
    return attributes_of_all([unit])[unit]


def attributes_of_all(units: Sequence[str]) -> dict[str, dict[str, Any]]:
    """Return the same of many, by pseudonym; two statements."""
    markets, now = Markets(list(Market.objects.all())), timezone.now()
    met = {one.ref: one for one in Customer.objects.filter(AmongTexts("ref", units))}
    return {unit: _known(unit, met.get(unit), markets, now) for unit in units}


def _known(unit: str, shopper: Customer | None, markets: Markets, now: datetime) -> dict[str, Any]:
    if shopper is None:
        known = {"market": markets.of(time_zone="", language="")}
        return _without_empty(known) | {"id": unit, "anonymous": True, "is_new": True}
    known = {
        "tier": shopper.tier,
        "language": shopper.language,
        "country": shopper.country,
        "market": markets.of(time_zone=shopper.time_zone, language=shopper.language),
    }
    met = shopper.joined_at or shopper.created_at
    return _without_empty(known) | {
        "id": unit,
        "anonymous": shopper.is_anonymous,
        "is_new": met > now - NEW_FOR,
    }


def _without_empty(known: dict[str, str]) -> dict[str, Any]:
    return {name: value for name, value in known.items() if value}
