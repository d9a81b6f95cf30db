"""The plots of an effect, as plotly's JSON: funnel, uplift by tenths, calendar."""

from collections.abc import Mapping, Sequence
from datetime import date
from itertools import accumulate
from typing import Any

from django.utils import formats
from django.utils.translation import gettext as _

from guidance.campaigns.selectors.effect import Decile
from guidance.experiments.statistics import NotMeasured

# Each reads on light and on dark ground.
MESSAGE, FORETOLD = "#0d9488", "#b45f06"
MARGIN = {"l": 60, "r": 24, "t": 8, "b": 44}


def funnel_figure(steps: Sequence[tuple[str, int, str]]) -> dict[str, Any]:
    """Return bars of how many got how far, the whole on top; `steps` are name, count and share."""
    return {
        "data": [
            {
                "type": "bar",
                "orientation": "h",
                "x": [count for _name, count, _share in steps],
                "y": [name for name, _count, _share in steps],
                "text": [f"{formats.number_format(count)} ({share})" for _n, count, share in steps],
                "textposition": "auto",
                "hoverinfo": "none",
                "marker": {"color": MESSAGE},
            }
        ],
        "layout": {
            "height": 60 + 44 * len(steps),
            "margin": {**MARGIN, "l": 150},
            "xaxis": {"title": {"text": _("shoppers")}, "rangemode": "tozero"},
            "yaxis": {"autorange": "reversed", "type": "category"},
        },
    }


def uplift_figure(deciles: Sequence[Decile]) -> dict[str, Any] | None:
    """Return what came of each tenth with its interval, and what was foretold; None for none."""
    told = [(one, one.arms.moved("bought")) for one in deciles]
    known = [(one, moved) for one, moved in told if not isinstance(moved, NotMeasured)]
    if not known:
        return None
    return {
        "data": [
            {
                "type": "scatter",
                "mode": "markers",
                "name": _("came"),
                "x": [one.number for one, _moved in known],
                "y": [100 * moved.value for _one, moved in known],
                "marker": {"color": MESSAGE, "size": 10},
                "error_y": {
                    "type": "data",
                    "symmetric": False,
                    "array": [100 * (moved.high - moved.value) for _one, moved in known],
                    "arrayminus": [100 * (moved.value - moved.low) for _one, moved in known],
                },
            },
            {
                "type": "scatter",
                "mode": "lines+markers",
                "name": _("foretold"),
                "x": [one.number for one in deciles],
                "y": [100 * one.predicted for one in deciles],
                "marker": {"color": FORETOLD, "symbol": "diamond"},
                "line": {"color": FORETOLD, "dash": "dot"},
            },
        ],
        "layout": {
            "height": 320,
            "margin": MARGIN,
            "xaxis": {"title": {"text": _("tenth of the shoppers, most moved first")}, "dtick": 1},
            "yaxis": {"title": {"text": _("more who bought (points)")}, "zeroline": True},
        },
    }


def curve_figure(deciles: Sequence[Decile]) -> dict[str, Any] | None:
    """Return the uplift curve: purchases gained by writing to the first so many tenths.

    Radcliffe: Using Control Groups to Target on Predicted Lift (Direct Marketing Analytics Journal
    2007). The straight line is what writing to as many at random would gain.
    """
    gains = [_gain(one) for one in deciles]
    if not gains or None in gains:
        return None
    sizes = [one.arms.treated.shoppers + one.arms.held.shoppers for one in deciles]
    shares = [0.0, *(100 * so_far / sum(sizes) for so_far in accumulate(sizes))]
    curve = [0.0, *accumulate(gain or 0.0 for gain in gains)]
    return {
        "data": [
            {
                "type": "scatter",
                "mode": "lines+markers",
                "name": _("in this order"),
                "x": shares,
                "y": curve,
                "line": {"color": MESSAGE},
            },
            {
                "type": "scatter",
                "mode": "lines",
                "name": _("at random"),
                "x": [0.0, 100.0],
                "y": [0.0, curve[-1]],
                "line": {"color": FORETOLD, "dash": "dot"},
            },
        ],
        "layout": {
            "height": 320,
            "margin": MARGIN,
            "xaxis": {"title": {"text": _("per cent of the shoppers written to")}},
            "yaxis": {"title": {"text": _("shoppers more who bought")}},
        },
    }


def _gain(decile: Decile) -> float | None:
    """Return how many more bought of a tenth than would have, were all of it written to."""
    treated, held = decile.arms.treated, decile.arms.held
    if not treated.shoppers or not held.shoppers:
        return None
    moved = treated.bought / treated.shoppers - held.bought / held.shoppers
    return moved * (treated.shoppers + held.shoppers)


def calendar_figure(sent: Mapping[date, int]) -> dict[str, Any] | None:
    """Return how many messages left on each day; None where none did."""
    if not sent:
        return None
    return {
        "data": [
            {
                "type": "bar",
                "x": [day.isoformat() for day in sent],
                "y": list(sent.values()),
                "marker": {"color": MESSAGE},
            }
        ],
        "layout": {
            "height": 240,
            "margin": MARGIN,
            "xaxis": {"type": "category"},
            "yaxis": {"title": {"text": _("messages")}, "rangemode": "tozero"},
        },
    }
