"""What makes a report unsound whatever its numbers: it is said instead of left to be noticed."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from itertools import pairwise
from typing import Any

from django.db.models import Q
from django.utils import timezone

from guidance.core.ids import first_id, last_id
from guidance.decisions.attribution import CLOCK_TOLERANCE
from guidance.decisions.models import DecisionQuerySet
from guidance.experiments.models import Arm, Experiment
from guidance.experiments.plan import freeze


class Trouble(StrEnum):
    """Why figures cannot be believed."""

    CHANGED = "changed"
    EMPTY_ARM = "empty_arm"
    UNKNOWN_ARM = "unknown_arm"
    OUTSIDE_ITS_TIME = "outside_its_time"


@dataclass(frozen=True)
class Problem:
    """One trouble; `about` holds the arms or counts that its sentence names."""

    trouble: Trouble
    about: Mapping[str, Any] = field(default_factory=dict)


def find_problems(
    experiment: Experiment,
    arms: Sequence[Arm],
    decisions: DecisionQuerySet,
    shoppers: Mapping[str, int],
    *,
    at: datetime,
) -> Iterator[Problem]:
    """Yield what is wrong with an experiment's rows; three statements, answered by indexes.

    `decisions` are those of the report, `shoppers` how many each arm has.
    """
    if experiment.frozen and freeze(experiment, arms) != experiment.frozen:
        yield Problem(Trouble.CHANGED)
    empty = [arm.key for arm in arms if not shoppers.get(arm.key)]
    if empty and len(empty) < len(arms):
        yield Problem(Trouble.EMPTY_ARM, {"arms": ", ".join(empty)})
    if unknown := decisions.filter(_unknown(experiment)).count():
        yield Problem(Trouble.UNKNOWN_ARM, {"count": unknown})
    if outside := decisions.filter(_outside(experiment, at)).count():
        yield Problem(Trouble.OUTSIDE_ITS_TIME, {"count": outside})


def _unknown(experiment: Experiment) -> Q:
    """Return the condition that a decision names none of the arms: what lies between their keys,
    in the database's own order, so that an index answers it."""
    keys = list(experiment.arms.order_by("key").values_list("key", flat=True))
    if not keys:
        return Q()
    between = Q(arm__lt=keys[0]) | Q(arm__gt=keys[-1])
    for low, high in pairwise(keys):
        between |= Q(arm__gt=low, arm__lt=high)
    return between


def _outside(experiment: Experiment, at: datetime) -> Q:
    """Return the condition that a decision was made before the start, after the stop or in the
    future: its id tells by our own clock, whatever moment a replay stands for."""
    last = min(experiment.stopped_at or at, timezone.now())
    late = Q(pk__gt=last_id(last + CLOCK_TOLERANCE))
    if experiment.started_at is None:
        return late
    return late | Q(pk__lt=first_id(experiment.started_at - CLOCK_TOLERANCE))
