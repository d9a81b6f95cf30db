"""Each estimator as a ratio of two sums over decisions."""

from typing import NamedTuple

import numpy as np

from models_ml.policy.offpolicy.log import LoggedDecisions

IPS, CLIPPED_IPS, SNIPS = "ips", "clipped_ips", "snips"
DIRECT, DOUBLY_ROBUST = "direct", "doubly_robust"


class Ratio(NamedTuple):
    """Sum of `top` over sum of `bottom`, each (decisions,).

    `weights` are what the estimator multiplies rewards with, None where it does not.
    """

    top: np.ndarray
    bottom: np.ndarray
    weights: np.ndarray | None


def ratios(
    rewards: np.ndarray, weights: np.ndarray, clip: float, direct: np.ndarray, given: np.ndarray
) -> dict[str, Ratio]:
    """Return the five estimators.

    `weights` (decisions,) candidate's over logged propensity of what was taken; `direct` the
    predicted reward under the candidate; `given` that of the arm that was taken.

    - IPS (Horvitz and Thompson 1952): unbiased where propensities are right; wide.
    - clipped IPS: weights cut off at `clip`; narrower, and too low by what was cut.
    - SNIPS (Swaminathan and Joachims, NIPS 2015): over the sum of weights; indifferent to scale.
    - direct: the model's word alone; narrow, and as wrong as the model is.
    - doubly robust (Dudik, Langford, Li, ICML 2011): the model's word, corrected by IPS of what
      it missed; right where propensities or model are.
    """
    one = np.ones(len(rewards))
    clipped = np.minimum(weights, clip)
    return {
        IPS: Ratio(weights * rewards, one, weights),
        CLIPPED_IPS: Ratio(clipped * rewards, one, clipped),
        SNIPS: Ratio(weights * rewards, weights, weights),
        DIRECT: Ratio(direct, one, None),
        DOUBLY_ROBUST: Ratio(direct + weights * (rewards - given), one, weights),
    }


def weights_of(log: LoggedDecisions, chances: np.ndarray) -> np.ndarray:
    """Return the candidate's over the logged propensity of what was taken, (decisions,)."""
    return np.asarray(chances[np.arange(len(log)), log.taken] / log.propensities)


def with_pull(ratio: Ratio, pull: np.ndarray) -> Ratio:
    """Return the direct method with what each decision does to its model, its value unchanged."""
    return ratio._replace(top=ratio.top + pull - pull.mean())


def effective(values: np.ndarray) -> float:
    """Return Kish's effective number, (sum)^2 / sum of squares; 0 where all are 0."""
    squares = float((values**2).sum())
    return float(values.sum()) ** 2 / squares if squares > 0 else 0.0
