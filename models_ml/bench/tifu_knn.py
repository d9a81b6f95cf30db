"""TIFU-KNN, the strongest simple method for next baskets: how often and how lately a customer
bought each item, mixed with the same of the most similar customers (Hu, He, Gao and Zhang,
"Modeling Personalized Item Frequency Information for Next-basket Recommendation", SIGIR 2020).
"""

from functools import lru_cache

import numpy as np
from scipy import sparse

from models_ml.bench.peer import Parameters, ScoreAll, Searched
from models_ml.recommender.baselines import fit_popularity
from models_ml.recommender.past import Past
from models_ml.recommender.scorers import TIE_BREAK
from models_ml.recommender.stages import Window

# The grid of the paper's section 5.1 and, to start from, what its authors chose for Ta-Feng.
GRID: dict[str, tuple[float, ...]] = {
    "neighbours": (100, 300, 500, 700, 900, 1100, 1300),
    "within_decay": tuple(round(0.1 * step, 1) for step in range(1, 11)),
    "group_decay": tuple(round(0.1 * step, 1) for step in range(1, 11)),
    "groups": (3, 7, 11, 15, 19, 23),
    # Last: from one on, which leaves the neighbours out, nothing would tell good ones from bad.
    "alpha": tuple(round(0.1 * step, 1) for step in range(11)),
}
START: Parameters = {
    "alpha": 0.7,
    "neighbours": 300,
    "within_decay": 0.9,
    "group_decay": 0.7,
    "groups": 7,
}


def basket_weights(count: int, groups: int, within_decay: float, group_decay: float) -> np.ndarray:
    """How much each of a customer's `count` baskets weighs, oldest first, shape (count,).

    The baskets form at most `groups` groups of neighbours in time. A basket fades by `within_decay`
    for every later one of its group, a group by `group_decay` for every later group; both levels
    are means.
    """
    age = np.arange(count)[::-1]
    group = age * groups // max(count, groups)
    sizes = np.bincount(group)
    firsts = np.cumsum(sizes) - sizes
    within = age - firsts[group]
    return within_decay**within / sizes[group] * group_decay**group / len(sizes)


def frequencies(
    past: Past, groups: int, within_decay: float, group_decay: float
) -> sparse.csr_array:
    """The vector of every customer, (customers, items): weights of the baskets that hold an item,
    summed.
    """
    histories, bought = past.histories, past.bought
    owners, times = histories.owners[bought], histories.times[bought]
    firsts = np.ones(len(owners), bool)
    firsts[1:] = (np.diff(owners) != 0) | (np.diff(times) != 0)
    baskets = np.cumsum(firsts) - 1
    counts = np.bincount(owners[firsts], minlength=len(histories))
    weights = [
        basket_weights(count, groups, within_decay, group_decay)
        for count in counts.tolist()
        if count
    ]
    values = np.concatenate(weights)[baskets].astype(np.float32)
    shape = (len(histories), past.items)
    return sparse.coo_array((values, (owners, histories.items[bought])), shape).tocsr()


def nearest(vectors: sparse.csr_array, asked: np.ndarray, most: int) -> np.ndarray:
    """The customers closest to each asked one by Euclidean distance, nearest first, the customer
    left out: (asked, at most `most`). Customers who never bought are nobody's neighbours.
    """
    squares = np.asarray(vectors.multiply(vectors).sum(axis=1)).ravel()
    products = (vectors[asked] @ vectors.T).toarray()
    distances = squares[None, :] - 2.0 * products
    distances[:, squares == 0] = np.inf
    distances[np.arange(len(asked)), asked] = np.inf
    available = int((squares > 0).sum()) - 1
    return np.argsort(distances, axis=1, kind="stable")[:, : max(0, min(most, available))]


def tifu_knn() -> Searched:
    """As a peer, tuned over the published grid."""

    def prepare(window: Window) -> ScoreAll:
        return TifuKnn(window).score

    return Searched("tifu_knn", GRID, START, prepare)


class TifuKnn:
    """Scores the cases of one window; customers without a purchase get what is popular."""

    def __init__(self, window: Window) -> None:
        self._past = window.past
        self._asked = np.array([case.customer for case in window.cases])
        self._popularity = TIE_BREAK * fit_popularity(window.past, days=30.0).shares
        # Neighbours are sorted once for all their numbers and all mixtures.
        self._vectors = lru_cache(maxsize=4)(self._find)

    def score(self, parameters: Parameters) -> np.ndarray:
        """Shape (cases, items), float32, for parameters named as in `GRID`."""
        vectors, neighbours = self._vectors(
            parameters["groups"], parameters["within_decay"], parameters["group_decay"]
        )
        own = vectors[self._asked].toarray()
        near = neighbours[:, : parameters["neighbours"]]
        places = (np.repeat(np.arange(len(near)), near.shape[1]), near.ravel())
        share = np.full(near.size, 1.0 / max(near.shape[1], 1), np.float32)
        mean = sparse.coo_array((share, places), (len(near), vectors.shape[0])).tocsr() @ vectors
        alpha = np.float32(parameters["alpha"])
        mixed = alpha * own + (1 - alpha) * mean.toarray()
        mixed[~own.any(axis=1)] = 0.0
        return mixed + self._popularity

    def _find(
        self, groups: int, within_decay: float, group_decay: float
    ) -> tuple[sparse.csr_array, np.ndarray]:
        vectors = frequencies(self._past, groups, within_decay, group_decay)
        return vectors, nearest(vectors, self._asked, int(max(GRID["neighbours"])))
