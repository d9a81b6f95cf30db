"""What somebody without a history leans to: what they say they like, and the page they are on."""

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from guidance.recommendations.catalogue import CatalogueIndex

# Prior odds, chosen and not measured: no history holds quiz answers to measure them with. Who says
# what they like is taken at a product four times as popular, a page's category at twice.
LIKED = 4.0
NEARBY = 2.0


@dataclass(frozen=True)
class Leaning:
    """A brand, or categories with all below them, and what its products' popularity is
    multiplied by. `names` are by language; `name` is for every other one."""

    factor: float
    name: str
    categories: frozenset[int] = frozenset()
    brands: frozenset[str] = frozenset()
    names: Mapping[str, str] = field(default_factory=dict)

    @property
    def is_liked(self) -> bool:
        """Whether the shopper said so, which is theirs; a page is not."""
        return self.factor == LIKED

    def mask(self, index: CatalogueIndex) -> np.ndarray:
        """Return which products it speaks of, shape (products,)."""
        within = [pk for pk, above in index.inside.items() if above & self.categories]
        numbers = [index.brand_numbers[name] for name in self.brands if name in index.brand_numbers]
        columns = index.columns
        return np.isin(columns.categories, within) | np.isin(columns.brands, numbers)

    def name_in(self, language: str) -> str:
        return self.names.get(language) or self.name


def category_leaning(named: Mapping[int, tuple[str, Mapping[str, str]]], factor: float) -> Leaning:
    """Return the leaning to categories by primary key with paths and names; the first names it."""
    path, names = next(iter(named.values()))
    return Leaning(factor, path.rpartition(" > ")[2], categories=frozenset(named), names=names)
