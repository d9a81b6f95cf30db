"""What a bandit would show now, and what came of what it showed."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Count, Exists, OuterRef, Q, QuerySet
from django.utils import timezone

from guidance.behaviour.models import Event, Source
from guidance.content.models import CopyBandit, PublishedCopy
from guidance.content.models.places import Placed
from guidance.content.selectors.variants import main_beside, policy_of, wordings_of
from guidance.decisions.attribution import counted_events, purchases_within
from guidance.decisions.models import Decision, DecisionQuerySet
from guidance.experiments.selectors.trials import DecisionTrials
from models_ml.policy.base import Policy
from models_ml.policy.kinds import policy_from_state

Status = CopyBandit.Status


@dataclass(frozen=True)
class ArmNow:
    """One wording: how often shoppers saw it, the successes among decisions whose time is over,
    and how probable it is now; `since` is when its knowledge begins, None for one not taken up."""

    policy: str
    copy: PublishedCopy
    shown: int
    closed: int
    rewarded: int
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


def logged_decisions(bandit: CopyBandit) -> DecisionQuerySet:
    """Return a bandit's decisions with `was_seen` and `was_rewarded`, both within its window.

    A success is one of what was seen: served is not seen. Staff and scripts teach nothing.
    """
    window = timedelta(hours=bandit.window_hours)
    inside = {"occurred_at__lte": OuterRef("at") + window}
    seen = counted_events(Event.Kind.IMPRESSION).filter(**inside)
    if bandit.reward == CopyBandit.Reward.CLICK:
        success: QuerySet[Event] = counted_events(Event.Kind.CLICK).filter(**inside)
    else:
        success = purchases_within(window)
    own = Decision.objects.filter(
        experiment=bandit.key, source=Source.LIVE, customer__excluded_as=""
    )
    return own.annotate(was_seen=Exists(seen), was_rewarded=Exists(success))


def arms_now(bandit: CopyBandit) -> list[ArmNow]:
    """Return every wording of the place, the main text first; three statements."""
    closed = Q(at__lt=timezone.now() - bandit.window, was_seen=True)
    rows = logged_decisions(bandit).order_by().values("arm")
    counts: dict[str, dict[str, Any]] = {
        row["arm"]: dict(row)
        for row in rows.annotate(
            shown=Count("pk", filter=Q(was_seen=True)),
            closed=Count("pk", filter=closed),
            rewarded=Count("pk", filter=closed & Q(was_rewarded=True)),
        )
    }
    texts = {policy_of(row.variant): row for row in wordings_of(bandit.main)}
    chances = _chances(bandit, [name for name, row in texts.items() if row.is_served])
    nothing = {"shown": 0, "closed": 0, "rewarded": 0}
    found = []
    for name, row in texts.items():
        counted = counts.get(name, nothing)
        known = bandit.arms.get(name)
        found.append(
            ArmNow(
                policy=name,
                copy=row,
                shown=counted["shown"],
                closed=counted["closed"],
                rewarded=counted["rewarded"],
                chance=chances.get(name, 0.0),
                since=datetime.fromisoformat(known["since"]) if known else None,
            )
        )
    return found


def _chances(bandit: CopyBandit, live: list[str]) -> dict[str, float]:
    """Return how probable each wording is for a shopper who asks now; {} where none is drawn."""
    if bandit.status != Status.RUNNING:
        return {}
    policy = policy_from_state(bandit.state)
    among = drawn_among(policy, live)
    if not among:
        return {}
    return dict(zip(policy.arms, policy.propensities(among=among).tolist(), strict=True))


def drawn_among(policy: Policy, live: list[str]) -> list[str]:
    """Return the live wordings that the policy has taken up."""
    return [name for name in live if name in policy.arms]
