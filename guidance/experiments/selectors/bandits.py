"""What bandits know and would do now."""

from dataclasses import dataclass
from datetime import datetime

from guidance.experiments.hooks import arm_label
from guidance.experiments.models import Bandit
from models_ml.policy.kinds import policy_from_state
from models_ml.policy.problems import PolicyProblem


@dataclass(frozen=True)
class ArmNow:
    """One arm: how probable it is now for a shopper of whom nothing is known, the trials that are
    remembered, older ones counting less, and the mean reward of those, None without any."""

    label: str
    chance: float
    trials: float
    mean: float | None
    since: datetime


def arms_now(bandit: Bandit) -> list[ArmNow]:
    """Return a bandit's arms, the most probable first; none where its state cannot be read."""
    try:
        policy = policy_from_state(bandit.state)
    except PolicyProblem:
        return []
    nobody = [1.0] + [0.0] * (len(bandit.features) - 1) if policy.reads_context else None
    found = []
    for arm, chance in zip(policy.arms, policy.propensities(nobody).tolist(), strict=True):
        trials, mean = policy.tried(arm)
        since = datetime.fromisoformat(bandit.arms[arm])
        found.append(ArmNow(arm_label(bandit.trials, arm), chance, trials, mean, since))
    return sorted(found, key=lambda one: -one.chance)
