"""The funnel as people read it."""

from django.utils.translation import gettext as _

from guidance.behaviour.analysis.forms import FunnelForm
from guidance.behaviour.analysis.funnel import Step, funnel_steps, has_time_left, lost_after
from guidance.behaviour.analysis.scope import Scope
from guidance.behaviour.analysis.tables import (
    NOTHING,
    Figure,
    Found,
    Part,
    Report,
    Row,
    Table,
    duration,
    number,
    sentence,
    share,
)
from guidance.behaviour.days import today
from guidance.behaviour.models import Event


def report(scope: Scope, form: FunnelForm) -> Report:
    window = form.window_days()
    steps = funnel_steps(scope, form.steps(), window)
    late = _("Some who took the first step still have time for the others: their shares will rise.")
    return Report(
        lead=_(
            "Shoppers by how far they came: the first step in the chosen days, the others in order "
            "within %(window)d days after it. Who begins several times counts as far as they came "
            "from any of these beginnings. Events at the same moment are taken in the order of the "
            "steps. The time is the median since the step before."
        )
        % {"window": window},
        parts=[Part(_table(steps), _figure(steps))],
        open=lambda point: _open(steps, point),
        notes=[late] if len(steps[0].shoppers) and has_time_left(scope, window, today()) else [],
    )


def label(kind: str) -> str:
    return str(Event.Kind(kind).label)


def _names(steps: list[Step]) -> list[str]:
    return [f"{place}. {label(step.kind)}" for place, step in enumerate(steps, start=1)]


def _table(steps: list[Step]) -> Table:
    counts = [len(step.shoppers) for step in steps]
    rows = [
        Row(
            name,
            [
                number(counts[place], f"reached-{place}"),
                share(counts[place], counts[place - 1]) if place else NOTHING,
                share(counts[place], counts[0]),
                duration(step.median),
                number(counts[place] - counts[place + 1], f"lost-{place}")
                if place + 1 < len(steps)
                else NOTHING,
            ],
        )
        for place, (name, step) in enumerate(zip(_names(steps), steps, strict=True))
    ]
    return Table(
        key="steps",
        title=_("Step by step"),
        first=_("step"),
        columns=[
            _("shoppers"),
            _("of the step before"),
            _("of the first"),
            _("time since the step before"),
            _("went no further"),
        ],
        rows=rows if counts[0] else [],
        empty=_(
            "Nobody took the first step in these days. Choose other days, another market or "
            "another first step."
        ),
    )


def _figure(steps: list[Step]) -> Figure | None:
    if not len(steps[0].shoppers):
        return None
    trace = {
        "type": "funnel",
        "y": _names(steps),
        "x": [len(step.shoppers) for step in steps],
        "customdata": [f"reached-{place}" for place in range(len(steps))],
        "textinfo": "value+percent initial",
        "hovertemplate": "%{y}: %{x}<extra></extra>",
    }
    layout = {"height": 60 + 56 * len(steps), "margin": {"l": 110, "r": 16, "t": 8, "b": 8}}
    return {"data": [trace], "layout": layout | {"showlegend": False, "hovermode": "closest"}}


def _open(steps: list[Step], point: str) -> Found | None:
    what, _dash, digits = point.partition("-")
    place = int(digits) if digits.isdecimal() else len(steps)
    way = sentence([label(step.kind) for step in steps[: place + 1]])
    if what == "reached" and place < len(steps):
        return Found(_("Shoppers who came this far: %(way)s") % {"way": way}, steps[place].shoppers)
    if what == "lost" and place + 1 < len(steps):
        title = _("Shoppers who came this far and no further: %(way)s") % {"way": way}
        return Found(title, lost_after(steps, place))
    return None
