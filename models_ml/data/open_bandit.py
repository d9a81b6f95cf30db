"""Reads a log in the layout of the Open Bandit Dataset (Saito et al., NeurIPS 2021)."""

from pathlib import Path

import numpy as np
import pandas as pd

from models_ml.policy.offpolicy.log import LoggedDecisions, log_of
from models_ml.policy.problems import PolicyProblem

NEEDED = ("timestamp", "item_id", "position", "click", "propensity_score")
USER = "user_feature_"
# A column that says whose decision it was. The data set has none; a shop's own export may.
SHOPPER = "shopper"


def read_open_bandit(path: Path) -> LoggedDecisions:
    """Return the log, oldest first: items are arms, clicks are rewards.

    A context is a constant, the position and the user features, each value a column of 0 or 1.
    Without a `shopper` column every row is a shopper of its own, so intervals cannot know of
    shoppers who come back. Raises `PolicyProblem` that names what is missing.
    """
    try:
        rows = pd.read_csv(path)
    except pd.errors.EmptyDataError:
        raise PolicyProblem("the log is empty") from None
    missing = [name for name in NEEDED if name not in rows.columns]
    if missing:
        raise PolicyProblem(f"the log has no column {missing[0]!r}")
    if rows.empty:
        raise PolicyProblem("the log is empty")
    rows = rows.sort_values("timestamp", kind="stable")
    arms = [str(item) for item in np.sort(rows["item_id"].unique())]
    users = [name for name in rows.columns if name.startswith(USER)]
    return log_of(
        arms=arms,
        taken=rows["item_id"].astype(str).tolist(),
        propensities=_numbers(rows["propensity_score"]),
        rewards=_numbers(rows["click"]),
        contexts=_indicators(rows[["position", *users]]),
        shoppers=rows[SHOPPER].tolist() if SHOPPER in rows.columns else range(len(rows)),
    )


def _numbers(column: pd.Series) -> np.ndarray:
    """Return a column as floats; what is no number becomes NaN, which the log names by row."""
    return np.asarray(pd.to_numeric(column, errors="coerce"), dtype=float)


def _indicators(columns: pd.DataFrame) -> np.ndarray:
    coded = pd.get_dummies(columns.astype(str), drop_first=True).to_numpy(float)
    return np.hstack([np.ones((len(columns), 1)), coded])
