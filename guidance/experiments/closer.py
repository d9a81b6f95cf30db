"""An experiment looked at closer: its difference day by day, and who differs how."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.utils.formats import number_format
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from guidance.experiments.figures import ARM_COLOURS
from guidance.experiments.models import Experiment, Metric, Recount
from guidance.experiments.selectors import metrics_of
from guidance.experiments.selectors.adjusting import Adjusted, adjusted_in
from guidance.experiments.selectors.segments import Segment, parts_of, segments_in
from guidance.experiments.selectors.unfolding import Curve, unfold
from guidance.experiments.statistics import Comparison, Corrected
from guidance.experiments.wording import arm_name, difference_text, p_text, scale_of

KIND_NAMES = {
    "tier": gettext_lazy("Membership tier"),
    "language": gettext_lazy("Language"),
    "history": gettext_lazy("New or known"),
}
VALUE_NAMES = {
    "known": gettext_lazy("had done something here before"),
    "new": gettext_lazy("first seen in the experiment"),
}
FIGURE_HEIGHT = 340


@dataclass(frozen=True)
class Row:
    """One segment's comparison in words."""

    segment: str
    title: str
    shoppers: str
    difference: str
    p_value: str
    is_clear: bool
    is_measured: bool


def time_page(experiment: Experiment, as_of: datetime | None = None) -> dict[str, Any]:
    """Return what the page of the days shows: one figure a metric, the primary one first."""
    metrics = metrics_of(experiment)
    curves = unfold(experiment, metrics, as_of)
    figures = []
    for key in sorted(curves, key=lambda one: one != experiment.primary_metric):
        figure = _figure(curves[key], metrics[key])
        if figure is not None:
            figures.append((key, metrics[key].title, figure))
    return {
        "figures": figures,
        "is_sequential": experiment.stop_rule == Experiment.StopRule.SEQUENTIAL,
    }


def _figure(curves: Sequence[Curve], metric: Metric) -> dict[str, Any] | None:
    """Return plotly's JSON: a line and a band for each treatment; None where none is measured."""
    traces: list[dict[str, Any]] = []
    scale, unit = scale_of(metric)
    for place, curve in enumerate(curves, start=1):
        colour = ARM_COLOURS[place % len(ARM_COLOURS)]
        points = [one for one in curve.points if isinstance(one.found, Comparison)]
        if not points:
            continue
        days = [one.day.isoformat() for one in points]
        found = [one.found for one in points if isinstance(one.found, Comparison)]
        name = arm_name(curve.arm)
        plain = {"type": "scatter", "mode": "lines", "x": days, "legendgroup": curve.arm.key}
        hidden = {"line": {"width": 0}, "showlegend": False, "hoverinfo": "skip"}
        traces += [
            {**plain, **hidden, "y": [scale * one.high for one in found]},
            {
                **plain,
                **hidden,
                "y": [scale * one.low for one in found],
                "fill": "tonexty",
                "fillcolor": f"{colour}33",
            },
            {
                **plain,
                "mode": "lines+markers",
                "name": name,
                "y": [scale * one.value for one in found],
                "line": {"color": colour, "width": 2},
                "marker": {"size": 5},
                "text": [
                    _("%(difference)s; %(shoppers)s shoppers")
                    % {
                        "difference": difference_text(metric, point.found),
                        "shoppers": _count(point.shoppers),
                    }
                    for point in points
                ],
                "hovertemplate": "%{text}",
            },
        ]
    if not traces:
        return None
    title = _("Difference (%(unit)s)") % {"unit": unit} if unit else _("Difference")
    layout = {
        "height": FIGURE_HEIGHT,
        "margin": {"l": 64, "r": 16, "t": 36, "b": 52},
        "xaxis": {"type": "date", "title": {"text": _days_text(metric), "standoff": 4}},
        "yaxis": {"title": {"text": title, "standoff": 4}, "zeroline": True, "zerolinewidth": 2},
        "showlegend": True,
        **_immature(curves),
    }
    return {"data": traces, "layout": layout}


def _days_text(metric: Metric) -> str:
    return _("days of %(zone)s") % {"zone": metric.time_zone}


def _immature(curves: Sequence[Curve]) -> dict[str, Any]:
    """Return plotly's grey ground behind the days whose figures can still change."""
    days = [one.day for curve in curves for one in curve.points if not one.is_mature]
    if not days:
        return {}
    ground = {
        "type": "rect",
        "layer": "below",
        "xref": "x",
        "yref": "paper",
        "x0": min(days).isoformat(),
        "x1": max(days).isoformat(),
        "y0": 0,
        "y1": 1,
        "fillcolor": "#80808033",
        "line": {"width": 0},
    }
    note = {
        "text": _("not yet final"),
        "xref": "x",
        "yref": "paper",
        "x": min(days).isoformat(),
        "y": 1,
        "xanchor": "left",
        "yanchor": "bottom",
        "showarrow": False,
    }
    return {"shapes": [ground], "annotations": [note]}


def segments_page(experiment: Experiment, as_of: datetime | None = None) -> dict[str, Any]:
    """Return what the page of the segments shows: in words what differs clearly, then the table."""
    metrics = metrics_of(experiment)
    parts = parts_of(experiment, metrics, as_of)
    found = segments_in(experiment, metrics, parts)
    adjusted = adjusted_in(experiment, metrics, parts)
    sizes = {one.corrected.family for one in found if isinstance(one.corrected, Corrected)}
    return {
        "is_recounting": Recount.objects.filter(experiment=experiment).exists(),
        "segments": [_row(one) for one in found],
        "clear": [_sentence(one) for one in found if one.is_clear],
        "family": max(sizes, default=0),
        "kinds": [KIND_NAMES[kind] for kind in (adjusted[0].by_kind if adjusted else ())],
        "adjusted": [_adjusted_row(one) for one in adjusted],
    }


def _sentence(one: Segment) -> str:
    assert isinstance(one.found, Comparison)
    words = {
        "segment": _segment(one),
        "metric": one.metric.title,
        "arm": arm_name(one.arm),
        "difference": difference_text(one.metric, one.found),
    }
    if one.found.value > 0:
        return (
            _("%(segment)s: %(metric)s of %(arm)s is above the control by %(difference)s.") % words
        )
    return _("%(segment)s: %(metric)s of %(arm)s is below the control by %(difference)s.") % words


def _adjusted_row(one: Adjusted) -> tuple[str, list[str]]:
    title = _("%(metric)s of %(arm)s") % {"metric": one.metric.title, "arm": arm_name(one.arm)}
    return title, [difference_text(one.metric, found) for found in one.by_kind.values()]


def _row(one: Segment) -> Row:
    return Row(
        segment=_segment(one),
        title=_("%(metric)s of %(arm)s") % {"metric": one.metric.title, "arm": arm_name(one.arm)},
        shoppers=_("%(arm)s of %(all)s")
        % {
            "arm": _count(one.shoppers),
            "all": _count(one.shoppers + one.control_shoppers),
        },
        difference=difference_text(one.metric, one.found),
        p_value=p_text(one.corrected.adjusted) if isinstance(one.corrected, Corrected) else "–",
        is_clear=one.is_clear,
        is_measured=isinstance(one.found, Comparison),
    )


def _segment(one: Segment) -> str:
    value = VALUE_NAMES.get(one.value, one.value) or _("not known")
    return _("%(kind)s: %(value)s") % {"kind": KIND_NAMES[one.kind], "value": value}


def _count(number: int) -> str:
    return number_format(number, force_grouping=True)
