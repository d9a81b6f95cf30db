"""What trainings write of every shopper: a score each, and the reasons for it."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
from django.utils import timezone

from guidance.campaigns.frames import BATCH, features_of
from guidance.campaigns.predicted import FILE, REASONS
from guidance.core.jobs import JobContext
from guidance.customers.models import Customer
from guidance.training.labels import PHASES
from models_ml.uplift.choosing import Predicts, reasons

# Of the work: what comes before takes most of the time.
BEGINS_AT = 0.7
Scorer = Callable[[pd.DataFrame], np.ndarray]


def write_scores(
    folder: Path, scorer: Scorer, context: JobContext, *, explained: "Explained | None" = None
) -> np.ndarray:
    """Score every shopper as they are known now and write the version's files; return the scores.

    With `explained`, what each feature adds to each score is written beside them.
    """
    now, last = timezone.now(), 0
    whole = Customer.objects.filter(merged_into=None)
    count, parts, scores, moved = whole.count() or 1, [], [], []
    while ids := list(
        whole.filter(pk__gt=last).order_by("pk").values_list("pk", flat=True)[:BATCH]
    ):
        features = features_of(ids, at=now)
        features["tier"] = features["tier"].astype("category")
        scores.append(scorer(features))
        if explained is not None:
            moved.append(explained.reasons(features))
        parts.append(np.asarray(ids, dtype=np.int64))
        last = ids[-1]
        done = min(sum(map(len, parts)) / count, 1.0)
        context.progress(PHASES["export"], BEGINS_AT + (1 - BEGINS_AT) * done)
    customers = np.concatenate(parts) if parts else np.empty(0, dtype=np.int64)
    found = np.concatenate(scores) if scores else np.empty(0, dtype=np.float32)
    np.savez(folder / FILE, customers=customers, scores=found)
    if explained is not None and moved:
        np.save(folder / REASONS, np.concatenate(moved))
    return found


class Explained:
    """A model whose scores are told with their reasons, beside a usual shopper."""

    # Reasons are told over so many shoppers; more change no figure that people read.
    REASONED = 2_000

    def __init__(self, model: Predicts, usual: pd.Series) -> None:
        self.model, self.usual = model, usual

    def reasons(self, features: pd.DataFrame) -> np.ndarray:
        """Return what each feature adds to each score, shape (n, features), half a byte precise."""
        own = features[list(self.usual.index)]
        return reasons(self.model, own, self.usual).to_numpy(np.float16)

    def on_average(self, features: pd.DataFrame) -> list[tuple[str, float]]:
        """Return by how much, on average, each feature moves a score, most first."""
        some = features.iloc[:: max(len(features) // self.REASONED, 1)]
        moved = reasons(self.model, some, self.usual).abs().mean()
        ordered = moved.sort_values(ascending=False)
        return [(str(name), float(value)) for name, value in ordered.items()]
