"""The page's figures, as plotly's JSON; `static/core/figures.js` draws them."""

from collections.abc import Sequence
from typing import Any

from django.utils.translation import gettext as _

from guidance.recommendations.health import wording
from guidance.training.labels import policy_name

Figure = dict[str, Any]
# More groups cannot be told apart in a figure; the table beside it holds them all.
MOST_GROUPS = 12
# Space for a group's two bars, and for the axis and the legend.
BAR_HEIGHT, FRAME_HEIGHT = 34, 110
LONGEST_NAME = 22
# Above the drawing at any height and width: one placed by a share of it lies on a low figure.
LEGEND = {
    "margin": {"l": 44, "r": 16, "t": 36, "b": 36},
    "legend": {"orientation": "h", "y": 1, "yanchor": "bottom"},
}


def exposure_figure(rows: Sequence[dict[str, Any]], kind: str) -> Figure | None:
    """Return each group's share of exposure beside its share of purchases, in the order given;
    of many the largest."""
    by_size = sorted(rows, key=lambda row: -max(row["exposure"], row["bought"]))
    kept = [row["label"] for row in by_size[:MOST_GROUPS]]
    largest = [row for row in rows if row["label"] in kept]
    names = [_short(wording.label(kind, row["label"])) for row in largest]
    return _bars(
        names,
        {
            _("exposure"): [row["exposure"] for row in largest],
            _("purchases"): [row["bought"] for row in largest],
        },
    )


def categories_figure(calibration: dict[str, Any]) -> Figure | None:
    """Return the share of each category in what shoppers chose before and in what was shown."""
    rows = calibration.get("categories", [])[:MOST_GROUPS]
    names = [_short(wording.label("category", row["label"])) for row in rows]
    return _bars(
        names,
        {
            _("chosen before"): [row["own"] for row in rows],
            _("shown"): [row["shown"] for row in rows],
        },
    )


def quality_figure(days: Sequence[dict[str, Any]]) -> Figure | None:
    """Return CTR over seen decisions, hit rate and NDCG by day; a day that tells none is a gap."""
    pairs = (
        (_("CTR"), "clicked", "seen"),
        (_("hit rate"), "hits", "judged"),
        (_("NDCG"), "ndcg", "judged"),
    )
    lines = [
        {
            "type": "scatter",
            "mode": "lines+markers",
            "name": name,
            "x": [day["day"] for day in days],
            "y": [day[top] / day[bottom] if day[bottom] else None for day in days],
            "hovertemplate": "%{y:.1%}",
        }
        for name, top, bottom in pairs
        if any(day[bottom] for day in days)
    ]
    if not lines:
        return None
    axis = {"tickformat": ".0%", "rangemode": "tozero"}
    # In figures alone: plotly knows the names of months in English only.
    days_axis = {"type": "date", "tickformat": "%m-%d", "hoverformat": "%Y-%m-%d"}
    layout = {"height": 280, "yaxis": axis, "xaxis": days_axis, **LEGEND}
    return {"data": lines, "layout": layout}


def lorenz_figure(evenness: dict[str, Any]) -> Figure | None:
    """Return the share of exposure that the least shown share of products has, and equality."""
    if evenness.get("gini") is None:
        return None
    curve = evenness["lorenz"]
    lines = [
        (_("exposure"), curve["products"], curve["exposure"], "solid"),
        (_("all products alike"), [0, 1], [0, 1], "dot"),
    ]
    return {
        "data": [
            {
                "type": "scatter",
                "mode": "lines",
                "name": name,
                "x": x,
                "y": y,
                "line": {"dash": dash},
                "hovertemplate": "%{x:.0%}: %{y:.1%}",
            }
            for name, x, y, dash in lines
        ],
        "layout": {
            "height": 280,
            "hovermode": "closest",
            "xaxis": {"title": {"text": _("products, least shown first")}, "tickformat": ".0%"},
            "yaxis": {"tickformat": ".0%"},
            **LEGEND,
        },
    }


def scores_figure(scores: Sequence[dict[str, Any]]) -> Figure | None:
    """Return the click rate by band of the score, a line for each policy and version."""
    lines = [
        {
            "type": "scatter",
            "mode": "lines+markers",
            "name": f"{policy_name(one['policy'])} {one['version']}".strip(),
            "x": list(range(1, len(one["bands"]) + 1)),
            "y": [band["clicked"] / band["items"] for band in one["bands"]],
            "hovertemplate": "%{y:.2%}",
        }
        for one in scores
        if len(one["bands"]) > 1 and any(band["clicked"] for band in one["bands"])
    ]
    if not lines:
        return None
    return {
        "data": lines,
        "layout": {
            "height": 280,
            "showlegend": True,
            "xaxis": {"title": {"text": _("band of the score, lowest first")}, "dtick": 1},
            "yaxis": {"tickformat": ".1%", "rangemode": "tozero"},
            **LEGEND,
        },
    }


def shifts_figure(rows: Sequence[dict[str, Any]], look: float, alarm: float) -> Figure | None:
    """Return each stability index, with lines where it is worth a look and where it is an alarm."""
    if not rows:
        return None
    names = [wording.input_name(row["input"]) for row in rows]
    bar = {
        "type": "bar",
        "orientation": "h",
        "y": names,
        "x": [row["index"] for row in rows],
        "hovertemplate": "%{x:.3f}",
        "name": _("PSI"),
    }
    lines = [
        {"type": "line", "x0": at, "x1": at, "y0": 0, "y1": 1, "yref": "paper", "line": line}
        for at, line in (
            (look, {"color": "#d97706", "dash": "dot"}),
            (alarm, {"color": "#e11d48", "dash": "dot"}),
        )
    ]
    return {
        "data": [bar],
        "layout": {
            "height": FRAME_HEIGHT + BAR_HEIGHT * len(rows),
            "shapes": lines,
            "showlegend": False,
            "hovermode": "closest",
            "yaxis": {"autorange": "reversed"},
            "xaxis": {"rangemode": "tozero", "tickangle": 0, "nticks": 4},
        },
    }


def _bars(names: Sequence[str], series: dict[str, list[float]]) -> Figure | None:
    """Return shares by group; none for one group, which has everything."""
    if len(names) < 2:
        return None
    return {
        "data": [
            {
                "type": "bar",
                "orientation": "h",
                "name": name,
                "y": list(names),
                "x": values,
                "hovertemplate": "%{x:.1%}",
            }
            for name, values in series.items()
        ],
        "layout": {
            "height": FRAME_HEIGHT + BAR_HEIGHT * len(names),
            "barmode": "group",
            "hovermode": "y unified",
            "xaxis": {"tickformat": ".0%", "tickangle": 0, "nticks": 4},
            **LEGEND,
            "yaxis": {"autorange": "reversed"},
        },
    }


def _short(name: str) -> str:
    return name if len(name) <= LONGEST_NAME else f"{name[: LONGEST_NAME - 1]}…"
