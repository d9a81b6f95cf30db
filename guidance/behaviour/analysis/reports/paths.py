"""Paths as people read them: how visits went on from step to step, and the whole ways."""

from collections.abc import Sequence

from django.utils.translation import gettext as _

from guidance.behaviour.analysis.forms import PathsForm
from guidance.behaviour.analysis.paths import OVER, Group, Paths, grouped, kinds_of, moves, paths
from guidance.behaviour.analysis.reports.funnel import label
from guidance.behaviour.analysis.scope import Scope
from guidance.behaviour.analysis.tables import (
    Figure,
    Found,
    Part,
    Report,
    Row,
    Table,
    number,
    sentence,
    share,
)
from guidance.behaviour.models import Event

BEFORE = "before"


def report(scope: Scope, form: PathsForm) -> Report:
    asked = form.cleaned_data
    backward = asked["direction"] == BEFORE
    hidden = (
        [] if asked["impressions"] or asked["event"] == Event.Kind.IMPRESSION else ["impression"]
    )
    found = paths(scope, asked["event"], steps=asked["steps"], backward=backward, without=hidden)
    ways = grouped(found.packed(), found.shoppers)
    steps = moves(found) if ways else []
    return Report(
        lead=_(
            "Each visit counts once, from its first such event on, or up to it. A visit is a "
            "session; where events name none it ends with a pause of 30 minutes. Events of one "
            "kind in a row are one step."
        ),
        parts=[
            Part(_moves_table(steps, found, backward), _figure(steps, found, backward)),
            Part(_ways_table(ways, found, backward)),
        ],
        open=lambda point: _open(ways, steps, found, backward, point),
    )


def _ways_table(ways: list[Group], found: Paths, backward: bool) -> Table:
    visits = len(found.shoppers)
    return Table(
        key="ways",
        title=_("Whole ways, most taken first"),
        first=_("way"),
        columns=[_("visits"), _("of all"), _("shoppers")],
        rows=[
            Row(
                _way(way.key, found, backward),
                [
                    number(way.visits),
                    share(way.visits, visits),
                    number(len(way.shoppers), f"way-{way.key}"),
                ],
            )
            for way in ways
        ],
        empty=_empty(),
    )


def _moves_table(steps: list[Group], found: Paths, backward: bool) -> Table:
    visits = len(found.shoppers)
    return Table(
        key="moves",
        title=_("From step to step"),
        first=_("step"),
        columns=[_("visits"), _("of all"), _("shoppers")],
        rows=[
            Row(
                _move(step.key, found, backward),
                [
                    number(step.visits),
                    share(step.visits, visits),
                    number(len(step.shoppers), f"move-{step.key}"),
                ],
            )
            for step in sorted(steps, key=lambda step: (step.key >> 8, -step.visits, step.key))
        ],
        empty=_empty(),
    )


def _empty() -> str:
    return _("No visit of these days has such an event. Choose another event, or other days.")


def _words(kinds: Sequence[str], backward: bool) -> list[str]:
    """Return the steps' names; where a visit was over, or had not begun, it says so once."""
    over = _("beginning of the visit") if backward else _("end of the visit")
    said = [label(kind) if kind else over for kind in kinds]
    return [
        one for place, one in enumerate(said) if kinds[place] or said[place - 1] != one or not place
    ]


def _way(key: int, found: Paths, backward: bool) -> str:
    kinds = kinds_of(key, found.steps.shape[1])
    if backward:
        while len(kinds) > 1 and not kinds[0] and not kinds[1]:
            kinds = kinds[1:]
    return sentence(_words(kinds, backward))


def _move(key: int, found: Paths, backward: bool) -> str:
    place, words = key >> 8, _words(kinds_of(key, 2), backward)
    counted = found.steps.shape[1] - 1 - place if backward else place + 1
    return f"{counted}. {sentence(words)}"


def _figure(steps: list[Group], found: Paths, backward: bool) -> Figure | None:
    if not steps:
        return None
    nodes: dict[tuple[int, int], int] = {}
    links: dict[str, list[object]] = {"source": [], "target": [], "value": [], "customdata": []}
    for step in steps:
        place, here, there = step.key >> 8, (step.key >> 4) & 15, step.key & 15
        links["source"].append(nodes.setdefault((place, here), len(nodes)))
        links["target"].append(nodes.setdefault((place + 1, there), len(nodes)))
        links["value"].append(step.visits)
        links["customdata"].append(f"move-{step.key}")
    over = _("beginning") if backward else _("end")
    names = [over if code == OVER else label(kinds_of(code, 1)[0]) for _place, code in nodes]
    trace = {
        "type": "sankey",
        "arrangement": "snap",
        "node": {
            "label": names,
            "pad": 14,
            "thickness": 14,
            "color": [
                "rgba(148,163,184,.7)" if code == OVER else "rgba(13,148,136,.85)"
                for _place, code in nodes
            ],
            "hovertemplate": "%{label}: %{value:d}<extra></extra>",
        },
        "link": {
            **links,
            "color": "rgba(100,116,139,.25)",
            "hovertemplate": "%{source.label} → %{target.label}: %{value:d}<extra></extra>",
        },
    }
    margin = {"l": 8, "r": 8, "t": 8, "b": 8}
    return {"data": [trace], "layout": {"height": 340, "margin": margin}}


def _open(
    ways: list[Group], steps: list[Group], found: Paths, backward: bool, point: str
) -> Found | None:
    what, _dash, digits = point.partition("-")
    groups = {"way": ways, "move": steps}.get(what, [])
    group = next((one for one in groups if str(one.key) == digits), None)
    if group is None:
        return None
    said = (_way if what == "way" else _move)(group.key, found, backward)
    return Found(_("Shoppers with a visit that went: %(way)s") % {"way": said}, group.shoppers)
