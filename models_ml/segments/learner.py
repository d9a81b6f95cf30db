"""Groups of customers who did alike things, by k-means on scaled logarithms.

How many groups there are is chosen by how well they stand apart (silhouette; Rousseeuw 1987) among
those numbers at which two halves of the customers find the same groups: what another sample would
not find again is no segment. Likeness of two groupings is the adjusted Rand index (Hubert and
Arabie 1985): 1 for the same groups, 0 for chance.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from sklearn.cluster import KMeans
from sklearn.metrics import adjusted_rand_score, silhouette_score

COUNTS = range(3, 9)
# Of so many customers groups are found, and of so many the distances to all others are measured.
SAMPLE, MEASURED = 50_000, 5_000
LEAST = 200
STABLE = 0.8
# Further out than this nobody is told apart, and one huge buyer would be a group alone.
FAR = 4.0


class SegmentsProblem(ValueError):
    """What was given cannot be grouped; the message says why."""


@dataclass(frozen=True)
class Segments:
    """Centres (k, f), in the scale in which customers are compared, largest group first.

    `stability` is the adjusted Rand index of the groupings of two halves, `apart` the silhouette.
    """

    columns: Sequence[str]
    middle: np.ndarray
    spread: np.ndarray
    centres: np.ndarray
    stability: float
    apart: float

    def of(self, features: pd.DataFrame) -> np.ndarray:
        """Return the place of each customer's group, shape (n,)."""
        scaled = _clip((_logs(features, self.columns) - self.middle) / self.spread)
        far = (scaled**2).sum(1)[:, None] - 2 * scaled @ self.centres.T + (self.centres**2).sum(1)
        places: np.ndarray = far.argmin(axis=1)
        return places


def find_segments(features: pd.DataFrame, columns: Sequence[str], *, seed: int = 0) -> Segments:
    """Group customers by columns of numbers that are not negative, (n,) each.

    Where no number of groups is found again, the one found again best is returned: `stability`
    says so. Raises SegmentsProblem for too few customers, or for customers who are all alike.
    """
    if len(features) < LEAST:
        raise SegmentsProblem(f"only {len(features)} customers; {LEAST} are needed")
    random = np.random.default_rng(seed)
    rows = random.permutation(len(features))[:SAMPLE]
    raw = _logs(features.iloc[rows], columns)
    middle, spread = raw.mean(axis=0), raw.std(axis=0)
    if not spread.any():
        raise SegmentsProblem("all customers did the same")
    spread[spread == 0] = 1.0
    scaled = _clip((raw - middle) / spread)
    if len(np.unique(scaled, axis=0)) < max(COUNTS):
        raise SegmentsProblem("the customers did too few different things")
    found = [_grouped(scaled, count, seed) for count in COUNTS]
    stable = [one for one in found if one[1] >= STABLE]
    best = max(stable, key=lambda one: one[2]) if stable else max(found, key=lambda one: one[1])
    centres, stability, apart = best
    return Segments(tuple(columns), middle, spread, centres, stability, apart)


def _grouped(scaled: np.ndarray, count: int, seed: int) -> tuple[np.ndarray, float, float]:
    """Return centres by size of their groups, how alike two halves group, and the silhouette."""
    model = _fit(scaled, count, seed)
    halves = [_fit(scaled[start::2], count, seed).predict(scaled) for start in (0, 1)]
    some, labels = scaled[:MEASURED], model.labels_[:MEASURED]
    apart = silhouette_score(some, labels) if len(np.unique(labels)) > 1 else -1.0
    order = np.argsort(-np.bincount(model.labels_, minlength=count), kind="stable")
    return model.cluster_centers_[order], float(adjusted_rand_score(*halves)), float(apart)


def _fit(scaled: np.ndarray, count: int, seed: int) -> KMeans:
    return KMeans(count, n_init=4, random_state=seed).fit(scaled)


def _logs(features: pd.DataFrame, columns: Sequence[str]) -> np.ndarray:
    numbers: np.ndarray = np.log1p(features[list(columns)].to_numpy(float).clip(min=0.0))
    return numbers


def _clip(scaled: np.ndarray) -> np.ndarray:
    return np.clip(scaled, -FAR, FAR)
