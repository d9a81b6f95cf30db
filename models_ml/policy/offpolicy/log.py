"""The logged decisions an estimate starts from, and the candidate's answers to them."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from models_ml.policy.problems import PolicyProblem

# Propensities are computed in floats; this much off one is rounding.
ROUNDING = 1e-6


@dataclass(frozen=True)
class LoggedDecisions:
    """Decisions in one order: what was shown, how probable it was, and what came of it.

    `taken` (decisions,) places in `arms`; `propensities` (decisions,) of what was taken, in
    (0, 1]; `rewards` (decisions,) any unit, a decision without an outcome has 0; `contexts`
    (decisions, features), no column where there is no context; `shoppers` (decisions,) whole
    numbers that say whose decision it was. Raises `PolicyProblem` with the first row at fault.
    """

    arms: tuple[str, ...]
    taken: np.ndarray
    propensities: np.ndarray
    rewards: np.ndarray
    contexts: np.ndarray
    shoppers: np.ndarray

    def __post_init__(self) -> None:
        rows = len(self.taken)
        if not rows:
            raise PolicyProblem("the log is empty")
        if len(self.arms) < 2:
            raise PolicyProblem(f"the log knows {len(self.arms)} arm: nothing to compare")
        if self.contexts.ndim != 2:
            raise PolicyProblem(f"contexts has shape {self.contexts.shape}, not (decisions, any)")
        for name in ("propensities", "rewards", "contexts", "shoppers"):
            found = len(getattr(self, name))
            if found != rows:
                raise PolicyProblem(f"{name} has {found} rows, taken has {rows}")
        _all_rows("taken", self.taken, (self.taken >= 0) & (self.taken < len(self.arms)), "an arm")
        _all_rows("rewards", self.rewards, np.isfinite(self.rewards), "a finite number")
        whole = np.isfinite(self.contexts).all(axis=1)
        _all_rows("contexts", self.contexts, whole, "all finite numbers")
        inside = (self.propensities > 0) & (self.propensities <= 1)
        _all_rows("propensities", self.propensities, inside, "above 0 and at most 1")
        if len(np.unique(self.taken)) < 2:
            arm = self.arms[int(self.taken[0])]
            raise PolicyProblem(f"every decision took the one arm {arm!r}: nothing to compare")

    def __len__(self) -> int:
        return len(self.taken)


def log_of(
    arms: Sequence[str],
    taken: Sequence[str],
    propensities: ArrayLike,
    rewards: ArrayLike,
    contexts: np.ndarray | None,
    shoppers: Sequence[object],
) -> LoggedDecisions:
    """Return the log of decisions given by the names of arms and of shoppers."""
    places = {arm: place for place, arm in enumerate(arms)}
    for row, arm in enumerate(taken):
        if arm not in places:
            raise PolicyProblem(f"decision {row} took {arm!r}, which is none of the arms")
    people: dict[object, int] = {}
    return LoggedDecisions(
        arms=tuple(arms),
        taken=np.array([places[arm] for arm in taken], dtype=np.int64),
        propensities=np.asarray(propensities, dtype=float),
        rewards=np.asarray(rewards, dtype=float),
        contexts=np.zeros((len(taken), 0)) if contexts is None else np.asarray(contexts, float),
        shoppers=np.array([people.setdefault(who, len(people)) for who in shoppers], dtype=int),
    )


def checked_chances(log: LoggedDecisions, chances: np.ndarray) -> np.ndarray:
    """Return the candidate's propensities of every arm at every decision, (decisions, arms)."""
    found = np.asarray(chances, dtype=float)
    shape = (len(log), len(log.arms))
    if found.shape != shape:
        raise PolicyProblem(f"the candidate's propensities have shape {found.shape}, not {shape}")
    good = np.isfinite(found).all(axis=1) & (found >= 0).all(axis=1)
    good &= np.abs(found.sum(axis=1) - 1) < ROUNDING
    _all_rows("the candidate's propensities", found, good, "a distribution")
    if not (found[np.arange(len(log)), log.taken] > 0).any():
        raise PolicyProblem("the candidate would have taken none of the logged decisions")
    return found


def checked_predictions(log: LoggedDecisions, predictions: np.ndarray) -> np.ndarray:
    """Return predicted rewards of every arm at every decision, (decisions, arms)."""
    found = np.asarray(predictions, dtype=float)
    shape = (len(log), len(log.arms))
    if found.shape != shape:
        raise PolicyProblem(f"the predicted rewards have shape {found.shape}, not {shape}")
    _all_rows("the predicted rewards", found, np.isfinite(found).all(axis=1), "all finite numbers")
    return found


def _all_rows(name: str, values: np.ndarray, good: np.ndarray, what: str) -> None:
    wrong = np.flatnonzero(~good)
    if len(wrong):
        row = int(wrong[0])
        raise PolicyProblem(f"{name}: decision {row} has {values[row]}, not {what}")
