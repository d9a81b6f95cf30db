"""Popularity for somebody without a history: their segment's, lifted by what they lean to."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from guidance.recommendations.catalogue import CatalogueIndex
from guidance.recommendations.leanings import Leaning, nearby_categories
from guidance.recommendations.popularity import PopularOrder
from guidance.recommendations.selectors import Shopper
from guidance.recommendations.services.asked import Asked
from guidance.recommendations.state import state

# Added to every product's purchases before they are lifted, so that what never sold is lifted too.
HEAD_START = 1.0


def is_newcomer(asked: Asked, shopper: Shopper) -> bool:
    """Tell whether nothing is known that the shopper did; the page they are on does not count."""
    return not shopper.history and not asked.viewed


def leanings_of(asked: Asked, index: CatalogueIndex) -> tuple[Leaning, ...]:
    """Return what a newcomer says they like, then the category of their page."""
    near = asked.category
    page = index.categories.get(asked.context_product)
    if near is None and page is not None:
        near = nearby_categories({page: index.category_names[page]})
    return (*asked.prefers, *filter(None, [near]))


def popular_with(
    asked: Asked,
    shopper: Shopper,
    leanings: Sequence[Leaning],
    popular: PopularOrder,
    index: CatalogueIndex,
) -> PopularOrder:
    """Return the popularity a newcomer is answered by; the shop's order settles ties.

    A product's score is what it would sell if all bought as the shopper's segment does, and with
    leanings one more, times the factor of each leaning that speaks of it.
    """
    scores = state.segments(at=asked.at, with_replay=asked.is_replay).scores(
        popular, index, tier=shopper.tier, language=shopper.language or asked.language
    )
    if leanings:
        lifts = [np.where(one.mask(index), one.factor, 1.0) for one in leanings]
        scores = (scores + HEAD_START) * np.prod(lifts, axis=0)
    if scores is popular.scores:
        return popular
    best = np.argsort(-scores[popular.order], kind="stable")
    return replace(popular, order=popular.order[best], scores=scores)
