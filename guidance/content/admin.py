"""The review desk, publications and missing facts."""

from django.contrib import admin

from guidance.content.models import Draft, MissingFacts, Publication
from guidance.core.admin import ReadOnlyAdmin


@admin.register(Draft)
class DraftAdmin(ReadOnlyAdmin):
    list_display = ["product", "kind", "language", "status", "blocking_findings", "created_at"]
    list_filter = ["status", "kind", "language"]
    list_select_related = ["product"]


@admin.register(Publication)
class PublicationAdmin(ReadOnlyAdmin):
    list_display = ["product", "kind", "language", "number", "published_at", "approved_by"]
    list_select_related = ["product", "approved_by"]


@admin.register(MissingFacts)
class MissingFactsAdmin(ReadOnlyAdmin):
    list_display = ["product", "kind", "language", "keys"]
    list_select_related = ["product"]
