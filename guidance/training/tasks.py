"""Background tasks of training: the nightly run."""

from django.conf import settings
from django.utils import timezone

from guidance.training.hooks import recipes
from guidance.training.models import TrainingRun
from guidance.training.services import AlreadyTraining, request_training


def train_nightly() -> int:
    """Ask for one training of every recipe in the hour (UTC) that the settings name.

    Returns how many were asked for. Workers call this every few minutes; a run of the same night
    is never asked for twice.
    """
    now = timezone.now()
    if settings.TRAINING_HOUR is None or now.hour != settings.TRAINING_HOUR:
        return 0
    hour = now.replace(minute=0, second=0, microsecond=0)
    asked = 0
    for recipe in recipes():
        if TrainingRun.objects.filter(recipe=recipe.key, created_at__gte=hour).exists():
            continue
        try:
            request_training(recipe_key=recipe.key, requested_by=None)
        except AlreadyTraining:
            continue
        asked += 1
    return asked
