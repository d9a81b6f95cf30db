"""Writing the decision log."""

from collections.abc import Sequence
from datetime import UTC

from django.db import transaction

from guidance.behaviour.models import DirtyDay
from guidance.decisions.models import Decision


@transaction.atomic
def record_decisions(decisions: Sequence[Decision]) -> None:
    """Write one answer's decisions and mark their days for the rollups."""
    Decision.objects.bulk_create(decisions)
    days = {(decision.at.astimezone(UTC).date(), decision.source) for decision in decisions}
    DirtyDay.objects.bulk_create(DirtyDay(day=day, source=source) for day, source in sorted(days))
