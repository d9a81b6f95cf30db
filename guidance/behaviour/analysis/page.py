"""What the pages of behaviour analysis show."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any
from urllib.parse import urlencode

from django.core.paginator import Paginator
from django.http import HttpRequest
from django.urls import reverse
from django.utils.translation import gettext as _

from guidance.behaviour.analysis.forms import FORMS, AnalysisForm
from guidance.behaviour.analysis.reports import REPORTS
from guidance.behaviour.analysis.reports.searches import phrase_of
from guidance.behaviour.analysis.scope import Scope
from guidance.behaviour.analysis.searches import products_bought_after, searches
from guidance.behaviour.analysis.tables import Found, Report
from guidance.behaviour.hooks import FoundShoppers, point_actions
from guidance.behaviour.models import Analysis, SavedView
from guidance.core.admin import acting_person
from guidance.core.models import AuditEntry
from guidance.customers.models import Customer

SEES = "behaviour.view_savedview"
SAVES = "behaviour.add_savedview"
OPENS = "behaviour.open_shoppers"
PER_PAGE = 50
# How far back the page looks that it offers where the chosen days hold nothing.
OFFERED_DAYS = 365


def analysis_page(request: HttpRequest, kind: str) -> dict[str, Any]:
    """Return the page's context: the analysis that the address asks for, or what is wrong with
    what it asks for, field by field."""
    form = FORMS[kind](request.GET)
    scope, found = asked(kind, form)
    user = request.user
    return {
        **_heading(_("Behaviour: %(analysis)s") % {"analysis": Analysis(kind).label}),
        "kind": kind,
        "tabs": _tabs(kind, form, scope),
        "form": form,
        "errors": form.sentences(),
        "scope": scope,
        "report": found,
        "is_empty": found is not None and not any(part.table.rows for part in found.parts),
        "offer": _offer(scope, form) if scope and found else "",
        "is_being_counted": scope is not None and scope.is_being_counted(),
        "query": form.address() if scope else "",
        "fields": form.fixed_query() if scope else {},
        "kept": form.query() if scope else {},
        "may_open": user.has_perm(OPENS),
        "may_save": scope is not None and user.has_perm(SAVES),
    }


def asked(kind: str, form: AnalysisForm) -> tuple[Scope | None, Report | None]:
    """Return what a form asks for and the analysis of it; of a form with mistakes nothing."""
    if not form.is_valid():
        return None, None
    scope = form.scope()
    return scope, REPORTS[kind](scope, form)


def find_point(kind: str, query: Mapping[str, Any], point: str) -> Found | None:
    """Return who is behind a point of an analysis; None where there is no such point any more."""
    _scope, found = asked(kind, FORMS[kind](query)) if kind in FORMS else (None, None)
    return found.open(point) if found else None


def shoppers_page(request: HttpRequest, entry: AuditEntry, found: Found) -> dict[str, Any]:
    """Return the page of the shoppers that somebody opened."""
    details = entry.details
    ids = found.shoppers.tolist()
    page = Paginator(ids, PER_PAGE).get_page(request.GET.get("page"))
    rows = Customer.objects.filter(pk__in=list(page.object_list)).order_by("pk")
    form = FORMS[details["analysis"]](details["query"])
    return {
        **_heading(_("Shoppers behind a figure")),
        "what": found.title,
        "page": page,
        "rows": rows,
        "count": len(ids),
        "counted_then": details["shoppers"],
        "opened_at": entry.at,
        "scope": form.scope() if form.is_valid() else None,
        "back": analysis_address(details["analysis"], details["query"]),
        "bought": _bought(details, form),
        "entry": entry,
        "actions": point_actions(acting_person(request)) if ids else [],
        "may_see_customers": request.user.has_perm("customers.view_customer"),
        "may_see_products": request.user.has_perm("catalog.view_product"),
    }


def handed_on(entry: AuditEntry, found: Found) -> FoundShoppers:
    """Return found shoppers as another app gets them."""
    kind, query = entry.details["analysis"], entry.details["query"]
    name = f"{Analysis(kind).label}, {query.get('start', '')} – {query.get('end', '')}"
    return FoundShoppers(name, found.title, found.shoppers.tolist())


def analysis_address(kind: str, query: Mapping[str, Any]) -> str:
    """Return where an analysis is shown."""
    address = reverse("admin:behaviour_savedview_analysis", args=[kind])
    return f"{address}?{urlencode(query)}" if query else address


def view_address(view: SavedView) -> str:
    """Return where a saved view is shown."""
    market = {"market": view.market} if view.market else {}
    return analysis_address(view.kind, {**view.query, **market})


def _tabs(kind: str, form: AnalysisForm, scope: Scope | None) -> list[dict[str, Any]]:
    """Return every kind's page, of the same days, market and traffic."""
    shared = {
        name: value
        for name, value in (form.query() if scope else {}).items()
        if name in AnalysisForm.base_fields
    }
    return [
        {
            "label": label,
            "url": analysis_address(value, shared),
            "is_chosen": value == kind,
        }
        for value, label in Analysis.choices
    ]


def _offer(scope: Scope, form: AnalysisForm) -> str:
    """Return the address of the last year of which anything is known, where that is not now."""
    last = scope.latest_day()
    if last is None or scope.period.holds(last) or last > scope.period.last:
        return ""
    query = {name: value for name, value in form.query().items() if name != "days"}
    first = last - timedelta(days=OFFERED_DAYS - 1)
    return urlencode(query | {"start": first.isoformat(), "end": last.isoformat()})


def _bought(details: dict[str, Any], form: AnalysisForm) -> list[Any] | None:
    """Return what was bought after a search in vain; None where the point is about no search."""
    if details["analysis"] != Analysis.SEARCHES or not form.is_valid():
        return None
    scope = form.scope()
    phrase = phrase_of(searches(scope), details["point"])
    return products_bought_after(scope, phrase) if phrase else None


def _heading(title: str) -> dict[str, Any]:
    """Name a page that is no page of a saved view, in the window's title and above the page."""
    return {"title": title, "content_title": title, "opts": None}


def gone() -> str:
    """Return what a page says of a point that is no longer there."""
    return _("These shoppers are no longer behind that figure: it changed. Open it again.")
