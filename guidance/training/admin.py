"""The training runs' and model versions' pages."""

from django.contrib import admin

from guidance.core.admin import ReadOnlyAdmin
from guidance.training.models import ModelVersion, TrainingRun


@admin.register(TrainingRun)
class TrainingRunAdmin(ReadOnlyAdmin):
    list_display = ["created_at", "recipe", "job"]
    list_select_related = ["job"]


@admin.register(ModelVersion)
class ModelVersionAdmin(ReadOnlyAdmin):
    list_display = ["recipe", "number", "policy", "status", "created_at", "promoted_at"]
    list_filter = ["status"]
