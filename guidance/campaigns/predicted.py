"""The files of models that say something of every shopper, and what pages tell of them.

Needs nothing of what a training needs: web processes read it.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from django.utils.translation import gettext as _

from guidance.training.models import ModelVersion

UPLIFT, PROPENSITY, SEGMENTS = "uplift", "propensity", "segments"
FILE, REASONS = "scores.npz", "reasons.npy"
# A reason that moves a score by less is no reason: a hundredth of a point.
LEAST_REASON = 1e-4
MOST_REASONS = 3


@dataclass(frozen=True)
class Reason:
    """What a feature adds to a shopper's score, beside that of a usual shopper."""

    feature: str
    moved: float


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


def check_files(folder: Path, policy: str) -> None:
    """Raise ValueError where the scores are missing or broken."""
    read_scores(folder)


def reasons_of(version: ModelVersion, customer_id: int) -> list[Reason]:
    """Return why a shopper's score is as it is, what moves it most first; empty where nobody wrote
    it down."""
    names: Sequence[str] = version.run.report.get("features", ())
    try:
        customers, _scores = read_scores(version.folder)
        moved = np.load(version.folder / REASONS, mmap_mode="r", allow_pickle=False)
    except (OSError, ValueError):
        return []
    place = int(np.searchsorted(customers, customer_id))
    is_there = place < len(customers) and customers[place] == customer_id
    if not is_there or moved.shape != (len(customers), len(names)):
        return []
    row = moved[place].astype(float)
    told = [Reason(name, float(value)) for name, value in zip(names, row, strict=True)]
    told = [one for one in told if abs(one.moved) >= LEAST_REASON]
    return sorted(told, key=lambda one: -abs(one.moved))[:MOST_REASONS]


def reasons_in_words(reasons: Sequence[Reason]) -> str:
    """Return reasons on a line: "+3.20 points: purchases in a year"."""
    told = _("%(points)s points: %(feature)s")
    return "; ".join(
        told % {"points": f"{100 * one.moved:+.2f}", "feature": feature_name(one.feature)}
        for one in reasons
    )


def feature_name(feature: str) -> str:
    """Return what people call a feature."""
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


def segment_name(moved: Sequence[Sequence[Any]]) -> str:
    """Return what sets a segment apart, in words, by features and how far each is from the usual,
    in standard deviations; what is furthest first."""
    told = [_apart(str(name), float(far)) for name, far in moved[:2] if abs(float(far)) >= 0.25]
    return _(", ").join(told) or _("as most shoppers are")


def _apart(feature: str, far: float) -> str:
    many = {
        "views": _("looks at much"),
        "carts": _("puts much into carts"),
        "purchases": _("buys often"),
        "spent": _("spends much"),
        "recency": _("not seen for long"),
        "age": _("long a customer"),
    }
    few = {
        "views": _("looks at little"),
        "carts": _("puts little into carts"),
        "purchases": _("buys seldom or never"),
        "spent": _("spends little"),
        "recency": _("seen lately"),
        "age": _("new, or not known for how long"),
    }
    return (many if far > 0 else few).get(feature, feature)


def segment_key(version_number: int, place: int) -> str:
    """Return the key under which rules name a segment: of another version it is another one."""
    return f"{version_number}-{place + 1}"


def learned_segments(version: ModelVersion | None) -> list[tuple[str, str]]:
    """Return the keys of a version's segments and what each is called; empty for no version."""
    if version is None:
        return []
    report = version.run.report
    return [
        (
            segment_key(version.number, place),
            _("%(number)d: %(name)s") % {"number": place + 1, "name": segment_name(one["apart"])},
        )
        for place, one in enumerate(report.get("segments", ()))
    ]


def segment_names(keys: Iterable[str]) -> dict[str, str]:
    """Return what segments of any versions are called, by key; '' is no segment. Those of several
    versions are told apart by the version: they may be called alike."""
    asked = set(keys)
    numbers = {int(key.partition("-")[0]) for key in asked if key}
    versions = ModelVersion.objects.filter(recipe=SEGMENTS, number__in=numbers)
    told = _("%(name)s (version %(version)d)") if len(numbers) > 1 else "%(name)s"
    names = {
        key: told % {"name": name, "version": version.number}
        for version in versions.select_related("run")
        for key, name in learned_segments(version)
    }
    return {key: names.get(key, key) if key else _("no segment") for key in asked}


def uplift_sentences(verdict: dict[str, Any]) -> list[str]:
    """Return what the gate found of a model of who is moved."""
    if not verdict:
        return []
    told = {name: f"{value:.4f}" for name, value in verdict["qini"].items()}
    if verdict["passed"]:
        decision = _("Passed: it tells who is moved better than chance does.")
    else:
        decision = _("Refused: it cannot be told from chance.")
    return [decision, _("Qini %(value)s (95 %%: %(low)s to %(high)s).") % told]


def propensity_sentences(verdict: dict[str, Any]) -> list[str]:
    """Return what the gate found of a model of who will buy."""
    if not verdict:
        return []
    if verdict["passed"]:
        decision = _("Passed: it tells who will buy better than the days since the last visit do.")
    else:
        decision = _("Refused: it is not clearly better than the days since the last visit.")
    told = {name: f"{value:.3f}" for name, value in verdict["auc"].items()}
    more = {name: f"{value:+.3f}" for name, value in verdict["better_by"].items()}
    return [
        decision,
        _("AUC %(value)s (95 %%: %(low)s to %(high)s).") % told,
        _("Better by %(value)s (95 %%: %(low)s to %(high)s).") % more,
    ]


def segments_sentences(verdict: dict[str, Any]) -> list[str]:
    """Return what the gate found of learned segments."""
    if not verdict:
        return []
    if verdict["passed"]:
        decision = _("Passed: another half of the shoppers falls into the same segments.")
    else:
        decision = _("Refused: another half of the shoppers would fall into other segments.")
    told = {"stability": f"{verdict['stability']:.2f}", "apart": f"{verdict['apart']:.2f}"}
    return [decision, _("Found again %(stability)s, apart %(apart)s (1 is perfect).") % told]


def scores_page(version: ModelVersion) -> dict[str, Any]:
    """Return what the part of a version's page shows for uplift and propensity."""
    report = version.run.report
    return {
        "shoppers": report.get("shoppers", 0),
        "arms": report.get("arms", [0, 0]),
        "scored": report.get("scored", 0),
        "days": report.get("days", 0),
        "deciles": [_decile_row(number, one) for number, one in enumerate(report["deciles"], 1)],
        "reasons": [
            (feature_name(name), f"{100 * value:.2f}") for name, value in report["reasons"]
        ],
    }


def segments_page(version: ModelVersion) -> dict[str, Any]:
    """Return what the part of a version's page shows for learned segments."""
    report = version.run.report
    names = [name for _key, name in learned_segments(version)]
    whole = sum(one["shoppers"] for one in report["segments"]) or 1
    return {
        "scored": report.get("scored", 0),
        "columns": [feature_name(name) for name in report["features"]],
        "segments": [
            {
                "name": name,
                "shoppers": one["shoppers"],
                "share": f"{one['shoppers'] / whole:.1%}",
                "means": [f"{value:,.1f}" for value in one["means"]],
            }
            for name, one in zip(names, report["segments"], strict=True)
        ],
    }


def _decile_row(number: int, one: dict[str, Any]) -> dict[str, Any]:
    return {"number": number} | {
        name: f"{100 * value:.2f}" for name, value in one.items() if isinstance(value, float)
    }
