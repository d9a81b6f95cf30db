"""What all policies have in common."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Collection, Mapping, Sequence
from typing import Any, ClassVar, NamedTuple, Self

import numpy as np

from models_ml.policy.memory import Memory
from models_ml.policy.problems import PolicyProblem, checked_arms


class Choice(NamedTuple):
    """The arm to show, and the probability with which it was drawn: log both."""

    arm: str
    propensity: float


class Tried(NamedTuple):
    """What a policy remembers of an arm: faded trials, and their mean reward (None without any)."""

    trials: float
    mean: float | None


class Policy(ABC):
    """A distribution over named arms, given a context.

    A context is an array (features,) of finite numbers, or None for a policy that looks at none.
    Times are days, from any fixed start. Arms come and go while a policy runs. Every method raises
    `PolicyProblem` for what it cannot use.
    """

    kind: ClassVar[str]
    reads_context: ClassVar[bool] = False

    def __init__(self, arms: Sequence[str]) -> None:
        self._arms = checked_arms(arms)

    @property
    def arms(self) -> tuple[str, ...]:
        """The arms, in the order of every array of propensities."""
        return tuple(self._arms)

    def propensities(
        self, context: object = None, *, among: Collection[str] | None = None
    ) -> np.ndarray:
        """Return the probability of each arm, shape (arms,), adding up to 1.

        `among` names the arms that may be shown this time (in stock, say); the others get 0.
        """
        allowed = self._allowed(among)
        chances = np.zeros(len(self._arms))
        chances[allowed] = self._chances(context, [self._arms[place] for place in allowed])
        return chances

    def choose(
        self,
        context: object,
        rng: np.random.Generator,
        *,
        among: Collection[str] | None = None,
    ) -> Choice:
        """Draw an arm from exactly `propensities`, and say how probable it was."""
        chances = self.propensities(context, among=among)
        place = int(rng.choice(len(chances), p=chances))
        return Choice(self._arms[place], float(chances[place]))

    @abstractmethod
    def _chances(self, context: object, arms: Sequence[str]) -> np.ndarray:
        """Return the probability of each of `arms`, when only they may be shown."""

    @abstractmethod
    def update(self, arm: str, context: object, reward: float, *, at: float | None = None) -> None:
        """Learn what a decision came to: made at `at` (not when the reward arrived), any order."""

    @abstractmethod
    def correct(
        self, arm: str, context: object, before: float, after: float, *, at: float | None = None
    ) -> None:
        """Put right what was learned: `update` was told `before`, and it came to `after`.

        The rest as it was told then; what is known afterwards is as if told so at once.
        """

    @abstractmethod
    def tried(self, arm: str) -> Tried:
        """Return what is remembered of an arm."""

    @abstractmethod
    def advance(self, at: float) -> None:
        """Let time pass until `at`, so that what is known fades though nothing new is."""

    def add_arm(self, arm: str) -> None:
        """Take up an arm of which nothing is known."""
        self._arms = checked_arms([*self._arms, arm])

    def remove_arm(self, arm: str) -> None:
        """Give up an arm and what is known of it; the last one stays."""
        self._known(arm)
        if len(self._arms) == 1:
            raise PolicyProblem(f"{arm!r} is the last arm and cannot be removed")
        self._arms.remove(arm)

    def forget_arm(self, arm: str) -> None:
        """Know no more of an arm than of a new one."""
        self._known(arm)

    @abstractmethod
    def state(self) -> dict[str, Any]:
        """Return everything there is to it as JSON values, with its `kind`."""

    @classmethod
    @abstractmethod
    def from_state(cls, state: Mapping[str, Any]) -> Self:
        """Return the policy that `state` was taken of; `KeyError` where a part is missing."""

    def _known(self, arm: str) -> None:
        if arm not in self._arms:
            raise PolicyProblem(f"no arm {arm!r}; there are {', '.join(self._arms)}")

    def _allowed(self, among: Collection[str] | None) -> list[int]:
        if among is None:
            return list(range(len(self._arms)))
        for arm in among:
            self._known(arm)
        wanted = set(among)
        allowed = [place for place, arm in enumerate(self._arms) if arm in wanted]
        if not allowed:
            raise PolicyProblem("none of the arms may be shown")
        return allowed


class LearningPolicy(Policy):
    """A policy with a fading memory of each arm, kept in arrays of one shape."""

    def __init__(
        self, arms: Sequence[str], shape: tuple[int, ...], half_life: float | None
    ) -> None:
        super().__init__(arms)
        self.memory = Memory(self._arms, shape, half_life)

    def update(self, arm: str, context: object, reward: float, *, at: float | None = None) -> None:
        self._known(arm)
        self.memory.add(arm, self._evidence(context, reward), at)

    def correct(
        self, arm: str, context: object, before: float, after: float, *, at: float | None = None
    ) -> None:
        self._known(arm)
        told, true = self._evidence(context, before), self._evidence(context, after)
        self.memory.add(arm, true - told, at)

    def tried(self, arm: str) -> Tried:
        self._known(arm)
        trials, rewards = self._counted(self.memory.of(arm))
        return Tried(trials, rewards / trials if trials > 0 else None)

    def advance(self, at: float) -> None:
        self.memory.advance(at)

    def add_arm(self, arm: str) -> None:
        super().add_arm(arm)
        self.memory.add_arm(arm)

    def remove_arm(self, arm: str) -> None:
        super().remove_arm(arm)
        self.memory.remove_arm(arm)

    def forget_arm(self, arm: str) -> None:
        super().forget_arm(arm)
        self.memory.add_arm(arm)

    def state(self) -> dict[str, Any]:
        return {
            "kind": self.kind,
            "arms": list(self._arms),
            **self._settings(),
            "memory": self.memory.state(),
        }

    @classmethod
    def from_state(cls, state: Mapping[str, Any]) -> Self:
        settings = {
            name: value for name, value in state.items() if name not in ("kind", "arms", "memory")
        }
        policy = cls(state["arms"], half_life=state["memory"]["half_life"], **settings)
        policy.memory.load(state["memory"])
        return policy

    @abstractmethod
    def _evidence(self, context: object, reward: float) -> np.ndarray:
        """Return what one trial adds to an arm's sums; linear in the reward."""

    @abstractmethod
    def _counted(self, sums: np.ndarray) -> tuple[float, float]:
        """Return the trials and the rewards that an arm's sums hold."""

    @abstractmethod
    def _settings(self) -> dict[str, Any]:
        """Return the further arguments of the constructor, as JSON values."""
