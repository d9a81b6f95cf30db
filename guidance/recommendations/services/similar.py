"""Products like one product: what can stand in for it, and what goes with it."""

from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

import numpy as np
from django.utils import timezone, translation
from django.utils.translation import gettext as _

from guidance.catalog.models import Product
from guidance.recommendations.catalogue import NONE
from guidance.recommendations.rankers import POPULARITY
from guidance.recommendations.selectors import products_with_copy
from guidance.recommendations.services.asked import without_events
from guidance.recommendations.services.candidates import CO_OCCURRENCE, Candidate
from guidance.recommendations.services.presenting import choose_language, item_json
from guidance.recommendations.services.reasons import reason_for
from guidance.recommendations.services.rules import pick, shortlist
from guidance.recommendations.services.substitutes import substitutes
from guidance.recommendations.state import state
from models_ml.data.columns import VIEW
from models_ml.recommender.serving import OwnEvent, Ranker

SIMILARITY = "similarity"
# How many products of its category stand in for one that nobody has bought yet.
STAND_INS = 20


class Relation(StrEnum):
    """How products belong to one product: they can replace it, or they complete it."""

    SIMILAR = "similar"
    TOGETHER = "together"


@dataclass(frozen=True)
class Similar:
    """What is like a product, and which policy says so."""

    policy: str
    items: list[dict[str, Any]]


Way = tuple[str, Callable[[str, int], Sequence[Candidate]]]


def similar_products(
    *, product: Product, limit: int, language: str, relation: Relation | None = None
) -> Similar:
    """Return at most `limit` products of other families, each family once.

    Without a relation, what is bought together with the product answers. Where a relation knows
    nothing of a product, one nobody bought yet, say, the next of its ways answers, in the end the
    most popular of its category. What the rules of every surface take off is left out here too. No
    shopper is asked about, so no decision is written.
    """
    state.prepare()
    index = state.index
    policy, found = _ask(product.sku, limit, relation)
    own = index.family_of(product.sku)
    candidates = shortlist(found, limit=limit, used={own}, index=index)
    content_language, spoken = choose_language(language)
    skus = [candidate.sku for candidate in candidates]
    products, copy = products_with_copy(
        [product.sku, *skus], pks=index.pks_of(skus), language=content_language
    )
    titles = {sku: one.title_in(content_language) for sku, one in products.items()}
    items = []
    with translation.override(spoken):
        picked = list(pick(candidates, limit=limit, used={own}, products=products))
        for position, (candidate, one) in enumerate(picked, start=1):
            reason = _reason(candidate, policy, product.sku, titles)
            item = item_json(candidate, one, position, titles[one.sku], reason)
            items.append(without_events({**item, "copy": copy.get(one.id, {})}))
    return Similar(policy, items)


def _ask(sku: str, limit: int, relation: Relation | None) -> tuple[str, Sequence[Candidate]]:
    """Return the first policy that knows something, and what it knows."""
    rules = state.rules
    order, places = rules.index.order, np.flatnonzero(rules.refused_everywhere(timezone.now()))
    refused = {order[place] for place in places.tolist()}
    for policy, way in _ways(relation):
        found = [one for one in way(sku, limit) if one.sku not in refused]
        if found:
            return policy, found
    return POPULARITY, []


def _ways(relation: Relation | None) -> list[Way]:
    """Return the policies of a relation in order, the surest first."""
    popular: Way = (POPULARITY, lambda sku, limit: list(_popular_in_category(sku)))
    if relation == Relation.SIMILAR:
        return [(SIMILARITY, substitutes), popular]
    together: Way = (CO_OCCURRENCE, _together)
    if relation == Relation.TOGETHER:
        return [together, (CO_OCCURRENCE, _together_with_its_kind), popular]
    return [together, popular]


def _reason(candidate: Candidate, policy: str, sku: str, titles: dict[str, str]) -> str:
    if policy == SIMILARITY and sku in titles:
        return _("Like %(product)s") % {"product": titles[sku]}
    return reason_for(
        candidate, policy=policy, context_product="", bought=frozenset(), titles=titles
    )


def _ranker() -> Ranker | None:
    version = state.version
    return version.rankers.get(CO_OCCURRENCE) if version else None


def _together(sku: str, limit: int) -> list[Candidate]:
    ranker, allowed = _ranker(), state.index.recommendable
    found = ranker.similar(sku, 3 * limit + 30) if ranker else []
    return [
        Candidate(one.item, one.score, (OwnEvent(sku, VIEW, one.score),))
        for one in found
        if one.item in allowed
    ]


def _together_with_its_kind(sku: str, limit: int) -> list[Candidate]:
    """Return what goes with the best sellers of its category, and is of another category."""
    index, sums = state.index, defaultdict[str, float](float)
    for one in [one.sku for one in _popular_in_category(sku)][:STAND_INS]:
        for other in _together(one, limit):
            if index.categories[other.sku] != index.categories.get(sku):
                sums[other.sku] += other.score
    ranked = sorted(sums.items(), key=lambda one: (-one[1], one[0]))
    return [Candidate(other, score) for other, score in ranked]


def _popular_in_category(sku: str) -> Iterator[Candidate]:
    index = state.index
    popular = state.popularity(at=timezone.now(), with_replay=False).over(index)
    allowed = popular.known & index.columns.shown
    allowed &= index.columns.categories == (index.categories.get(sku) or NONE)
    for place in popular.order[allowed[popular.order]].tolist():
        yield Candidate(index.order[place], float(popular.scores[place]), origin="popular")
