"""People, their roles, and what they did."""

from django.contrib import admin
from django.contrib.auth.admin import GroupAdmin, UserAdmin
from django.contrib.auth.models import Group
from unfold.forms import AdminPasswordChangeForm, UserChangeForm, UserCreationForm

from guidance.core.admin.base import AuditedAdmin, ReadOnlyAdmin
from guidance.core.models import AuditEntry, User

admin.site.unregister(Group)


@admin.register(Group)
class RoleAdmin(ReadOnlyAdmin, GroupAdmin):
    pass


@admin.register(User)
class PersonAdmin(AuditedAdmin, UserAdmin):
    form = UserChangeForm
    add_form = UserCreationForm
    change_password_form = AdminPasswordChangeForm
    list_display = ["username", "language", "is_active", "is_superuser", "last_login"]
    fieldsets = [
        (None, {"fields": ["username", "password", "language"]}),
        (None, {"fields": ["is_active", "is_staff", "is_superuser", "groups"]}),
    ]
    filter_horizontal = ["groups"]


@admin.register(AuditEntry)
class AuditEntryAdmin(ReadOnlyAdmin):
    list_display = ["at", "actor", "verb", "object_label", "object_type"]
    list_filter = ["verb", "object_type"]
    search_fields = ["object_id", "object_label"]
    list_select_related = ["actor"]
    date_hierarchy = "at"
