"""Rows of experiments: experiments, running ones with their arms, and holdouts."""

from collections.abc import Mapping
from typing import Any

from django.utils import timezone

from guidance.experiments.models import Arm, Bandit, Experiment, Holdout, Metric
from guidance.experiments.services import open_bandit
from tests.factories.numbers import next_number


def experiment(**given: Any) -> Experiment:
    n = next_number()
    return Experiment.objects.create(
        **{"key": f"test-{n}", "name": f"Test {n}", "surface": f"s-{n}", **given}
    )


def running_experiment(*, arms: Mapping[str, str], **given: Any) -> Experiment:
    """Put an experiment on `home` in force whose arms, by key, get these policies in equal parts;
    the first is the control."""
    now = timezone.now()
    plan = {"surface": "home", "status": "running", "approved_at": now, "started_at": now}
    made = experiment(**{**plan, **given})
    Arm.objects.bulk_create(
        Arm(
            experiment=made,
            key=key,
            policy=policy,
            weight=round(1 / len(arms), 4),
            is_control=not place,
        )
        for place, (key, policy) in enumerate(arms.items())
    )
    return made


def holdout(**given: Any) -> Holdout:
    """Past ones, unless given otherwise: only one may be active."""
    now = timezone.now()
    plan = {"key": f"held-{next_number()}", "share": "0.1", "is_active": False, "ended_at": now}
    return Holdout.objects.create(**{**plan, **given})


def bandit(**given: Any) -> Bandit:
    """One that runs between two steps of an onboarding and has learned nothing yet."""
    asked = {"key": f"bandit-{next_number()}", "surface": "onboarding", "actor": None}
    return open_bandit(**{**asked, "arms": ["add-photo", "follow-brand"], **given})


def metric(**given: Any) -> Metric:
    """Newsletters left, unless given otherwise."""
    n = next_number()
    plan = {"key": f"metric-{n}", "name": f"Metric {n}", "kind": "proportion"}
    return Metric.objects.create(**{**plan, "event_kinds": ["unsubscribe"], **given})
