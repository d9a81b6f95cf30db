"""Writing the decision log."""

from collections.abc import Sequence

from django.db import transaction

from guidance.behaviour.services.rollups import mark_days
from guidance.decisions.models import Decision


@transaction.atomic(savepoint=False)
def record_decisions(decisions: Sequence[Decision]) -> None:
    """Write one answer's decisions and mark their days for the rollups."""
    Decision.objects.bulk_create(decisions)
    mark_days(moments=((decision.at, decision.source) for decision in decisions))
