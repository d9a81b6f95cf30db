"""The page of the rows behind one figure: what they are, what they add up to, a page of them."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import urlencode

from django.urls import reverse
from django.utils.formats import number_format
from django.utils.translation import gettext as _

from guidance.core.numbers import rounded
from guidance.customers.models import Customer
from guidance.experiments.defined import definition_of
from guidance.experiments.models import Metric
from guidance.experiments.selectors.addends import (
    MOST_ROWS,
    DecisionRow,
    EventRow,
    decisions_behind,
    events_behind,
    sums_of,
)
from guidance.experiments.selectors.behind import PER_PAGE, Addend, Behind, Totals
from guidance.experiments.wording import value_text


@dataclass(frozen=True)
class Line:
    """A row in words: whose or which it is, when, and what it adds; `url` opens it."""

    place: int
    title: str
    at: datetime
    top: str
    bottom: str
    url: str
    customer_id: int | None = None
    is_figure: bool = False


def rows_page(
    behind: Behind, *, page: int, only_counted: bool, is_named: bool, opened: str
) -> dict[str, Any]:
    """Return what the page of a figure shows; a fixed number of statements whatever the traffic.

    `is_named` shows the shoppers' pseudonyms, `opened` is the audit entry that lets it.
    """
    totals = behind.totals()
    rows = totals.counted if only_counted else totals.rows
    pages = max(1, -(-rows // PER_PAGE))
    number = min(max(page, 1), pages)
    start = (number - 1) * PER_PAGE
    found = behind.page(start, only_counted=only_counted)
    names = _names(found) if is_named else {}
    kept = {"all": "" if only_counted else "1", "opened": opened}
    return {
        **_heading(behind),
        "sums": sums_text(behind.metric, totals, is_of_decisions=behind.is_of_decisions),
        "lines": [
            _line(behind, row, start + place, names, opened, totals, only_counted=only_counted)
            for place, row in enumerate(found, start=1)
        ],
        "is_of_decisions": behind.is_of_decisions,
        "rows": rows,
        "number": number,
        "pages": pages,
        "previous": _query(kept, page=number - 1) if number > 1 else "",
        "next": _query(kept, page=number + 1) if number < pages else "",
        "only_counted": only_counted,
        "switch": _query({"opened": opened}, all="1" if only_counted else ""),
        "figure_page": _figure_page(totals, kept, only_counted=only_counted),
        "is_named": is_named,
    }


def shopper_page(behind: Behind, customer_id: int, *, opened: str) -> dict[str, Any]:
    """Return what one shopper adds to a figure, row by row, and that it is what the list says;
    `opened` is the audit entry that lets somebody see it."""
    addend = behind.of_shopper(customer_id)
    metric = behind.metric
    rows: Sequence[EventRow] | Sequence[DecisionRow] = []
    if addend is not None:
        find = events_behind if metric.is_over_events else decisions_behind
        rows = find(behind, customer_id)
    top, bottom = sums_of(rows)
    name = Customer.objects.filter(pk=customer_id).first()
    return {
        **_heading(behind),
        "shopper": name.ref if name else "",
        "customer_id": customer_id if name else None,
        "addend": addend,
        "rows": [_detail(metric, row) for row in rows],
        "top": amount_text(metric, top),
        "bottom": "" if metric.is_of_shoppers else _count(bottom),
        "counted_as": amount_text(metric, addend.top) if addend else "",
        "is_cut": len(rows) == MOST_ROWS,
        "most_rows": MOST_ROWS,
        # In whole cents or microseconds: sums of fractions differ in their last digit.
        "is_changed": addend is not None and round((addend.top - top) * metric.scale) != 0,
        "back": _query({"opened": opened}),
    }


def sums_text(metric: Metric, totals: Totals, *, is_of_decisions: bool) -> str:
    """Return what all rows add up to and the figure that is made of it, in one sentence."""
    words = {
        "rows": _count(totals.rows),
        "top": amount_text(metric, totals.top),
        "bottom": _count(totals.bottom),
        "counted": _count(totals.counted),
    }
    if totals.value is None:
        return _("Nothing to divide by: no row is in this figure.")
    words["value"] = value_text(metric, totals.value)
    if metric.is_quantile:
        words |= {
            "quantile": str(metric.quantile),
            "place": _count(totals.place),
            "exact": rounded(totals.exact, 4),
        }
        if is_of_decisions:
            return (
                _(
                    "%(rows)s decisions; from the lowest on, number %(place)s is the %(quantile)s "
                    "quantile: %(exact)s, kept to a twentieth of a per cent as %(value)s."
                )
                % words
            )
        return (
            _(
                "%(rows)s shoppers; from the lowest on, number %(place)s is the %(quantile)s "
                "quantile: %(exact)s, kept to a twentieth of a per cent as %(value)s."
            )
            % words
        )
    if metric.is_of_shoppers:
        return (
            _("%(counted)s of %(rows)s shoppers add %(top)s: %(top)s / %(rows)s = %(value)s.")
            % words
        )
    return (
        _("%(rows)s shoppers add %(top)s and %(bottom)s: %(top)s / %(bottom)s = %(value)s.") % words
    )


def amount_text(metric: Metric, amount: float) -> str:
    """Return what rows add to a figure's upper sum: money, times and counts alike exact."""
    if metric.is_money:
        return f"{rounded(amount, 2)} {metric.currency}"
    return f"{rounded(amount, 3)} {_('ms')}" if metric.is_time else _count(amount)


def _heading(behind: Behind) -> dict[str, Any]:
    metric = behind.metric
    over = "" if metric.is_of_shoppers or behind.is_of_decisions else _over(metric)
    return {
        "metric": metric,
        "metric_title": metric.title,
        "definition": definition_of(metric),
        "arm": behind.arm,
        "top_title": _("adds"),
        "bottom_title": over,
    }


def _over(metric: Metric) -> str:
    return _("of: %(over)s") % {"over": metric.get_denominator_display()}


def _line(
    behind: Behind,
    row: Addend,
    place: int,
    names: dict[int, str],
    opened: str,
    totals: Totals,
    *,
    only_counted: bool,
) -> Line:
    metric = behind.metric
    # Among those alone that add something a place is not that of the whole.
    is_figure = bool(totals.place) and not only_counted and place == totals.place
    name = names.get(row.customer_id, "")
    if row.key is not None:
        title = name or _("Decision")
        url = reverse("admin:decisions_decision_change", args=[row.key])
    else:
        title = name or _("Shopper")
        url = _query({"opened": opened}, shopper=row.customer_id) if name else ""
    return Line(
        place,
        title,
        row.at,
        amount_text(metric, row.top),
        "" if metric.is_of_shoppers or behind.is_of_decisions else _count(row.bottom),
        url,
        row.customer_id if name else None,
        is_figure,
    )


def _detail(metric: Metric, row: EventRow | DecisionRow) -> dict[str, Any]:
    told = {
        "top": amount_text(metric, row.top),
        "bottom": "" if metric.is_of_shoppers else _count(row.bottom),
    }
    if isinstance(row, EventRow):
        return {
            **told,
            "at": row.event.occurred_at,
            "title": row.event.get_kind_display(),
            "product": row.event.product,
            "quantity": row.event.quantity,
        }
    url = reverse("admin:decisions_decision_change", args=[row.key])
    return {**told, "at": row.at, "title": _("Decision"), "url": url}


def _names(rows: Sequence[Addend]) -> dict[int, str]:
    keys = {row.customer_id for row in rows}
    return dict(Customer.objects.filter(pk__in=keys).values_list("pk", "ref"))


def _figure_page(totals: Totals, kept: dict[str, Any], *, only_counted: bool) -> str:
    """Return the page on which a quantile's own row is, '' of other figures."""
    if not totals.place:
        return ""
    return _query({**kept, "all": "1"}, page=-(-totals.place // PER_PAGE))


def _query(kept: dict[str, Any], **more: Any) -> str:
    told = {name: value for name, value in {**kept, **more}.items() if value}
    return f"?{urlencode(told)}"


def _count(number: float) -> str:
    return number_format(int(number), force_grouping=True)
