"""What promoted models say of every shopper, where audiences and plans read it."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any

import numpy as np
import pandas as pd
from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone

from guidance.campaigns.models import CustomerScore, CustomerSegment
from guidance.campaigns.predicted import PROPENSITY, SEGMENTS, UPLIFT, read_scores, segment_key
from guidance.core.copying import as_text, copy_rows
from guidance.core.locks import hold_lock
from guidance.core.services import record_batch_audit
from guidance.customers.models import Customer
from guidance.training.models import ModelVersion
from guidance.training.selectors import promoted_version

CHUNK = 50_000
KINDS: Mapping[str, str] = {
    UPLIFT: CustomerScore.Kind.UPLIFT,
    PROPENSITY: CustomerScore.Kind.PROPENSITY,
}
# From scores to the columns that a table has of its own.
Columns = Callable[[np.ndarray], Mapping[str, Any]]


def refresh_scores() -> int:
    """Bring what is stored of every recipe to its promoted version; return how many rows were
    written. Raises ValueError where a version's files are broken, once the others are done."""
    written, broken = 0, list[str]()
    for recipe, stored, columns_of in _recipes():
        try:
            written += _refresh(recipe, stored, columns_of)
        except ValueError as problem:
            broken.append(f"{recipe}: {problem}")
    if broken:
        raise ValueError("; ".join(broken))
    return written


def _recipes() -> Iterator[tuple[str, QuerySet[Any], Callable[[ModelVersion], Columns]]]:
    for recipe, kind in KINDS.items():
        yield recipe, CustomerScore.objects.filter(kind=kind), _scores_of(kind)
    yield SEGMENTS, CustomerSegment.objects.all(), _segments_of


def _scores_of(kind: str) -> Callable[[ModelVersion], Columns]:
    return lambda _version: lambda values: {"value": values, "kind": str(kind)}


def _segments_of(version: ModelVersion) -> Columns:
    return lambda places: {"segment": [segment_key(version.number, int(one)) for one in places]}


@transaction.atomic
def _refresh(
    recipe: str, stored: QuerySet[Any], columns_of: Callable[[ModelVersion], Columns]
) -> int:
    """Bring stored rows to a recipe's promoted version; return how many were written.

    Nothing is done where they are that version's already; without a promoted version they go.
    """
    hold_lock(f"campaigns.scores.{recipe}")
    version = promoted_version(recipe)
    name = "" if version is None else str(version.pk)
    first = stored.values_list("model", flat=True).first()
    if first == name or (first is None and version is None):
        return 0
    stored.delete()
    written = 0 if version is None else _write(stored.model, version, columns_of(version))
    record_batch_audit(
        actor=None,
        verb=f"refresh_{recipe}",
        model=stored.model,
        count=written,
        details={"version": name},
    )
    return written


def _write(model: Any, version: ModelVersion, columns: Columns) -> int:
    customers, scores = read_scores(version.folder)
    now, written = as_text(timezone.now()), 0
    for start in range(0, len(customers), CHUNK):
        ids = customers[start : start + CHUNK]
        # Who was erased since has no row to score.
        there = set(
            Customer.objects.filter(pk__gte=ids[0], pk__lte=ids[-1]).values_list("pk", flat=True)
        )
        told = columns(scores[start : start + CHUNK])
        rows = pd.DataFrame({"customer_id": ids, **told})
        rows = rows[rows.customer_id.isin(there)].assign(model=str(version.pk), at=now)
        copy_rows(model, rows)
        written += len(rows)
    return written
