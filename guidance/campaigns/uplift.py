"""The recipe of who is moved: learned from past plans with a holdout, worn as a score a shopper.

A version's files are its scores, so that no process but the training needs the model itself; a
shopper who came later has none until the next training.
"""

import time
from pathlib import Path
from typing import Any

import numpy as np
from django.utils import timezone
from django.utils.translation import gettext as _

from guidance.campaigns.frames import BATCH, PastPlans, features_of, past_plans
from guidance.core.jobs import JobContext
from guidance.customers.models import Customer
from guidance.training.hooks import Trained
from guidance.training.labels import PHASES
from guidance.training.models import ModelVersion, TrainingRun
from guidance.training.selectors import promoted_version
from guidance.training.services.runs import folder_of
from models_ml.uplift.choosing import choose, cross_fit, reasons, usual_of
from models_ml.uplift.learners import UpliftModel
from models_ml.uplift.measure import by_decile, worth

RECIPE, FILE = "uplift", "scores.npz"
# Nobody is told apart: what a score must be better than.
EVERYBODY = "everybody"
# Reasons are told over so many shoppers; more change no figure that people read.
REASONED = 2_000


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
    scored = _write_scores(chosen.model, folder, context)
    current = promoted_version(RECIPE)
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
        "scored": scored,
        "deciles": deciles,
        "reasons": _usual_reasons(chosen.model, past),
        "seconds": {"total": time.monotonic() - started},
    }
    return Trained(folder=folder, report=report, verdict=verdict)


def check_files(folder: Path, policy: str) -> None:
    """Raise ValueError where the scores are missing or broken."""
    read_scores(folder)


def read_scores(folder: Path) -> tuple[np.ndarray, np.ndarray]:
    """Return the scored customers and their scores; raises ValueError for files that are broken."""
    try:
        with np.load(folder / FILE, allow_pickle=False) as kept:
            customers, scores = kept["customers"], kept["scores"]
    except (OSError, KeyError) as problem:
        raise ValueError(f"{FILE}: {problem}") from problem
    if customers.shape != scores.shape or not np.isfinite(scores).all():
        raise ValueError(f"{FILE}: customers and scores do not match")
    return customers, scores


def verdict_sentences(verdict: dict[str, Any]) -> list[str]:
    """Return what the gate found."""
    if not verdict:
        return []
    told = {name: f"{value:.4f}" for name, value in verdict["qini"].items()}
    if verdict["passed"]:
        decision = _("Passed: it tells who is moved better than chance does.")
    else:
        decision = _("Refused: it cannot be told from chance.")
    return [decision, _("Qini %(value)s (95 %%: %(low)s to %(high)s).") % told]


def version_page(version: ModelVersion) -> dict[str, Any]:
    """Return what the model's part of a version's page shows."""
    report = version.run.report
    return {
        "shoppers": report.get("shoppers", 0),
        "arms": report.get("arms", [0, 0]),
        "scored": report.get("scored", 0),
        "deciles": [_decile_row(number, one) for number, one in enumerate(report["deciles"], 1)],
        "reasons": [(_name(name), f"{100 * value:.2f}") for name, value in report["reasons"]],
    }


def _decile_row(number: int, one: dict[str, Any]) -> dict[str, Any]:
    return {"number": number} | {
        name: f"{100 * value:.2f}" for name, value in one.items() if isinstance(value, float)
    }


def _name(feature: str) -> str:
    names = {
        "views": _("products looked at in a year"),
        "carts": _("carts in a year"),
        "purchases": _("purchases in a year"),
        "spent": _("money spent in a year"),
        "recency": _("days since the last visit"),
        "age": _("days as a customer"),
        "tier": _("membership tier"),
    }
    return names.get(feature, feature)


def _data_line(past: PastPlans) -> str:
    contacted, held = past.trial.arms
    return _("%(plans)d plans, %(contacted)d contacted, %(held)d held out") % {
        "plans": len(past.plans),
        "contacted": contacted,
        "held": held,
    }


def _write_scores(model: UpliftModel, folder: Path, context: JobContext) -> int:
    """Score every shopper and write the version's file; return how many."""
    now, last = timezone.now(), 0
    whole = Customer.objects.filter(merged_into=None)
    count, parts, scores = whole.count() or 1, [], []
    while ids := list(
        whole.filter(pk__gt=last).order_by("pk").values_list("pk", flat=True)[:BATCH]
    ):
        features = features_of(ids, at=now)
        features["tier"] = features["tier"].astype("category")
        scores.append(np.clip(model.predict(features), -1, 1).astype(np.float32))
        parts.append(np.asarray(ids, dtype=np.int64))
        last = ids[-1]
        context.progress(PHASES["export"], 0.7 + 0.3 * min(sum(map(len, parts)) / count, 1.0))
    customers = np.concatenate(parts) if parts else np.empty(0, dtype=np.int64)
    found = np.concatenate(scores) if scores else np.empty(0, dtype=np.float32)
    np.savez(folder / FILE, customers=customers, scores=found)
    return len(customers)


def _usual_reasons(model: UpliftModel, past: PastPlans) -> list[tuple[str, float]]:
    """Return by how much, on average, each feature moves a score, most first."""
    features = past.trial.features
    some = features.iloc[:: max(len(features) // REASONED, 1)]
    moved = reasons(model, some, usual_of(features)).abs().mean()
    return [(str(name), float(value)) for name, value in moved.sort_values(ascending=False).items()]
