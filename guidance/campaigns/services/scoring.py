"""The promoted model's scores, where audiences and plans read them."""

from pathlib import Path

import pandas as pd
from django.db import transaction
from django.utils import timezone

from guidance.campaigns.models import CustomerScore
from guidance.campaigns.uplift import RECIPE, read_scores
from guidance.core.copying import as_text, copy_rows
from guidance.core.locks import hold_lock
from guidance.core.services import record_batch_audit
from guidance.customers.models import Customer
from guidance.training.selectors import promoted_version

CHUNK = 50_000


@transaction.atomic
def refresh_uplift() -> int:
    """Bring the stored scores to the promoted version's; return how many were written.

    Nothing is done where they are that version's already; without a promoted version they go.
    """
    hold_lock("campaigns.scores")
    stored = CustomerScore.objects.filter(kind=CustomerScore.Kind.UPLIFT)
    version = promoted_version(RECIPE)
    name = "" if version is None else str(version.pk)
    first = stored.values_list("model", flat=True).first()
    if first == name or (first is None and version is None):
        return 0
    stored.delete()
    written = 0 if version is None else _write(name, version.folder)
    record_batch_audit(
        actor=None,
        verb="refresh_uplift",
        model=CustomerScore,
        count=written,
        details={"version": name},
    )
    return written


def _write(name: str, folder: Path) -> int:
    customers, scores = read_scores(folder)
    now, written = as_text(timezone.now()), 0
    for start in range(0, len(customers), CHUNK):
        ids = customers[start : start + CHUNK]
        # Who was erased since has no row to score.
        there = set(
            Customer.objects.filter(pk__gte=ids[0], pk__lte=ids[-1]).values_list("pk", flat=True)
        )
        rows = pd.DataFrame({"customer_id": ids, "value": scores[start : start + CHUNK]})
        rows = rows[rows.customer_id.isin(there)]
        rows = rows.assign(kind=CustomerScore.Kind.UPLIFT.value, model=name, at=now)
        copy_rows(CustomerScore, rows)
        written += len(rows)
    return written
