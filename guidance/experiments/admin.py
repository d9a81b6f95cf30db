"""The experiments' pages."""

from django.contrib import admin
from unfold.admin import TabularInline

from guidance.core.admin import GuidanceModelAdmin
from guidance.experiments.models import Arm, Experiment


class ArmInline(TabularInline):
    model = Arm
    extra = 0


@admin.register(Experiment)
class ExperimentAdmin(GuidanceModelAdmin):
    list_display = ["name", "surface", "status", "source", "started_at"]
    list_filter = ["status", "source"]
    inlines = [ArmInline]
