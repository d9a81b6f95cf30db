"""What came of each wording: among a plan's messages, and among what a bandit may learn from."""

from dataclasses import dataclass
from datetime import timedelta

from django.db.models import Count, Exists, F, OuterRef, Q, QuerySet, Sum

from guidance.behaviour.models import Event, Source
from guidance.campaigns.models import Delivery, MessageBandit
from guidance.campaigns.selectors.choices import SURFACE
from guidance.decisions.attribution import (
    CLOCK_TOLERANCE,
    CONVERSION_WINDOW,
    OUTCOME_WINDOW,
    counted_events,
    purchases_within,
)
from guidance.decisions.models import Decision, DecisionQuerySet

Reward = MessageBandit.Reward
OPENED, CLICKED, BOUGHT = "opened", "clicked", "bought"
GOALS = (OPENED, CLICKED, BOUGHT)


@dataclass(frozen=True)
class Weighed:
    """How many messages had a success, and the sums of 1/p and of 1/p squared over those that did:
    `p` is how probable the wording was."""

    successes: int = 0
    weighed: float = 0.0
    squares: float = 0.0


@dataclass(frozen=True)
class Wording:
    """One variant of a step: its messages that were sent to shoppers, and what came of them."""

    step: int
    variant: str
    sent: int
    goals: dict[str, Weighed]
    is_by_chance: bool


def wordings_of(deliveries: QuerySet[Delivery]) -> list[Wording]:
    """Return what came of each wording among some messages; one statement.

    Of those sent, without staff and scripts. Opened is seen or clicked; both count for as long as
    they do for every decision, and a purchase within a week. Of each variant the words may be
    another's in another channel or language.
    """
    live = Event.objects.filter(customer=OuterRef("customer"), source=Source.LIVE)
    named = live.filter(
        decision=OuterRef("pk"),
        occurred_at__gte=OuterRef("sent_at") - CLOCK_TOLERANCE,
        occurred_at__lte=OuterRef("sent_at") + OUTCOME_WINDOW,
    )
    bought = Event.objects.filter(
        customer=OuterRef("customer"),
        source__in=[Source.LIVE, Source.IMPORT],
        kind=Event.Kind.PURCHASE,
        occurred_at__gte=OuterRef("sent_at"),
        occurred_at__lte=OuterRef("sent_at") + CONVERSION_WINDOW,
    )
    rows = (
        deliveries.filter(state=Delivery.State.SENT, customer__excluded_as="")
        .annotate(
            is_clicked=Exists(named.filter(kind=Event.Kind.CLICK)),
            is_seen=Exists(named.filter(kind=Event.Kind.IMPRESSION)),
            is_bought=Exists(bought),
        )
        .order_by()
        .values("step", "message__variant")
    )
    reached = {
        OPENED: Q(is_seen=True) | Q(is_clicked=True),
        CLICKED: Q(is_clicked=True),
        BOUGHT: Q(is_bought=True),
    }
    weight = 1.0 / F("propensity")
    sums = {}
    for goal, condition in reached.items():
        sums[f"{goal}_n"] = Count("pk", filter=condition)
        sums[f"{goal}_w"] = Sum(weight, filter=condition)
        sums[f"{goal}_s"] = Sum(weight * weight, filter=condition)
    told = rows.annotate(sent=Count("pk"), chance=Count("pk", filter=Q(propensity__lt=1)), **sums)
    return [
        Wording(
            step=row["step"],
            variant=row["message__variant"],
            sent=row["sent"],
            goals={
                goal: Weighed(row[f"{goal}_n"], row[f"{goal}_w"] or 0.0, row[f"{goal}_s"] or 0.0)
                for goal in GOALS
            },
            is_by_chance=row["chance"] == row["sent"],
        )
        for row in told.order_by("step", "message__variant")
    ]


def decisions_learned(bandit: MessageBandit) -> DecisionQuerySet:
    """Return a bandit's decisions with `was_rewarded`: a success within its window.

    Each message that was sent is a trial: what is never opened is no success of its words. Staff,
    scripts and replayed traffic teach nothing.
    """
    window = timedelta(hours=bandit.window_hours)
    if bandit.reward == Reward.CLICK:
        clicks = counted_events(Event.Kind.CLICK)
        success: QuerySet[Event] = clicks.filter(occurred_at__lte=OuterRef("at") + window)
    else:
        success = purchases_within(window)
    own = Decision.objects.filter(
        experiment=bandit.key, surface=SURFACE, source=Source.LIVE, customer__excluded_as=""
    )
    return own.annotate(was_rewarded=Exists(success))
