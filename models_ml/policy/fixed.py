"""Shares that a person set and that no reward changes."""

from collections.abc import Mapping, Sequence
from typing import Any, Self

import numpy as np

from models_ml.policy.base import Policy, Tried
from models_ml.policy.problems import PolicyProblem, checked_number


class Fixed(Policy):
    """Shows each arm with the share given by its weight; evenly where no weights are given.

    `weights` by arm, 0 or more, in any unit; an arm left out has 0, as has one added later.
    """

    kind = "fixed"

    def __init__(self, arms: Sequence[str], weights: Mapping[str, float] | None = None) -> None:
        super().__init__(arms)
        if weights is None:
            weights = dict.fromkeys(self._arms, 1.0)
        for arm in weights:
            self._known(arm)
        self._weights = {arm: _checked(arm, weights.get(arm, 0.0)) for arm in self._arms}
        self._any_left(self._arms)

    def _chances(self, context: object, arms: Sequence[str]) -> np.ndarray:
        self._any_left(arms)
        weights = np.array([self._weights[arm] for arm in arms])
        return np.asarray(weights / weights.sum())

    def update(self, arm: str, context: object, reward: float, *, at: float | None = None) -> None:
        """Learn nothing."""
        self._known(arm)
        checked_number(reward, "reward")

    def correct(
        self, arm: str, context: object, before: float, after: float, *, at: float | None = None
    ) -> None:
        """Nothing was learned."""
        self._known(arm)

    def tried(self, arm: str) -> Tried:
        self._known(arm)
        return Tried(0.0, None)

    def advance(self, at: float) -> None:
        """Nothing is known that could fade."""
        checked_number(at, "at")

    def add_arm(self, arm: str) -> None:
        super().add_arm(arm)
        self._weights[arm] = 0.0

    def remove_arm(self, arm: str) -> None:
        self._known(arm)
        self._any_left([other for other in self._arms if other != arm])
        super().remove_arm(arm)
        del self._weights[arm]

    def set_weight(self, arm: str, weight: float) -> None:
        """Change the weight of one arm."""
        self._known(arm)
        before, self._weights[arm] = self._weights[arm], _checked(arm, weight)
        if not any(self._weights.values()):
            self._weights[arm] = before
            raise PolicyProblem(f"no arm has a weight once {arm!r} has none")

    def state(self) -> dict[str, Any]:
        return {"kind": self.kind, "arms": list(self._arms), "weights": dict(self._weights)}

    @classmethod
    def from_state(cls, state: Mapping[str, Any]) -> Self:
        return cls(state["arms"], state["weights"])

    def _any_left(self, arms: Sequence[str]) -> None:
        if not any(self._weights[arm] for arm in arms):
            raise PolicyProblem(
                f"none of these arms has a weight: {', '.join(arms) or 'none left'}"
            )


def _checked(arm: str, weight: float) -> float:
    value = checked_number(weight, f"the weight of {arm!r}")
    if value < 0:
        raise PolicyProblem(f"the weight of {arm!r} is {value}, below 0")
    return value
