"""What somebody without a history leans to: what they say they like, and the page they are on."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field

import numpy as np

from guidance.recommendations.catalogue import CatalogueIndex

# Prior odds, chosen and not measured: no history holds quiz answers to measure them with. Who says
# what they like is taken at a product four times as popular, a page's category at twice.
LIKED = 4.0
NEARBY = 2.0

# Categories by primary key, each with its path and its names by language.
Named = Mapping[int, tuple[str, Mapping[str, str]]]


@dataclass(frozen=True)
class Leaning:
    """A brand, or categories with all below them, and what its products' popularity is
    multiplied by. `names` are by language; `name` is for every other one. `is_liked` says that it
    is what the shopper said of themselves; the page they are on is not."""

    factor: float
    name: str
    categories: frozenset[int] = frozenset()
    brands: frozenset[str] = frozenset()
    names: Mapping[str, str] = field(default_factory=dict)
    is_liked: bool = False

    def mask(self, index: CatalogueIndex) -> np.ndarray:
        """Return which products it speaks of, shape (products,)."""
        within = [pk for pk, above in index.inside.items() if above & self.categories]
        numbers = [index.brand_numbers[name] for name in self.brands if name in index.brand_numbers]
        columns = index.columns
        return np.isin(columns.categories, within) | np.isin(columns.brands, numbers)

    def name_in(self, language: str) -> str:
        return self.names.get(language) or self.name


def liked_brands(brands: Collection[str]) -> Leaning:
    """Return what a shopper says they like: a brand, in all of its spellings."""
    return Leaning(LIKED, min(brands), brands=frozenset(brands), is_liked=True)


def liked_categories(named: Named) -> Leaning:
    """Return what a shopper says they like: categories of one name."""
    return _to_categories(named, LIKED, is_liked=True)


def nearby_categories(named: Named) -> Leaning:
    """Return the leaning to what the shopper's page is about."""
    return _to_categories(named, NEARBY, is_liked=False)


def _to_categories(named: Named, factor: float, *, is_liked: bool) -> Leaning:
    """The first of the categories names it."""
    path, names = next(iter(named.values()))
    name = path.rpartition(" > ")[2]
    return Leaning(factor, name, categories=frozenset(named), names=names, is_liked=is_liked)
