"""What the shop has for an audience's rules to choose from."""

from typing import Any

from django.core.cache import cache

from guidance.campaigns.audiences.fields import MOST_VALUES, Choice
from guidance.campaigns.models import Audience
from guidance.campaigns.predicted import SEGMENTS, learned_segments
from guidance.catalog.models import Category
from guidance.core.models import Market
from guidance.customers.models import Customer
from guidance.training.selectors import promoted_version

PROFILE = ("country", "language", "time_zone", "tier")
# Read from every shopper, a second each in a shop of millions.
REMEMBERED, REMEMBERED_SECONDS = "campaigns.audience-choices", 300


def offered(*, besides: str = "") -> dict[str, list[Choice]]:
    """Return the values and names for each `Part.offered`; without the audience `besides`."""
    profile = cache.get(REMEMBERED)
    if profile is None:
        cache.set(REMEMBERED, profile := _profile_values(), REMEMBERED_SECONDS)
    audiences = Audience.objects.exclude(key=besides).values_list("key", "name")
    currencies = Market.objects.order_by("currency").values_list("currency", flat=True)
    return {
        **{name: [(value, value) for value in values] for name, values in profile.items()},
        "category": [(one.path, str(one)) for one in Category.objects.all()],
        "currency": [(code, code) for code in dict.fromkeys(currencies)],
        "audience": list(audiences),
        "learned": list(learned_segments(promoted_version(SEGMENTS))),
    }


def names_in(choices: dict[str, list[Choice]]) -> dict[str, Any]:
    """Return the names under which words tell of audiences, categories and learned segments."""
    return {name: dict(choices[name]) for name in ("audience", "category", "learned")}


def _profile_values() -> dict[str, list[str]]:
    return {
        name: list(
            Customer.objects.order_by(name).values_list(name, flat=True).distinct()[:MOST_VALUES]
        )
        for name in PROFILE
    }
