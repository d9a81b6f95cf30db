"""Figures of training, as plotly's JSON; `static/core/figures.js` draws them."""

from collections.abc import Iterable, Sequence
from itertools import accumulate
from typing import Any

from django.utils.translation import gettext as _

from guidance.training.labels import policy_name, step_name
from guidance.training.models import ModelVersion


def curve_figure(points: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """Return loss (left) and validation NDCG@10 (right) by epoch."""
    epochs = [point["epoch"] for point in points]
    return {
        "data": [
            {
                "type": "scatter",
                "mode": "lines+markers",
                "name": _("validation NDCG@10"),
                "x": epochs,
                "y": [point.get("validation_ndcg") for point in points],
                "yaxis": "y2",
            },
            {
                "type": "scatter",
                "mode": "lines+markers",
                "name": _("loss"),
                "x": epochs,
                "y": [point.get("loss") for point in points],
                "line": {"dash": "dot"},
            },
        ],
        "layout": {
            "xaxis": {"title": {"text": _("epoch")}, "dtick": max(1, len(epochs) // 10)},
            "yaxis": {"title": {"text": _("loss")}},
            "yaxis2": {
                "title": {"text": _("NDCG@10")},
                "overlaying": "y",
                "side": "right",
                "showgrid": False,
                "rangemode": "tozero",
            },
        },
    }


def search_figure(trials: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """Return validation NDCG@10 by trial, pruned ones apart, and the best so far."""
    best = list(accumulate((trial["value"] for trial in trials), max))
    numbers = [trial["number"] for trial in trials]
    return {
        "data": [
            {
                "type": "scatter",
                "mode": "lines",
                "name": _("best so far"),
                "x": numbers,
                "y": best,
                "line": {"shape": "hv"},
            },
            _trials(_("run to its end"), [one for one in trials if one["state"] == "complete"]),
            _trials(_("broken off"), [one for one in trials if one["state"] == "pruned"]),
        ],
        "layout": {
            "xaxis": {"title": {"text": _("trial")}, "dtick": max(1, len(trials) // 10)},
            "yaxis": {"title": {"text": _("NDCG@10")}},
        },
    }


def effects_figure(steps: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """Return the difference to validation NDCG@10 that each measured step makes, with intervals."""
    measured = [step for step in reversed(steps) if "difference" in step]
    means = [step["difference"]["mean"] for step in measured]
    return {
        "data": [
            {
                "type": "scatter",
                "mode": "markers",
                "x": means,
                "y": [step_name(step["setting"], step["name"]) for step in measured],
                "error_x": {
                    "type": "data",
                    "symmetric": False,
                    "array": [
                        step["difference"]["high"] - mean
                        for step, mean in zip(measured, means, strict=True)
                    ],
                    "arrayminus": [
                        mean - step["difference"]["low"]
                        for step, mean in zip(measured, means, strict=True)
                    ],
                },
            }
        ],
        "layout": {
            "xaxis": {
                "title": {"text": _("difference to NDCG@10")},
                "zeroline": True,
                "zerolinewidth": 2,
            },
            "yaxis": {"automargin": True},
        },
    }


def _trials(name: str, trials: Sequence[dict[str, Any]]) -> dict[str, Any]:
    return {
        "type": "scatter",
        "mode": "markers",
        "name": name,
        "x": [trial["number"] for trial in trials],
        "y": [trial["value"] for trial in trials],
    }


def quality_figure(versions: Iterable[ModelVersion]) -> dict[str, Any]:
    """Return test NDCG@10 (repeats allowed) of the model and of the best baseline, by version."""
    rows = [
        (f"{version.number}", _ndcg(version, "model"), _ndcg(version, version.best_baseline))
        for version in versions
    ]
    numbers = [number for number, _model, _baseline in rows]
    return {
        "data": [
            _line(policy_name("model"), numbers, [model for _n, model, _b in rows]),
            _line(_("best baseline"), numbers, [baseline for _n, _m, baseline in rows]),
        ],
        "layout": {
            "xaxis": {"title": {"text": _("version")}, "type": "category"},
            "yaxis": {"title": {"text": _("NDCG@10")}, "rangemode": "tozero"},
        },
    }


def _line(name: str, x: list[str], y: list[float | None]) -> dict[str, Any]:
    return {"type": "scatter", "mode": "lines+markers", "name": name, "x": x, "y": y}


def _ndcg(version: ModelVersion, policy: str) -> float | None:
    value = version.metrics.get(policy, {}).get("repeats_allowed", {}).get("ndcg@10")
    return None if value is None else float(value)
