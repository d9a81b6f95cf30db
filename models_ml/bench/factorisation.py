"""Matrix factorisation as the library `implicit` fits it: ALS (Hu, Koren and Volinsky, ICDM 2008)
and BPR (Rendle et al., UAI 2009).
"""

from collections.abc import Callable
from typing import Any

import numpy as np
from implicit.cpu.als import AlternatingLeastSquares
from implicit.cpu.bpr import BayesianPersonalizedRanking
from scipy import sparse
from threadpoolctl import threadpool_limits

from models_ml.bench.peer import Parameters, ScoreAll, Searched
from models_ml.recommender.baselines import fit_popularity
from models_ml.recommender.past import Past
from models_ml.recommender.scorers import TIE_BREAK, Interest
from models_ml.recommender.stages import Window

SEED = 7
# A bounded search around the library's defaults; the half-life gives ALS the one thing that matters
# most in a shop where people come back: what was bought lately counts more.
ALS_GRID: dict[str, tuple[Any, ...]] = {
    "half_life": (30.0, 60.0, 120.0, 1e9),
    "alpha": (1.0, 5.0, 20.0, 80.0),
    "factors": (32, 64, 128),
    "regularization": (0.01, 0.1, 1.0),
    "browsing": (0.0, 0.05, 0.2),
}
ALS_START: Parameters = {
    "half_life": 120.0,
    "alpha": 5.0,
    "factors": 64,
    "regularization": 0.1,
    "browsing": 0.0,
}
BPR_GRID: dict[str, tuple[Any, ...]] = {
    "iterations": (50, 100, 200),
    "learning_rate": (0.03, 0.1),
    "factors": (32, 64),
    "regularization": (0.01, 0.05),
    "browsing": (0.0, 0.05),
}
BPR_START: Parameters = {
    "iterations": 100,
    "learning_rate": 0.03,
    "factors": 64,
    "regularization": 0.01,
    "browsing": 0.0,
}

Fit = Callable[[Past, Parameters], tuple[np.ndarray, np.ndarray]]


def confidences(past: Past, half_life: float, browsing: float) -> sparse.csr_array:
    """Customers by items: events weighed as everywhere in this package and summed."""
    histories = past.histories
    weights = Interest(np.inf, browsing).of_kinds[histories.kinds]
    weights = weights * np.exp2(-(past.cut - histories.times) / half_life)
    shape = (len(histories), past.items)
    places = (histories.owners, histories.items)
    matrix = sparse.coo_array((weights.astype(np.float32), places), shape).tocsr()
    matrix.eliminate_zeros()
    return matrix


def fit_als(past: Past, parameters: Parameters) -> tuple[np.ndarray, np.ndarray]:
    """Factors of customers and items; confidence is 1 + alpha * weight, as in the paper."""
    matrix = confidences(past, parameters["half_life"], parameters["browsing"])
    matrix.data = np.float32(1.0) + np.float32(parameters["alpha"]) * matrix.data
    model = AlternatingLeastSquares(
        factors=parameters["factors"],
        regularization=parameters["regularization"],
        num_threads=1,
        random_state=SEED,
    )
    model.fit(sparse.csr_matrix(matrix), show_progress=False)
    return model.user_factors, model.item_factors


def fit_bpr(past: Past, parameters: Parameters) -> tuple[np.ndarray, np.ndarray]:
    """Factors of customers and items, the items' biases among them; what counts is whether, not how
    often.
    """
    model = BayesianPersonalizedRanking(
        **{name: value for name, value in parameters.items() if name != "browsing"},
        num_threads=1,
        random_state=SEED,
    )
    matrix = confidences(past, np.inf, parameters["browsing"])
    model.fit(sparse.csr_matrix(matrix), show_progress=False)
    return model.user_factors, model.item_factors


def als(past: Past) -> Searched:
    """Browsing is tried only in a shop that tells of it."""
    return Searched("als", _grid_for(ALS_GRID, past), ALS_START, lambda one: _scores(one, fit_als))


def bpr(past: Past) -> Searched:
    """Browsing is tried only in a shop that tells of it."""
    return Searched("bpr", _grid_for(BPR_GRID, past), BPR_START, lambda one: _scores(one, fit_bpr))


def _grid_for(grid: dict[str, tuple[Any, ...]], past: Past) -> dict[str, tuple[Any, ...]]:
    return grid if past.has_browsing else {**grid, "browsing": (0.0,)}


def _scores(window: Window, fit: Fit) -> ScoreAll:
    """Dot products of customers and items; popularity orders what is equal."""
    asked = np.array([case.customer for case in window.cases])
    popularity = TIE_BREAK * fit_popularity(window.past, days=30.0).shares

    def score(parameters: Parameters) -> np.ndarray:
        # The library warns of, and suffers from, a BLAS of several threads inside its own.
        with threadpool_limits(1):
            customers, items = fit(window.past, parameters)
        return customers[asked] @ items.T + popularity

    return score
