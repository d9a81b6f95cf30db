"""Cohorts as people read them: the triangle as a heat map and as a table."""

from datetime import date, timedelta

from django.utils.translation import gettext as _

from guidance.behaviour.analysis.cohorts import MONTH, Cohort, cohorts
from guidance.behaviour.analysis.cohorts import Cell as Came
from guidance.behaviour.analysis.forms import CohortsForm
from guidance.behaviour.analysis.scope import Scope
from guidance.behaviour.analysis.tables import (
    GREY,
    HEAT,
    Cell,
    Figure,
    Found,
    Part,
    Report,
    Row,
    Table,
    number,
    percentage,
)
from guidance.behaviour.days import today

# A year of weeks is more than a table can show; the newest cohorts and their first periods are
# kept, and coming again is mostly decided in them.
MOST_PERIODS = 26


def report(scope: Scope, form: CohortsForm) -> Report:
    asked = form.cleaned_data
    every = cohorts(
        scope, unit=asked["unit"], first=asked["first"], again=asked["again"], today=today()
    )
    found = every[-MOST_PERIODS:]
    notes = []
    if len(every) > len(found):
        notes.append(
            _("The newest %(number)d of %(all)d cohorts are shown: choose fewer days, or months.")
            % {"number": len(found), "all": len(every)}
        )
    return Report(
        lead=_(
            "Shoppers by the week or month of the first purchase or event ever known of them, and "
            "the share of them who came again in that period and each later one. Grey: the period "
            "is not over, or the chosen days end within it, so the share can still rise."
        ),
        parts=[Part(_table(found, asked["unit"]), _figure(found, asked["unit"]))],
        open=lambda point: _open(found, asked["unit"], point),
        notes=notes,
    )


def _name(begins: date, unit: str) -> str:
    """Return a month in figures, which every language reads, a week as its first and last day."""
    if unit == MONTH:
        return f"{begins:%Y-%m}"
    return f"{begins.isoformat()} – {(begins + timedelta(days=6)):%m-%d}"


def _cells(cohort: Cohort) -> list[Came]:
    return cohort.cells[:MOST_PERIODS]


def _columns(found: list[Cohort]) -> int:
    return max((len(_cells(cohort)) for cohort in found), default=0)


def _table(found: list[Cohort], unit: str) -> Table:
    columns = _columns(found)
    return Table(
        key="retention",
        title=_("Who came again"),
        first=_("month of the first") if unit == MONTH else _("week of the first"),
        columns=[_("shoppers"), *(f"+{later}" for later in range(columns))],
        rows=[
            Row(
                _name(cohort.begins, unit),
                [
                    number(len(cohort.shoppers), f"cohort-{cohort.begins}"),
                    *(_cell(cohort, later) for later in range(len(_cells(cohort)))),
                    *(Cell("", None) for _later in range(columns - len(_cells(cohort)))),
                ],
            )
            for cohort in found
        ],
        empty=_(
            "Nobody came for the first time in these days. Choose more days, or count any event "
            "as the first."
        ),
    )


def _cell(cohort: Cohort, later: int) -> Cell:
    came = cohort.cells[later]
    part = len(came.shoppers) / len(cohort.shoppers)
    return Cell(
        percentage(part),
        part,
        point=f"came-{cohort.begins}-{later}" if len(came.shoppers) else "",
        tone="heat" if came.is_over else "open",
        heat=part,
    )


def _figure(found: list[Cohort], unit: str) -> Figure | None:
    """Return the triangle, oldest cohort on top; what is not over yet is a grey map of its own."""
    if not found:
        return None
    columns = _columns(found)
    names = [_name(cohort.begins, unit) for cohort in found]

    def trace(is_over: bool) -> Figure:
        shares: list[list[float | None]] = []
        points: list[list[str]] = []
        for cohort in found:
            cells = [
                (place, cell)
                for place, cell in enumerate(_cells(cohort))
                if cell.is_over == is_over
            ]
            row: list[float | None] = [None] * columns
            opened = [""] * columns
            for place, cell in cells:
                row[place] = len(cell.shoppers) / len(cohort.shoppers)
                opened[place] = f"came-{cohort.begins}-{place}"
            shares.append(row)
            points.append(opened)
        return {
            "type": "heatmap",
            "x": [f"+{later}" for later in range(columns)],
            "y": names,
            "z": shares,
            "customdata": points,
            "zmin": 0,
            "zmax": 0.5,
            "colorscale": HEAT if is_over else GREY,
            "showscale": False,
            "xgap": 2,
            "ygap": 2,
            "texttemplate": "%{z:.0%}",
            "hovertemplate": "%{y}, %{x}: %{z:.1%}<extra></extra>",
        }

    axis = {"type": "category", "showgrid": False}
    layout = {
        "height": 60 + 26 * len(found),
        "xaxis": {**axis, "side": "top"},
        "yaxis": {**axis, "autorange": "reversed"},
        "hovermode": "closest",
        "margin": {"l": 60, "r": 8, "t": 28, "b": 8},
    }
    return {"data": [trace(True), trace(False)], "layout": layout}


def _open(found: list[Cohort], unit: str, point: str) -> Found | None:
    for cohort in found:
        name = _name(cohort.begins, unit)
        if point == f"cohort-{cohort.begins}":
            return Found(
                _("Shoppers who came first in %(period)s") % {"period": name}, cohort.shoppers
            )
        for later, cell in enumerate(_cells(cohort)):
            if point == f"came-{cohort.begins}-{later}":
                title = _("Shoppers who came first in %(period)s and came %(later)d periods later")
                return Found(title % {"period": name, "later": later}, cell.shoppers)
    return None
