"""Retraining by itself: policies kept, drift measured, trainings asked for where they are due."""

from dataclasses import asdict
from datetime import timedelta
from typing import Any

from django.apps import apps as installed
from django.apps.registry import Apps
from django.db import transaction
from django.utils import timezone

from guidance.core.locks import hold_lock
from guidance.core.models import User
from guidance.core.services import record_audit
from guidance.training.due import find_cause
from guidance.training.hooks import recipe, recipes
from guidance.training.models import DriftReading, RetrainingPolicy, TrainingRun
from guidance.training.selectors import active_run, latest_reading, situation
from guidance.training.services.runs import request_training

# A reading ranks for hundreds of shoppers, and what it compares are days: once an hour will do.
READING_EVERY = timedelta(hours=1)
READINGS_KEPT = timedelta(days=400)


def ensure_policies(*, apps: Apps = installed, **kwargs: Any) -> None:
    """Give every registered recipe its retraining, daily at first; runs after migrations, those
    back to a time before the table too.
    """
    if "retrainingpolicy" not in apps.all_models["training"]:
        return
    for one in recipes():
        RetrainingPolicy.objects.get_or_create(recipe=one.key)


@transaction.atomic
def save_policy(*, policy: RetrainingPolicy, changed: list[str], actor: User) -> None:
    """Write what a person changed, and nothing else: settings may have been kept meanwhile. The
    next evaluation goes by it.
    """
    if not changed:
        return
    policy.save(update_fields=[*changed, "updated_at"])
    record_audit(
        actor=actor,
        verb="change_retraining",
        target=policy,
        details={name: getattr(policy, name) for name in changed},
    )


def measure_drift(*, recipe_key: str) -> DriftReading | None:
    """Measure a recipe's drift and keep the reading; None where it was read within the hour.

    The measuring itself holds no transaction. Of two workers that measured at once one keeps its
    reading.
    """
    if not _reading_is_due(recipe_key):
        return None
    measures = [asdict(one) for one in recipe(recipe_key).measure_drift()]
    with transaction.atomic():
        hold_lock(f"training.drift.{recipe_key}")
        if not measures or not _reading_is_due(recipe_key):
            return None
        old = timezone.now() - READINGS_KEPT
        DriftReading.objects.filter(recipe=recipe_key, at__lt=old).delete()
        return DriftReading.objects.create(recipe=recipe_key, measures=measures)


def _reading_is_due(recipe_key: str) -> bool:
    reading = latest_reading(recipe_key)
    return reading is None or timezone.now() - reading.at >= READING_EVERY


@transaction.atomic
def request_due_training(*, recipe_key: str) -> TrainingRun | None:
    """Ask for a training where the recipe's policy finds a cause; None where it finds none.

    The lock that every request holds is taken before looking, so that of two workers the second
    sees the run that the first asked for.
    """
    hold_lock(f"training.{recipe_key}")
    policy = RetrainingPolicy.objects.filter(recipe=recipe_key).first()
    if policy is None or not policy.is_active or active_run(recipe_key) is not None:
        return None
    if not recipe(recipe_key).is_ready():
        return None
    cause = find_cause(policy, situation(recipe_key), timezone.now())
    if cause is None:
        return None
    return request_training(recipe_key=recipe_key, requested_by=None, cause=cause)
