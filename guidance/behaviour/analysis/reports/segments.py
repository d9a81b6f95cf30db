"""RFM as people read it: named segments with their worth, and the map of scores."""

import numpy as np
from django.utils.translation import gettext as _

from guidance.behaviour.analysis.forms import AnalysisForm
from guidance.behaviour.analysis.scope import Scope
from guidance.behaviour.analysis.segments import (
    BANDS,
    SEGMENTS,
    Buyers,
    buyers,
    days_since,
    segment_of,
)
from guidance.behaviour.analysis.tables import (
    NOTHING,
    Cell,
    Figure,
    Found,
    Part,
    Report,
    Row,
    Table,
    money,
    number,
    share,
)
from guidance.behaviour.analysis.trails import Ints


def report(scope: Scope, form: AnalysisForm) -> Report:
    found = buyers(scope)
    place = segment_of(found)
    notes = []
    if found.elsewhere:
        notes.append(
            _("%(number)d shoppers bought in other currencies than %(currency)s alone: left out.")
            % {"number": found.elsewhere, "currency": scope.currency}
        )
    return Report(
        lead=_(
            "Everybody who bought in these days, scored from 1 to 5 by how lately, how often (in "
            "orders) and how much they bought, returns taken off. A score of 5 means above at "
            "least four fifths of the others; equals score alike. Long ago and lately are within "
            "these days."
        ),
        parts=[
            Part(
                _segments_table(scope, found, place),
                _segments_figure(scope, found, place),
            ),
            Part(_map_table(found)),
        ],
        open=lambda point: _open(found, place, point),
        notes=notes,
    )


def _segments_table(scope: Scope, found: Buyers, place: Ints) -> Table:
    since = days_since(found, scope.period.last)
    total = int(found.cents.sum())
    rows = []
    for place_of, segment in enumerate(SEGMENTS):
        inside = place == place_of
        size = int(inside.sum())
        cents = int(found.cents[inside].sum())
        rows.append(
            Row(
                str(segment.name),
                [
                    number(size, f"segment-{segment.key}"),
                    share(size, len(place)),
                    money(cents, scope.currency),
                    share(cents, total) if total > 0 else NOTHING,
                    money(round(cents / size), scope.currency) if size else NOTHING,
                    _mean(found.orders[inside], 1),
                    _median(since[inside]),
                ],
                note=str(segment.description),
            )
        )
    return Table(
        key="segments",
        title=_("Segments"),
        first=_("segment of shoppers"),
        columns=[
            _("shoppers"),
            _("of all"),
            _("net value"),
            _("of the value"),
            _("value a shopper"),
            _("orders a shopper"),
            _("days since the last order, median"),
        ],
        rows=rows if len(place) else [],
        empty=_("Nobody bought in these days. Choose more days or another market."),
    )


def _mean(values: Ints, digits: int) -> Cell:
    return number(float(values.mean()), digits=digits) if len(values) else NOTHING


def _median(values: Ints) -> Cell:
    return number(float(np.median(values))) if len(values) else NOTHING


def _segments_figure(scope: Scope, found: Buyers, place: Ints) -> Figure | None:
    if not len(place):
        return None
    total = max(int(found.cents.sum()), 1)
    names = [str(segment.name) for segment in SEGMENTS]
    points = [f"segment-{segment.key}" for segment in SEGMENTS]
    sizes = [float((place == place_of).mean()) for place_of in range(len(SEGMENTS))]
    worth = [
        float(found.cents[place == place_of].sum() / total) for place_of in range(len(SEGMENTS))
    ]
    bars = [
        {
            "type": "bar",
            "orientation": "h",
            "name": name,
            "y": names,
            "x": values,
            "customdata": points,
            "hovertemplate": "%{x:.1%}",
        }
        for name, values in ((_("of all shoppers"), sizes), (_("of the value"), worth))
    ]
    layout = {
        "height": 110 + 34 * len(names),
        "barmode": "group",
        "xaxis": {"tickformat": ".0%"},
        "yaxis": {"autorange": "reversed"},
        "hovermode": "y unified",
        "margin": {"l": 44, "r": 16, "t": 36, "b": 36},
        "legend": {"orientation": "h", "y": 1, "yanchor": "bottom", "traceorder": "normal"},
    }
    return {"data": bars, "layout": layout}


def _map_table(found: Buyers) -> Table:
    """Return how many shoppers have each pair of scores, lately and often on top and right."""
    counts = {
        (recency, frequency): int(
            ((found.recency == recency) & (found.frequency == frequency)).sum()
        )
        for recency in range(1, BANDS + 1)
        for frequency in range(1, BANDS + 1)
    }
    most = max(counts.values()) or 1
    scores = range(1, BANDS + 1)
    return Table(
        key="scores",
        title=_("Shoppers by score: how lately, and how often"),
        first=_("how lately"),
        columns=[_("how often: %(score)d") % {"score": score} for score in scores],
        rows=[
            Row(
                str(recency),
                [
                    number(counts[recency, frequency], f"scores-{recency}-{frequency}")._replace(
                        tone="heat", heat=counts[recency, frequency] / most
                    )
                    for frequency in scores
                ],
            )
            for recency in reversed(scores)
        ]
        if len(found.shoppers)
        else [],
        empty=_("Nobody bought in these days. Choose more days or another market."),
    )


def _open(found: Buyers, place: Ints, point: str) -> Found | None:
    for place_of, segment in enumerate(SEGMENTS):
        if point == f"segment-{segment.key}":
            return Found(
                f"{segment.name}: {segment.description}", found.shoppers[place == place_of]
            )
    for recency in range(1, BANDS + 1):
        for frequency in range(1, BANDS + 1):
            if point == f"scores-{recency}-{frequency}":
                chosen = (found.recency == recency) & (found.frequency == frequency)
                title = _(
                    "Shoppers who score %(recency)d by how lately, %(frequency)d by how often"
                )
                said = title % {"recency": recency, "frequency": frequency}
                return Found(said, found.shoppers[chosen])
    return None
