"""Estimates where the arms are a catalogue: each place of a list is a decision of its own.

No array of every product at every decision is needed: of the candidate the chance of what was
shown, and the mean features of what it would show there, say enough.
"""

from dataclasses import dataclass, fields

import numpy as np

from models_ml.policy.offpolicy.bootstrap import ROUNDS
from models_ml.policy.offpolicy.estimates import Evaluation
from models_ml.policy.offpolicy.refusals import FEWEST_REWARDS, FEWEST_SHOPPERS
from models_ml.policy.offpolicy.reward_model import cross_fit_shown
from models_ml.policy.offpolicy.summary import CONFIDENCE, summarise
from models_ml.policy.problems import PolicyProblem

ROUNDING = 1e-6


@dataclass(frozen=True)
class LoggedPlaces:
    """Places of logged lists, each given the rows above it as they were logged.

    `propensities` (places,) of what was shown, in (0, 1]; `chances` (places,) the candidate's of
    the same; `rewards` (places,); `shoppers` (places,) whole numbers that say whose place it was;
    `shown` and `expected` (places, features) what is known of the thing shown, and its mean over
    what the candidate would show; `unseen` (places,) the candidate's chance of what the log never
    showed anywhere, and `unsupported` (places,) that of what could not have been drawn at this very
    place. Raises `PolicyProblem` with the first place at fault.
    """

    propensities: np.ndarray
    chances: np.ndarray
    rewards: np.ndarray
    shoppers: np.ndarray
    shown: np.ndarray
    expected: np.ndarray
    unseen: np.ndarray
    unsupported: np.ndarray

    def __post_init__(self) -> None:
        if not len(self):
            raise PolicyProblem("the log is empty")
        for one in fields(self):
            values = getattr(self, one.name)
            if len(values) != len(self):
                raise PolicyProblem(
                    f"{one.name} has {len(values)} rows, propensities has {len(self)}"
                )
            _all_places(one.name, values, np.isfinite(values), "a finite number")
        if self.shown.ndim != 2 or self.shown.shape != self.expected.shape:
            raise PolicyProblem(
                f"shown has shape {self.shown.shape} and expected {self.expected.shape}"
            )
        inside = (self.propensities > 0) & (self.propensities <= 1)
        _all_places("propensities", self.propensities, inside, "above 0 and at most 1")
        for name in ("chances", "unseen", "unsupported"):
            values = getattr(self, name)
            good = (values >= 0) & (values <= 1 + ROUNDING)
            _all_places(name, values, good, "from 0 to 1")

    def __len__(self) -> int:
        return len(self.propensities)


def evaluate_places(
    places: LoggedPlaces,
    *,
    confidence: float = CONFIDENCE,
    clip: float | None = None,
    fewest_shoppers: float = FEWEST_SHOPPERS,
    fewest_rewards: float = FEWEST_REWARDS,
    rounds: int = ROUNDS,
    seed: int = 0,
) -> Evaluation:
    """Return all estimates of a candidate's mean reward a place, and a verdict or why none.

    The rest is as in `evaluate`. Raises `PolicyProblem`, also where every place was certain: such a
    log holds only what its own policy shows.
    """
    if (places.propensities >= 1).all():
        raise PolicyProblem("nothing was drawn by chance: the log holds only what its policy shows")
    if not (places.chances > 0).any():
        raise PolicyProblem("the candidate would have shown none of what was logged")
    if len(np.unique(places.shoppers)) < 2:
        raise PolicyProblem("every place is one shopper's: nothing to cross-fit or resample")
    rng = np.random.default_rng(seed)
    model = cross_fit_shown(places.shown, places.expected, places.rewards, places.shoppers, rng)
    return summarise(
        places.rewards,
        places.shoppers,
        places.chances / places.propensities,
        model,
        unseen=float(places.unseen.mean()),
        unsupported=float(places.unsupported.mean()),
        needed=(fewest_shoppers, fewest_rewards),
        confidence=confidence,
        clip=clip,
        rounds=rounds,
        rng=rng,
    )


def _all_places(name: str, values: np.ndarray, good: np.ndarray, what: str) -> None:
    wrong = np.flatnonzero(~good.reshape(len(values), -1).all(axis=1))
    if len(wrong):
        row = int(wrong[0])
        raise PolicyProblem(f"{name}: place {row} has {values[row]}, not {what}")
