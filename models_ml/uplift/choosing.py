"""Which learner, and how large: chosen by cross-fitting on the customers that it learns from."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Protocol

import numpy as np
import pandas as pd
from sklearn.model_selection import StratifiedKFold

from models_ml.uplift.learners import LEARNERS, Trees, UpliftModel
from models_ml.uplift.measure import worth
from models_ml.uplift.trial import Trial

FOLDS = 5
# One cross-fitting alone often takes luck for merit: of what is about as good it moves the Qini by
# a tenth.
REPEATS = 2
SIZES = (Trees(leaves=2), Trees(leaves=3))

Fit = Callable[[Trial], UpliftModel]


@dataclass(frozen=True)
class Chosen:
    """The model fitted on the whole trial, and the Qini by which it was chosen, by candidate."""

    model: UpliftModel
    name: str
    qini: dict[str, float]


def choose(trial: Trial, *, folds: int = FOLDS, seed: int = 0) -> Chosen:
    """Fit the learner and size with the best cross-fitted Qini; a numeric outcome has no Qini and
    gets the T-learner of the usual size."""
    if not trial.is_binary:
        model = LEARNERS["t_learner"].fit(trial, Trees())
        return Chosen(model, "t_learner, 3 leaves", {})
    candidates = {
        f"{kind}, {trees.leaves} leaves": (learner, trees)
        for kind, learner in LEARNERS.items()
        for trees in SIZES
    }
    qini = {}
    for name, (learner, trees) in candidates.items():
        fit = partial(learner.fit, trees=trees)
        tries = (cross_fit(trial, fit, folds, seed + repeat) for repeat in range(REPEATS))
        found = (worth(one, trial.treated, trial.outcome, resamples=0) for one in tries)
        qini[name] = float(np.mean([one.qini.value for one in found]))
    best = max(qini, key=qini.__getitem__)
    learner, trees = candidates[best]
    return Chosen(learner.fit(trial, trees), best, qini)


def cross_fit(trial: Trial, fit: Fit, folds: int = FOLDS, seed: int = 0) -> np.ndarray:
    """Return each customer's uplift, (n,), by a model that did not see them."""
    predicted = np.zeros(len(trial))
    parts = StratifiedKFold(folds, shuffle=True, random_state=seed)
    for known, held_out in parts.split(trial.features, _strata(trial)):
        predicted[held_out] = fit(trial.take(known)).predict(trial.features.iloc[held_out])
    return predicted


def _strata(trial: Trial) -> np.ndarray:
    """Arms keep their shares in every fold, and so do outcomes of 0 and 1."""
    acted = trial.outcome.astype(int) if trial.is_binary else np.zeros(len(trial), int)
    return 2 * trial.treated + acted


class Predicts(Protocol):
    """What gives each customer a score, shape (n,)."""

    def predict(self, features: pd.DataFrame) -> np.ndarray: ...


def reasons(model: Predicts, features: pd.DataFrame, usual: pd.Series) -> pd.DataFrame:
    """Return how much of each customer's score is owed to each feature: what it loses when that
    one is as `usual`, customers (n,) by features."""
    own = model.predict(features)
    moved = {}
    for name in features:
        without = features.copy()
        without[name] = pd.Series(usual[name], index=features.index).astype(features[name].dtype)
        moved[name] = own - model.predict(without)
    return pd.DataFrame(moved, index=features.index)


def usual_of(features: pd.DataFrame) -> pd.Series:
    """The usual customer: medians of numbers, the commonest category."""
    return pd.Series(
        {
            name: column.median() if column.dtype.kind == "f" else column.mode().iloc[0]
            for name, column in features.items()
        }
    )
