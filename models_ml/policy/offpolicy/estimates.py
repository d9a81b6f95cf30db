"""What an evaluation finds, in values that a page or a file can show."""

from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Any


class Verdict(StrEnum):
    """Whether the candidate earns more than what was logged, by the doubly robust estimate."""

    BETTER = "better"
    WORSE = "worse"
    UNDECIDED = "undecided"
    REFUSED = "refused"


class Doubt(StrEnum):
    """Why no verdict is given."""

    FEW_SHOPPERS = "few_shoppers"
    FEW_REWARDS = "few_rewards"
    UNSEEN_ARMS = "unseen_arms"
    NO_SUPPORT = "no_support"
    WEIGHTS_OFF = "weights_off"


@dataclass(frozen=True, slots=True)
class Refusal:
    """One reason against a verdict: what was found, what was needed, and a sentence."""

    doubt: Doubt
    found: float
    needed: float
    sentence: str


@dataclass(frozen=True, slots=True)
class Estimate:
    """One estimator's mean reward of the candidate, and its gain over the log's mean reward.

    `low` and `high` are the ends of the interval. `effective_sample` is Kish's number of decisions
    that its weights are worth, `largest_weight` the highest of them; None for the direct method,
    which weighs nothing.
    """

    estimator: str
    value: float
    low: float
    high: float
    gain: float
    gain_low: float
    gain_high: float
    effective_sample: float | None
    largest_weight: float | None


@dataclass(frozen=True, slots=True)
class Evaluation:
    """A candidate policy on a log.

    `effective_shoppers` and `effective_rewards` are what a verdict rests on: how many equally
    weighted shoppers, and how many decisions with a reward, tell as much.
    `mean_weight` is about 1 where the logged propensities are those of the log; `unseen_share` is
    how often the candidate would take an arm that the log never took, `unsupported_share` how often
    one that could not have been drawn at that decision.
    """

    estimates: tuple[Estimate, ...]
    decisions: int
    shoppers: int
    logged_mean: float
    confidence: float
    clip: float
    effective_shoppers: float
    effective_rewards: float
    mean_weight: float
    unseen_share: float
    unsupported_share: float
    verdict: Verdict
    refusals: tuple[Refusal, ...]

    def of(self, estimator: str) -> Estimate:
        """Return one estimator's estimate."""
        return next(one for one in self.estimates if one.estimator == estimator)

    def as_dict(self) -> dict[str, Any]:
        """Return all of it as JSON values."""
        return asdict(self)
