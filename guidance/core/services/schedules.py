"""Schedules: what the apps registered is what django-q2 runs."""

from django.db import transaction
from django_q.models import Schedule

from guidance.core.hooks import schedules


@transaction.atomic
def sync_schedules() -> None:
    """Bring django-q2's table to what is registered, touching nothing that people added."""
    wanted = {recurring.key: recurring for recurring in schedules()}
    Schedule.objects.filter(name__startswith="shopguide:").exclude(
        name__in=[f"shopguide:{key}" for key in wanted]
    ).delete()
    for key, recurring in wanted.items():
        Schedule.objects.update_or_create(
            name=f"shopguide:{key}",
            defaults={
                "func": recurring.function,
                "schedule_type": Schedule.MINUTES,
                "minutes": recurring.minutes,
                "repeats": -1,
            },
        )
