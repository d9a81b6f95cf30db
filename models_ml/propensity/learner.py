"""The chance that a customer acts, by gradient-boosted trees.

Trees are kept small, as for uplift: what a customer did in a year says in a few splits most of what
it says at all, and small trees stay calibrated without more.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from sklearn.ensemble import HistGradientBoostingClassifier

# Fewer who acted than this, and a model would learn accidents.
LEAST_ACTED = 100


class PropensityProblem(ValueError):
    """What was given cannot be learned from; the message says why."""


@dataclass(frozen=True)
class Propensity:
    """A fitted model."""

    model: Any

    @classmethod
    def fit(cls, features: pd.DataFrame, acted: np.ndarray) -> "Propensity":
        """Learn from customers (n,), numbers and categories, and whether each acted, 0 or 1.

        Raises PropensityProblem where too few did, or too few did not.
        """
        fewest = int(min(acted.sum(), len(acted) - acted.sum()))
        if fewest < LEAST_ACTED:
            raise PropensityProblem(
                f"only {fewest} customers acted, or did not; {LEAST_ACTED} are needed"
            )
        model = HistGradientBoostingClassifier(
            max_leaf_nodes=8,
            max_iter=100,
            learning_rate=0.06,
            min_samples_leaf=50,
            l2_regularization=1.0,
            categorical_features="from_dtype",
            early_stopping=False,
            random_state=0,
        )
        return cls(model.fit(features, acted))

    def predict(self, features: pd.DataFrame) -> np.ndarray:
        """Return each customer's chance to act, shape (n,)."""
        chances: np.ndarray = self.model.predict_proba(features)[:, 1]
        return chances
