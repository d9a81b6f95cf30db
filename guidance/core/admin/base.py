"""What every page of the admin builds on."""

from django.core.exceptions import PermissionDenied
from django.db.models import Model
from django.http import HttpRequest
from django.utils.http import url_has_allowed_host_and_scheme
from unfold.admin import ModelAdmin

from guidance.core.models import User


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
