"""Products like one product: by what was bought together, else what sells in its category."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from django.utils import timezone, translation

from guidance.catalog.models import Product
from guidance.recommendations.rankers import POPULARITY
from guidance.recommendations.selectors import products_by_sku
from guidance.recommendations.services.asked import without_events
from guidance.recommendations.services.candidates import CO_OCCURRENCE, Candidate
from guidance.recommendations.services.presenting import add_copy, choose_language, item_json
from guidance.recommendations.services.reasons import reason_for
from guidance.recommendations.services.rules import pick, shortlist
from guidance.recommendations.state import state
from models_ml.data.columns import VIEW
from models_ml.recommender.serving import OwnEvent


@dataclass(frozen=True)
class Similar:
    """What is like a product, and which policy says so."""

    policy: str
    items: list[dict[str, Any]]


def similar_products(*, product: Product, limit: int, language: str) -> Similar:
    """Return at most `limit` products of other families, each family once.

    No shopper is asked about, so no decision is written. Where the model's files say nothing of
    the product, the most popular of its category answer.
    """
    state.prepare()
    index = state.index
    policy, found = CO_OCCURRENCE, _together(product.sku, limit)
    if not found:
        policy, found = POPULARITY, list(_popular_in_category(product.sku))
    own = index.family_of(product.sku)
    candidates = shortlist(found, limit=limit, used={own}, index=index)
    content_language, spoken = choose_language(language)
    products = products_by_sku([product.sku, *(candidate.sku for candidate in candidates)])
    titles = {sku: one.title_in(content_language) for sku, one in products.items()}
    items = []
    with translation.override(spoken):
        picked = list(pick(candidates, limit=limit, used={own}, products=products))
        for position, (candidate, one) in enumerate(picked, start=1):
            reason = reason_for(
                candidate, policy=policy, context_product="", bought=frozenset(), titles=titles
            )
            item = item_json(candidate, one, position, titles[one.sku], reason)
            items.append(without_events(item))
        add_copy(items, {one.sku: one.pk for _candidate, one in picked}, content_language)
    return Similar(policy, items)


def _together(sku: str, limit: int) -> list[Candidate]:
    version, allowed = state.version, state.index.recommendable
    ranker = version.rankers.get(CO_OCCURRENCE) if version else None
    found = ranker.similar(sku, 3 * limit + 30) if ranker else []
    return [
        Candidate(one.item, one.score, (OwnEvent(sku, VIEW, one.score),))
        for one in found
        if one.item in allowed
    ]


def _popular_in_category(sku: str) -> Iterator[Candidate]:
    index = state.index
    category = index.categories.get(sku)
    for product, score in state.popularity(at=timezone.now(), with_replay=False).ranked:
        other = index.skus.get(product, "")
        if other in index.recommendable and index.categories[other] == category:
            yield Candidate(other, score, origin="popular")
