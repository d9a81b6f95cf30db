"""Monte-Carlo propensities of Thompson sampling.

Thompson's rule shows the arm whose draw from the posterior is highest; how probable that is has no
closed form. The share of wins over many draws estimates it, and the arm is then drawn from that
very estimate: what is logged is the exact probability of what was done, not a guess at it. The
draws' seed is part of the policy, so the same state gives the same propensities when asked again.
"""

import numpy as np

from models_ml.policy.problems import PolicyProblem

# The standard error of a propensity is at most 0.5 / sqrt(1000) = 1.6 points, and a decision among
# ten arms takes about half a millisecond.
DRAWS = 1000


def checked_draws(draws: int) -> int:
    """Return how many draws estimate a propensity: 1 or more."""
    if draws < 1:
        raise PolicyProblem(f"draws is {draws}, not 1 or more")
    return int(draws)


def generator(seed: int) -> np.random.Generator:
    """Return the generator of a policy's draws."""
    return np.random.default_rng(seed)
