"""A report's tables."""

from collections.abc import Sequence
from typing import Any

from django.utils.translation import gettext as _

from guidance.recommendations.health import wording
from guidance.recommendations.health.cells import (
    Cell,
    Row,
    Table,
    change,
    count,
    index,
    part,
    rate,
    ratio,
    share,
    text,
)
from guidance.recommendations.health.links import Links
from guidance.recommendations.health.products import PRICE
from guidance.training.labels import policy_name

Figures = dict[str, Any]


def exposure_table(figures: Figures, kind: str, links: Links, threshold: float) -> Table:
    """Return exposure against relevance of one kind of group."""
    return Table(
        key=f"exposure-{kind}",
        title=str(wording.GROUP_KINDS[kind]).capitalize(),
        first=str(wording.GROUP_KINDS[kind]),
        columns=[
            *(_("products"), _("of the catalogue"), _("exposure"), _("purchases")),
            *(_("exposure over purchases"), _("clicks"), _("exposure over clicks")),
        ],
        rows=[
            Row(
                wording.label(kind, row["label"]),
                [
                    count(row["products"]),
                    part(row["catalogue"]),
                    part(row["exposure"]),
                    part(row["bought"], note=wording.number(row["purchases"])),
                    ratio(row["by_purchases"], threshold),
                    part(row["clicked"], note=wording.number(row["clicks"])),
                    ratio(row["by_clicks"], threshold),
                ],
                links.products(kind, row["label"]),
            )
            for row in exposure_rows(figures, kind)
        ],
        empty=_("No list of the period counts for exposure."),
    )


def exposure_rows(figures: Figures, kind: str) -> list[Figures]:
    """Return a kind's groups as people read them: prices rising, others by exposure, falling."""
    rows: list[Figures] = figures.get("exposure", {}).get(kind, [])
    return rows if kind == PRICE else sorted(rows, key=lambda row: -row["exposure"])


def quality_table(figures: Figures, kind: str, links: Links) -> Table:
    """Return quality by one kind of segment; small groups are not in it."""
    found = figures.get("quality", {}).get(kind, {"rows": [], "withheld": 0})
    fewest = figures.get("fewest_shoppers", 0)
    withheld = _(
        "%(count)s groups are withheld or put together: none of fewer than %(fewest)s shoppers is "
        "shown, nor left over from the whole."
    ) % {"count": found["withheld"], "fewest": fewest}
    return Table(
        key=f"quality-{kind}",
        title=str(wording.SEGMENT_KINDS[kind]).capitalize(),
        first=str(wording.SEGMENT_KINDS[kind]),
        columns=[
            *(_("shoppers"), _("served"), _("seen"), _("CTR"), _("conversion")),
            *(_("with purchases"), _("hit rate"), _("NDCG")),
        ],
        rows=[
            Row(
                wording.label(kind, row["label"]),
                [
                    *(count(row[name]) for name in ("shoppers", "served", "seen")),
                    *(share(row[name]) for name in ("ctr", "conversion")),
                    count(row["judged"]),
                    *(share(row[name]) for name in ("hit_rate", "ndcg")),
                ],
                links.shoppers(kind, row["label"]),
            )
            for row in found["rows"]
        ],
        empty=withheld if found["withheld"] else _("No decision in the period."),
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
            Row(
                day["day"],
                [
                    *(count(day[name]) for name in ("served", "seen", "clicked")),
                    rate(day["clicked"], day["seen"]),
                    count(day["judged"]),
                    *(rate(day[name], day["judged"]) for name in ("hits", "ndcg")),
                    count(day["stood_in"]),
                ],
                links.decisions(day=day["day"]),
            )
            for day in reversed(figures.get("days", []))
        ],
        empty=_("No decision in the period."),
    )


def evenness_table(figures: Figures) -> Table:
    """Return how much of what may be recommended was shown, and how evenly."""
    found = figures.get("evenness")
    rows = (
        [
            Row(_("products that may be recommended"), [count(found["recommendable"])]),
            Row(_("products shown"), [count(found["shown"])]),
            Row(_("coverage"), [part(found["coverage"])]),
            Row(_("Gini of exposure"), [Cell(wording.number(found["gini"], 2), found["gini"])]),
        ]
        if found
        else []
    )
    return Table(
        key="evenness",
        title=_("How evenly the catalogue is shown"),
        first=_("figure"),
        columns=[_("value")],
        rows=rows,
        empty=_("No list of the period counts for exposure."),
    )


def popularity_table(figures: Figures) -> Table:
    """Return how popular shoppers' own products are, and those shown to them."""
    return Table(
        key="popularity",
        title=_("Popularity lift"),
        first=_("taste"),
        columns=[_("shoppers"), _("popularity of their own"), _("popularity shown"), _("lift")],
        rows=[
            Row(
                wording.label("taste", row["label"]),
                [
                    count(row["shoppers"]),
                    *(part(row[name], 2) for name in ("own", "shown")),
                    share(row["lift"]),
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
                [part(row["own"]), part(row["shown"]), part(row["shown"] - row["own"])],
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
                    count(band["items"]),
                    count(band["clicked"]),
                    rate(band["clicked"], band["items"]),
                    count(band["bought"]),
                    rate(band["bought"], band["items"]),
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
    return Table(
        key="inputs",
        title=_("What came in"),
        first=_("distribution"),
        columns=_shift_columns(),
        rows=_shift_rows(found.get("rows", []), look),
        empty=_("No model was trained yet, or fewer than three days came in since it was."),
        note=note % found["days"] if found.get("days") else "",
    )


def answers_table(figures: Figures, look: float) -> Table:
    """Return how far the decisions of the recent days differ from those before."""
    return Table(
        key="answers",
        title=_("What was answered"),
        first=_("distribution"),
        columns=_shift_columns(),
        rows=_shift_rows(figures.get("answered", []), look),
        empty=_("Too few decisions, or the period is too short to compare its last 7 days with."),
    )


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
            Row(f"{surface}: {title}", _change_cells(found[surface][name]))
            for surface in surfaces
            for name, title in names.items()
        ],
        empty=_("The period is too short to compare its last 7 days with."),
    )


def _change_cells(found: Figures) -> list[Cell]:
    return [part(found["before"]), part(found["now"]), change(found["change"])]


def _shift_columns() -> list[str]:
    return [_("PSI"), _("moved most"), _("before"), _("now")]


def _shift_rows(rows: Sequence[Figures], look: float) -> list[Row]:
    return [
        Row(
            wording.input_name(row["input"]),
            [
                index(row["index"], look, is_certain=row["certain"]),
                text(wording.moved_group(row["input"], row["moved"])),
                *(part(row[name]) for name in ("before", "now")),
            ],
        )
        for row in rows
    ]
