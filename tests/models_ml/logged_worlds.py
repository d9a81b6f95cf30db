"""Synthetic logs whose truth is known: shoppers with a taste, four arms, two policies."""

from typing import NamedTuple

import numpy as np

from models_ml.policy.offpolicy.log import LoggedDecisions

ARMS = ("plain", "warm", "bold", "short")
SLOPES = np.array([[0.10, 0.05], [-0.10, 0.05], [0.02, -0.10], [0.0, 0.02]])
LEVELS = np.array([0.30, 0.35, 0.28, 0.40])


class World(NamedTuple):
    """A log, the candidate's propensities, and expected rewards of every arm."""

    log: LoggedDecisions
    candidate: np.ndarray
    rates: np.ndarray
    behaviour: np.ndarray

    @property
    def value(self) -> float:
        """What the candidate earns a decision."""
        return float((self.candidate * self.rates).sum(axis=1).mean())

    @property
    def logged_value(self) -> float:
        """What the logging policy earns a decision."""
        return float((self.behaviour * self.rates).sum(axis=1).mean())


def make_world(seed: int, shoppers: int = 500, bent: float = 0.0, times: float = 1.0) -> World:
    """Return a log of about three decisions a shopper; `times` scales every rate.

    `bent` adds to the rates what no linear model can say.
    """
    rng = np.random.default_rng(seed)
    people = np.repeat(np.arange(shoppers), 1 + rng.poisson(2, shoppers))
    taste = rng.uniform(-1, 1, shoppers)[people]
    contexts = np.stack([taste, rng.uniform(-1, 1, len(people))], axis=1)
    rates = LEVELS + contexts @ SLOPES.T + bent * np.cos(4 * taste)[:, None] * [1, -1, 1, -1]
    behaviour = _soft(4 * (contexts @ SLOPES.T)[:, ::-1])
    candidate = _soft(12 * rates)
    taken = (behaviour.cumsum(axis=1) < rng.random((len(people), 1))).sum(axis=1).clip(0, 3)
    rows = np.arange(len(people))
    rewards = (rng.random(len(people)) < times * rates[rows, taken]).astype(float)
    log = LoggedDecisions(ARMS, taken, behaviour[rows, taken], rewards, contexts, people)
    return World(log, candidate, times * rates, behaviour)


def _soft(scores: np.ndarray) -> np.ndarray:
    """Return propensities that favour high scores, a tenth spread evenly."""
    powers = np.exp(scores)
    return np.asarray(0.9 * powers / powers.sum(axis=1, keepdims=True) + 0.1 / scores.shape[1])
