"""The rules' page: what merchandisers decide, and what of it contradicts."""

from typing import Any

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.forms import ModelForm
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext_lazy as _
from unfold.decorators import display

from guidance.core.admin import GuidanceModelAdmin, acting_person
from guidance.recommendations.conflicts import find_conflicts
from guidance.recommendations.forms import NUMBERS, RuleForm, kinds_with
from guidance.recommendations.models import Rule
from guidance.recommendations.services.merchandising import delete_rules, save_rule
from guidance.recommendations.wording import rule_in_words

State = Rule.State
STATE_COLOURS = {State.RUNNING: "success", State.PLANNED: "info", State.OFF: "warning"}


class StateFilter(admin.SimpleListFilter):
    """Rules as they stand now."""

    title = _("state")
    parameter_name = "state"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return State.choices

    def queryset(self, request: HttpRequest, queryset: Any) -> QuerySet:
        wanted = self.value()
        return queryset.in_state(wanted) if wanted in State.values else queryset


def _only_for(name: str) -> str:
    """Return the condition, for the page's script, that the chosen kind has a field."""
    return " || ".join(f"kind == '{kind.value}'" for kind in kinds_with(name))


@admin.register(Rule)
class RuleAdmin(GuidanceModelAdmin):
    form = RuleForm
    list_display = ["name", "what", "where", "state_label", "starts_at", "ends_at"]
    list_filter = [StateFilter, "kind", "surface"]
    list_select_related = ["surface", "product", "category"]
    search_fields = ["name", "brand", "product__sku", "category__path"]
    search_help_text = _("A rule's name, a brand, a SKU or a category")
    autocomplete_fields = ["product", "category"]
    list_before_template = "admin/recommendations/rule/conflicts.html"
    fieldsets = [
        (None, {"fields": ["name", "kind", "surface"]}),
        (_("What it is about"), {"fields": ["product", "category", "brand", "per"]}),
        (_("How much"), {"fields": list(NUMBERS)}),
        (_("When"), {"fields": ["starts_at", "ends_at", "is_active"]}),
    ]
    conditional_fields = {
        **{name: _only_for(name) for name in NUMBERS},
        "per": "kind == 'quota'",
        "product": "kind != 'diversity' && kind != 'quota'",
        "category": "kind != 'diversity'",
        "brand": "kind != 'diversity'",
    }

    @admin.display(description=_("what it does"))
    def what(self, rule: Rule) -> str:
        return rule_in_words(rule)

    @admin.display(description=_("surface"), ordering="surface__name")
    def where(self, rule: Rule) -> str:
        return str(rule.surface or _("every surface"))

    @display(description=_("state"), label=STATE_COLOURS)
    def state_label(self, rule: Rule) -> tuple[str, str]:
        return rule.state, str(rule.state.label)

    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        context = {"conflicts": find_conflicts(), **(extra_context or {})}
        return super().changelist_view(request, context)

    def save_model(self, request: HttpRequest, obj: Rule, form: ModelForm, change: bool) -> None:
        save_rule(rule=obj, actor=acting_person(request))
        for conflict in find_conflicts():
            if obj in conflict.rules:
                messages.warning(request, conflict.text)

    def delete_model(self, request: HttpRequest, obj: Rule) -> None:
        delete_rules(rules=[obj], actor=acting_person(request))

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[Rule]) -> None:
        delete_rules(rules=list(queryset), actor=acting_person(request))
