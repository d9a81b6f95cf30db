"""What every page of the admin builds on."""

from typing import Any

from django.core.exceptions import PermissionDenied
from django.db.models import Model
from django.http import HttpRequest
from django.template.response import TemplateResponse
from django.utils.http import url_has_allowed_host_and_scheme
from unfold.admin import ModelAdmin

from guidance.core.models import User
from guidance.core.services import record_audit


def acting_person(request: HttpRequest) -> User:
    """Return the person who sent the request; every page of the admin requires a login."""
    if not isinstance(request.user, User):
        raise PermissionDenied
    return request.user


def url_back(request: HttpRequest, *, fallback: str) -> str:
    """Return the page of this site that sent the form, or `fallback`."""
    sender = request.META.get("HTTP_REFERER", "")
    safe = url_has_allowed_host_and_scheme(sender, allowed_hosts={request.get_host()})
    return sender if safe else fallback


def admin_page(
    model_admin: ModelAdmin, request: HttpRequest, template: str, **context: Any
) -> TemplateResponse:
    """Return a page of the model's own: with what every page of the admin knows."""
    shared = model_admin.admin_site.each_context(request)
    return TemplateResponse(request, template, {**shared, "opts": model_admin.opts, **context})


class GuidanceModelAdmin(ModelAdmin):
    """The base of every page: fifty rows, no doubled counting query, full-width forms."""

    list_per_page = 50
    show_full_result_count = False
    list_fullwidth = True
    compressed_fields = True
    warn_unsaved_form = True


class AuditedAdmin(GuidanceModelAdmin):
    """A page whose forms write rows themselves; the audit trail hears of each in the same
    transaction, instead of Django's own log."""

    def log_addition(self, request: HttpRequest, obj: Model, message: Any) -> Any:
        self._record(request, obj, "add", message)

    def log_change(self, request: HttpRequest, obj: Model, message: Any) -> Any:
        self._record(request, obj, "change", message)

    def log_deletions(self, request: HttpRequest, queryset: Any) -> Any:
        for obj in queryset:
            self._record(request, obj, "delete", None)

    def _record(self, request: HttpRequest, obj: Model, action: str, message: Any) -> None:
        """Name the fields that changed, never their values: one of them is a password."""
        record_audit(
            actor=acting_person(request),
            verb=f"{action}_{obj._meta.model_name}",
            target=obj,
            details={"changes": message} if message else {},
        )


class ReadOnlyAdmin(GuidanceModelAdmin):
    """A page of rows that only services write."""

    def has_add_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False
