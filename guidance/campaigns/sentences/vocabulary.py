"""The shop's own words: its categories, membership tiers and countries, by every name of theirs."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from babel import Locale

from guidance.catalog.models import Category
from guidance.customers.models import Customer
from guidance.customers.selectors import membership_tiers

# More names than this would make a pattern that nobody can wait for.
MOST_NAMES = 5_000
LOCALES = ("en", "zh_Hans")


@dataclass(frozen=True)
class Vocabulary:
    """What each name, in small letters, stands for: a category's path, a tier, a country."""

    categories: Mapping[str, str]
    tiers: Mapping[str, str]
    countries: Mapping[str, str]


def read_vocabulary() -> Vocabulary:
    """Return the shop's words; three statements."""
    return Vocabulary(
        categories=_categories(),
        tiers={tier.casefold(): tier for tier in membership_tiers()},
        countries=_countries(),
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
