"""Thompson sampling with a linear model of the reward."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from models_ml.policy.draws import DRAWS, checked_draws, generator
from models_ml.policy.linear import LinearPolicy
from models_ml.policy.mixing import EXPLORATION, mixed, share_of_wins
from models_ml.policy.problems import checked_positive, checked_share

# A reward from 0 to 1 strays from its mean no wider than a Gaussian of this deviation (Hoeffding).
NOISE = 0.5


class LinearThompson(LinearPolicy):
    """Draws each arm's weights from N(b, noise^2 A^-1) and shows the highest x'w.

    Agrawal and Goyal (Thompson Sampling for Contextual Bandits with Linear Payoffs, ICML 2013),
    one regression an arm. Only x'w matters, so it is drawn itself: one normal an arm and draw.
    """

    kind = "linear_thompson"

    def __init__(
        self,
        arms: Sequence[str],
        features: int,
        *,
        noise: float = NOISE,
        ridge: float = 1.0,
        exploration: float = EXPLORATION,
        draws: int = DRAWS,
        seed: int = 0,
        half_life: float | None = None,
    ) -> None:
        super().__init__(arms, features, ridge, half_life)
        self.noise = checked_positive(noise, "noise")
        self.exploration = checked_share(exploration, "exploration")
        self.draws = checked_draws(draws)
        self.seed = int(seed)

    def _chances(self, context: object, arms: Sequence[str]) -> np.ndarray:
        means, spreads = self.means_and_spreads(context, arms)
        normals = generator(self.seed).standard_normal((self.draws, len(arms)))
        return mixed(share_of_wins(means + self.noise * spreads * normals), self.exploration)

    def _settings(self) -> dict[str, Any]:
        own = {"noise": self.noise, "exploration": self.exploration}
        return {**super()._settings(), **own, "draws": self.draws, "seed": self.seed}
