"""Estimates what a candidate policy would have earned on logged decisions."""

import math
from collections.abc import Sequence

import numpy as np

from models_ml.policy.base import Policy
from models_ml.policy.offpolicy.bootstrap import ROUNDS, Paired, intervals
from models_ml.policy.offpolicy.estimates import Estimate, Evaluation, Verdict
from models_ml.policy.offpolicy.log import (
    LoggedDecisions,
    checked_chances,
    checked_predictions,
)
from models_ml.policy.offpolicy.refusals import (
    FEWEST_REWARDS,
    FEWEST_SHOPPERS,
    effective_rewards,
    effective_shoppers,
    find_refusals,
    unseen_share,
)
from models_ml.policy.offpolicy.reward_model import Predictions, cross_fit
from models_ml.policy.offpolicy.scores import (
    DIRECT,
    DOUBLY_ROBUST,
    Ratio,
    effective,
    ratios,
    weights_of,
    with_pull,
)
from models_ml.policy.problems import PolicyProblem, checked_positive

CONFIDENCE = 0.95


def evaluate(
    log: LoggedDecisions,
    chances: np.ndarray,
    *,
    predictions: np.ndarray | None = None,
    confidence: float = CONFIDENCE,
    clip: float | None = None,
    fewest_shoppers: float = FEWEST_SHOPPERS,
    fewest_rewards: float = FEWEST_REWARDS,
    rounds: int = ROUNDS,
    seed: int = 0,
) -> Evaluation:
    """Return all estimates of a candidate, and a verdict or why there is none.

    `chances` (decisions, arms) are the candidate's propensities at each logged decision;
    `predictions` (decisions, arms) rewards of a model that did not see them, else one is fitted
    across folds of shoppers. Weights are clipped at `clip`, by default the square root of the
    number of decisions (Ionides, Truncated Importance Sampling, 2008). Raises `PolicyProblem`.
    """
    found = checked_chances(log, chances)
    if not 0 < confidence < 1:
        raise PolicyProblem(f"confidence is {confidence}, not between 0 and 1")
    if rounds < 1:
        raise PolicyProblem(f"rounds is {rounds}, not 1 or more")
    cap = math.sqrt(len(log)) if clip is None else checked_positive(clip, "clip")
    rng = np.random.default_rng(seed)
    model = _model(log, found, predictions, rng)
    weights = weights_of(log, found)
    direct = (found * model.rewards).sum(axis=1)
    taken = model.rewards[np.arange(len(log)), log.taken]
    estimators = ratios(log.rewards, weights, cap, direct, taken)
    resampled = {**estimators, DIRECT: with_pull(estimators[DIRECT], model)}
    told = intervals(resampled, log.rewards, log.shoppers, confidence, rounds, rng)
    refusals = find_refusals(log, weights, found, (fewest_shoppers, fewest_rewards))
    return Evaluation(
        estimates=tuple(_estimate(name, told[name], estimators[name]) for name in estimators),
        decisions=len(log),
        shoppers=len(np.unique(log.shoppers)),
        logged_mean=float(log.rewards.mean()),
        confidence=confidence,
        clip=cap,
        effective_shoppers=effective_shoppers(weights, log.shoppers),
        effective_rewards=effective_rewards(weights, log.rewards),
        mean_weight=float(weights.mean()),
        unseen_share=unseen_share(log, found),
        verdict=Verdict.REFUSED if refusals else _verdict(told[DOUBLY_ROBUST]),
        refusals=refusals,
    )


def chances_of(
    policy: Policy, contexts: np.ndarray | None, decisions: int, arms: Sequence[str]
) -> np.ndarray:
    """Return a policy's propensities at `contexts`, in the order of the log's `arms`.

    (decisions, arms). Equal contexts are asked once. The policy may lack arms of the log, but
    has no other.
    """
    unknown = [arm for arm in policy.arms if arm not in arms]
    if unknown:
        raise PolicyProblem(f"the log knows no arm {unknown[0]!r}")
    places = [list(arms).index(arm) for arm in policy.arms]
    if contexts is None or not policy.reads_context:
        rows, which = [None], np.zeros(decisions, dtype=int)
    else:
        distinct, which = np.unique(contexts, axis=0, return_inverse=True)
        rows = list(distinct)
    chances = np.zeros((len(rows), len(arms)))
    chances[:, places] = [policy.propensities(row) for row in rows]
    return chances[which.ravel()]


def _model(
    log: LoggedDecisions,
    chances: np.ndarray,
    predictions: np.ndarray | None,
    rng: np.random.Generator,
) -> Predictions:
    if predictions is not None:
        return Predictions(checked_predictions(log, predictions), np.zeros(len(log)))
    if len(np.unique(log.shoppers)) < 2:
        raise PolicyProblem("every decision is one shopper's: nothing to cross-fit or resample")
    return cross_fit(log, chances, rng)


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
