"""The arm with the best mean so far, and now and then any."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from models_ml.policy.base import LearningPolicy
from models_ml.policy.mixing import EXPLORATION, best_of, mixed
from models_ml.policy.problems import checked_number, checked_share

REWARDS, COUNT = 0, 1


class EpsilonGreedy(LearningPolicy):
    """Looks at no context. An arm never tried has a mean of 0, as in MABWiser.

    `exploration` is epsilon: the share of decisions drawn evenly. Rewards may be any number.
    """

    kind = "epsilon_greedy"

    def __init__(
        self,
        arms: Sequence[str],
        *,
        exploration: float = EXPLORATION,
        half_life: float | None = None,
    ) -> None:
        super().__init__(arms, (2,), half_life)
        self.exploration = checked_share(exploration, "exploration")

    def means(self) -> np.ndarray:
        """Return the mean reward of each arm, newer ones counting more; shape (arms,)."""
        return np.array([self._mean(arm) for arm in self._arms])

    def _chances(self, context: object, arms: Sequence[str]) -> np.ndarray:
        means = np.array([self._mean(arm) for arm in arms])
        return mixed(best_of(means), self.exploration)

    def _evidence(self, context: object, reward: float) -> np.ndarray:
        return np.array([checked_number(reward, "reward"), 1.0])

    def _counted(self, sums: np.ndarray) -> tuple[float, float]:
        return float(sums[COUNT]), float(sums[REWARDS])

    def _mean(self, arm: str) -> float:
        sums = self.memory.of(arm)
        return float(sums[REWARDS] / sums[COUNT]) if sums[COUNT] > 0 else 0.0

    def _settings(self) -> dict[str, Any]:
        return {"exploration": self.exploration}
