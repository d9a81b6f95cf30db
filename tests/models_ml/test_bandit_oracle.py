"""Our policies against MABWiser's: the same data, the same scores and the same choices."""

import numpy as np
import pytest
from mabwiser.mab import MAB, LearningPolicy

from models_ml.policy.beta_thompson import BetaThompson
from models_ml.policy.epsilon_greedy import EpsilonGreedy
from models_ml.policy.fixed import Fixed
from models_ml.policy.linear_thompson import LinearThompson
from models_ml.policy.linucb import LinUCB
from tests.models_ml.bandit_policies import ARMS, FEATURES, outcomes, taught

ROWS = outcomes(60)
TAKEN = [row[0] for row in ROWS]
REWARDS = [row[2] for row in ROWS]
CONTEXTS = np.array([row[1] for row in ROWS])
ASKED = np.random.default_rng(5).normal(size=(8, FEATURES))
DRAWS = 6000


def shares(found: list[str]) -> list[float]:
    return [found.count(arm) / len(found) for arm in ARMS]


def close(share: list[float], draws: int, both: bool = True) -> object:
    """Return what is within four standard errors of Monte-Carlo, of one side or of two."""
    return pytest.approx(share, abs=4 * 0.5 * np.sqrt((2 if both else 1) / draws))


def test_even_shares_are_those_of_the_random_policy() -> None:
    oracle = MAB(list(ARMS), LearningPolicy.Random(), seed=1)
    oracle.fit(TAKEN, REWARDS)
    found = [oracle.predict() for _ in range(DRAWS // 3)]
    assert shares(found) == close(list(Fixed(ARMS).propensities()), DRAWS // 3, both=False)


def test_epsilon_greedy_has_the_same_means_and_choices() -> None:
    greedy = MAB(list(ARMS), LearningPolicy.EpsilonGreedy(epsilon=0.0), seed=1)
    greedy.fit(TAKEN, REWARDS)
    ours = taught(EpsilonGreedy(ARMS, exploration=0.3))
    assert ours.means() == pytest.approx([greedy.predict_expectations()[arm] for arm in ARMS])
    oracle = MAB(list(ARMS), LearningPolicy.EpsilonGreedy(epsilon=0.3), seed=1)
    oracle.fit(TAKEN, REWARDS)
    found = [oracle.predict() for _ in range(DRAWS // 3)]
    assert shares(found) == close(list(ours.propensities()), DRAWS // 3, both=False)


def test_beta_thompson_has_the_same_posterior_and_choices() -> None:
    oracle = MAB(list(ARMS), LearningPolicy.ThompsonSampling(), seed=1)
    oracle.fit(TAKEN, REWARDS)
    ours = taught(BetaThompson(ARMS, exploration=0.0, draws=DRAWS))
    inside = oracle._imp
    counts = [[inside.arm_to_success_count[arm], inside.arm_to_fail_count[arm]] for arm in ARMS]
    assert ours.posterior() == pytest.approx(np.array(counts))
    found = [oracle.predict() for _ in range(DRAWS // 3)]
    assert shares(found) == close(list(ours.propensities()), DRAWS // 3)


@pytest.mark.parametrize(("alpha", "ridge"), [(0.5, 1.0), (1.5, 3.0)])
def test_linucb_has_the_same_bounds(alpha: float, ridge: float) -> None:
    oracle = MAB(list(ARMS), LearningPolicy.LinUCB(alpha=alpha, l2_lambda=ridge), seed=1)
    oracle.fit(TAKEN, REWARDS, CONTEXTS)
    ours = taught(LinUCB(ARMS, FEATURES, alpha=alpha, ridge=ridge, exploration=0.0))
    for asked, theirs in zip(ASKED, oracle.predict_expectations(ASKED), strict=True):
        assert ours.bounds(asked) == pytest.approx([theirs[arm] for arm in ARMS])
        best = max(theirs, key=theirs.get)
        assert ours.propensities(asked)[ARMS.index(best)] == 1.0


def test_linear_thompson_draws_from_the_same_posterior() -> None:
    # Arm by arm: MABWiser copies its generator into each arm's model, so that all arms of a
    # decision get the same draw, and its choices are not those of independent posteriors.
    oracle = MAB(list(ARMS), LearningPolicy.LinTS(alpha=0.7, l2_lambda=2.0), seed=1)
    oracle.fit(TAKEN, REWARDS, CONTEXTS)
    ours = taught(LinearThompson(ARMS, FEATURES, noise=0.7, ridge=2.0))
    for arm in ARMS:
        assert ours.weights(arm) == pytest.approx(oracle._imp.arm_to_model[arm].beta)
    for asked in ASKED[:3]:
        found = oracle.predict_expectations(np.tile(asked, (DRAWS, 1)))
        drawn = np.array([[row[arm] for arm in ARMS] for row in found])
        means, spreads = ours.means_and_spreads(asked)
        errors = 4 * 0.7 * spreads / np.sqrt(DRAWS)
        assert (np.abs(drawn.mean(axis=0) - means) < errors).all()
        assert drawn.std(axis=0) == pytest.approx(0.7 * spreads, rel=0.05)


def test_arms_that_come_and_go_are_treated_as_theirs() -> None:
    oracle = MAB(list(ARMS), LearningPolicy.LinUCB(alpha=1.0), seed=1)
    oracle.fit(TAKEN, REWARDS, CONTEXTS)
    ours = taught(LinUCB(ARMS, FEATURES))
    oracle.add_arm("short")
    ours.add_arm("short")
    oracle.partial_fit(["short", "warm"], [1.0, 0.0], CONTEXTS[:2])
    ours.update("short", CONTEXTS[0], 1.0)
    ours.update("warm", CONTEXTS[1], 0.0)
    oracle.remove_arm("plain")
    ours.remove_arm("plain")
    for asked, theirs in zip(ASKED, oracle.predict_expectations(ASKED), strict=True):
        assert ours.bounds(asked) == pytest.approx([theirs[arm] for arm in ours.arms])
