"""What shoppers of one tier and language buy, shrunk towards what the whole shop buys."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property

import numpy as np
from django.conf.locale import LANG_INFO
from django.db.models import Count

from guidance.behaviour.models import Event
from guidance.recommendations.catalogue import CatalogueIndex
from guidance.recommendations.popularity import PopularOrder

# However much segments differ, the shop counts for one purchase.
LEAST_STRENGTH = 1.0
# A segment in which fewer people bought would show what somebody in particular did.
FEWEST_BUYERS = 20
Cell = tuple[str, str]


@dataclass(frozen=True)
class Segments:
    """Purchases by tier, language and product's primary key, '' where a customer tells none, one
    row for each three; `people` says how many customers of a tier and language bought anything.

    Languages are told apart as `language_family` does.
    """

    rows: Sequence[tuple[str, str, int, int]]
    people: Mapping[Cell, int] = field(default_factory=dict)
    _kept: dict[Cell, tuple[PopularOrder, np.ndarray]] = field(
        default_factory=dict, repr=False, compare=False
    )

    @cached_property
    def strength(self) -> float:
        """How many purchases of a segment's own the shop's popularity weighs as much as.

        Empirical Bayes: the concentration of a Dirichlet-multinomial by the method of moments
        (Mosimann 1962; Brier 1980), from all segments together. Infinite where they differ by no
        more than chance lets them; a few more than needed are called chance, as the shop's shares
        are estimated from the same purchases.
        """
        if not self.rows:
            return np.inf
        cells, cell, of_product, bought = self._table
        products, product = np.unique(of_product, return_inverse=True)
        own, shop, all_bought = (
            np.bincount(cell, bought),
            np.bincount(product, bought),
            bought.sum(),
        )
        expected = own[cell] * shop[product] / all_bought
        chi_square = float((bought**2 / expected).sum() - all_bought)
        freedom = len(products) - 1
        beyond_chance = chi_square - freedom * len(cells)
        if beyond_chance <= 0:
            return np.inf
        return max(LEAST_STRENGTH, (freedom * float(all_bought) - chi_square) / beyond_chance)

    @cached_property
    def _table(self) -> tuple[list[Cell], np.ndarray, np.ndarray, np.ndarray]:
        """The cells, and of each row its cell's place, its product and how often it was bought."""
        cells = {cell: place for place, cell in enumerate(dict.fromkeys(r[:2] for r in self.rows))}
        cell = np.array([cells[row[:2]] for row in self.rows], np.int64)
        products = np.array([row[2] for row in self.rows], np.int64)
        return list(cells), cell, products, np.array([row[3] for row in self.rows], np.float64)

    def scores(
        self, popular: PopularOrder, index: CatalogueIndex, *, tier: str, language: str
    ) -> np.ndarray:
        """Return purchases as if the whole shop bought as the segment does, shape (products,).

        The segment shares what is known of the two; where neither is, or fewer than FEWEST_BUYERS
        bought in it, the shop's own are returned.
        """
        language = language_family(language)
        kept = self._kept.get((tier, language))
        if kept is None or kept[0] is not popular:
            found = self._scores(popular, index, tier, language)
            self._kept[tier, language] = kept = (popular, found)
        return kept[1]

    def _scores(
        self, popular: PopularOrder, index: CatalogueIndex, tier: str, language: str
    ) -> np.ndarray:
        def belongs(of_tier: str, of_language: str) -> bool:
            return (not tier or of_tier == tier) and (not language or of_language == language)

        if sum(people for cell, people in self.people.items() if belongs(*cell)) < FEWEST_BUYERS:
            return popular.scores
        cells, cell, products, bought = self._table
        chosen = np.array([belongs(*one) for one in cells], bool)[cell]
        places = index.places_of(products[chosen])
        own = np.bincount(places[places >= 0], bought[chosen][places >= 0], len(index))
        total = popular.scores.sum()
        if not (tier or language) or not own.any() or not total or np.isinf(self.strength):
            return popular.scores
        prior = self.strength * popular.scores / total
        found: np.ndarray = total * (own + prior) / (own.sum() + self.strength)
        return found


def read_segments(*, since: datetime, until: datetime, with_replay: bool) -> Segments:
    """Count purchases by segment from `since` to before `until`; two statements."""
    events = Event.objects.all() if with_replay else Event.objects.real()
    bought = (
        events.filter(kind=Event.Kind.PURCHASE, occurred_at__gte=since, occurred_at__lt=until)
        .filter(product__isnull=False)
        .order_by()
        .values_list("customer__tier", "customer__language")
    )
    rows: Counter[tuple[str, str, int]] = Counter()
    for tier, language, product, count in bought.annotate(Count("pk")).values_list(
        "customer__tier", "customer__language", "product_id", "pk__count"
    ):
        rows[tier or "", language_family(language or ""), product] += count
    people: Counter[Cell] = Counter()
    for tier, language, count in bought.annotate(Count("customer", distinct=True)):
        people[tier or "", language_family(language or "")] += count
    return Segments([(*key, count) for key, count in rows.items()], people)


def language_family(code: str) -> str:
    """Return the language without its country: en of en-GB, zh-hans of zh-CN; scripts differ."""
    code = code.strip().lower().replace("_", "-")
    script = LANG_INFO.get(code, {}).get("fallback")
    parts = (script[0] if script else code).split("-")
    return "-".join(parts[:2] if len(parts) > 1 and len(parts[1]) == 4 else parts[:1])
