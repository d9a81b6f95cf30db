"""What other apps put on surfaces beside products: candidate sources of campaigns and content.

Above this app, campaigns and whoever comes later register theirs; below it, content cannot, so
this app registers a source that reads content's selectors.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from math import log2
from typing import Any

from django.utils.functional import Promise


class Kind(StrEnum):
    """What an item of an answer is."""

    PRODUCT = "product"
    CAMPAIGN = "campaign"
    CONTENT = "content"


@dataclass(frozen=True)
class Visit:
    """One shopper at one moment, as far as a source needs to know them.

    `language` is that of content, `currency` the market's; `tier` is '' for who has none. The
    products this shopper is likely to want are `wanted`, the best first; the first `shown` of them
    are about to be shown. `touched` are the SKUs of what they did lately, the newest last.
    `category_of` gives a SKU's category, `inside` a category and all above it.
    """

    at: datetime
    language: str
    currency: str
    tier: str = ""
    wanted: Sequence[str] = ()
    shown: int = 0
    touched: Sequence[str] = ()
    category_of: Mapping[str, int | None] = field(default_factory=dict)
    inside: Mapping[int, frozenset[int]] = field(default_factory=dict)

    def affinity_to(self, category: int | None) -> float:
        """Return how much of what the shopper wants lies in a category, 0 to 1; None is all.

        The mean of its share in the ranking, each place discounted as in NDCG, and of its share in
        what they did lately, the newest counting most; who did nothing has only the ranking.
        """
        if category is None:
            return 1.0
        shares = [self._share(category, self.wanted)]
        if self.touched:
            shares.append(self._share(category, self.touched[::-1]))
        return sum(shares) / len(shares)

    def has_touched(self, category: int | None) -> bool:
        """Tell whether the shopper did something in that category lately."""
        return category is not None and any(self._lies_in(sku, category) for sku in self.touched)

    def affinity_of_place(self, place: int) -> float:
        """Return the affinity of what the ranking puts at a place, from 0; 1 is the first."""
        return 1.0 - min(place / max(len(self.wanted), 1), 1.0)

    def _share(self, category: int, skus: Sequence[str]) -> float:
        weights = [1.0 / log2(place) for place in range(2, len(skus) + 2)]
        inside = [w for w, sku in zip(weights, skus, strict=True) if self._lies_in(sku, category)]
        return sum(inside) / sum(weights) if weights else 0.0

    def _lies_in(self, sku: str, category: int) -> bool:
        own = self.category_of.get(sku)
        return own is not None and category in self.inside.get(own, frozenset([own]))


@dataclass(frozen=True)
class Proposal:
    """Something to show that is no product.

    `key` names it within its kind for good; `affinity`, 0 to 1, is how much of what the shopper
    wants it concerns, which is what places it among the products; `reason` is a sentence for the
    shopper; `fields` are what the storefront gets beyond that, in JSON. A proposal about one
    product names it in `about`: no product of that family is shown beside it.
    """

    key: str
    title: str
    affinity: float
    reason: str
    fields: Mapping[str, Any] = field(default_factory=dict)
    about: str = ""


Propose = Callable[[Visit, int], Sequence[Proposal]]


@dataclass(frozen=True)
class CandidateSource:
    """A source of one kind. `propose(visit, most)` returns at most so many, the best first.

    It may use a constant number of statements, must name only what this shopper may see at this
    moment, and writes in the active language.
    """

    key: str
    kind: Kind
    label: str | Promise
    propose: Propose


_sources: dict[str, CandidateSource] = {}


def register_candidate_source(source: CandidateSource) -> Callable[[], None]:
    """Put a source beside the others; in `ready()` only. Return what takes it away again."""
    if source.kind == Kind.PRODUCT:
        raise ValueError("products come from rankings, not from a source")
    _sources[source.key] = source

    def take_away() -> None:
        _sources.pop(source.key, None)

    return take_away


def candidate_sources(kind: Kind) -> list[CandidateSource]:
    """Return the sources of one kind, in the order they were registered."""
    return [source for source in _sources.values() if source.kind == kind]
