"""Fits the baselines: popularity, time-decayed repeat frequency, item co-occurrence, EASE and
nearest neighbours by content.
"""

import numpy as np
from scipy import linalg, sparse

from models_ml.recommender.past import Past
from models_ml.recommender.scorers import (
    ContentScorer,
    Interest,
    NeighbourScorer,
    PopularityScorer,
    RepeatScorer,
)

# How many neighbours of an item are kept for serving. With 100, EASE lost .007 validation NDCG@10
# on Online Retail against all of them (.243, .250).
CO_OCCURRENCE_WIDTH = 100
EASE_WIDTH = 200
# EASE inverts a square matrix of this many items at most (0.1 GB, about 10 s on one core); rarer
# items have no neighbours.
EASE_ITEMS = 5_000
# A group (one basket or one customer) of n items makes n * n pairs: a reseller or a robot with the
# whole catalogue of 100,000 would make ten billion. People stay far below 500 items, whose pairs
# fit into 2 MB; of a larger group so many tell of it, the strongest, then the newest.
CO_OCCURRENCE_GROUP = 500


def fit_popularity(past: Past, *, days: float) -> PopularityScorer:
    """Share of customers who bought in the last `days`; what nobody bought lately is ordered by all
    time.
    """
    return PopularityScorer(past.buyer_shares(days) + np.float32(1e-3) * past.buyer_shares())


def fit_repeat_frequency(
    past: Past, popularity: PopularityScorer, *, half_life: float, browsing: float
) -> RepeatScorer:
    """Nothing to learn beyond the tuned decay; popularity orders what the customer never had."""
    return RepeatScorer(Interest(half_life, browsing), popularity.shares)


def fit_co_occurrence(
    past: Past,
    popularity: PopularityScorer,
    *,
    scope: str,
    damping: float,
    half_life: float,
    browsing: float,
) -> NeighbourScorer:
    """Counts of items that share a basket (or a customer, by `scope`), divided by sqrt(source) *
    target ** damping. A group counts with `CO_OCCURRENCE_GROUP` items at most.
    """
    together = _groups(past, scope, browsing)
    counts = (together.T @ together).tocsr()
    totals = np.maximum(counts.diagonal(), 1.0)
    counts.setdiag(0.0)
    scaled = sparse.diags_array(totals**-0.5) @ counts @ sparse.diags_array(totals**-damping)
    neighbours, strengths = _strongest(scaled.tocsr(), CO_OCCURRENCE_WIDTH)
    return NeighbourScorer(Interest(half_life, browsing), neighbours, strengths, popularity.shares)


def fit_ease(
    past: Past,
    popularity: PopularityScorer,
    *,
    regularisation: float,
    half_life: float,
    browsing: float,
) -> NeighbourScorer:
    """The closed-form linear autoencoder of Steck (WWW 2019), its strongest neighbours kept."""
    neighbours, strengths = solve_ease(past.tastes(browsing), regularisation)
    return NeighbourScorer(Interest(half_life, browsing), neighbours, strengths, popularity.shares)


def fit_content(
    past: Past,
    popularity: PopularityScorer,
    *,
    sharpness: float,
    half_life: float,
    browsing: float,
) -> ContentScorer:
    """What is like the customer's own items by content; nothing is learned but the tuned decay."""
    neighbours, likeness = past.alike
    return ContentScorer(
        Interest(half_life, browsing),
        neighbours,
        likeness**sharpness,
        popularity.shares,
        sharpness=sharpness,
    )


def solve_ease(tastes: sparse.csr_array, regularisation: float) -> tuple[np.ndarray, np.ndarray]:
    """Neighbours and strengths, both (items, width), from customers by items."""
    catalogue = tastes.shape[1]
    totals = np.asarray(tastes.sum(axis=0)).ravel()
    kept = np.sort(np.argsort(-totals, kind="stable")[:EASE_ITEMS])
    gram = (tastes[:, kept].T @ tastes[:, kept]).toarray()
    gram[np.diag_indices_from(gram)] += regularisation
    inverse = linalg.inv(gram, overwrite_a=True, check_finite=False, assume_a="pos")
    weights = -inverse / np.diag(inverse)
    np.fill_diagonal(weights, 0.0)
    width = min(EASE_WIDTH, len(kept))
    places = np.argpartition(-np.abs(weights), width - 1, axis=1)[:, :width]
    found = np.take_along_axis(weights, places, axis=1)
    order = np.argsort(-found, axis=1, kind="stable")
    neighbours = np.zeros((catalogue, width), np.int32)
    strengths = np.zeros((catalogue, width), np.float32)
    neighbours[kept] = kept[np.take_along_axis(places, order, axis=1)]
    strengths[kept] = np.take_along_axis(found, order, axis=1)
    return neighbours, strengths


def _groups(past: Past, scope: str, browsing: float) -> sparse.csr_array:
    """Groups by items; of a large group its strongest items, then the newest, ties by number."""
    groups = past.baskets if scope == "basket" else past.tastes(browsing)
    large = np.flatnonzero(np.diff(groups.indptr) > CO_OCCURRENCE_GROUP)
    if not len(large):
        return groups
    kept = np.ones(groups.nnz, bool)
    newest = np.zeros(past.items)
    for row in large:
        span = slice(groups.indptr[row], groups.indptr[row + 1])
        items, weights = groups.indices[span], groups.data[span]
        if scope == "customer":
            history = past.histories.of(int(row))
            # Its rows are in order of time, and the last one of an item is what stays.
            newest[history.items] = history.times
        order = np.lexsort((items, -newest[items], -weights))
        kept[span.start + order[CO_OCCURRENCE_GROUP:]] = False
    bounded = groups.tocoo()
    places = (bounded.row[kept], bounded.col[kept])
    return sparse.coo_array((bounded.data[kept], places), groups.shape).tocsr()


def _strongest(matrix: sparse.csr_array, width: int) -> tuple[np.ndarray, np.ndarray]:
    """The `width` largest entries of every row as (items, width) arrays, strongest first, ties by
    item number.
    """
    rows = matrix.shape[0]
    width = min(width, rows)
    neighbours = np.zeros((rows, width), np.int32)
    strengths = np.zeros((rows, width), np.float32)
    for row in range(rows):
        span = slice(matrix.indptr[row], matrix.indptr[row + 1])
        columns, values = matrix.indices[span], matrix.data[span]
        order = np.lexsort((columns, -values))[:width]
        neighbours[row, : len(order)] = columns[order]
        strengths[row, : len(order)] = values[order]
    return neighbours, strengths
