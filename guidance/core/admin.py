"""Core's pages in the admin, and the base class of every other page."""

from typing import Any

from django.contrib import admin
from django.contrib.auth.admin import GroupAdmin, UserAdmin
from django.contrib.auth.models import Group
from django.db.models import Model
from django.http import HttpRequest
from unfold.admin import ModelAdmin
from unfold.forms import AdminPasswordChangeForm, UserChangeForm, UserCreationForm

from guidance.core.models import ApiKey, AuditEntry, Job, Market, User


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
    list_display = ["created_at", "kind", "status", "phase", "fraction", "requested_by"]
    list_filter = ["status", "kind"]
    list_select_related = ["requested_by"]

    def get_queryset(self, request: HttpRequest) -> Any:
        return super().get_queryset(request).defer("log", "result", "params")
