"""A past campaign with a control group, as models learn from it."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

# Below this many customers in either arm a model would learn accidents.
LEAST_PER_ARM = 200


class UpliftProblem(ValueError):
    """What was given cannot be used; the message says what, and where."""


@dataclass(frozen=True)
class Trial:
    """Customers of one campaign: what was known of each before it, whom chance had contacted, and
    what they did after.

    `features` has a row a customer, numbers or categories; `treated` (n,) is bool; `outcome` (n,)
    finite numbers, often 0 and 1.
    """

    features: pd.DataFrame
    treated: np.ndarray
    outcome: np.ndarray

    def __post_init__(self) -> None:
        lengths = {len(self.features), len(self.treated), len(self.outcome)}
        if len(lengths) > 1:
            raise UpliftProblem(f"features, treated and outcome differ in length: {lengths}")
        if self.treated.dtype != bool:
            raise UpliftProblem("treated must be true or false for every customer")
        spoilt = np.flatnonzero(~np.isfinite(self.outcome))
        if len(spoilt):
            raise UpliftProblem(f"the outcome of row {spoilt[0]} is not a number")
        for name, count in zip(("contacted", "held back"), self.arms, strict=True):
            if count < LEAST_PER_ARM:
                raise UpliftProblem(
                    f"only {count} customers were {name}; {LEAST_PER_ARM} are needed"
                )

    def __len__(self) -> int:
        return len(self.outcome)

    @property
    def arms(self) -> tuple[int, int]:
        """How many were contacted, and how many were not."""
        contacted = int(self.treated.sum())
        return contacted, len(self) - contacted

    @property
    def is_binary(self) -> bool:
        return bool(np.isin(self.outcome, (0, 1)).all())

    def take(self, rows: np.ndarray) -> "Trial":
        """The trial of some of its customers."""
        return Trial(self.features.iloc[rows], self.treated[rows], self.outcome[rows])


def as_features(table: pd.DataFrame, columns: Sequence[str]) -> pd.DataFrame:
    """Return columns as models read them: numbers as floats, everything else as categories.

    A column that tells nothing of anybody is 0 throughout: trees cannot be grown on nothing.
    """
    missing = [name for name in columns if name not in table]
    if missing:
        raise UpliftProblem(f"no column {', '.join(missing)}; there are {', '.join(table)}")
    return pd.DataFrame({name: _as_feature(table[name]) for name in columns})


def _as_feature(column: pd.Series) -> pd.Series:
    if column.isna().all():
        return pd.Series(0.0, index=column.index)
    is_number = pd.api.types.is_numeric_dtype(column)
    return column.astype(float) if is_number else column.astype("category")
