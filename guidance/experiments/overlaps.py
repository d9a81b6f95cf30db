"""Experiments that would meet the same shoppers at the same thing."""

from collections.abc import Iterator

from django.db.models import QuerySet
from django.utils.translation import gettext as _

from guidance.experiments.hooks import testable_of
from guidance.experiments.models import Experiment


def overlap_problems(experiment: Experiment) -> list[str]:
    """Return why an experiment cannot start beside those that run now; one statement."""
    return [
        problem for other in _running_beside(experiment) if (problem := _overlap(experiment, other))
    ]


def met_elsewhere(experiment: Experiment) -> Iterator[Experiment]:
    """Yield those that run now on other surfaces and may hold the same shoppers."""
    for other in _running_beside(experiment):
        if not _same_thing(experiment, other) and not _excluded(experiment, other):
            yield other


def _running_beside(experiment: Experiment) -> QuerySet[Experiment]:
    return Experiment.objects.filter(
        status=Experiment.Status.RUNNING, source=experiment.source
    ).exclude(pk=experiment.pk)


def _overlap(one: Experiment, other: Experiment) -> str:
    if _excluded(one, other):
        return ""
    if one.namespace and one.namespace == other.namespace:
        return _(
            "“%(other)s” runs in the same namespace and its range overlaps: %(low)s to %(high)s."
        ) % {"other": other.name, "low": other.namespace_from, "high": other.namespace_to}
    if _same_thing(one, other):
        return _(
            "Another experiment runs on this surface for this traffic: “%(other)s”. Stop it "
            "first, or give both a namespace with ranges of their own."
        ) % {"other": other.name}
    return ""


def _same_thing(one: Experiment, other: Experiment) -> bool:
    """An experiment without a subject holds for all of its surface that is of its kind: what a
    product page recommends and what is written on it are tested beside each other."""
    if one.surface != other.surface or _kind(one) != _kind(other):
        return False
    return not one.subject or not other.subject or one.subject == other.subject


def _kind(one: Experiment) -> str:
    testable = testable_of(one.surface, one.subject)
    return testable.key if testable else ""


def _excluded(one: Experiment, other: Experiment) -> bool:
    """Whether nobody can be in both."""
    return bool(one.namespace) and (
        one.namespace == other.namespace
        and (one.namespace_to <= other.namespace_from or other.namespace_to <= one.namespace_from)
    )
