"""The plot of an experiment: every arm's value with its interval, one axis a metric."""

from typing import Any

from django.utils.translation import gettext as _

from guidance.experiments.models import Metric
from guidance.experiments.selectors import ArmReport, Report
from guidance.experiments.statistics import Estimate
from guidance.experiments.wording import arm_name, interval_text, scale_of, value_text

# One colour an arm on every panel; each reads on light and on dark ground.
ARM_COLOURS = ("#b45f06", "#0d9488", "#6366f1", "#db2777", "#65a30d", "#0284c7")
PANEL_HEIGHT = 130
PANEL_GAP = 0.22


def interval_figure(report: Report) -> dict[str, Any] | None:
    """Return plotly's JSON: one panel for each metric measured in any arm; None without any."""
    measured = [
        metric
        for metric in report.metrics.values()
        if any(isinstance(arm.metrics[metric.key], Estimate) for arm in report.arms)
    ]
    if not measured:
        return None
    layout: dict[str, Any] = {
        "height": PANEL_HEIGHT * len(measured) + 40,
        "showlegend": False,
        "hovermode": "closest",
        "margin": {"l": 120, "r": 24, "t": 8, "b": 44},
    }
    traces = []
    share = (1 - PANEL_GAP * (len(measured) - 1)) / len(measured)
    for place, metric in enumerate(measured):
        suffix = "" if place == 0 else str(place + 1)
        top = 1 - place * (share + PANEL_GAP)
        layout[f"xaxis{suffix}"] = {
            "title": {"text": _axis_title(metric), "standoff": 4},
            "anchor": f"y{suffix}",
            "rangemode": "normal" if metric.is_stars else "tozero",
        }
        layout[f"yaxis{suffix}"] = {
            "domain": [max(top - share, 0), top],
            "anchor": f"x{suffix}",
            "type": "category",
            "autorange": "reversed",
        }
        traces += [
            _trace(arm, metric, suffix, ARM_COLOURS[number % len(ARM_COLOURS)])
            for number, arm in enumerate(report.arms)
        ]
    return {"data": [trace for trace in traces if trace], "layout": layout}


def _trace(arm: ArmReport, metric: Metric, suffix: str, colour: str) -> dict[str, Any] | None:
    estimate = arm.metrics[metric.key]
    if not isinstance(estimate, Estimate):
        return None
    scale, _unit = scale_of(metric)
    value, low, high = (scale * n for n in (estimate.value, estimate.low, estimate.high))
    said = f"{value_text(metric, estimate.value)} ({interval_text(metric, estimate)})"
    return {
        "type": "scatter",
        "mode": "markers",
        "x": [value],
        "y": [arm_name(arm.arm)],
        "xaxis": f"x{suffix}",
        "yaxis": f"y{suffix}",
        "marker": {
            "color": colour,
            "size": 11,
            "symbol": "diamond" if arm.arm.is_control else "circle",
        },
        "error_x": {
            "type": "data",
            "symmetric": False,
            "color": colour,
            "array": [high - value],
            "arrayminus": [value - low],
            "thickness": 2,
            "width": 6,
        },
        "hovertemplate": f"{said}<extra></extra>",
    }


def _axis_title(metric: Metric) -> str:
    if metric.is_stars:
        return _("%(metric)s (1 to 5)") % {"metric": metric.title}
    if metric.is_share:
        return _("%(metric)s (%%)") % {"metric": metric.title}
    _scale, unit = scale_of(metric)
    return f"{metric.title} ({unit})" if unit else metric.title
