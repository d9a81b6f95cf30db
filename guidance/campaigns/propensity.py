"""The recipe of who will buy: learned from what shoppers did a while ago, measured on what they did
since, worn as a score a shopper."""

import time
from datetime import timedelta
from typing import Any

import numpy as np
import pandas as pd
from django.utils import timezone
from django.utils.translation import gettext as _

from guidance.campaigns.frames import Shown, shoppers_at
from guidance.campaigns.predicted import PROPENSITY
from guidance.campaigns.scored_files import Explained, write_scores
from guidance.core.jobs import JobContext
from guidance.training.hooks import Trained
from guidance.training.labels import PHASES
from guidance.training.models import TrainingRun
from guidance.training.selectors import promoted_version
from guidance.training.services.runs import folder_of
from models_ml.propensity.learner import LEAST_ACTED, Propensity
from models_ml.propensity.measure import auc, auc_difference, by_decile, log_loss
from models_ml.uplift.choosing import usual_of
from models_ml.uplift.trial import as_features

# A purchase within so long is what is foretold.
HORIZON = timedelta(days=30)
# What everybody does who has no model: speak to those who were there last.
RECENCY = "recency"


def train_propensity(context: JobContext, run: TrainingRun) -> Trained:
    """Learn who bought in the time before last, measure on the last one, learn that as well, and
    score everybody.

    The gate passes a model that orders shoppers clearly better than the days since their last
    visit do, and whose chances are nearer the truth than the share of buyers. Raises ValueError,
    in words, where there is too little to learn from.
    """
    started, folder, now = time.monotonic(), folder_of(run), timezone.now()
    context.progress(PHASES["prepare"], 0.0)
    before = _enough(shoppers_at(now - 2 * HORIZON, within=HORIZON))
    since = _enough(shoppers_at(now - HORIZON, within=HORIZON))
    context.progress(PHASES["fit"], 0.2, line=_data_line(since))
    known, asked = _as_model(before.features), _as_model(since.features)
    first = Propensity.fit(known, before.bought)
    context.progress(PHASES["evaluate"], 0.5)
    chances, recency = first.predict(asked), -since.features["recency"].to_numpy(float)
    found, better = auc(chances, since.bought), auc_difference(chances, recency, since.bought)
    loss = log_loss(chances, since.bought)
    usual_loss = log_loss(np.full(len(asked), before.bought.mean()), since.bought)
    model = Propensity.fit(asked, since.bought)
    explained = Explained(model, usual_of(asked))
    scores = write_scores(
        folder,
        lambda features: model.predict(_as_model(features)).astype(np.float32),
        context,
        explained=explained,
    )
    current = promoted_version(PROPENSITY)
    verdict = {
        "passed": better.low > 0 and loss < usual_loss,
        "current_version": str(current.pk) if current else "",
        "auc": found._asdict(),
        "better_by": better._asdict(),
    }
    report = {
        "candidates": {"model": {"parameters": {"log_loss": loss, "of_the_share": usual_loss}}},
        "best_baseline": RECENCY,
        "shoppers": len(asked),
        "days": HORIZON.days,
        "scored": len(scores),
        "features": list(asked),
        "deciles": [one._asdict() for one in by_decile(chances, since.bought)],
        "reasons": explained.on_average(asked),
        "seconds": {"total": time.monotonic() - started},
    }
    return Trained(folder=folder, report=report, verdict=verdict)


def _as_model(features: pd.DataFrame) -> pd.DataFrame:
    """Return what the model reads: all but the tier, which is known as of today alone, when the
    purchases that are to be foretold have earned it."""
    return as_features(features, [name for name in features if name != "tier"])


def _enough(shown: Shown) -> Shown:
    count = int(shown.bought.sum()) if len(shown.bought) else 0
    if count < LEAST_ACTED or len(shown.bought) - count < LEAST_ACTED:
        raise ValueError(
            _(
                "In %(days)d days %(count)d of %(whole)d shoppers bought; at least %(least)d must"
                " have bought and as many not."
            )
            % {
                "days": HORIZON.days,
                "count": count,
                "whole": len(shown.bought),
                "least": LEAST_ACTED,
            }
        )
    return shown


def _data_line(shown: Shown) -> str:
    told: dict[str, Any] = {"shoppers": len(shown.bought), "buyers": int(shown.bought.sum())}
    return _("%(shoppers)d shoppers, %(buyers)d of whom bought") % told
