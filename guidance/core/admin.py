"""Core's pages in the admin, and the base class of every other page."""

import uuid
from typing import Any

from django.contrib import admin, messages
from django.contrib.auth.admin import GroupAdmin, UserAdmin
from django.contrib.auth.models import Group
from django.core.exceptions import PermissionDenied
from django.db.models import Model, QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed, JsonResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import URLPattern, path, reverse
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext_lazy as _
from unfold.admin import ModelAdmin
from unfold.forms import AdminPasswordChangeForm, UserChangeForm, UserCreationForm

from guidance.core.models import ApiKey, AuditEntry, Job, Market, User
from guidance.core.selectors import job_state
from guidance.core.services.jobs import cancel_job


def url_back(request: HttpRequest, *, fallback: str) -> str:
    """Return the page of this site that sent the form, or `fallback`."""
    sender = request.META.get("HTTP_REFERER", "")
    safe = url_has_allowed_host_and_scheme(sender, allowed_hosts={request.get_host()})
    return sender if safe else fallback


class GuidanceModelAdmin(ModelAdmin):
    """The base of every page: fifty rows, no doubled counting query, full-width forms."""

    list_per_page = 50
    show_full_result_count = False
    list_fullwidth = True
    compressed_fields = True
    warn_unsaved_form = True


class ReadOnlyAdmin(GuidanceModelAdmin):
    """A page of rows that only services write."""

    def has_add_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False


admin.site.unregister(Group)


@admin.register(Group)
class RoleAdmin(GroupAdmin, ReadOnlyAdmin):
    pass


@admin.register(User)
class PersonAdmin(UserAdmin, GuidanceModelAdmin):
    form = UserChangeForm
    add_form = UserCreationForm
    change_password_form = AdminPasswordChangeForm
    list_display = ["username", "language", "is_active", "is_superuser", "last_login"]
    fieldsets = [
        (None, {"fields": ["username", "password", "language"]}),
        (None, {"fields": ["is_active", "is_staff", "is_superuser", "groups"]}),
    ]
    filter_horizontal = ["groups"]


@admin.register(Market)
class MarketAdmin(GuidanceModelAdmin):
    list_display = ["name", "key", "language", "currency", "time_zone", "is_default"]


@admin.register(ApiKey)
class ApiKeyAdmin(GuidanceModelAdmin):
    list_display = ["name", "prefix", "is_active", "created_at"]
    readonly_fields = ["prefix", "created_at"]

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False


@admin.register(AuditEntry)
class AuditEntryAdmin(ReadOnlyAdmin):
    list_display = ["at", "actor", "verb", "object_label", "object_type"]
    list_filter = ["verb", "object_type"]
    search_fields = ["object_id", "object_label"]
    list_select_related = ["actor"]
    date_hierarchy = "at"


@admin.register(Job)
class JobAdmin(ReadOnlyAdmin):
    list_display = ["created_at", "kind", "status", "phase", "share", "requested_by"]
    list_filter = ["status", "kind"]
    list_select_related = ["requested_by"]
    fields = ["kind", "requested_by", "created_at", "started_at", "finished_at", "attempts"]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Job]:
        return super().get_queryset(request).defer("log", "result", "params")

    @admin.display(description=_("progress"), ordering="fraction")
    def share(self, job: Job) -> str:
        return f"{job.fraction:.0%}"

    def get_urls(self) -> list[URLPattern]:
        state, cancel = map(self.admin_site.admin_view, (self.state_view, self.cancel_view))
        return [
            path("<uuid:pk>/state/", state, name="core_job_state"),
            path("<uuid:pk>/cancel/", cancel, name="core_job_cancel"),
            *super().get_urls(),
        ]

    def change_view(
        self,
        request: HttpRequest,
        object_id: str,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        extra = {"may_cancel": self.may_cancel(request), **(extra_context or {})}
        return super().change_view(request, object_id, form_url, extra)

    def may_cancel(self, request: HttpRequest) -> bool:
        return request.user.has_perm("core.change_job") or request.user.has_perm(
            "training.add_trainingrun"
        )

    def state_view(self, request: HttpRequest, pk: uuid.UUID) -> HttpResponse:
        """What the page of a running job shows."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        job = get_object_or_404(Job, pk=pk)
        return JsonResponse(job_state(job))

    def cancel_view(self, request: HttpRequest, pk: uuid.UUID) -> HttpResponse:
        """Ask the job to stop."""
        if request.method != "POST":
            return HttpResponseNotAllowed(["POST"])
        if not self.may_cancel(request):
            raise PermissionDenied
        cancel_job(job=get_object_or_404(Job, pk=pk), actor=request.user)
        messages.info(request, _("The job was asked to stop."))
        return redirect(url_back(request, fallback=reverse("admin:core_job_change", args=[pk])))
