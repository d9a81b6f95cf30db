"""What may stand on one surface: candidates from a ranking, wide enough for rules to work on."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime

import numpy as np

from guidance.recommendations.catalogue import CatalogueIndex
from guidance.recommendations.models import Rule, Surface
from guidance.recommendations.popularity import PopularOrder
from guidance.recommendations.rulebook import RuleBook, TargetedRule, newer
from guidance.recommendations.services.candidates import Origin, Ranking
from guidance.recommendations.slate import Pool, SlateRule
from guidance.recommendations.slate.pool import SCALE_DEPTH, relevance, tail
from guidance.recommendations.slate.types import BOOST, DIVERSITY, FLOOR, PIN, QUOTA
from guidance.recommendations.slots import sources_of

# Of the products that a pin, boost or floor names, so many of the best join the pool wherever the
# ranking has them; a hundred fill the longest slate.
NAMED = 100


@dataclass(frozen=True)
class SurfacePool:
    """One surface's candidates, the best first, and the rules over them.

    `places` are the rows' places in the index, `scores` what the policy gave them, else what
    popularity does; `sources` (rows,) are what a bandit of the surface's slots chooses among, as
    `slots.SOURCES` numbers them. `refusing` are the rules that took products off the surface, each
    with those products (products,).
    """

    index: CatalogueIndex
    places: np.ndarray
    scores: np.ndarray
    origins: Sequence[Origin]
    pool: Pool
    applying: Sequence[TargetedRule]
    rules: Sequence[SlateRule]
    refusing: Sequence[tuple[TargetedRule, np.ndarray]]
    sources: np.ndarray | None = None

    def sku(self, row: int) -> str:
        return self.index.order[self.places[row]]

    def first_of_families(self, count: int) -> list[str]:
        """Return the SKUs of the best of the first `count` families, the best first."""
        _families, rows = np.unique(self.pool.families, return_index=True)
        return [self.sku(row) for row in np.sort(rows)[:count].tolist()]

    def without(self, pks: Collection[int]) -> "SurfacePool":
        """Return the pool without products that are not to be had this moment."""
        if not pks:
            return self
        kept = np.flatnonzero(~np.isin(self.index.columns.pks[self.places], list(pks)))
        return SurfacePool(
            index=self.index,
            places=self.places[kept],
            scores=self.scores[kept],
            origins=[self.origins[row] for row in kept.tolist()],
            pool=self.pool.take(kept),
            applying=self.applying,
            rules=[rule.take(kept) for rule in self.rules],
            refusing=self.refusing,
            sources=None if self.sources is None else self.sources[kept],
        )


def gather(
    surface: Surface,
    ranking: Ranking | None,
    *,
    popular: PopularOrder,
    rules: RuleBook,
    at: datetime,
    without: np.ndarray | None,
    wanted: int,
    sold: PopularOrder | None = None,
) -> SurfacePool:
    """Return what may stand on a surface; `wanted` is how many the whole request may show.

    `sold` is what really sells, where `popular` was lifted for one shopper.

    Refusing rules work on the whole catalogue, before the best are taken. `without` (products,)
    is left out as well. No `ranking` is popularity's.
    """
    index = rules.index
    applying = rules.applying(surface.pk, at)
    allowed, refusing = _allow(applying, index, at)
    if without is not None:
        allowed &= ~without
    source = _Source(ranking, popular, allowed)
    named = [_named(rule, index, popular, at) for rule in applying]
    ranked = source.ranked(max(SCALE_DEPTH, 3 * wanted + 30), [m for m in named if m is not None])
    rest = source.unranked(max(SCALE_DEPTH, 3 * wanted + 30) - len(ranked), named)
    places = np.concatenate([ranked, rest])
    vectors = None
    if ranking is not None and any(rule.rule.kind == Rule.Kind.DIVERSITY for rule in applying):
        vectors = ranking.vectors([index.order[place] for place in places.tolist()])
    return SurfacePool(
        index=index,
        places=places,
        scores=np.concatenate([source.scores[ranked], popular.scores[rest]]),
        origins=_origins(places, 0 if ranking is None else len(ranked), popular),
        pool=_pool(index, places, source.relevance(ranked, len(rest)), vectors),
        applying=applying,
        rules=[
            found
            for rule in applying
            if (found := _slate_rule(rule, places, index, popular, at)) is not None
        ],
        refusing=refusing,
        sources=sources_of(places, index, sold or popular, at) if surface.slots_bandit else None,
    )


def _allow(
    applying: Sequence[TargetedRule], index: CatalogueIndex, at: datetime
) -> tuple[np.ndarray, list[tuple[TargetedRule, np.ndarray]]]:
    allowed, refusing = index.columns.shown.copy(), []
    for rule in applying:
        refused = rule.refused(index, at)
        if refused is not None:
            allowed &= ~refused
            refusing.append((rule, refused))
    return allowed, refusing


class _Source:
    """A ranking, or popularity where there is none, over the products allowed."""

    def __init__(self, ranking: Ranking | None, popular: PopularOrder, allowed: np.ndarray) -> None:
        self.popular, self.allowed, self.ranking = popular, allowed, ranking
        self.scores = popular.scores if ranking is None else ranking.scores
        self._low, self._high = 0.0, 0.0

    def ranked(self, k: int, named: Sequence[np.ndarray]) -> np.ndarray:
        """Return the places of the k best and of the best named, best first."""
        base = self._best(k, self.allowed)
        if len(base):
            self._high = float(self.scores[base[0]])
            self._low = float(self.scores[base[:SCALE_DEPTH][-1]])
        left = self.allowed.copy()
        left[base] = False
        extra = np.zeros(len(left), dtype=bool)
        for mask in named:
            extra[self._best(NAMED, left & mask)] = True
        return np.concatenate([base, self._best(int(extra.sum()), extra)])

    def unranked(self, missing: int, named: Sequence[np.ndarray | None]) -> np.ndarray:
        """Return what the ranking did not score, what sells first: what is missing and named."""
        if self.ranking is None:
            return np.array([], np.int64)
        left = self.allowed & ~np.isfinite(self.scores)
        if not left.any():
            return np.array([], np.int64)
        order = self.popular.order[left[self.popular.order]]
        wanted = np.zeros(len(left), dtype=bool)
        wanted[order[: max(missing, 0)]] = True
        for mask in named:
            if mask is not None:
                wanted[order[mask[order]][:NAMED]] = True
        return order[wanted[order]]

    def relevance(self, ranked: np.ndarray, rest: int) -> np.ndarray:
        scored = relevance(self.scores[ranked], self._low, self._high)
        return np.concatenate([scored, tail(rest, float(scored[-1]) if len(scored) else 1.0)])

    def _best(self, k: int, allowed: np.ndarray) -> np.ndarray:
        if self.ranking is None:
            return self.popular.order[allowed[self.popular.order]][:k]
        return self.ranking.best(k, allowed)


def _named(
    rule: TargetedRule, index: CatalogueIndex, popular: PopularOrder, at: datetime
) -> np.ndarray | None:
    """Return the products that must be in the pool for a rule to work; None where it needs none."""
    kind = rule.rule.kind
    if kind in {Rule.Kind.PIN, Rule.Kind.EXPOSURE_FLOOR} or (rule.rule.factor or 0.0) > 1.0:
        return subjects(rule, index, popular, at)
    return None


def subjects(
    rule: TargetedRule, index: CatalogueIndex, popular: PopularOrder, at: datetime
) -> np.ndarray:
    """Return whom a rule concerns at a moment, shape (products,): its target, if need be only
    what is new or hardly looked at."""
    found = np.zeros(len(index), dtype=bool)
    if rule.rule.days:
        found |= newer(index, at, rule.rule.days)
    if rule.rule.fewer_views_than:
        found |= popular.views < rule.rule.fewer_views_than
    narrowed = rule.rule.days or rule.rule.fewer_views_than
    return rule.mask & found if narrowed else rule.mask


def _slate_rule(
    rule: TargetedRule,
    places: np.ndarray,
    index: CatalogueIndex,
    popular: PopularOrder,
    at: datetime,
) -> SlateRule | None:
    """Return the rule over the rows of a pool; None for one that only takes products away."""
    said, mask = rule.rule, subjects(rule, index, popular, at)[places]
    kinds = {
        Rule.Kind.PIN: PIN,
        Rule.Kind.BOOST: BOOST,
        Rule.Kind.FRESHNESS: BOOST,
        Rule.Kind.QUOTA: QUOTA,
        Rule.Kind.EXPOSURE_FLOOR: FLOOR,
        Rule.Kind.DIVERSITY: DIVERSITY,
    }
    kind = kinds.get(Rule.Kind(said.kind))
    if kind is None or (kind == BOOST and said.factor is None):
        return None
    counted = {Rule.Per.CATEGORY: index.columns.categories, Rule.Per.BRAND: index.columns.brands}
    return SlateRule(
        id=said.pk or 0,
        kind=kind,
        mask=mask,
        position=said.position or 0,
        factor=said.factor or 1.0,
        at_most=said.at_most or 0,
        groups=counted[Rule.Per(said.per)][places] if said.per else None,
        share=float(said.percent or 0) / 100,
    )


def _pool(
    index: CatalogueIndex, places: np.ndarray, level: np.ndarray, vectors: np.ndarray | None
) -> Pool:
    columns = index.columns
    return Pool(
        level,
        columns.families[places],
        columns.categories[places],
        columns.brands[places],
        vectors,
    )


def _origins(places: np.ndarray, ranked: int, popular: PopularOrder) -> list[Origin]:
    known = popular.known[places[ranked:]]
    rest: list[Origin] = ["popular" if sells else "new" for sells in known]
    first: list[Origin] = ["ranked"] * ranked
    return first + rest
