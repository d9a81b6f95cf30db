"""Estimates what a candidate policy would have earned on logged decisions."""

from collections.abc import Sequence

import numpy as np

from models_ml.policy.base import Policy
from models_ml.policy.offpolicy.bootstrap import ROUNDS
from models_ml.policy.offpolicy.estimates import Evaluation
from models_ml.policy.offpolicy.log import (
    LoggedDecisions,
    checked_chances,
    checked_predictions,
)
from models_ml.policy.offpolicy.refusals import FEWEST_REWARDS, FEWEST_SHOPPERS, unseen_share
from models_ml.policy.offpolicy.reward_model import Modelled, Predictions, cross_fit
from models_ml.policy.offpolicy.scores import weights_of
from models_ml.policy.offpolicy.summary import CONFIDENCE, summarise
from models_ml.policy.problems import PolicyProblem


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
    rng = np.random.default_rng(seed)
    model = _model(log, found, predictions, rng)
    weights = weights_of(log, found)
    taken = model.rewards[np.arange(len(log)), log.taken]
    told = Modelled(direct=(found * model.rewards).sum(axis=1), given=taken, pull=model.pull)
    return summarise(
        log.rewards,
        log.shoppers,
        weights,
        told,
        unseen=unseen_share(log, found),
        needed=(fewest_shoppers, fewest_rewards),
        confidence=confidence,
        clip=clip,
        rounds=rounds,
        rng=rng,
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
