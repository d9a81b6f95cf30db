"""The recipe of who is moved: learned from past plans with a holdout, worn as a score a shopper.

A version's files are its scores, so that no process but the training needs the model itself; a
shopper who came later has none until the next training.
"""

import time

import numpy as np
from django.utils.translation import gettext as _

from guidance.campaigns.frames import PastPlans, past_plans
from guidance.campaigns.predicted import UPLIFT
from guidance.campaigns.scored_files import Explained, write_scores
from guidance.core.jobs import JobContext
from guidance.training.hooks import Trained
from guidance.training.labels import PHASES
from guidance.training.models import TrainingRun
from guidance.training.selectors import promoted_version
from guidance.training.services.runs import folder_of
from models_ml.uplift.choosing import choose, cross_fit, usual_of
from models_ml.uplift.measure import by_decile, worth

# Nobody is told apart: what a score must be better than.
EVERYBODY = "everybody"


def train_uplift(context: JobContext, run: TrainingRun) -> Trained:
    """Choose a learner on past plans, measure it on shoppers that it did not see, score everybody.

    The gate passes a model whose Qini is above zero with its whole interval. Raises ValueError, in
    words, where there is too little to learn from.
    """
    started, folder = time.monotonic(), folder_of(run)
    context.progress(PHASES["prepare"], 0.0)
    past = past_plans()
    trial = past.trial
    context.progress(PHASES["fit"], 0.1, line=_data_line(past))
    unseen = cross_fit(trial, lambda part: choose(part).model)
    found = worth(unseen, trial.treated, trial.outcome)
    chosen = choose(trial)
    context.progress(PHASES["evaluate"], 0.7)
    deciles = [one._asdict() for one in by_decile(unseen, trial.treated, trial.outcome)]
    explained = Explained(chosen.model, usual_of(trial.features))
    scores = write_scores(
        folder,
        lambda features: np.clip(chosen.model.predict(features), -1, 1).astype(np.float32),
        context,
        explained=explained,
    )
    current = promoted_version(UPLIFT)
    verdict = {
        "passed": found.qini.low > 0,
        "current_version": str(current.pk) if current else "",
        "qini": found.qini._asdict(),
        "auuc": found.auuc._asdict(),
    }
    report = {
        "candidates": {"model": {"parameters": {"learner": chosen.name}}},
        "best_baseline": EVERYBODY,
        "plans": past.plans,
        "shoppers": len(trial),
        "arms": list(trial.arms),
        "scored": len(scores),
        "features": list(trial.features),
        "deciles": deciles,
        "reasons": explained.on_average(trial.features),
        "seconds": {"total": time.monotonic() - started},
    }
    return Trained(folder=folder, report=report, verdict=verdict)


def _data_line(past: PastPlans) -> str:
    contacted, held = past.trial.arms
    return _("%(plans)d plans, %(contacted)d contacted, %(held)d held out") % {
        "plans": len(past.plans),
        "contacted": contacted,
        "held": held,
    }
