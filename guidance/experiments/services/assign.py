"""Assignment: the arm of one shopper on one surface.

The order is that of the published scheme: the holdout before everything, then of each experiment
its namespace, its conditions and its buckets. The answer depends on what is asked and on rows that
never change while they are asked for, so it needs no memory.

An anonymous visitor who logs in is from then on the customer they became, on every device: `unit`
is the customer's pseudonym. Where that pseudonym falls into another arm than the visitor's did, the
shopper has met two arms, is left out of every figure and counted there; where not, their earlier
decisions are the customer's own and they count once.
"""

from collections import defaultdict
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import groupby
from typing import Any, NamedTuple

from django.db.models import F, JSONField, Q, QuerySet, Value

from guidance.behaviour.models import Source
from guidance.core.compiled import AnyOf, CompiledQuery, Parameter
from guidance.experiments.assignment import (
    bucket_of,
    bucket_ranges,
    choose_variation,
    in_namespace,
)
from guidance.experiments.models import Arm, Experiment, Holdout
from guidance.experiments.targeting.attributes import attributes_of
from guidance.experiments.targeting.conditions import matches

HELD_OUT = "held-out"
# The surface that a holdout is said to be on.
EVERYWHERE = ""


@dataclass(frozen=True)
class Assignment:
    """The running experiment's key, the arm's key and the policy that arm gets.

    Of the held out, `experiment` is the holdout's key, `arm` is `HELD_OUT` and `policy` is '':
    whatever the surface shows where no model and no test is. `shares` are those of all arms among
    those who take part, 0 to 1, each with the policy that it gets.
    """

    experiment: str
    arm: str
    policy: str
    shares: Sequence[tuple[str, float]] = field(default=(("", 1.0),), compare=False)

    @property
    def is_held_out(self) -> bool:
        return self.arm == HELD_OUT


class Row(NamedTuple):
    """One arm of an experiment that may hold the unit, or the holdout (`is_holdout`)."""

    is_holdout: bool
    experiment: str
    seed: str
    hash_version: int
    coverage: Any
    namespace: str
    namespace_from: Any
    namespace_to: Any
    targeting: Any
    position: int
    arm: str
    policy: str
    weight: Any
    is_control: bool
    subject: str

    @property
    def salt(self) -> str:
        return self.seed or self.experiment


def assign(
    *,
    surface: str,
    unit: str,
    source: str,
    subject: str = "",
    attributes: Mapping[str, Any] | None = None,
) -> Assignment | None:
    """Return the unit's arm in an experiment running on this surface for this traffic.

    `unit` is the shopper's pseudonym (after a merge, the one merged into); `subject` is what
    within the surface is asked about: an experiment without a subject holds for all of them.
    `attributes` overrides what is known of the shopper, which is read (two statements) only where
    an experiment that would hold the unit has conditions. None where no experiment runs, the unit
    is unknown (an empty string) or no experiment holds it. One indexed statement; a shared cache
    would cost the same and serve an experiment that has been stopped.
    """
    if not unit:
        return None
    rows = [Row(*row) for row in _RUNNING.rows(surface=surface, subject=subject, source=source)]
    if (held := _held_out(rows, unit, source)) is not None:
        return held
    return next(_assignments(rows, unit, _known_once(unit, attributes or {})), None)


def assign_subjects(
    *, surface: str, unit: str, source: str, subjects: Collection[str]
) -> dict[str, Assignment]:
    """Return the unit's arm of each of these subjects that an experiment of its own runs for.

    Experiments without a subject are left out, else it is as `assign` says: the held out are so for
    every subject under test. One statement however many subjects, and two where there are
    conditions.
    """
    if not unit or not subjects:
        return {}
    found = _RUNNING_FOR.rows(surface=surface, subjects=list(subjects), source=source)
    rows = [Row(*row) for row in found]
    by_subject: defaultdict[str, list[Row]] = defaultdict(list)
    for row in rows:
        if not row.is_holdout:
            by_subject[row.subject].append(row)
    if (held := _held_out(rows, unit, source)) is not None:
        return dict.fromkeys(by_subject, held)
    known = _known_once(unit, {})
    arms = {
        subject: next(_assignments(own, unit, known), None) for subject, own in by_subject.items()
    }
    return {subject: arm for subject, arm in arms.items() if arm is not None}


def _held_out(rows: list[Row], unit: str, source: str) -> Assignment | None:
    for row in rows:
        if row.is_holdout and source == Source.LIVE and _is_held_out(row, unit):
            return Assignment(row.experiment, HELD_OUT, "")
    return None


def _known_once(unit: str, told: Mapping[str, Any]) -> Callable[[], Mapping[str, Any]]:
    """Return what reads what is known of the unit when it is first asked, and once."""
    known: list[Mapping[str, Any]] = []

    def attributes_known() -> Mapping[str, Any]:
        if not known:
            known.append({**attributes_of(unit), **told})
        return known[0]

    return attributes_known


def _assignments(
    rows: list[Row], unit: str, attributes: Callable[[], Mapping[str, Any]]
) -> Iterator[Assignment]:
    """Yield the unit's arm of each experiment that holds it; namespaces leave at most one."""
    tested = sorted(
        (row for row in rows if not row.is_holdout),
        key=lambda row: (row.experiment, row.position, not row.is_control, row.arm),
    )
    for _key, group in groupby(tested, key=lambda row: row.experiment):
        arms = list(group)
        first = arms[0]
        if first.namespace and not in_namespace(
            unit=unit,
            namespace=first.namespace,
            start=float(first.namespace_from),
            end=float(first.namespace_to),
        ):
            continue
        if first.targeting and not matches(first.targeting, attributes()):
            continue
        if (chosen := _arm_of(arms, unit)) is not None:
            shares = [(row.policy, float(row.weight)) for row in arms]
            yield Assignment(chosen.experiment, chosen.arm, chosen.policy, shares)


def _arm_of(arms: list[Row], unit: str) -> Row | None:
    first = arms[0]
    bucket = bucket_of(seed=first.salt, unit=unit, version=first.hash_version)
    if bucket is None:
        return None
    ranges = bucket_ranges(
        len(arms), coverage=float(first.coverage), weights=[float(arm.weight) for arm in arms]
    )
    index = choose_variation(bucket, ranges)
    return None if index is None else arms[index]


def _is_held_out(holdout: Row, unit: str) -> bool:
    bucket = bucket_of(seed=holdout.salt, unit=unit)
    return bucket is not None and bucket < float(holdout.coverage)


def surfaces_tested() -> set[tuple[str, str]]:
    """Return surface and traffic of every running experiment; elsewhere nobody is in an arm.

    With a holdout, `EVERYWHERE` and live traffic is among them.
    """
    running = Experiment.objects.filter(status=Experiment.Status.RUNNING)
    held = Holdout.objects.filter(is_active=True).values_list(Value(EVERYWHERE), Value("live"))
    return set(running.order_by().values_list("surface", "source").union(held.order_by()))


def _running(subjects: Q) -> QuerySet[Any, Any]:
    arms = Arm.objects.filter(
        subjects,
        experiment__surface=Parameter("surface"),
        experiment__source=Parameter("source"),
        experiment__status=Experiment.Status.RUNNING,
    )
    held = Holdout.objects.filter(is_active=True)
    return (
        arms.order_by()
        .values_list(
            Value(False),
            *("experiment__key", "experiment__seed", "experiment__hash_version"),
            *("experiment__coverage", "experiment__namespace"),
            *("experiment__namespace_from", "experiment__namespace_to", "experiment__targeting"),
            *("position", "key", "policy", "weight", "is_control", "experiment__subject"),
        )
        .union(
            held.order_by().values_list(
                Value(True),
                *("key", "seed", Value(2), "share", Value("")),
                *(Value(0), Value(1), Value({}, JSONField())),
                *(Value(0), Value(""), Value(""), Value(1), Value(False), Value("")),
            ),
            all=True,
        )
    )


# What every request asks: one experiment's arms as a rule, and the holdout where there is one.
_RUNNING = CompiledQuery(
    lambda: _running(Q(experiment__subject="") | Q(experiment__subject=Parameter("subject")))
)
_RUNNING_FOR = CompiledQuery(lambda: _running(Q(AnyOf(F("experiment__subject"), "subjects"))))
