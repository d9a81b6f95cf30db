"""LinUCB, mixed with exploration so that every arm keeps a propensity."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from models_ml.policy.linear import LinearPolicy
from models_ml.policy.mixing import EXPLORATION, best_of, mixed
from models_ml.policy.problems import PolicyProblem, checked_number, checked_share


class LinUCB(LinearPolicy):
    """Shows the arm with the highest upper bound x'b + alpha sqrt(x' A^-1 x).

    Li, Chu, Langford, Schapire (A Contextual-Bandit Approach, WWW 2010), one regression an arm.
    Alone it is deterministic, and its log says nothing about the arms it passed over: a share of
    `exploration` is drawn evenly.
    """

    kind = "linucb"

    def __init__(
        self,
        arms: Sequence[str],
        features: int,
        *,
        alpha: float = 1.0,
        ridge: float = 1.0,
        exploration: float = EXPLORATION,
        half_life: float | None = None,
    ) -> None:
        super().__init__(arms, features, ridge, half_life)
        self.alpha = checked_number(alpha, "alpha")
        if self.alpha < 0:
            raise PolicyProblem(f"alpha is {self.alpha}, below 0")
        self.exploration = checked_share(exploration, "exploration")

    def bounds(self, context: object, arms: Sequence[str] | None = None) -> np.ndarray:
        """Return the upper bound of each arm's reward, shape (arms,)."""
        means, spreads = self.means_and_spreads(context, arms)
        return np.asarray(means + self.alpha * spreads)

    def _chances(self, context: object, arms: Sequence[str]) -> np.ndarray:
        return mixed(best_of(self.bounds(context, arms)), self.exploration)

    def _settings(self) -> dict[str, Any]:
        own = {"alpha": self.alpha, "exploration": self.exploration}
        return {**super()._settings(), **own}
