"""Writing the decision log."""

from collections.abc import Sequence
from zoneinfo import ZoneInfo

from django.db import transaction

from guidance.behaviour.services.rollups import mark_days
from guidance.decisions.models import Decision


@transaction.atomic(savepoint=False)
def record_decisions(decisions: Sequence[Decision], *, zone: ZoneInfo | None = None) -> None:
    """Write one answer's decisions and mark their days for the rollups.

    `zone` spares the statement that asks for the shop's own.
    """
    Decision.objects.bulk_create(decisions)
    mark_days(moments=((decision.at, decision.source) for decision in decisions), zone=zone)
