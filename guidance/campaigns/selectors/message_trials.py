"""What bandits among wordings learn from: each message that was sent is a trial.

What is never opened is no success of its words, so that no impression is asked for. A trial is
judged once its window and the grace for what is still on its way are over, by what was received
until then; what is received later is a correction.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Exists, OuterRef, Q, QuerySet

from guidance.behaviour.models import Event, Source
from guidance.campaigns.models import MessageBandit
from guidance.campaigns.selectors.choices import SURFACE
from guidance.decisions.attribution import counted_events, purchases_within
from guidance.decisions.models import Decision, DecisionQuerySet
from guidance.experiments.selectors.trials import AT_ONCE, GRACE, Batch, Trial, corrected_since

FIELDS = ("at", "arm", "context", "learned", "came_to")


@dataclass(frozen=True)
class MessageTrials:
    """The trials of one bandit, as `experiments.services.learning.Trials` wants them. Staff,
    scripts and replayed traffic teach nothing."""

    key: str
    reward: str
    window: timedelta

    @classmethod
    def of(cls, bandit: MessageBandit) -> "MessageTrials":
        return cls(bandit.key, bandit.reward, bandit.window)

    @property
    def open_for(self) -> timedelta:
        return self.window + GRACE[self.reward]

    def new(self, since: datetime, until: datetime, heard: datetime) -> Batch:
        """Return the trials of the next messages; see `DecisionTrials.new`."""
        rows = self._read(
            self._own().filter(at__gte=since, at__lt=until), heard, self._known(heard)
        )
        found = list(rows[: AT_ONCE + 1])
        if len(found) > AT_ONCE:
            until = found[-1].at
            found = [row for row in found if row.at < until]
        return Batch([_trial(row) for row in found], len(found), until)

    def late(self, before: datetime, heard: datetime, now: datetime) -> list[Trial]:
        """Return judged trials that what was received after `heard` changes; see
        `DecisionTrials.late`."""
        own = self._own().filter(at__gte=corrected_since(now), at__lt=before)
        news = self._successes().filter(received_at__gt=heard, received_at__lte=now)
        rows: Iterable[Any] = self._read(own.filter(Exists(news)), heard, Q(received_at__lte=now))
        return [_trial(row, float(row.learned)) for row in rows if row.learned != row.came_to]

    def _own(self) -> DecisionQuerySet:
        return Decision.objects.filter(
            experiment=self.key, surface=SURFACE, source=Source.LIVE, customer__excluded_as=""
        )

    def _successes(self) -> QuerySet[Event]:
        """Return what makes the outer message a success within its window."""
        if self.reward == MessageBandit.Reward.PURCHASE:
            return purchases_within(self.window)
        clicks = counted_events(Event.Kind.CLICK)
        return clicks.filter(occurred_at__lte=OuterRef("at") + self.window)

    def _known(self, heard: datetime) -> Q:
        """Return the condition that an event was there when its message was learned."""
        return Q(received_at__lte=heard) | Q(received_at__lte=OuterRef("at") + self.open_for)

    def _read(self, rows: DecisionQuerySet, heard: datetime, came_to: Q) -> QuerySet[Decision, Any]:
        successes = self._successes()
        told = rows.annotate(
            learned=Exists(successes.filter(self._known(heard))),
            came_to=Exists(successes.filter(came_to)),
        )
        return told.order_by("at", "pk").values_list(*FIELDS, named=True)


def _trial(row: Any, learned: float | None = None) -> Trial:
    return Trial(row.at, row.arm, row.context, row.arm, float(row.came_to), learned)
