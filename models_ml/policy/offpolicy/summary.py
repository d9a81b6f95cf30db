"""From weights and a reward model to all estimates, their intervals and a verdict."""

import math

import numpy as np

from models_ml.policy.offpolicy.bootstrap import Paired, intervals
from models_ml.policy.offpolicy.estimates import Estimate, Evaluation, Verdict
from models_ml.policy.offpolicy.refusals import (
    effective_rewards,
    effective_shoppers,
    find_refusals,
)
from models_ml.policy.offpolicy.reward_model import Modelled
from models_ml.policy.offpolicy.scores import (
    DIRECT,
    DOUBLY_ROBUST,
    Ratio,
    effective,
    ratios,
    with_pull,
)
from models_ml.policy.problems import PolicyProblem, checked_positive

CONFIDENCE = 0.95


def summarise(
    rewards: np.ndarray,
    shoppers: np.ndarray,
    weights: np.ndarray,
    model: Modelled,
    *,
    unseen: float,
    unsupported: float = 0.0,
    needed: tuple[float, float],
    confidence: float,
    clip: float | None,
    rounds: int,
    rng: np.random.Generator,
) -> Evaluation:
    """Return what decisions, all arrays (decisions,), tell of a candidate.

    `weights` are the candidate's over the logged propensity of what was shown; `unseen` how often
    the candidate would show what the log never did, `unsupported` what could not have been drawn at
    that decision; `needed` effective shoppers and rewards. A
    `clip` of None is the square root of the number of decisions. Raises `PolicyProblem`.
    """
    if not 0 < confidence < 1:
        raise PolicyProblem(f"confidence is {confidence}, not between 0 and 1")
    if rounds < 1:
        raise PolicyProblem(f"rounds is {rounds}, not 1 or more")
    cap = math.sqrt(len(rewards)) if clip is None else checked_positive(clip, "clip")
    estimators = ratios(rewards, weights, cap, model.direct, model.given)
    resampled = {**estimators, DIRECT: with_pull(estimators[DIRECT], model.pull)}
    told = intervals(resampled, rewards, shoppers, confidence, rounds, rng)
    refusals = find_refusals(rewards, shoppers, weights, unseen, unsupported, needed)
    return Evaluation(
        estimates=tuple(_estimate(name, told[name], estimators[name]) for name in estimators),
        decisions=len(rewards),
        shoppers=len(np.unique(shoppers)),
        logged_mean=float(rewards.mean()),
        confidence=confidence,
        clip=cap,
        effective_shoppers=effective_shoppers(weights, shoppers),
        effective_rewards=effective_rewards(weights, rewards),
        mean_weight=float(weights.mean()),
        unseen_share=unseen,
        unsupported_share=unsupported,
        verdict=Verdict.REFUSED if refusals else _verdict(told[DOUBLY_ROBUST]),
        refusals=refusals,
    )


def _estimate(name: str, told: Paired, ratio: Ratio) -> Estimate:
    weights = ratio.weights
    return Estimate(
        name,
        *told.value,
        *told.gain,
        effective_sample=None if weights is None else effective(weights),
        largest_weight=None if weights is None else float(weights.max()),
    )


def _verdict(told: Paired) -> Verdict:
    if told.gain.low > 0:
        return Verdict.BETTER
    return Verdict.WORSE if told.gain.high < 0 else Verdict.UNDECIDED
