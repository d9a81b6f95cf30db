"""The shop's own words: categories, membership tiers, countries and segments, by every name."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from babel import Locale
from django.utils import translation

from guidance.behaviour.analysis.segments import SEGMENTS
from guidance.catalog.models import Category
from guidance.core.selectors import default_market
from guidance.customers.models import Customer
from guidance.customers.selectors import membership_tiers

# More names than this would make a pattern that nobody can wait for.
MOST_NAMES = 5_000
LOCALES = ("en", "zh_Hans")
LANGUAGES = ("en", "zh-hans")


@dataclass(frozen=True)
class Vocabulary:
    """What each name, in small letters, stands for: a category's path, a tier, a country, the key
    of a segment. `currency` is that of the default market."""

    categories: Mapping[str, str]
    tiers: Mapping[str, str]
    countries: Mapping[str, str]
    segments: Mapping[str, str] = field(default_factory=dict)
    currency: str = ""


def read_vocabulary() -> Vocabulary:
    """Return the shop's words; four statements."""
    return Vocabulary(
        categories=_categories(),
        tiers={tier.casefold(): tier for tier in membership_tiers()},
        countries=_countries(),
        segments=_segments(),
        currency=default_market().currency,
    )


def _categories() -> dict[str, str]:
    """A category is called by the last part of its path and by its names in any language."""
    found: dict[str, str] = {}
    for path, names in Category.objects.order_by("path").values_list("path", "names")[:MOST_NAMES]:
        for name in (path, path.rpartition(">")[2], *names.values()):
            if told := str(name).strip().casefold():
                found.setdefault(told, path)
    return found


def _countries() -> dict[str, str]:
    """A country is called by what the shop's customers have it as, and by its names."""
    rows: Iterable[str] = (
        Customer.objects.exclude(country="").order_by().values_list("country", flat=True).distinct()
    )
    found: dict[str, str] = {}
    for country in rows:
        found.setdefault(country.casefold(), country)
        for locale in LOCALES:
            names = Locale.parse(locale).territories
            if name := names.get(country.upper()):
                found.setdefault(name.casefold(), country)
    # "in" and "us" are words before they are countries.
    return {name: value for name, value in found.items() if len(name) > 2 or not name.isascii()}


def _segments() -> dict[str, str]:
    """A segment of shoppers is called by its key and by its names."""
    found = {segment.key: segment.key for segment in SEGMENTS}
    for language in LANGUAGES:
        with translation.override(language):
            for segment in SEGMENTS:
                found.setdefault(str(segment.name).casefold(), segment.key)
    return found
