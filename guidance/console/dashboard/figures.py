"""The dashboard's figures, as plotly's JSON; `static/core/figures.js` draws them.

They are plain dicts: `plotly.graph_objects` would be imported by the first request that draws,
and validates each time what is written once here.
"""

from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from typing import Any

from django.utils.translation import get_language
from django.utils.translation import gettext as _

from guidance.behaviour.models import Event
from guidance.behaviour.period import Period
from guidance.console.dashboard import wording
from guidance.console.dashboard.arms import arm_names
from guidance.console.dashboard.metrics import Ratio
from guidance.console.dashboard.selectors import ArmKey, Behaviour, Decisions

HEIGHT = 240
# More lines than this cannot be told apart; the table beside the figure holds every arm.
MOST_LINES = 6

Figure = dict[str, Any]


def ratio_figure(
    ratio: Ratio, period: Period, decisions: Decisions, arms: Sequence[ArmKey]
) -> Figure:
    """Return a metric by day, a line for each arm; a day on which nothing counts is a gap."""
    lines, names = [], arm_names(arms)
    for arm in arms[:MOST_LINES]:
        days = [decisions.on(day, arm) for day in period.dates]
        lines.append(
            {
                "type": "scatter",
                "mode": "lines+markers",
                "name": names[arm],
                "x": _days(period),
                "y": [ratio.of(outcomes) for outcomes in days],
                "customdata": [ratio.counts(outcomes) for outcomes in days],
                "hovertemplate": _hover(ratio),
                "connectgaps": False,
                "marker": {"size": 5},
            }
        )
    axis = (
        {"tickformat": ".1~%", "rangemode": "tozero"}
        if ratio.is_share
        else {"range": [1, 5.2], "dtick": 1}
    )
    return _figure(lines, period, yaxis=axis, showlegend=len(lines) > 1)


def revenue_figure(period: Period, behaviour: Behaviour, currency: str) -> Figure:
    """Return each day's purchases upward and returns downward."""
    symbol = wording.currency_prefix(currency)
    kinds = ((Event.Kind.PURCHASE, _("purchases"), 1), (Event.Kind.RETURN, _("returns"), -1))
    bars = [
        {
            "type": "bar",
            "name": name,
            "x": _days(period),
            "y": _values(period, behaviour, kind, sign),
            "hovertemplate": f"{symbol}%{{y:,.2f}}",
        }
        for kind, name, sign in kinds
        if behaviour.events(period, kind)
    ]
    axis = {"tickprefix": symbol, "tickformat": ",~s"}
    return _figure(bars, period, yaxis=axis, barmode="relative", showlegend=len(bars) > 1)


def funnel_figure(steps: Sequence[tuple[str, int]]) -> Figure:
    """Return how many are left at each step, and which share of the step before that is."""
    return {
        "data": [
            {
                "type": "funnel",
                "y": [label for label, _count in steps],
                "x": [count for _label, count in steps],
                "texttemplate": [_funnel_text(steps, place) for place in range(len(steps))],
                "hoverinfo": "skip",
                "connector": {"line": {"width": 0}},
            }
        ],
        "layout": {
            "height": 60 + 56 * len(steps),
            "margin": {"l": 8, "r": 8, "t": 8, "b": 8},
            "showlegend": False,
            "hovermode": False,
            "xaxis": {"showgrid": False},
            "yaxis": {"showgrid": False},
        },
    }


def sparkline(days: Sequence[float | None], *, width: int = 120, height: int = 32) -> list[str]:
    """Return the runs of known days as points of SVG polylines, scaled to the box."""
    known = [value for value in days if value is not None]
    if len(known) < 2:
        return []
    low, spread = min(known), (max(known) - min(known)) or 1
    step = width / (len(days) - 1)
    runs: list[list[str]] = [[]]
    for place, value in enumerate(days):
        if value is None:
            runs.append([])
        else:
            y = height - 2 - (value - low) / spread * (height - 4)
            runs[-1].append(f"{place * step:.1f},{y:.1f}")
    return [" ".join(run) for run in runs if len(run) > 1]


def _funnel_text(steps: Sequence[tuple[str, int]], place: int) -> str:
    count = steps[place][1]
    if place == 0 or not steps[place - 1][1]:
        return wording.number(count)
    return f"{wording.number(count)} · {wording.share(count / steps[place - 1][1])}"


def _hover(ratio: Ratio) -> str:
    counts = "%{customdata[0]:,} / %{customdata[1]:,}"
    return f"%{{y:.1%}} ({counts})" if ratio.is_share else "%{y:.2f} (%{customdata[1]:,})"


def _values(period: Period, behaviour: Behaviour, kind: str, sign: int) -> list[float | None]:
    by_day = (behaviour.days[day] for day in period.dates)
    values = (figures.value.get(kind) for figures in by_day)
    return [None if value is None else float(sign * Decimal(value)) for value in values]


def _days(period: Period) -> list[str]:
    return [day.isoformat() for day in period.dates]


def _figure(data: list[Figure], period: Period, **layout: Any) -> Figure:
    is_chinese = (get_language() or "").startswith("zh")
    return {
        "data": data,
        "layout": {
            "height": HEIGHT,
            "margin": {"l": 8, "r": 8, "t": 12, "b": 8},
            "xaxis": {
                "type": "date",
                "range": [_edge(period.first, -12), _edge(period.last, 12)],
                "tickformat": "%-m月%-d日" if is_chinese else "%-d %b",
                "hoverformat": "%Y年%-m月%-d日" if is_chinese else "%a %-d %b %Y",
                "nticks": 7,
            },
            "legend": {"orientation": "h", "x": 0, "y": 1.02, "yanchor": "bottom"},
            **layout,
        },
    }


def _edge(day: date, hours: int) -> str:
    """Return noon of the day or of the day before, so that whole days fit between the edges."""
    return (
        f"{day.isoformat()} 12:00"
        if hours > 0
        else f"{date.fromordinal(day.toordinal() - 1)} 12:00"
    )
