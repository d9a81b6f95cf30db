"""Searches without results as people read them."""

from datetime import datetime, timedelta
from itertools import accumulate

from django.utils.translation import gettext as _

from guidance.behaviour.analysis.forms import AnalysisForm
from guidance.behaviour.analysis.scope import Scope
from guidance.behaviour.analysis.searches import Phrase, Searches, searches
from guidance.behaviour.analysis.tables import (
    NOTHING,
    Cell,
    Figure,
    Found,
    Part,
    Report,
    Row,
    Table,
    number,
    share,
)
from guidance.behaviour.days import day_bounds

# A trend of fewer searches would be chance.
FEWEST_FOR_TREND = 10


def report(scope: Scope, form: AnalysisForm) -> Report:
    found = searches(scope)
    return Report(
        lead=_(
            "Phrases for which nothing was found, put together whatever their case and spaces: "
            "what shoppers miss. Bought after counts the shoppers who bought anything within a day "
            "after such a search; open them to see what it was."
        ),
        parts=[
            Part(_phrases_table(scope, found)),
            Part(_days_table(scope, found), _figure(scope, found)),
        ],
        open=lambda point: _open(found, point),
    )


def phrase_of(found: Searches, point: str) -> Phrase | None:
    """Return the phrase that a point is about."""
    key = point.partition("-")[2]
    return next((phrase for phrase in found.phrases if phrase.key == key), None)


def _phrases_table(scope: Scope, found: Searches) -> Table:
    total = sum(phrase.times for phrase in found.phrases)
    middle = day_bounds(scope.period.first + timedelta(days=scope.period.days // 2))[0]
    return Table(
        key="phrases",
        title=_("Phrases"),
        first=_("phrase"),
        columns=[
            _("times"),
            _("of all without results"),
            _("shoppers"),
            _("bought after"),
            _("second half against first"),
        ],
        rows=[
            Row(
                phrase.text or _("(no words)"),
                [
                    number(phrase.times),
                    share(phrase.times, total),
                    number(len(phrase.shoppers()), f"phrase-{phrase.key}"),
                    number(len(phrase.buyers()), f"bought-{phrase.key}"),
                    _trend(phrase, middle),
                ],
            )
            for phrase in found.phrases
        ],
        empty=_(
            "No search of these days found nothing. Choose more days; if the shop reports no "
            "searches at all, have the storefront send them with the number of results."
        ),
    )


def _trend(phrase: Phrase, middle: datetime) -> Cell:
    """Return how much more or less often a phrase was searched from the middle of the days on."""
    later = sum(at >= middle for at in phrase.at)
    earlier = phrase.times - later
    if phrase.times < FEWEST_FOR_TREND or not earlier:
        return NOTHING
    change = later / earlier - 1
    cell = share(abs(change), 1)
    sign = "+" if change > 0 else "−" if change < 0 else ""
    return cell._replace(text=f"{sign}{cell.text}", raw=change)


def _days_table(scope: Scope, found: Searches) -> Table:
    days = [day for day in reversed(scope.period.dates) if day in found.days]
    return Table(
        key="days",
        title=_("By day"),
        first=_("day"),
        columns=[_("searches"), _("without results"), _("share")],
        rows=[
            Row(
                day.isoformat(),
                [number(value) for value in found.days[day]]
                + [share(found.days[day][1], found.days[day][0])],
            )
            for day in days
        ],
        empty=_("Nobody searched in these days."),
    )


def _figure(scope: Scope, found: Searches) -> Figure | None:
    """Return the share of searches without results: the mean of each day and the six before."""
    if not found.days:
        return None
    dates = scope.period.dates
    pairs = [found.days.get(day, (0, 0)) for day in dates]
    every, none = ([0, *accumulate(pair[place] for pair in pairs)] for place in (0, 1))
    shares: list[float | None] = []
    for place in range(1, len(dates) + 1):
        since = max(place - 7, 0)
        searched = every[place] - every[since]
        shares.append((none[place] - none[since]) / searched if searched else None)
    line = {
        "type": "scatter",
        "mode": "lines",
        "name": _("share without results, 7 days"),
        "x": [day.isoformat() for day in dates],
        "y": shares,
        "hovertemplate": "%{y:.1%}",
    }
    layout = {
        "height": 260,
        "yaxis": {"tickformat": ".0%", "rangemode": "tozero"},
        "xaxis": {"type": "date", "tickformat": "%m-%d", "hoverformat": "%Y-%m-%d"},
        "showlegend": True,
        "margin": {"l": 44, "r": 16, "t": 36, "b": 36},
        "legend": {"orientation": "h", "y": 1, "yanchor": "bottom"},
    }
    return {"data": [line], "layout": layout}


def _open(found: Searches, point: str) -> Found | None:
    phrase = phrase_of(found, point)
    if phrase is None:
        return None
    if point.startswith("phrase-"):
        title = _("Shoppers who searched “%(phrase)s” in vain") % {"phrase": phrase.text}
        return Found(title, phrase.shoppers())
    if point.startswith("bought-"):
        title = _("Shoppers who searched “%(phrase)s” in vain and bought something within a day")
        return Found(title % {"phrase": phrase.text}, phrase.buyers())
    return None
