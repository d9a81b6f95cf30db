"""What the two linear policies share: a ridge regression of the reward for each arm."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from models_ml.policy.base import LearningPolicy
from models_ml.policy.problems import PolicyProblem, checked_context, checked_number
from models_ml.policy.problems import checked_positive as positive


class LinearPolicy(LearningPolicy):
    """Keeps of each arm the sums of x x' and of x r; the ridge does not fade.

    `features` is the length of a context, with a constant 1 first where an intercept is wanted;
    `ridge` the precision of the prior around 0.
    """

    reads_context = True

    def __init__(
        self, arms: Sequence[str], features: int, ridge: float, half_life: float | None
    ) -> None:
        if features < 1:
            raise PolicyProblem(f"features is {features}, not 1 or more")
        super().__init__(arms, (features, features + 1), half_life)
        self.features = int(features)
        self.ridge = positive(ridge, "ridge")

    def weights(self, arm: str) -> np.ndarray:
        """Return an arm's regression weights, shape (features,)."""
        self._known(arm)
        return np.asarray(np.linalg.solve(self._precision(arm), self.memory.of(arm)[:, -1]))

    def _evidence(self, context: object, reward: float) -> np.ndarray:
        values = checked_context(context, self.features)
        return np.outer(values, [*values, checked_number(reward, "reward")])

    def _counted(self, sums: np.ndarray) -> tuple[float, float]:
        """The first feature is taken for the constant."""
        return float(sums[0, 0]), float(sums[0, -1])

    def means_and_spreads(
        self, context: object, arms: Sequence[str] | None = None
    ) -> tuple[np.ndarray, np.ndarray]:
        """Return x'b and sqrt(x' A^-1 x) of each arm, two arrays (arms,)."""
        values = checked_context(context, self.features)
        wanted = self._arms if arms is None else arms
        precisions = np.array([self._precision(arm) for arm in wanted])
        turned = np.linalg.solve(precisions, values[:, None])[:, :, 0]
        targets = np.array([self.memory.of(arm)[:, -1] for arm in wanted])
        return (turned * targets).sum(axis=1), np.sqrt(np.maximum(turned @ values, 0.0))

    def _precision(self, arm: str) -> np.ndarray:
        return np.asarray(self.memory.of(arm)[:, :-1] + self.ridge * np.eye(self.features))

    def _settings(self) -> dict[str, Any]:
        return {"features": self.features, "ridge": self.ridge}
