"""What came of each wording among a plan's messages."""

from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from django.db.models import Count, Exists, F, OuterRef, Q, QuerySet, Sum

from guidance.behaviour.models import Event, Source
from guidance.campaigns.models import Delivery
from guidance.decisions.attribution import (
    CLOCK_TOLERANCE,
    CONVERSION_WINDOW,
    OUTCOME_WINDOW,
)
from guidance.experiments.samples import MeanSample
from guidance.experiments.statistics import (
    Estimate,
    NotMeasured,
    mean_interval,
    wilson_interval,
)

OPENED, CLICKED, BOUGHT = "opened", "clicked", "bought"
GOALS = (OPENED, CLICKED, BOUGHT)


@dataclass
class Goal:
    """Of some messages, how many reached a goal; and, over those of them whose wording was drawn,
    the sums of 1/p and of 1/p squared, `p` being how probable the wording was."""

    reached: int = 0
    weighed: float = 0.0
    squares: float = 0.0

    def add(self, other: "Goal") -> None:
        self.reached += other.reached
        self.weighed += other.weighed
        self.squares += other.squares


@dataclass
class Wording:
    """A variant of a step: how many of its messages were sent, and in how many of them the wording
    was drawn by chance."""

    step: int
    variant: str
    sent: int = 0
    drawn: int = 0
    goals: dict[str, Goal] = field(default_factory=lambda: {goal: Goal() for goal in GOALS})

    def add(self, other: "Wording") -> None:
        self.sent += other.sent
        self.drawn += other.drawn
        for name, goal in self.goals.items():
            goal.add(other.goals[name])

    def rate(self, goal: str) -> Estimate | NotMeasured:
        """Return the share of messages that reached a goal, with its interval."""
        return wilson_interval(self.goals[goal].reached, self.sent)


@dataclass
class Cell:
    """The wordings among which those to whom one plan speaks over one channel in one language get
    one."""

    wordings: dict[str, Wording] = field(default_factory=dict)

    @property
    def drawn(self) -> int:
        return sum(one.drawn for one in self.wordings.values())


@dataclass
class Step:
    """A step's wordings, together and by plan, channel and language."""

    number: int
    whole: dict[str, Wording] = field(default_factory=dict)
    cells: dict[tuple[UUID, str, str], Cell] = field(default_factory=dict)

    def difference(
        self, first: str, second: str, goal: str, *, confidence: float
    ) -> Estimate | NotMeasured:
        """Return by how much the share that reaches a goal is higher with the first wording.

        Each message weighs as much as its wording was improbable (Horvitz and Thompson 1952), so
        that shares which differ by shopper, or changed while a bandit learned, tell no lie. Only
        plans, channels and languages in which both were drawn count: elsewhere one of them had no
        probability at all.
        """
        count, total, squares = 0, 0.0, 0.0
        for cell in self.cells.values():
            one, other = cell.wordings.get(first), cell.wordings.get(second)
            if one is None or other is None or not one.drawn or not other.drawn:
                continue
            count += cell.drawn
            total += one.goals[goal].weighed - other.goals[goal].weighed
            squares += one.goals[goal].squares + other.goals[goal].squares
        return mean_interval(MeanSample(count, total, squares), confidence=confidence)


def wordings_by_step(deliveries: QuerySet[Delivery]) -> dict[int, Step]:
    """Return what came of each wording among some messages, by step; one statement.

    Of those sent, without staff and scripts. Opened is seen or clicked; each counts for as long as
    for every decision, and a purchase within a week.
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
        .values("plan", "step", "channel", "message__language", "message__variant")
        .annotate(sent=Count("pk"), drawn=Count("pk", filter=_DRAWN), **_sums())
    )
    steps: dict[int, Step] = {}
    told: Any = rows.order_by("step", "plan", "channel", "message__language")
    for row in told:
        number, variant = row["step"], row["message__variant"]
        goals = {
            goal: Goal(row[f"{goal}_n"], row[f"{goal}_w"] or 0.0, row[f"{goal}_s"] or 0.0)
            for goal in GOALS
        }
        found = Wording(number, variant, row["sent"], row["drawn"], goals)
        step = steps.setdefault(number, Step(number))
        place = (row["plan"], row["channel"], row["message__language"])
        cell = step.cells.setdefault(place, Cell())
        cell.wordings[variant] = found
        step.whole.setdefault(variant, Wording(number, variant)).add(found)
    for step in steps.values():
        step.whole = dict(sorted(step.whole.items()))
    return steps


_DRAWN = Q(propensity__lt=1.0)
_REACHED = {
    OPENED: Q(is_seen=True) | Q(is_clicked=True),
    CLICKED: Q(is_clicked=True),
    BOUGHT: Q(is_bought=True),
}


def _sums() -> dict[str, Any]:
    weight = 1.0 / F("propensity")
    sums: dict[str, Any] = {}
    for goal, reached in _REACHED.items():
        sums[f"{goal}_n"] = Count("pk", filter=reached)
        sums[f"{goal}_w"] = Sum(weight, filter=reached & _DRAWN)
        sums[f"{goal}_s"] = Sum(weight * weight, filter=reached & _DRAWN)
    return sums
