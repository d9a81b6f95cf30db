"""What a bandit would show now, and what came of what it showed."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Count, Exists, OuterRef, QuerySet

from guidance.behaviour.models import Event, Source
from guidance.content.models import CopyBandit, PublishedCopy
from guidance.content.models.places import Placed
from guidance.content.readers import values_of
from guidance.content.selectors.variants import main_beside, policy_of, wordings_of
from guidance.decisions.attribution import counted_events
from guidance.decisions.models import Decision
from guidance.experiments.selectors.trials import DecisionTrials
from models_ml.policy.base import Policy, Tried
from models_ml.policy.kinds import policy_from_state
from models_ml.policy.problems import PolicyProblem

Status = CopyBandit.Status


@dataclass(frozen=True)
class ArmNow:
    """One wording: how often shoppers saw it, the trials that are remembered of it, older ones
    counting less, and their mean reward, None without any; how probable it is now, for a reader of
    whom nothing is known; `since` is when its knowledge begins, None for one not taken up."""

    policy: str
    copy: PublishedCopy
    shown: int
    trials: float
    mean: float | None
    chance: float
    since: datetime | None


def bandits_of(text: Placed) -> QuerySet[CopyBandit]:
    """Return the bandits of a text's place, the newest first."""
    main = main_beside(text)
    return CopyBandit.objects.filter(main=main) if main else CopyBandit.objects.none()


def is_chosen_by_bandit(*, main_id: int, surface: str) -> bool:
    """Tell whether a bandit chooses among these wordings there."""
    return CopyBandit.objects.filter(main=main_id, surface=surface, status=Status.RUNNING).exists()


def trials_of(bandit: CopyBandit) -> DecisionTrials:
    """Return what tells the trials that a bandit learns from."""
    return DecisionTrials(bandit.key, bandit.reward, bandit.window)


def arms_now(bandit: CopyBandit) -> list[ArmNow]:
    """Return every wording of the place, the main text first; two statements.

    What was learned is read from what the bandit keeps; nothing of it, where that cannot be read.
    """
    inside = OuterRef("at") + timedelta(hours=bandit.window_hours)
    seen = counted_events(Event.Kind.IMPRESSION).filter(occurred_at__lte=inside)
    own = Decision.objects.filter(
        Exists(seen), experiment=bandit.key, source=Source.LIVE, customer__excluded_as=""
    )
    shown = dict(own.order_by().values_list("arm").annotate(count=Count("pk")))
    texts = {policy_of(row.variant): row for row in wordings_of(bandit.main)}
    policy = _policy_of(bandit)
    chances = _chances(bandit, policy, [name for name, row in texts.items() if row.is_served])
    found = []
    for name, row in texts.items():
        is_known = policy is not None and name in policy.arms
        tried = policy.tried(name) if policy is not None and is_known else Tried(0.0, None)
        known = bandit.arms.get(name)
        found.append(
            ArmNow(
                policy=name,
                copy=row,
                shown=shown.get(name, 0),
                trials=tried.trials,
                mean=tried.mean,
                chance=chances.get(name, 0.0),
                since=datetime.fromisoformat(known["since"]) if known else None,
            )
        )
    return found


def _policy_of(bandit: CopyBandit) -> Policy | None:
    """Return what a bandit has learned, also of one that is stopped; None where nothing can be
    read."""
    try:
        return policy_from_state(bandit.state)
    except PolicyProblem:
        return None


def _chances(bandit: CopyBandit, policy: Policy | None, live: list[str]) -> dict[str, float]:
    """Return how probable each wording is for a shopper who asks now; {} where none is drawn."""
    if bandit.status != Status.RUNNING or policy is None:
        return {}
    among = drawn_among(policy, live)
    if not among:
        return {}
    nobody = values_of(bandit.features, None) or None
    return dict(zip(policy.arms, policy.propensities(nobody, among=among).tolist(), strict=True))


def drawn_among(policy: Policy, live: list[str]) -> list[str]:
    """Return the live wordings that the policy has taken up."""
    return [name for name in live if name in policy.arms]
