"""From pools to slates: what has sold out leaves first, then surface by surface is filled."""

from collections.abc import Sequence

import numpy as np

from guidance.recommendations.selectors import not_to_be_had
from guidance.recommendations.services.asked import SurfaceAnswer
from guidance.recommendations.services.candidates import Because, Candidate, Origin
from guidance.recommendations.slate import build_slate
from guidance.recommendations.slate.types import DIVERSITY, PIN


def needs_whole_pool(answer: SurfaceAnswer) -> bool:
    """Tell whether what is gone matters to a surface even where it is not chosen.

    It does to a draw, whose probabilities are among what could really be shown, to what is told
    of diversity, and to what stands beside products. Elsewhere the places are the same with it and
    without it.
    """
    surface = answer.surface
    return bool(
        surface.exploration > 0
        or surface.campaign_places
        or surface.content_places
        or any(rule.kind == DIVERSITY for rule in answer.pool.rules)
    )


def remove_what_is_gone(answers: Sequence[SurfaceAnswer]) -> None:
    """Take out of every pool what is hidden or sold out this moment; one statement."""
    pks = {
        int(pk)
        for answer in answers
        for pk in answer.pool.index.columns.pks[answer.pool.places].tolist()
    }
    gone = not_to_be_had(pks)
    for answer in answers:
        answer.pool = answer.pool.without(gone)


def fill_slate(
    answer: SurfaceAnswer, *, limit: int, used: set[str], random: np.random.Generator
) -> None:
    """Draw one surface's slate; the families it shows are added to `used`."""
    pool = answer.pool
    answer.slate = build_slate(
        pool.pool,
        pool.rules,
        limit=limit,
        used=[pool.index.family_numbers.get(family, -1) for family in used],
        exploration=answer.surface.exploration,
        random=random,
        explorer=answer.chooser.explorer(pool.sources) if answer.chooser else None,
    )
    rows = [place.row for place in answer.slate.places]
    skus = [pool.sku(row) for row in rows]
    used.update(pool.index.family_of(sku) for sku in skus)
    because = _explain(answer, skus, [pool.origins[row] for row in rows])
    leaning = [(one, one.mask(pool.index)[pool.places]) for one in answer.leanings]
    answer.candidates = [
        Candidate(
            sku,
            float(pool.scores[row]),
            cause,
            _origin(answer, place.fired, row),
            next((one for one, mask in leaning if mask[row]), None),
        )
        for sku, row, cause, place in zip(skus, rows, because, answer.slate.places, strict=True)
    ]


def _explain(
    answer: SurfaceAnswer, skus: Sequence[str], origins: Sequence[Origin]
) -> list[Because]:
    """Return the shopper's own events behind each SKU that the policy scored."""
    ranked = [sku for sku, origin in zip(skus, origins, strict=True) if origin == "ranked"]
    if answer.ranking is None or not ranked:
        return [()] * len(skus)
    found = dict(zip(ranked, answer.ranking.explain(ranked), strict=True))
    return [found.get(sku, ()) for sku in skus]


def _origin(answer: SurfaceAnswer, fired: Sequence[int], row: int) -> Origin:
    pins = {rule.id for rule in answer.pool.rules if rule.kind == PIN}
    return "pinned" if pins & set(fired) else answer.pool.origins[row]
