"""The pages of behaviour analysis, and the list of saved views."""

import csv
from typing import Any
from uuid import UUID

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied, ValidationError
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import URLPattern, path
from django.utils.decorators import method_decorator
from django.utils.html import format_html
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST

from guidance.behaviour.analysis import page
from guidance.behaviour.analysis.forms import FORMS
from guidance.behaviour.analysis.services import (
    change_view,
    delete_view,
    may_still_look,
    open_shoppers,
    opened_shoppers,
    save_view,
)
from guidance.behaviour.analysis.tables import Found
from guidance.behaviour.hooks import point_actions
from guidance.behaviour.models import Analysis, SavedView
from guidance.behaviour.period import DEFAULT_DAYS
from guidance.core.admin import GuidanceModelAdmin, acting_person, admin_page
from guidance.core.models import AuditEntry
from guidance.core.spreadsheets import BYTE_ORDER_MARK

NAME = "behaviour_savedview"


@admin.register(SavedView)
class SavedViewAdmin(GuidanceModelAdmin):
    """Own and shared views by name; each opens its analysis. The analyses are pages beside."""

    list_display = ["opens", "kind", "days", "market_named", "owner", "is_shared", "edits"]
    list_display_links = ["edits"]
    list_filter = ["kind", "is_shared"]
    list_select_related = ["owner"]
    search_fields = ["name"]
    fields = ["name", "is_shared", "kind", "owner"]
    readonly_fields = ["kind", "owner"]
    list_before_template = "admin/behaviour/savedview/lead.html"

    @admin.display(description=gettext_lazy("name"), ordering="name")
    def opens(self, view: SavedView) -> str:
        return format_html(
            '<a class="sg-view" href="{}">{}</a>', page.view_address(view), view.name
        )

    @admin.display(description=gettext_lazy("days"))
    def days(self, view: SavedView) -> str:
        if "start" in view.query or "end" in view.query:
            return f"{view.query.get('start', '')} – {view.query.get('end', '')}"
        return _("last %(days)s days") % {"days": view.query.get("days", DEFAULT_DAYS)}

    @admin.display(description=gettext_lazy("market"))
    def market_named(self, view: SavedView) -> str:
        if view.is_stale:  # type: ignore[attr-defined]  # annotated by the queryset
            return _("%(market)s is gone: the view shows nothing") % {"market": view.market}
        return view.market or _("all markets")

    @admin.display(description=gettext_lazy("change"))
    def edits(self, view: SavedView) -> str:
        return _("Rename, share or delete")

    def get_queryset(self, request: HttpRequest) -> QuerySet[SavedView]:
        views = super().get_queryset(request)
        return views.visible_to(acting_person(request)).with_staleness()

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Views are saved on the pages of the analyses."""
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return super().has_change_permission(request, obj) and _is_ones_own(request, obj)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return super().has_delete_permission(request, obj) and _is_ones_own(request, obj)

    def save_model(
        self, request: HttpRequest, obj: SavedView, form: forms.ModelForm, change: bool
    ) -> None:
        change_view(view=obj, actor=acting_person(request))

    def delete_model(self, request: HttpRequest, obj: SavedView) -> None:
        delete_view(view=obj, actor=acting_person(request))

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[SavedView]) -> None:
        for view in queryset:
            delete_view(view=view, actor=acting_person(request))

    def get_actions(self, request: HttpRequest) -> Any:
        """Leave deleting to each view's own page: a list holds other people's too."""
        return {}

    def get_urls(self) -> list[URLPattern]:
        site = self.admin_site.admin_view
        own = [
            path("analysis/", site(self.start), name=f"{NAME}_start"),
            path("analysis/<slug:kind>/", site(self.analysis), name=f"{NAME}_analysis"),
            path("analysis/<slug:kind>/table.csv", site(self.table), name=f"{NAME}_table"),
            path("analysis/<slug:kind>/save/", site(self.save_view), name=f"{NAME}_save"),
            path("analysis/<slug:kind>/open/", site(self.open), name=f"{NAME}_open"),
            path("shoppers/<uuid:pk>/", site(self.shoppers), name=f"{NAME}_shoppers"),
            path("shoppers/<uuid:pk>/act/", site(self.act), name=f"{NAME}_act"),
        ]
        return own + super().get_urls()

    def start(self, request: HttpRequest) -> HttpResponse:
        return self.analysis(request, Analysis.FUNNEL)

    def analysis(self, request: HttpRequest, kind: str) -> HttpResponse:
        """Show an analysis."""
        _require(request, page.SEES, kind)
        template = "admin/behaviour/analysis/page.html"
        return admin_page(self, request, template, **page.analysis_page(request, kind))

    def table(self, request: HttpRequest, kind: str) -> HttpResponse:
        """Answer one table of an analysis as CSV, the first where the address names none."""
        _require(request, page.SEES, kind)
        _scope, report = page.asked(kind, FORMS[kind](request.GET))
        if report is None:
            raise Http404
        tables = {part.table.key: part.table for part in report.parts}
        table = tables.get(request.GET.get("table", ""), report.parts[0].table)
        answer = HttpResponse(content_type="text/csv; charset=utf-8")
        answer["Content-Disposition"] = f'attachment; filename="{kind}-{table.key}.csv"'
        answer.write(BYTE_ORDER_MARK)
        csv.writer(answer).writerows(table.csv_rows())
        return answer

    @method_decorator(require_POST)
    def save_view(self, request: HttpRequest, kind: str) -> HttpResponse:
        """Keep the filters that the page shows under a name."""
        _require(request, page.SAVES, kind)
        form = FORMS[kind](request.POST)
        query = form.query() if form.is_valid() else {}
        try:
            if not form.is_valid():
                raise ValidationError(list(map(str, form.sentences())))
            view = save_view(
                name=request.POST.get("name", ""),
                kind=kind,
                query=query,
                is_shared="is_shared" in request.POST,
                owner=acting_person(request),
            )
            messages.success(request, _("Saved as “%(name)s”.") % {"name": view.name})
        except ValidationError as problem:
            messages.error(request, " ".join(problem.messages))
        return redirect(page.analysis_address(kind, query))

    @method_decorator(require_POST)
    def open(self, request: HttpRequest, kind: str) -> HttpResponse:
        """Write down that somebody opens the shoppers behind a point, and show them."""
        _require(request, page.OPENS, kind)
        point = request.POST.get("point", "")
        form = FORMS[kind](request.POST)
        found = page.find_point(kind, request.POST, point)
        if found is None or not form.is_valid():
            messages.error(request, page.gone())
            return redirect(page.analysis_address(kind, form.query() if form.is_valid() else {}))
        entry = open_shoppers(
            kind=kind,
            query=form.fixed_query(),
            point=point,
            count=len(found.shoppers),
            actor=acting_person(request),
        )
        return redirect(f"admin:{NAME}_shoppers", entry.pk)

    def shoppers(self, request: HttpRequest, pk: UUID) -> HttpResponse:
        """Show the shoppers that this very person opened; what others opened is theirs."""
        entry = _own_entry(request, pk)
        found = _still_found(entry)
        if found is None:
            return _gone(request, entry)
        template = "admin/behaviour/analysis/shoppers.html"
        return admin_page(self, request, template, **page.shoppers_page(request, entry, found))

    @method_decorator(require_POST)
    def act(self, request: HttpRequest, pk: UUID) -> HttpResponse:
        """Do with the opened shoppers what another app offers to do with them."""
        entry, person = _own_entry(request, pk), acting_person(request)
        actions = {action.name: action for action in point_actions(person)}
        action = actions.get(request.POST.get("action", ""))
        if action is None:
            raise PermissionDenied
        found = _still_found(entry)
        if found is None:
            return _gone(request, entry)
        try:
            return redirect(action.act(page.handed_on(entry, found), person))
        except ValidationError as problem:
            messages.error(request, " ".join(problem.messages))
            return redirect(f"admin:{NAME}_shoppers", pk)


def _own_entry(request: HttpRequest, pk: UUID) -> AuditEntry:
    """Return the person's own entry of having opened shoppers; others' are theirs."""
    if not request.user.has_perm(page.OPENS):
        raise PermissionDenied
    entry = opened_shoppers(entry_id=pk, actor=acting_person(request))
    if entry is None:
        raise PermissionDenied
    return entry


def _still_found(entry: AuditEntry) -> Found | None:
    kind, query, point = (entry.details[name] for name in ("analysis", "query", "point"))
    return page.find_point(kind, query, point) if may_still_look(entry) else None


def _gone(request: HttpRequest, entry: AuditEntry) -> HttpResponse:
    messages.error(request, page.gone())
    return redirect(page.analysis_address(entry.details["analysis"], entry.details["query"]))


def _require(request: HttpRequest, permission: str, kind: str) -> None:
    if not request.user.has_perm(permission):
        raise PermissionDenied
    if kind not in FORMS:
        raise Http404


def _is_ones_own(request: HttpRequest, view: SavedView | None) -> bool:
    """Tell whether a person may change a view: their own, and an administrator any shared one."""
    person = acting_person(request)
    return view is None or view.owner_id == person.pk or person.is_superuser
