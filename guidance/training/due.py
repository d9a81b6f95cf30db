"""Whether a recipe is due to be trained again, and why: decided from figures alone."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from guidance.core.models import User
from guidance.training.models import DriftReading, RetrainingPolicy, TrainingRun

Trigger = TrainingRun.Trigger


@dataclass(frozen=True)
class Cause:
    """What asks for a training: the trigger, and the figures that `labels` puts into words."""

    trigger: str
    figures: dict[str, Any] = field(default_factory=dict)

    @classmethod
    def asked_by(cls, person: User | None) -> "Cause":
        return cls(Trigger.COMMAND if person is None else Trigger.PERSON)


@dataclass(frozen=True)
class Situation:
    """What is known when triggers are evaluated.

    `last` is the latest training whatever came of it, so that one which fails is not asked for
    again at once; growth counts from the latest that succeeded. `awaits_decision` tells that the
    newest version is a candidate that nobody promoted or replaced yet.
    """

    last: TrainingRun | None
    last_succeeded: TrainingRun | None
    data_size: int | None
    reading: DriftReading | None
    awaits_decision: bool

    @property
    def growth(self) -> float | None:
        """The share by which events grew; infinite from none at all, None where unknown."""
        if self.last_succeeded is None or self.last_succeeded.data_size is None:
            return None
        if self.data_size is None:
            return None
        before = self.last_succeeded.data_size
        if not before:
            return float("inf") if self.data_size else 0.0
        return self.data_size / before - 1.0

    @property
    def fresh_reading(self) -> DriftReading | None:
        """The reading, unless a training is under way or ended since: what was measured before its
        end is what that training was to cure.
        """
        ended = self.last.job.finished_at if self.last else None
        if self.reading is None or ended is None or self.reading.at <= ended:
            return None
        return self.reading


def find_cause(policy: RetrainingPolicy, situation: Situation, now: datetime) -> Cause | None:
    """Return why the recipe is due at `now`, the schedule before all others; None where it is not.

    Growth, drift and loss wait until the rest after the last training is over.
    """
    if not policy.is_active:
        return None
    if (planned := next_scheduled(policy, situation.last, now)) is not None and planned <= now:
        return Cause(Trigger.SCHEDULE, {"days": policy.every_days, "planned": planned.isoformat()})
    if rests_until(policy, situation.last) > now:
        return None
    return _growth(policy, situation) or _drift(policy, situation) or _loss(policy, situation)


def next_scheduled(
    policy: RetrainingPolicy, last: TrainingRun | None, now: datetime
) -> datetime | None:
    """Return when the schedule asks for the next training, in UTC; None without a schedule.

    A recipe never trained is asked for when the hour comes round, not at once.
    """
    if policy.every_days is None:
        return None
    if last is None:
        today = _at_hour(now, policy.at_hour)
        return today if now < today + timedelta(hours=1) else today + timedelta(days=1)
    return _at_hour(last.created_at, policy.at_hour) + timedelta(days=policy.every_days)


def rests_until(policy: RetrainingPolicy, last: TrainingRun | None) -> datetime:
    """Return when growth, drift and loss may start the next training."""
    if last is None:
        return datetime.min.replace(tzinfo=UTC)
    return last.created_at + timedelta(hours=policy.cooldown_hours)


def _at_hour(moment: datetime, hour: int) -> datetime:
    return moment.astimezone(UTC).replace(hour=hour, minute=0, second=0, microsecond=0)


def _growth(policy: RetrainingPolicy, situation: Situation) -> Cause | None:
    growth = situation.growth
    if policy.growth_percent is None or growth is None or situation.last_succeeded is None:
        return None
    # Whole events are compared, so that exactly the wanted percentage counts as reached.
    before, now = situation.last_succeeded.data_size or 0, situation.data_size or 0
    if growth <= 0 or now * 100 < before * (100 + policy.growth_percent):
        return None
    return Cause(Trigger.GROWTH, {"before": before, "now": now, "limit": policy.growth_percent})


def _drift(policy: RetrainingPolicy, situation: Situation) -> Cause | None:
    worst = largest(_measures(situation, "inputs"))
    if policy.input_drift is None or worst is None or worst["size"] < policy.input_drift:
        return None
    return Cause(
        Trigger.DRIFT,
        {"measure": worst["key"], "index": worst["size"], "limit": policy.input_drift},
    )


def _loss(policy: RetrainingPolicy, situation: Situation) -> Cause | None:
    """A candidate that waits for a person may be the very cure: it is not trained again."""
    worst = largest(_measures(situation, "quality"))
    limit = policy.quality_loss_percent
    if limit is None or worst is None or situation.awaits_decision or worst["size"] * 100 < limit:
        return None
    return Cause(
        Trigger.QUALITY,
        {
            "measure": worst["key"],
            "before": worst["before"]["value"],
            "now": worst["now"]["value"],
            "limit": limit,
        },
    )


def _measures(situation: Situation, group: str) -> list[dict[str, Any]]:
    reading = situation.fresh_reading
    return [one for one in reading.measures if one["group"] == group] if reading else []


def largest(measures: Iterable[dict[str, Any]]) -> dict[str, Any] | None:
    """Return the largest of those that are no accident of few events."""
    certain = [one for one in measures if one["certain"]]
    return max(certain, key=lambda one: one["size"], default=None)
