"""A linear model of the reward for the direct method, each part predicted by the others' model.

One weighted ridge for all arms: a common part, and what each arm differs from it by. An arm that
was hardly shown falls back on what is common.
"""

from typing import NamedTuple

import numpy as np

from models_ml.policy.offpolicy.log import LoggedDecisions

FOLDS = 5
# The prior on what an arm differs by, in decisions: after that many an arm is half itself. On
# synthetic logs of 2,000 decisions among 4 arms, 1, 10 and 30 gave doubly robust intervals of the
# same width to three digits.
ARM_RIDGE = 10.0
# On standardised features a single decision's worth keeps a value that only one shopper has from
# saying much; the level itself need only be defined.
COMMON_RIDGE = 1.0
LEVEL_RIDGE = 1e-6


class Predictions(NamedTuple):
    """Out-of-fold predicted rewards, and how each decision moves the direct method through them.

    `rewards` (decisions, arms). `pull` (decisions,): the first-order change of the direct method's
    sum when a decision counts once more in the models that it trained (its influence): without it
    an interval would take the model as given.
    """

    rewards: np.ndarray
    pull: np.ndarray


class Modelled(NamedTuple):
    """What a reward model says of decisions, each (decisions,), out of fold: `direct` under the
    candidate, `given` of what was shown, and `pull` as in `Predictions`.
    """

    direct: np.ndarray
    given: np.ndarray
    pull: np.ndarray


def cross_fit(
    log: LoggedDecisions, chances: np.ndarray, rng: np.random.Generator, folds: int = FOLDS
) -> Predictions:
    """Predict each decision's rewards by a model trained without its shopper.

    `chances` (decisions, arms) are the candidate's. With fewer shoppers than folds, each is a fold
    of their own.
    """
    features = _features(log)
    place = _folds(log.shoppers, folds, rng)
    rewards = np.zeros((len(log), len(log.arms)))
    pull = np.zeros(len(log))
    for fold in range(int(place.max()) + 1):
        inside = place == fold
        seen, taken = features[~inside], log.taken[~inside]
        normal, target = _normal_equations(seen, taken, log.rewards[~inside], len(log.arms))
        pushed = _stacked(chances[inside].T @ features[inside])
        solved = np.linalg.solve(normal, np.stack([target, pushed], axis=1))
        weights, levers = (_by_arm(one, len(log.arms)) for one in solved.T)
        rewards[inside] = features[inside] @ weights.T
        residuals = log.rewards[~inside] - (seen * weights[taken]).sum(axis=1)
        pull[~inside] += (seen * levers[taken]).sum(axis=1) * residuals
    return Predictions(rewards, pull)


def cross_fit_shown(
    shown: np.ndarray,
    expected: np.ndarray,
    rewards: np.ndarray,
    shoppers: np.ndarray,
    rng: np.random.Generator,
    folds: int = FOLDS,
) -> Modelled:
    """Predict rewards from what is known of the thing shown, by a model without its shopper.

    For catalogues, where most arms are shown too seldom for a part of their own: one ridge over
    `shown` (decisions, features). Being linear it needs of the candidate but the mean features of
    what it would show, `expected` (decisions, features).
    """
    spread = shown.std(axis=0)
    kept = spread > 0
    centre = shown[:, kept].mean(axis=0)
    one = np.ones((len(shown), 1))
    known = np.hstack([one, (shown[:, kept] - centre) / spread[kept]])
    wanted = np.hstack([one, (expected[:, kept] - centre) / spread[kept]])
    ridge = np.diag([LEVEL_RIDGE, *[COMMON_RIDGE] * (known.shape[1] - 1)])
    place = _folds(shoppers, folds, rng)
    direct, given, pull = (np.zeros(len(rewards)) for _part in range(3))
    for fold in range(int(place.max()) + 1):
        inside = place == fold
        seen = known[~inside]
        target = np.stack([seen.T @ rewards[~inside], wanted[inside].sum(axis=0)], axis=1)
        weights, lever = np.linalg.solve(seen.T @ seen + ridge, target).T
        direct[inside], given[inside] = wanted[inside] @ weights, known[inside] @ weights
        pull[~inside] += (seen @ lever) * (rewards[~inside] - seen @ weights)
    return Modelled(direct, given, pull)


def _features(log: LoggedDecisions) -> np.ndarray:
    """Return a constant and the standardised contexts; (decisions, 1 + features)."""
    spread = log.contexts.std(axis=0)
    kept = spread > 0
    scaled = (log.contexts[:, kept] - log.contexts[:, kept].mean(axis=0)) / spread[kept]
    return np.hstack([np.ones((len(log), 1)), scaled])


def _folds(shoppers: np.ndarray, folds: int, rng: np.random.Generator) -> np.ndarray:
    """Return a fold for each decision, the same for all of a shopper's."""
    people, owner = np.unique(shoppers, return_inverse=True)
    order = rng.permutation(len(people)) % min(folds, len(people))
    return np.asarray(order[owner])


def _normal_equations(
    features: np.ndarray, taken: np.ndarray, rewards: np.ndarray, arms: int
) -> tuple[np.ndarray, np.ndarray]:
    """Return the ridge's matrix and right-hand side: the common part first, then arm by arm."""
    wide = features.shape[1]
    normal = np.diag(np.repeat([COMMON_RIDGE, *[ARM_RIDGE] * arms], wide))
    normal[0, 0] = LEVEL_RIDGE
    moments = np.zeros((arms, wide))
    for arm in range(arms):
        mine = features[taken == arm]
        moments[arm] = mine.T @ rewards[taken == arm]
        products = mine.T @ mine
        own = slice((arm + 1) * wide, (arm + 2) * wide)
        normal[own, own] += products
        normal[:wide, own] = normal[own, :wide] = products
        normal[:wide, :wide] += products
    return normal, _stacked(moments)


def _stacked(by_arm: np.ndarray) -> np.ndarray:
    """Return sums (arms, features) as sums over common and own columns, flat."""
    return np.concatenate([by_arm.sum(axis=0), by_arm.ravel()])


def _by_arm(flat: np.ndarray, arms: int) -> np.ndarray:
    """Return common plus own weights of each arm, (arms, features)."""
    parts = flat.reshape(arms + 1, -1)
    return np.asarray(parts[0] + parts[1:])
