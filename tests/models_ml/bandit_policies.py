"""Policies that tests put through the same paces."""

import numpy as np

from models_ml.policy.base import Policy
from models_ml.policy.beta_thompson import BetaThompson
from models_ml.policy.epsilon_greedy import EpsilonGreedy
from models_ml.policy.fixed import Fixed
from models_ml.policy.linear_thompson import LinearThompson
from models_ml.policy.linucb import LinUCB

ARMS = ("plain", "warm", "bold")
FEATURES = 3


def every_policy(half_life: float | None = None) -> list[Policy]:
    """Return one fresh policy of each kind."""
    return [
        Fixed(ARMS, {"plain": 3.0, "warm": 1.0, "bold": 1.0}),
        EpsilonGreedy(ARMS, exploration=0.2, half_life=half_life),
        BetaThompson(ARMS, half_life=half_life),
        LinUCB(ARMS, FEATURES, half_life=half_life),
        LinearThompson(ARMS, FEATURES, half_life=half_life),
    ]


def outcomes(count: int, seed: int = 0) -> list[tuple[str, np.ndarray, float, float]]:
    """Return arms, contexts, rewards of 0 or 1, and days, oldest first."""
    rng = np.random.default_rng(seed)
    rates = {"plain": 0.2, "warm": 0.5, "bold": 0.4}
    found = []
    for day in np.sort(rng.uniform(20_000, 20_030, count)):
        arm = str(rng.choice(ARMS))
        context = np.array([1.0, *rng.normal(size=FEATURES - 1)])
        found.append((arm, context, float(rng.random() < rates[arm]), float(day)))
    return found


def taught(policy: Policy, count: int = 60, seed: int = 0) -> Policy:
    """Return the policy after it learned some outcomes."""
    for arm, context, reward, day in outcomes(count, seed):
        policy.update(arm, context, reward, at=day)
    return policy
