"""What the bandits of every app do alike: begin a policy, take up an arm, learn by turns."""

import logging
from collections.abc import Callable, Sequence
from typing import Any
from uuid import UUID

from django.db.models import QuerySet

from guidance.experiments.models import Bandit
from guidance.experiments.selectors.trials import Trial
from models_ml.policy.base import Policy
from models_ml.policy.fixed import Fixed
from models_ml.policy.kinds import KINDS
from models_ml.policy.problems import PolicyProblem

logger = logging.getLogger(__name__)
Method = Bandit.Method
# The feature that is 1 for everybody; where it comes first, arms have a level of their own.
ALWAYS = "always"
BY_SHOPPER = frozenset({Method.LINUCB, Method.LINEAR_THOMPSON})


def new_policy(
    method: str,
    arms: Sequence[str],
    *,
    exploration: float,
    half_life: float | None,
    features: int,
) -> Policy:
    """Return a policy that knows nothing yet; `features` is how many a context has, where the
    method looks at one. Raises PolicyProblem where there is none of it."""
    given: dict[str, Any] = {}
    if method != Method.FIXED:
        given = {"exploration": exploration, "half_life": half_life}
    if method in BY_SHOPPER:
        given["features"] = features
    return KINDS[method](arms, **given)


def take_up(policy: Policy, arm: str) -> None:
    """Let a policy show an arm more, of which nothing is known; a fixed one as often as any."""
    policy.add_arm(arm)
    if isinstance(policy, Fixed):
        policy.set_weight(arm, 1.0)


def is_told(policy: Policy, trial: Trial) -> bool:
    """Tell whether the log says of a trial what the policy was told of the shopper."""
    return not policy.reads_context or isinstance(trial.context.get("features"), list)


def context_of(policy: Policy, trial: Trial) -> Any:
    """Return what a policy was told of a trial's shopper; None for one that looks at none."""
    return trial.context["features"] if policy.reads_context else None


def settle_each(bandits: QuerySet[Any], settle: Callable[[UUID], int]) -> int:
    """Let one bandit after another learn what is over; return how many trials were learned.

    One that cannot be read stands in nobody's way.
    """
    learned = 0
    for bandit_id in bandits.order_by("pk").values_list("pk", flat=True):
        try:
            learned += settle(bandit_id)
        except PolicyProblem:
            logger.exception("What bandit %s has learned cannot be read", bandit_id)
    return learned
