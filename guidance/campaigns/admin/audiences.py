"""The audiences' pages: the list, the builder of rules, lists read in."""

import csv
from typing import Any
from uuid import UUID

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied, ValidationError
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import URLPattern, path, reverse
from django.utils.html import format_html_join
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST
from unfold.decorators import display

from guidance.campaigns.admin import audience_answers
from guidance.campaigns.audience_forms import AudienceForm, ListForm
from guidance.campaigns.audiences.words import in_words
from guidance.campaigns.models import Audience, AudienceImport
from guidance.campaigns.selectors.audience_choices import names_in, offered
from guidance.campaigns.selectors.audience_names import read_rules, users_of
from guidance.campaigns.selectors.audience_sizes import Size
from guidance.campaigns.services.audience_lists import REASONS, import_list
from guidance.campaigns.services.audiences import (
    count_audience,
    delete_audience,
    save_audience,
    start_list,
)
from guidance.core.admin import GuidanceModelAdmin, acting_person, admin_page
from guidance.core.spreadsheets import BYTE_ORDER_MARK

NAME = "campaigns_audience"
ADDS, CHANGES = "campaigns.add_audience", "campaigns.change_audience"
SHOWN_REJECTS = 100
KIND_COLOURS = {Audience.Kind.RULES: "info", Audience.Kind.LIST: "success"}


@admin.register(Audience)
class AudienceAdmin(GuidanceModelAdmin):
    form = AudienceForm
    list_display = ["name", "kind_label", "size_told", "sized_at", "used_by"]
    list_filter = ["kind"]
    search_fields = ["name", "key"]
    list_before_template = "admin/campaigns/audience/lead.html"
    change_form_outer_before_template = "admin/campaigns/audience/actions.html"

    class Media:
        css = {"all": ["campaigns/audience.css"]}
        js = ["campaigns/audience.js"]

    @display(description=gettext_lazy("kind"), label=KIND_COLOURS)
    def kind_label(self, audience: Audience) -> tuple[str, str]:
        return audience.kind, str(audience.get_kind_display())

    @admin.display(description=gettext_lazy("shoppers"), ordering="size")
    def size_told(self, audience: Audience) -> str:
        return told_size(audience)

    @admin.display(description=gettext_lazy("campaigns"))
    def used_by(self, audience: Audience) -> str:
        return format_html_join(
            ", ",
            '<a href="{}">{}</a>',
            (
                (reverse("admin:campaigns_campaign_change", args=[campaign.pk]), campaign)
                for campaign in audience.campaigns.all()
            ),
        )

    @admin.display(description=gettext_lazy("rules"))
    def in_words(self, audience: Audience) -> str:
        node, problems, _named = read_rules(audience.rules, key=audience.key)
        if problems:
            return " ".join(str(problem) for problem in problems)
        return in_words(node, names_in(offered()))

    def get_queryset(self, request: HttpRequest) -> QuerySet[Audience]:
        return super().get_queryset(request).prefetch_related("campaigns")

    def get_fields(self, request: HttpRequest, obj: Audience | None = None) -> list[str]:
        if obj is None:
            return ["name", "key", "rules"]
        if obj.kind == Audience.Kind.LIST:
            return ["name", "key", "origin", "size_told", "sized_at"]
        rules = "rules" if self.has_change_permission(request, obj) else "in_words"
        return ["name", "key", rules]

    def get_readonly_fields(self, request: HttpRequest, obj: Audience | None = None) -> list[str]:
        return [] if obj is None else ["key", "origin", "size_told", "sized_at", "in_words"]

    def save_model(
        self, request: HttpRequest, obj: Audience, form: forms.ModelForm, change: bool
    ) -> None:
        save_audience(audience=obj, actor=acting_person(request))

    def save_related(self, request: HttpRequest, form: Any, formsets: Any, change: bool) -> None:
        """Count what was saved; there are no related rows to save."""
        if form.instance.size is None:
            count_audience(audience=form.instance)

    def get_deleted_objects(self, objs: Any, request: HttpRequest) -> Any:
        """Name the audiences, not the thousands on their lists, and what forbids deleting them."""
        users = [f"{one}: {user}" for one in objs for user in users_of(one)]
        return [str(one) for one in objs], {self.opts.verbose_name_plural: len(objs)}, set(), users

    def delete_model(self, request: HttpRequest, obj: Audience) -> None:
        delete_audience(audience=obj, actor=acting_person(request))

    def get_actions(self, request: HttpRequest) -> Any:
        """Leave deleting to each audience's own page, which says what uses it."""
        return {}

    def get_urls(self) -> list[URLPattern]:
        site = self.admin_site.admin_view
        answers = {
            "preview": audience_answers.preview,
            "size": audience_answers.size,
            "members": audience_answers.members,
            "overlap": audience_answers.overlap,
        }
        own = [
            path(f"{name}/", site(require_POST(view)), name=f"{NAME}_{name}")
            for name, view in answers.items()
        ]
        own += [
            path("list/", site(self.list_view), name=f"{NAME}_list"),
            path("<int:pk>/import/", site(self.list_view), name=f"{NAME}_import"),
            path("<int:pk>/count/", site(require_POST(self.count_view)), name=f"{NAME}_count"),
            path("imported/<uuid:pk>/", site(self.imported_view), name=f"{NAME}_imported"),
            path("imported/<uuid:pk>/rejects.csv", site(self.rejects_view),
                 name=f"{NAME}_rejects"),
        ]  # fmt: skip
        return own + super().get_urls()

    def list_view(self, request: HttpRequest, pk: int | None = None) -> HttpResponse:
        """Read a list into a new audience, or into one that there is."""
        if not request.user.has_perm(ADDS if pk is None else CHANGES):
            raise PermissionDenied
        audience = None if pk is None else get_object_or_404(Audience, pk=pk)
        is_sent = request.method == "POST"
        form = ListForm(
            request.POST if is_sent else None,
            request.FILES if is_sent else None,
            is_new=audience is None,
        )
        if form.is_valid():
            try:
                return redirect(f"admin:{NAME}_imported", _read_in(request, audience, form).pk)
            except ValidationError as problem:
                form.add_error(None, problem)
        return admin_page(
            self,
            request,
            "admin/campaigns/audience/list.html",
            title=audience.name if audience else _("A new audience from a list"),
            form=form,
        )

    def imported_view(self, request: HttpRequest, pk: UUID) -> HttpResponse:
        """Show what became of the rows of a list."""
        done = self._import(request, pk)
        return admin_page(
            self,
            request,
            "admin/campaigns/audience/imported.html",
            title=done.audience.name,
            done=done,
            rejects=_told_rejects(done)[:SHOWN_REJECTS],
        )

    def rejects_view(self, request: HttpRequest, pk: UUID) -> HttpResponse:
        """Answer the rejected rows as CSV."""
        done = self._import(request, pk)
        answer = HttpResponse(content_type="text/csv; charset=utf-8")
        answer["Content-Disposition"] = f'attachment; filename="rejects-{done.audience.key}.csv"'
        answer.write(BYTE_ORDER_MARK)
        csv.writer(answer).writerows([[_("row"), _("reason")], *_told_rejects(done)])
        return answer

    def count_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Count an audience again."""
        if not request.user.has_perm(CHANGES):
            raise PermissionDenied
        audience = get_object_or_404(Audience, pk=pk)
        try:
            size = count_audience(audience=audience)
            messages.success(request, _("Counted: %(size)s.") % {"size": size})
        except ValidationError as problem:
            messages.error(request, " ".join(problem.messages))
        return redirect(f"admin:{NAME}_change", pk)

    def _import(self, request: HttpRequest, pk: UUID) -> AudienceImport:
        if not self.has_view_permission(request):
            raise PermissionDenied
        return get_object_or_404(AudienceImport.objects.select_related("audience"), pk=pk)


def told_size(audience: Audience) -> str:
    """Return the size that was found last, in words."""
    if audience.size is None:
        return _("not counted")
    assert audience.size_low is not None
    assert audience.size_high is not None
    return str(Size(audience.size, audience.size_low, audience.size_high))


def _read_in(request: HttpRequest, audience: Audience | None, form: ListForm) -> AudienceImport:
    actor, cleaned = acting_person(request), form.cleaned_data
    if audience is None:
        audience = start_list(
            name=cleaned["name"], customer_ids=[], origin=form.file_name, actor=actor
        )
    return import_list(
        audience=audience,
        lines=form.lines,
        actor=actor,
        file_name=form.file_name,
        replaces=bool(cleaned.get("replaces")),
    )


def _told_rejects(done: AudienceImport) -> list[tuple[int, str]]:
    return [(number, str(REASONS[code])) for number, code in done.rejects]
