"""The recipe of learned segments: shoppers grouped by what they did; each wears their group."""

import time
from typing import Any

import numpy as np
import pandas as pd
from django.utils import timezone
from django.utils.translation import gettext as _

from guidance.campaigns.frames import shoppers_at
from guidance.campaigns.predicted import SEGMENTS
from guidance.campaigns.scored_files import write_scores
from guidance.core.jobs import JobContext
from guidance.training.hooks import Trained
from guidance.training.labels import PHASES
from guidance.training.models import TrainingRun
from guidance.training.selectors import promoted_version
from guidance.training.services.runs import folder_of
from models_ml.segments.learner import LEAST, STABLE, Segments, SegmentsProblem, find_segments

COLUMNS = ("views", "carts", "purchases", "spent", "recency", "age")
EVERYBODY = "everybody"


def train_segments(context: JobContext, run: TrainingRun) -> Trained:
    """Find groups of shoppers who did alike things, and say of everybody in which they are.

    The gate passes groups that two halves of the shoppers agree on. Raises ValueError, in words,
    where there are too few shoppers, or all are alike.
    """
    started, folder = time.monotonic(), folder_of(run)
    context.progress(PHASES["prepare"], 0.0)
    features = shoppers_at(timezone.now()).features
    context.progress(PHASES["fit"], 0.2)
    if len(features) < LEAST:
        told = {"count": len(features), "least": LEAST}
        raise ValueError(_("There are %(count)d shoppers; at least %(least)d are needed.") % told)
    try:
        found = find_segments(features, COLUMNS)
    except SegmentsProblem:
        raise ValueError(_("Too many shoppers did the same to be told apart.")) from None
    places = write_scores(folder, lambda one: found.of(one).astype(np.float32), context)
    current = promoted_version(SEGMENTS)
    verdict = {
        "passed": found.stability >= STABLE,
        "current_version": str(current.pk) if current else "",
        "stability": found.stability,
        "apart": found.apart,
    }
    report = {
        "candidates": {"model": {"parameters": {"segments": len(found.centres)}}},
        "best_baseline": EVERYBODY,
        "scored": len(places),
        "features": list(COLUMNS),
        "segments": _described(found, features, places),
        "seconds": {"total": time.monotonic() - started},
    }
    return Trained(folder=folder, report=report, verdict=verdict)


def _described(found: Segments, features: pd.DataFrame, places: np.ndarray) -> list[dict[str, Any]]:
    """Return each segment's size, the means of its shoppers, and what sets it apart most."""
    own, described = found.of(features), []
    shown = features[list(COLUMNS)].clip(lower=0.0)
    for place, centre in enumerate(found.centres):
        inside = shown[own == place]
        order = np.argsort(-np.abs(centre), kind="stable")
        described.append(
            {
                "shoppers": int((places == place).sum()),
                "means": [float(value) for value in inside.mean().fillna(0.0)],
                "apart": [[COLUMNS[at], float(centre[at])] for at in order],
            }
        )
    return described
