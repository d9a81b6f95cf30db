"""Thompson sampling for rewards from 0 to 1, without a context."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from models_ml.policy.base import LearningPolicy
from models_ml.policy.draws import DRAWS, checked_draws, generator
from models_ml.policy.mixing import EXPLORATION, mixed, share_of_wins
from models_ml.policy.problems import checked_share

# One success and one failure, the even prior on a rate: Thompson 1933, and MABWiser.
PRIOR = 1.0


class BetaThompson(LearningPolicy):
    """Keeps a Beta posterior of each arm's rate; the prior does not fade.

    A reward between 0 and 1 counts as that much of a success. `exploration` is the share of
    decisions drawn evenly on top, the floor of the propensities.
    """

    kind = "beta_thompson"

    def __init__(
        self,
        arms: Sequence[str],
        *,
        exploration: float = EXPLORATION,
        draws: int = DRAWS,
        seed: int = 0,
        half_life: float | None = None,
    ) -> None:
        super().__init__(arms, (2,), half_life)
        self.exploration = checked_share(exploration, "exploration")
        self.draws = checked_draws(draws)
        self.seed = int(seed)

    def posterior(self, arms: Sequence[str] | None = None) -> np.ndarray:
        """Return the successes and failures of each arm with the prior, shape (arms, 2).

        Neither is below the prior: a correction may be of what has faded, or was never learned.
        """
        known = np.array([self.memory.of(arm) for arm in arms or self._arms])
        return PRIOR + np.maximum(known, 0.0)

    def _chances(self, context: object, arms: Sequence[str]) -> np.ndarray:
        posterior = self.posterior(arms)
        draws = generator(self.seed).beta(
            posterior[:, 0], posterior[:, 1], size=(self.draws, len(arms))
        )
        return mixed(share_of_wins(draws), self.exploration)

    def _evidence(self, context: object, reward: float) -> np.ndarray:
        success = checked_share(reward, "reward")
        return np.array([success, 1 - success])

    def _counted(self, sums: np.ndarray) -> tuple[float, float]:
        return float(sums.sum()), float(sums[0])

    def _settings(self) -> dict[str, Any]:
        return {"exploration": self.exploration, "draws": self.draws, "seed": self.seed}
