"""What is wrong with what a policy or an estimate was given, and the checks that find it."""

from collections.abc import Sequence

import numpy as np


class PolicyProblem(ValueError):
    """The input cannot be used; the message names what and where."""


def checked_number(value: float, name: str) -> float:
    """Return a finite number as a float."""
    number = float(value)
    if not np.isfinite(number):
        raise PolicyProblem(f"{name} is {number}, not a finite number")
    return number


def checked_share(value: float, name: str) -> float:
    """Return a number from 0 to 1."""
    number = checked_number(value, name)
    if not 0 <= number <= 1:
        raise PolicyProblem(f"{name} is {number}, not from 0 to 1")
    return number


def checked_positive(value: float, name: str) -> float:
    """Return a finite number above 0."""
    number = checked_number(value, name)
    if number <= 0:
        raise PolicyProblem(f"{name} is {number}, not above 0")
    return number


def checked_arms(arms: Sequence[str]) -> list[str]:
    """Return the arms as a list: at least one, each named once."""
    found = list(arms)
    if not found:
        raise PolicyProblem("a policy needs at least one arm")
    twice = sorted({arm for arm in found if found.count(arm) > 1})
    if twice:
        raise PolicyProblem(f"arms named twice: {', '.join(twice)}")
    if "" in found:
        raise PolicyProblem("an arm has an empty name")
    return found


def checked_context(context: object, features: int) -> np.ndarray:
    """Return a context as floats, shape (features,)."""
    if context is None:
        raise PolicyProblem(f"this policy needs a context of {features} features")
    values = np.asarray(context, dtype=float)
    if values.shape != (features,):
        raise PolicyProblem(f"the context has shape {values.shape}, not ({features},)")
    wrong = np.flatnonzero(~np.isfinite(values))
    if len(wrong):
        raise PolicyProblem(f"feature {wrong[0]} of the context is {values[wrong[0]]}")
    return values
