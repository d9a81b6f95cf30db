"""Rollups: days that received rows are counted again from the rows themselves."""

from datetime import date

from django.db import transaction
from django.db.models import Count

from guidance.behaviour.models import DayRollup, DirtyDay, Event


def advance_rollups() -> int:
    """Recount every day marked dirty and return how many there were."""
    marks = list(DirtyDay.objects.values_list("pk", "day", "source"))
    for day, source in sorted({(day, source) for _pk, day, source in marks}):
        roll_up_day(day=day, source=source)
    DirtyDay.objects.filter(pk__in=[pk for pk, _day, _source in marks]).delete()
    return len(marks)


@transaction.atomic
def roll_up_day(*, day: date, source: str) -> None:
    """Replace one day's rollups by what its rows say."""
    DayRollup.objects.filter(day=day, source=source).delete()
    counts = (
        Event.objects.filter(occurred_at__date=day, source=source)
        .values("kind")
        .annotate(events=Count("id"), customers=Count("customer", distinct=True))
    )
    DayRollup.objects.bulk_create(DayRollup(day=day, source=source, **row) for row in counts)
