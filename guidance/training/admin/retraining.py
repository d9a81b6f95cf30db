"""The page of retraining by itself: what starts a training, and how near each trigger is."""

from typing import Any

from django import forms
from django.contrib import admin, messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import URLPattern, path
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from guidance.core.admin import GuidanceModelAdmin, acting_person
from guidance.training import pages
from guidance.training.admin.base import POST_ONLY, require
from guidance.training.models import RetrainingPolicy
from guidance.training.services import forget_params, save_policy
from guidance.training.standing import standing


@admin.register(RetrainingPolicy)
class RetrainingPolicyAdmin(GuidanceModelAdmin):
    list_display = [
        *("recipe_label", "is_active", "every_days", "at_hour", "growth_percent"),
        *("input_drift", "quality_loss_percent", "cooldown_hours"),
    ]
    list_display_links = ["recipe_label"]
    fieldsets = [
        (None, {"fields": ["is_active"]}),
        (gettext_lazy("By the calendar"), {"fields": [("every_days", "at_hour")]}),
        (
            gettext_lazy("When something changed"),
            {
                "fields": [
                    ("growth_percent", "input_drift"),
                    ("quality_loss_percent", "cooldown_hours"),
                ]
            },
        ),
    ]

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    @admin.display(description=gettext_lazy("model"), ordering="recipe")
    def recipe_label(self, policy: RetrainingPolicy) -> str:
        return pages.recipe_name(policy.recipe)

    def change_view(
        self,
        request: HttpRequest,
        object_id: str,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        policy = self.get_object(request, object_id)
        extra = extra_context or {}
        if policy is not None:
            title = _("Retraining of %(model)s") % {"model": pages.recipe_name(policy.recipe)}
            extra = {"title": title, "subtitle": None, **standing(policy), **extra}
        return super().change_view(request, object_id, form_url, extra)

    def save_model(
        self, request: HttpRequest, obj: RetrainingPolicy, form: forms.ModelForm, change: bool
    ) -> None:
        save_policy(policy=obj, changed=form.changed_data, actor=acting_person(request))

    def get_urls(self) -> list[URLPattern]:
        reset = self.admin_site.admin_view(self.reset)
        own = [path("<int:pk>/usual/", reset, name="training_retrainingpolicy_usual")]
        return own + super().get_urls()

    @POST_ONLY
    def reset(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Go back to the usual settings."""
        require(request, "training.change_retrainingpolicy")
        policy = get_object_or_404(RetrainingPolicy, pk=pk)
        forget_params(recipe_key=policy.recipe, actor=acting_person(request))
        messages.success(request, _("Later trainings use the usual settings again."))
        return redirect("admin:training_retrainingpolicy_change", pk)
