"""A report's tables: one structure that the page draws and the CSV writes."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from django.utils.translation import gettext as _

from guidance.recommendations.health import wording
from guidance.recommendations.health.links import Links
from guidance.training.labels import policy_name

Figures = dict[str, Any]


class Cell(NamedTuple):
    """What is shown, what the CSV holds, and a small second line; `tone` colours it."""

    text: str
    raw: Any
    note: str = ""
    tone: str = ""


@dataclass(frozen=True)
class Row:
    """A group's name, where its rows open ('' for nowhere), and its cells."""

    name: str
    cells: list[Cell]
    url: str = ""


@dataclass(frozen=True)
class Table:
    """`empty` says why there are no rows; `note` what the reader must know of them."""

    key: str
    title: str
    first: str
    columns: list[str]
    rows: list[Row] = field(default_factory=list)
    empty: str = ""
    note: str = ""

    def csv_rows(self) -> list[list[Any]]:
        """Return the header and the rows; an interval is two columns of its own."""
        return [
            [self.first, *self.columns],
            *([row.name, *(cell.raw for cell in row.cells)] for row in self.rows),
        ]


def exposure_table(figures: Figures, kind: str, links: Links, threshold: float) -> Table:
    """Return exposure against relevance of one kind of group."""
    rows = figures.get("exposure", {}).get(kind, [])
    return Table(
        key=f"exposure-{kind}",
        title=str(wording.GROUP_KINDS[kind]).capitalize(),
        first=str(wording.GROUP_KINDS[kind]),
        columns=[
            _("products"),
            _("of the catalogue"),
            _("exposure"),
            _("purchases"),
            _("exposure over purchases"),
            _("clicks"),
            _("exposure over clicks"),
        ],
        rows=[
            Row(
                wording.label(kind, row["label"]),
                [
                    Cell(wording.number(row["products"]), row["products"]),
                    Cell(wording.share(row["catalogue"]), row["catalogue"]),
                    Cell(wording.share(row["exposure"]), row["exposure"]),
                    Cell(wording.share(row["bought"]), row["bought"], _of(row["purchases"])),
                    _ratio(row["by_purchases"], threshold),
                    Cell(wording.share(row["clicked"]), row["clicked"], _of(row["clicks"])),
                    _ratio(row["by_clicks"], threshold),
                ],
                links.products(kind, row["label"]),
            )
            for row in sorted(rows, key=lambda row: -row["exposure"])
        ],
        empty=_("No list of the period counts for exposure."),
    )


def quality_table(figures: Figures, kind: str, links: Links) -> Table:
    """Return quality by one kind of segment; small groups are not in it."""
    found = figures.get("quality", {}).get(kind, {"rows": [], "withheld": 0})
    fewest = figures.get("fewest_shoppers", 0)
    withheld = _(
        "%(count)s groups are withheld or put together: none of fewer than %(fewest)s "
        "shoppers is shown."
    ) % {"count": found["withheld"], "fewest": fewest}
    return Table(
        key=f"quality-{kind}",
        title=str(wording.SEGMENT_KINDS[kind]).capitalize(),
        first=str(wording.SEGMENT_KINDS[kind]),
        columns=[
            _("shoppers"),
            _("served"),
            _("seen"),
            _("CTR"),
            _("conversion"),
            _("with purchases"),
            _("hit rate"),
            _("NDCG"),
        ],
        rows=[
            Row(
                wording.label(kind, row["label"]),
                [
                    Cell(wording.number(row["shoppers"]), row["shoppers"]),
                    Cell(wording.number(row["served"]), row["served"]),
                    Cell(wording.number(row["seen"]), row["seen"]),
                    _share(row["ctr"]),
                    _share(row["conversion"]),
                    Cell(wording.number(row["judged"]), row["judged"]),
                    _share(row["hit_rate"]),
                    _share(row["ndcg"]),
                ],
                links.shoppers(kind, row["label"]),
            )
            for row in found["rows"]
        ],
        empty=_("No group has %(fewest)s shoppers.") % {"fewest": fewest}
        if found["withheld"]
        else _("No decision in the period."),
        note=withheld if found["withheld"] and found["rows"] else "",
    )


def days_table(figures: Figures, links: Links) -> Table:
    """Return decisions and what came of them by day."""
    return Table(
        key="days",
        title=_("By day"),
        first=_("day"),
        columns=[
            *(_("served"), _("seen"), _("clicked"), _("CTR"), _("with purchases")),
            *(_("hit rate"), _("NDCG"), _("answered by a fallback")),
        ],
        rows=[
            Row(day["day"], _day_cells(day), links.decisions(day=day["day"]))
            for day in reversed(figures.get("days", []))
        ],
        empty=_("No decision in the period."),
    )


def popularity_table(figures: Figures) -> Table:
    """Return how popular shoppers' own products are, and those shown to them."""
    return Table(
        key="popularity",
        title=_("Popularity lift"),
        first=_("shoppers"),
        columns=[
            *(_("shoppers"), _("popularity of their own"), _("popularity shown"), _("lift")),
        ],
        rows=[
            Row(
                wording.label("taste", row["label"])
                if row["label"] != "all"
                else str(wording.TOKENS["all"]),
                [
                    Cell(wording.number(row["shoppers"]), row["shoppers"]),
                    Cell(wording.share(row["own"], 2), row["own"]),
                    Cell(wording.share(row["shown"], 2), row["shown"]),
                    _share(row["lift"]),
                ],
            )
            for row in figures.get("popularity", [])
        ],
        empty=_(
            "Too few shoppers had chosen five products before their first list of the period, or "
            "nothing is known from before it."
        ),
    )


def categories_table(figures: Figures) -> Table:
    """Return the categories that shoppers chose before against those shown to them."""
    return Table(
        key="calibration",
        title=_("Categories chosen and shown"),
        first=_("category"),
        columns=[_("chosen before"), _("shown"), _("difference")],
        rows=[
            Row(
                wording.label("category", row["label"]),
                [
                    Cell(wording.share(row["own"]), row["own"]),
                    Cell(wording.share(row["shown"]), row["shown"]),
                    Cell(wording.share(row["shown"] - row["own"]), row["shown"] - row["own"]),
                ],
            )
            for row in figures.get("calibration", {}).get("categories", [])
        ],
        empty=_("Too few shoppers had chosen five products before their first list of the period."),
    )


def scores_table(figures: Figures) -> Table:
    """Return what came of items by band of their score."""
    return Table(
        key="scores",
        title=_("Scores and what came of them"),
        first=_("policy and band of scores"),
        columns=[_("items"), _("clicked"), _("click rate"), _("bought"), _("purchase rate")],
        rows=[
            Row(
                f"{policy_name(one['policy'])} {one['version']}".strip()
                + f": {wording.number(band['low'], 4)} … {wording.number(band['high'], 4)}",
                [
                    Cell(wording.number(band["items"]), band["items"]),
                    Cell(wording.number(band["clicked"]), band["clicked"]),
                    _rate(band["clicked"], band["items"]),
                    Cell(wording.number(band["bought"]), band["bought"]),
                    _rate(band["bought"], band["items"]),
                ],
            )
            for one in figures.get("scores", [])
            for band in one["bands"]
        ],
        empty=_("No policy's lists hold enough scored items."),
    )


def inputs_table(figures: Figures, look: float) -> Table:
    """Return how far what came in moved from what the newest model learned from."""
    found = figures.get("came_in", {})
    note = _(
        "%(now_from)s to %(now_until)s against %(before_from)s to %(before_until)s, the last days "
        "that the newest model learned from."
    )
    return _shifts_table(
        key="inputs",
        title=_("What came in"),
        rows=found.get("rows", []),
        look=look,
        empty=_("No model was trained yet, or fewer than three days came in since it was."),
        note=note % found["days"] if found.get("days") else "",
    )


def answers_table(figures: Figures, look: float) -> Table:
    """Return how far the decisions of the recent days differ from those before."""
    return _shifts_table(
        key="answers",
        title=_("What was answered"),
        rows=figures.get("answered", []),
        look=look,
        empty=_("Too few decisions, or the period is too short to compare its last 7 days with."),
    )


def _shifts_table(
    *, key: str, title: str, rows: Sequence[Figures], look: float, empty: str, note: str = ""
) -> Table:
    return Table(
        key=key,
        title=title,
        first=_("distribution"),
        columns=[_("PSI"), _("moved most"), _("before"), _("now")],
        rows=[
            Row(
                wording.input_name(row["input"]),
                [
                    _index(row, look),
                    Cell(wording.moved_group(row["input"], row["moved"]), row["moved"]),
                    Cell(wording.share(row["before"]), row["before"]),
                    Cell(wording.share(row["now"]), row["now"]),
                ],
            )
            for row in rows
        ],
        empty=empty,
        note=note,
    )


def _index(row: Figures, look: float) -> Cell:
    note = "" if row["certain"] else _("may be chance")
    is_drift = row["certain"] and row["index"] >= look
    return Cell(wording.number(row["index"], 3), row["index"], note, "bad" if is_drift else "")


def changes_table(figures: Figures) -> Table:
    """Return each surface's quality in the last 7 days against the days before."""
    names = {"ctr": _("CTR"), "conversion": _("conversion"), "ndcg": _("NDCG"), "seen": _("seen")}
    found = figures.get("changes", {})
    surfaces = [key for key in found if key] if len(found) > 1 else list(found)
    return Table(
        key="changes",
        title=_("Quality in the last 7 days against the days before"),
        first=_("surface and figure"),
        columns=[_("before"), _("now"), _("change")],
        rows=[
            Row(
                f"{surface}: {title}",
                [
                    Cell(wording.share(change["before"]), change["before"]),
                    Cell(wording.share(change["now"]), change["now"]),
                    _change(change["change"]),
                ],
            )
            for surface in surfaces
            for name, title in names.items()
            for change in [found[surface][name]]
        ],
        empty=_("The period is too short to compare its last 7 days with."),
    )


def _day_cells(day: Figures) -> list[Cell]:
    return [
        Cell(wording.number(day["served"]), day["served"]),
        Cell(wording.number(day["seen"]), day["seen"]),
        Cell(wording.number(day["clicked"]), day["clicked"]),
        _rate(day["clicked"], day["seen"]),
        Cell(wording.number(day["judged"]), day["judged"]),
        _rate(day["hits"], day["judged"]),
        _rate(day["ndcg"], day["judged"]),
        Cell(wording.number(day["stood_in"]), day["stood_in"]),
    ]


def _of(count: int) -> str:
    return wording.number(count)


def _rate(top: float, bottom: float) -> Cell:
    value = top / bottom if bottom else None
    return Cell(wording.share(value), value)


def _share(estimate: Sequence[float] | None) -> Cell:
    if estimate is None:
        return Cell("–", None)
    return Cell(wording.share(estimate[0]), estimate[0], wording.share_interval(estimate))


def _ratio(estimate: Sequence[float] | None, threshold: float) -> Cell:
    if estimate is None:
        return Cell("–", None)
    said = {"over": _("shown too much"), "under": _("shown too little"), "": ""}
    side = wording.flagged(estimate, threshold)
    note = " · ".join(filter(None, [wording.interval(estimate), said[side]]))
    return Cell(wording.number(estimate[0], 2), estimate[0], note, "bad" if side else "")


def _change(estimate: Sequence[float] | None) -> Cell:
    if estimate is None:
        return Cell("–", None, _("too little to tell"))
    falls = estimate[2] < 0
    text = f"{'+' if estimate[0] > 0 else ''}{wording.share(estimate[0])}"
    return Cell(text, estimate[0], wording.share_interval(estimate), "bad" if falls else "")
