"""Segments: every metric of every treatment among shoppers of one kind, all one family of tests.

Tier and language are those of the first decision: what a shopper became since may be the arm's
doing, and would compare a selection. As of a past moment the sums are counted from the decisions
made and the events received by then, as the report's are.
"""

from array import array
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import chain

import numpy as np
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.utils import timezone

from guidance.behaviour.models import Event, Source
from guidance.decisions.models import Decision
from guidance.experiments.models import Arm, Experiment, Metric, Unit
from guidance.experiments.selectors.chosen import zone_of
from guidance.experiments.selectors.comparing import reading_of
from guidance.experiments.selectors.scope import Scope
from guidance.experiments.selectors.sums import ArmTotal, Days, kept_days, raw_days_of, total_of
from guidance.experiments.statistics import (
    Comparison,
    Corrected,
    NotMeasured,
    Question,
    correct,
    is_clear,
    measure,
)

# Of a kind with many values, such as languages, those with the most shoppers are looked at: each
# more makes every other one harder to tell.
MOST_VALUES = 6
KINDS = ("tier", "language", "history")
# No tier, language or history is called so.
REST = "*"


@dataclass(frozen=True)
class Segment:
    """One treatment against the control in one metric, among the shoppers of a value of a kind.

    `corrected` is among all metrics, treatments and segments together (Holm).
    """

    kind: str
    value: str
    arm: Arm
    metric: Metric
    control_shoppers: int
    shoppers: int
    found: Comparison | NotMeasured
    corrected: Corrected | NotMeasured

    @property
    def is_clear(self) -> bool:
        return is_clear(self.found, self.corrected)


@dataclass(frozen=True)
class Part:
    """What the arms' shoppers of one value of a kind add up to; of `REST`, of all values that are
    not looked at."""

    kind: str
    value: str
    totals: Mapping[str, ArmTotal]


def segments_of(
    experiment: Experiment, metrics: Mapping[str, Metric], as_of: datetime | None = None
) -> list[Segment]:
    """Return every segment's comparisons, kind by kind, the largest value first."""
    return segments_in(experiment, metrics, parts_of(experiment, metrics, as_of))


def parts_of(
    experiment: Experiment, metrics: Mapping[str, Metric], as_of: datetime | None = None
) -> list[Part]:
    """Return what each segment adds up to, kind by kind, the largest value first.

    Three statements, and a few more for each segment, from the sums kept of its shoppers.
    """
    arms = list(experiment.arms.all())
    zone, now = zone_of(experiment), as_of or timezone.now()

    def part(kind: str, value: str, days: Days) -> Part:
        totals = {
            arm.key: total_of(days, metrics.values(), arm=arm.key, at=now, zone=zone)
            for arm in arms
        }
        return Part(kind, value, totals)

    return [part(*told) for told in _sums(experiment, metrics, as_of)]


def segments_in(
    experiment: Experiment, metrics: Mapping[str, Metric], parts: Sequence[Part]
) -> list[Segment]:
    """Return the comparisons of parts, all corrected as one family."""
    arms = list(experiment.arms.all())
    control = next((arm for arm in arms if arm.is_control), None)
    if control is None:
        return []
    reading = reading_of(experiment)
    asked = []
    for part in parts:
        for metric in metrics.values() if part.value != REST else ():
            for arm in arms:
                if arm is not control:
                    samples = (part.totals[one.key].sample(metric) for one in (control, arm))
                    asked.append((part, arm, metric, reading.read(measure(*samples))))
    questions = {
        Question(metric.key, arm.key, f"{part.kind}:{part.value}"): found
        for part, arm, metric, found in asked
    }
    corrected = correct(questions)
    return [
        Segment(
            kind=part.kind,
            value=part.value,
            arm=arm,
            metric=metric,
            control_shoppers=part.totals[control.key].counts["shoppers"],
            shoppers=part.totals[arm.key].counts["shoppers"],
            found=found,
            corrected=corrected[Question(metric.key, arm.key, f"{part.kind}:{part.value}")],
        )
        for part, arm, metric, found in asked
    ]


def _sums(
    experiment: Experiment, metrics: Mapping[str, Metric], as_of: datetime | None
) -> Iterator[tuple[str, str, Days]]:
    """Yield kind, value and sums of each group, whose shoppers are held while it is counted."""
    scope, asked = Scope(experiment, zone_of(experiment).key), list(metrics.values())
    groups = _groups(experiment, as_of)
    first = next(groups, None)
    if first is None:  # the past is not counted to divide nothing
        return
    named: list[tuple[str, str]] = []

    def customers() -> Iterator[list[int]]:
        for kind, value, ids in chain([first], groups):
            named.append((kind, value))
            yield ids

    sums: Iterator[Days]
    if as_of is None:
        sums = (kept_days(replace(scope, customers=ids), asked) for ids in customers())
    else:
        sums = raw_days_of(replace(scope, received_by=as_of), asked, customers())
    for days in sums:
        yield *named[-1], days


def _units(experiment: Experiment, as_of: datetime | None) -> QuerySet[Unit]:
    """Return who is in the figures; as of a past moment, who had met the experiment by then:
    whether they were left out is known once their rows are counted."""
    units = Unit.objects.filter(experiment=experiment)
    if as_of is None:
        return units.filter(left_out="")
    own = Decision.objects.of_experiment(experiment.key).filter(source=experiment.source)
    return units.filter(Exists(own.received_by(as_of).filter(customer=OuterRef("customer"))))


def _groups(experiment: Experiment, as_of: datetime | None) -> Iterator[tuple[str, str, list[int]]]:
    """Yield each kind's values with their shoppers; a kind of one value says nothing new."""
    ids, places, traits = _shoppers(experiment, as_of)
    sizes = np.bincount(places, minlength=len(traits))
    for number, kind in enumerate(KINDS):
        counts: Counter[str] = Counter()
        for told, size in zip(traits, sizes.tolist(), strict=True):
            counts[told[number]] += size
        if len(counts) < 2:
            continue
        looked_at = sorted(counts, key=lambda value: (-counts[value], value))[:MOST_VALUES]
        values = np.array([told[number] for told in traits], dtype=object)
        for value in looked_at:
            yield kind, value, ids[(values == value)[places]].tolist()
        if len(counts) > len(looked_at):
            is_rest = np.array([value not in looked_at for value in values])
            yield kind, REST, ids[is_rest[places]].tolist()


def _shoppers(
    experiment: Experiment, as_of: datetime | None
) -> tuple[np.ndarray, np.ndarray, list[tuple[str, ...]]]:
    """Return who is in the figures, and for each the place of their traits in a list of what there
    is, a value for each of `KINDS`: twelve bytes a shopper."""
    before = Event.objects.filter(
        ~Q(source=Source.REPLAY) | Q(source=experiment.source),
        customer=OuterRef("customer"),
        occurred_at__lt=OuterRef("exposed_at"),
    ).exclude(kind=Event.Kind.IMPRESSION)
    if as_of is not None:
        before = before.filter(received_at__lte=as_of)
    units = _units(experiment, as_of).annotate(known=Exists(before)).order_by()
    ids, places, met = array("q"), array("i"), dict[tuple[str, ...], int]()
    for customer, tier, language, known in units.values_list(
        "customer", "tier", "language", "known"
    ).iterator():
        ids.append(customer)
        places.append(met.setdefault((tier, language, "known" if known else "new"), len(met)))
    return np.asarray(ids, np.int64), np.asarray(places, np.int32), list(met)
