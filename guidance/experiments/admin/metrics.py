"""Metrics: what a person counts, read back as a sentence before it is used."""

from typing import Any, ClassVar

from django import forms
from django.contrib import admin
from django.db.models import Model, QuerySet
from django.forms import ModelForm
from django.http import HttpRequest
from django.utils.text import capfirst
from django.utils.translation import gettext_lazy as _
from unfold.decorators import display
from unfold.widgets import UnfoldAdminCheckboxSelectMultipleWidget

from guidance.behaviour.models import Event
from guidance.core.admin import GuidanceModelAdmin, acting_person
from guidance.experiments.defined import definition_of
from guidance.experiments.models import Metric
from guidance.experiments.services import save_metric


def _kinds(label: Any, help_text: Any) -> forms.MultipleChoiceField:
    return forms.MultipleChoiceField(
        label=label,
        choices=Event.Kind.choices,
        required=False,
        widget=UnfoldAdminCheckboxSelectMultipleWidget,
        help_text=help_text,
    )


class MetricForm(forms.ModelForm):
    """A metric; what would give a number that only looks right is refused by the model."""

    event_kinds = _kinds(
        capfirst(_("events")), _("Which of the shopper's events count, where events are counted.")
    )
    base_kinds = _kinds(
        capfirst(_("over these events")), _("What they are divided by, for a ratio of events.")
    )

    class Meta:
        model = Metric
        fields: ClassVar[list[str]] = [
            *("name", "key", "kind", "counted", "event_kinds", "worth", "denominator"),
            *(
                "quantile",
                "base_kinds",
                "window_days",
                "returns_days",
                "currency",
                "time_zone",
                "cap",
                "direction",
                "role",
            ),
        ]


@admin.register(Metric)
class MetricAdmin(GuidanceModelAdmin):
    form = MetricForm
    list_display = ["title", "key", "kind", "meaning", "direction", "role", "version"]
    list_filter = ["kind", "role"]
    search_fields = ["name", "key"]
    fieldsets = [
        (None, {"fields": ["name", "key", "sentence"]}),
        (_("What is counted"), {"fields": ["kind", "quantile", "counted", "event_kinds", "worth"]}),
        (_("Over what"), {"fields": ["denominator", "base_kinds"]}),
        (_("Limits"), {"fields": ["window_days", "returns_days", "currency", "time_zone", "cap"]}),
        (_("How it is read"), {"fields": ["direction", "role"]}),
    ]
    readonly_fields = ["sentence"]
    prepopulated_fields = {"key": ["name"]}

    @display(description=_("name"), ordering="name")
    def title(self, metric: Metric) -> str:
        return metric.title

    @display(description=_("what it means"))
    def meaning(self, metric: Metric) -> str:
        return definition_of(metric)

    @display(description=_("in words"))
    def sentence(self, metric: Metric) -> str:
        if not metric.kind:
            return str(_("Save it to read here what it will count."))
        return capfirst(definition_of(metric)) + "."

    def get_queryset(self, request: HttpRequest) -> QuerySet[Metric]:
        return Metric.objects.current()

    def get_readonly_fields(self, request: HttpRequest, obj: Model | None = None) -> Any:
        """A key is what plans name: it stays."""
        return [*self.readonly_fields, "key"] if obj is not None else self.readonly_fields

    def get_prepopulated_fields(self, request: HttpRequest, obj: Model | None = None) -> Any:
        return super().get_prepopulated_fields(request, obj) if obj is None else {}

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False

    def save_model(self, request: HttpRequest, obj: Metric, form: ModelForm, change: bool) -> None:
        save_metric(metric=obj, actor=acting_person(request))
