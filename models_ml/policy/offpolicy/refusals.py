"""When a log cannot carry a verdict on a candidate."""

import numpy as np

from models_ml.policy.offpolicy.estimates import Doubt, Refusal
from models_ml.policy.offpolicy.log import LoggedDecisions
from models_ml.policy.offpolicy.scores import effective

# Over 400 synthetic logs each, the doubly robust gain's 95 % interval held the truth in 90 % at 55
# effective shoppers with 24 rewards, 92 % at 109 with 45, 94 % at 217 with 88; and in 89 % at 10
# rewards, 93 % at 20, however many shoppers there were.
FEWEST_SHOPPERS = 100
FEWEST_REWARDS = 100
# The candidate may take arms that nobody saw this often; more, and the log leaves a hole in it.
UNSEEN = 0.01
# Of what the candidate takes, so much may be what could not have been drawn where it would be
# taken. No weight corrects for it: were its rewards nothing, or twice those of the rest, the
# estimate would be off by that share of itself.
UNSUPPORTED = 0.05
# Weights average 1 where propensities are right. Being skewed they strayed further than this many
# standard errors in 2 of 2,300 synthetic logs.
ERRORS_OFF = 4.0


def effective_shoppers(weights: np.ndarray, shoppers: np.ndarray) -> float:
    """Return Kish's number of shoppers, each with all the weight of their decisions."""
    owner = np.unique(shoppers, return_inverse=True)[1]
    return effective(np.bincount(owner, weights))


def effective_rewards(weights: np.ndarray, rewards: np.ndarray) -> float:
    """Return how many decisions with a reward the log is worth: the lesser of two numbers.

    Kish's number over rewarded decisions, as thousands of decisions with a handful of clicks weigh
    as little as the clicks do; and the rewards to expect in the effective sample, as clicks on what
    the candidate hardly shows say nothing of what it does show.
    """
    expected = effective(weights) * np.count_nonzero(rewards) / len(rewards)
    return float(min(effective(np.abs(weights * rewards)), expected))


def unseen_share(log: LoggedDecisions, chances: np.ndarray) -> float:
    """Return how often the candidate would take an arm that the log never took."""
    seen = np.bincount(log.taken, minlength=len(log.arms)) > 0
    return float(chances[:, ~seen].sum() / len(log))


def find_refusals(
    rewards: np.ndarray,
    shoppers: np.ndarray,
    weights: np.ndarray,
    unseen: float,
    unsupported: float,
    needed: tuple[float, float],
) -> tuple[Refusal, ...]:
    """Return every reason against a verdict; `needed` are effective shoppers and rewards."""
    people = effective_shoppers(weights, shoppers)
    told = effective_rewards(weights, rewards)
    owner = np.unique(shoppers, return_inverse=True)[1]
    off = abs(weights.mean() - 1) / max(_error_of_mean(weights, owner), 1e-12)
    found = (
        (people < needed[0], Doubt.FEW_SHOPPERS, people, needed[0]),
        (told < needed[1], Doubt.FEW_REWARDS, told, needed[1]),
        (unseen > UNSEEN, Doubt.UNSEEN_ARMS, unseen, UNSEEN),
        (unsupported > UNSUPPORTED, Doubt.NO_SUPPORT, unsupported, UNSUPPORTED),
        (
            abs(weights.mean() - 1) > 1e-9 and off > ERRORS_OFF,
            Doubt.WEIGHTS_OFF,
            float(weights.mean()),
            1.0,
        ),
    )
    return tuple(
        Refusal(doubt, value, wanted, _SENTENCES[doubt].format(found=value, needed=wanted))
        for holds, doubt, value, wanted in found
        if holds
    )


def _error_of_mean(weights: np.ndarray, owner: np.ndarray) -> float:
    """Return the standard error of the mean weight, shoppers being the unit."""
    residuals = np.bincount(owner, weights - weights.mean())
    return float(np.sqrt((residuals**2).sum()) / len(weights))


_SENTENCES = {
    Doubt.FEW_SHOPPERS: "the log is worth {found:.0f} shoppers to this candidate, "
    "a verdict needs {needed:.0f}",
    Doubt.FEW_REWARDS: "the log is worth {found:.0f} rewarded decisions to this candidate, "
    "a verdict needs {needed:.0f}",
    Doubt.UNSEEN_ARMS: "the candidate takes arms that the log never took in {found:.1%} of "
    "decisions, at most {needed:.0%} are allowed",
    Doubt.NO_SUPPORT: "the candidate takes what could not have been drawn in {found:.1%} of "
    "decisions, at most {needed:.0%} are allowed",
    Doubt.WEIGHTS_OFF: "the weights average {found:.2f} instead of {needed:.0f}: the logged "
    "propensities are not those the log was made with",
}
