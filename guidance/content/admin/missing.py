"""Facts that are missing: a grid to type them in, from which saving starts the drafts."""

from typing import Any

from django.contrib import admin, messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import URLPattern, path
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views.decorators.http import require_POST
from unfold.decorators import display

from guidance.content.models import MissingFacts
from guidance.content.presentation import FACT_FIELD, language_label, place_label, wanted_fields
from guidance.content.services.missing import Supplied, supply_facts
from guidance.core.admin import ReadOnlyAdmin, acting_person
from guidance.core.ids import parse_key


@admin.register(MissingFacts)
class MissingFactsAdmin(ReadOnlyAdmin):
    """Products whose facts are too thin, each with the facts wanted as fields to fill in."""

    list_display = ["product", "place", "language_name", "wanted"]
    list_display_links = None
    list_filter = ["language", "kind", "channel"]
    list_select_related = ["product"]
    list_per_page = 25
    search_fields = ["product__title", "product__sku"]
    list_before_template = "admin/content/missingfacts/_lead.html"
    change_list_template = "admin/content/missingfacts/change_list.html"

    class Media:
        css = {"all": ["content/review.css"]}

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view(require_POST(self.supply_view))
        return [path("supply/", view, name="content_missingfacts_supply"), *super().get_urls()]

    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        may = request.user.has_perms(["content.change_missingfacts", "catalog.change_product"])
        return super().changelist_view(request, {"may_supply": may, **(extra_context or {})})

    def supply_view(self, request: HttpRequest) -> HttpResponse:
        supplied = supply_facts(values=_values(request), actor=acting_person(request))
        messages.add_message(request, *_report(supplied))
        return HttpResponseRedirect(f"../?{request.GET.urlencode()}")

    @display(description=gettext_lazy("kind"), ordering="kind")
    def place(self, row: MissingFacts) -> str:
        return place_label(row)

    @display(description=gettext_lazy("language"), ordering="language")
    def language_name(self, row: MissingFacts) -> str:
        return language_label(row.language)

    @display(description=gettext_lazy("facts wanted"))
    def wanted(self, row: MissingFacts) -> str:
        return ", ".join(name for _field, name in wanted_fields(row))


def _values(request: HttpRequest) -> dict[int, dict[str, str]]:
    """Return what was typed: row -> fact key -> value."""
    values: dict[int, dict[str, str]] = {}
    for name, value in request.POST.items():
        row, _dash, key = name.removeprefix(FACT_FIELD).partition("-")
        row_key = parse_key(row) if name.startswith(FACT_FIELD) else None
        if row_key is not None and str(value).strip():
            values.setdefault(row_key, {})[key] = str(value)
    return values


def _report(supplied: Supplied) -> tuple[int, str]:
    if not supplied.facts:
        return messages.WARNING, _("Nothing was filled in.")
    drafted = ngettext(
        "%(count)d draft waits for a colleague to approve it.",
        "%(count)d drafts wait for a colleague to approve them.",
        supplied.drafted,
    ) % {"count": supplied.drafted}
    saved = ngettext("%(count)d fact saved.", "%(count)d facts saved.", supplied.facts)
    return messages.SUCCESS, f"{saved % {'count': supplied.facts}} {drafted}"
