"""Writing the decision log."""

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime

from django.db import transaction

from guidance.behaviour.models import DirtyDay
from guidance.decisions.models import Decision


@transaction.atomic
def record_decisions(decisions: Sequence[Decision]) -> None:
    """Write one answer's decisions and mark their days for the rollups."""
    Decision.objects.bulk_create(decisions)
    mark_decided_days((decision.at, decision.source) for decision in decisions)


def mark_decided_days(decided: Iterable[tuple[datetime, str]]) -> None:
    """Mark the days of these (time, source) for the rollups; call it in their transaction."""
    days = {(at.astimezone(UTC).date(), source) for at, source in decided}
    DirtyDay.objects.bulk_create(DirtyDay(day=day, source=source) for day, source in sorted(days))
