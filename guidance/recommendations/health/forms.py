"""What the page is asked for: traffic, surface, model version, days."""

from collections.abc import Mapping
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from guidance.behaviour.days import today
from guidance.behaviour.models import Source
from guidance.recommendations.health.scope import DEFAULT_DAYS, PERIODS, Scope
from guidance.recommendations.models import Surface
from guidance.recommendations.rankers import RECIPE
from guidance.training.models import ModelVersion

NEWEST_VERSIONS = 30


class ScopeForm(forms.Form):
    """The address of the page; what it cannot mean falls back to live traffic of 28 days."""

    days = forms.TypedChoiceField(label=_("Days"), coerce=int, required=False)
    traffic = forms.ChoiceField(label=_("Traffic"), required=False)
    surface = forms.ChoiceField(label=_("Surface"), required=False)
    version = forms.ChoiceField(label=_("Model version"), required=False)

    def __init__(self, query: Mapping[str, Any]) -> None:
        super().__init__({"days": DEFAULT_DAYS, "traffic": Source.LIVE} | dict(query.items()))
        choices: dict[str, list[tuple[Any, Any]]] = {
            "days": [(days, days) for days in PERIODS],
            "traffic": [(Source.LIVE, _("live")), (Source.REPLAY, _("replay"))],
            "surface": [("", _("all surfaces")), *Surface.objects.values_list("key", "name")],
            "version": [("", _("all versions and policies")), *_versions()],
        }
        for name, options in choices.items():
            self.fields[name].choices = options  # type: ignore[attr-defined]  # all are choices
            self.fields[name].widget.attrs["class"] = "sg-select"

    @classmethod
    def filled(cls, query: Mapping[str, Any]) -> "ScopeForm":
        """Return the form of a page that shows `query`, which need not be a choice any more."""
        form = cls(query)
        for name, value in query.items():
            field = form.fields[name]
            if not field.valid_value(value):  # type: ignore[attr-defined]  # all are choices
                field.choices = [*field.choices, (value, value)]  # type: ignore[attr-defined]
        return form

    def scope(self) -> Scope:
        """Return what is asked for; the usual for whatever is no choice."""
        self.is_valid()
        asked = self.cleaned_data
        return Scope(
            source=asked.get("traffic") or Source.LIVE,
            surface=asked.get("surface") or "",
            version=asked.get("version") or "",
            days=asked.get("days") or DEFAULT_DAYS,
            last=today(),
        )


class AcknowledgeForm(forms.Form):
    """What somebody found who looked into an alert."""

    note = forms.CharField(label=_("What you found"), max_length=500, strip=True)


def _versions() -> list[tuple[str, str]]:
    """Return the newest versions under the name that decisions carry."""
    versions = ModelVersion.objects.filter(recipe=RECIPE).order_by("-number")
    numbers = versions.values_list("number", flat=True)[:NEWEST_VERSIONS]
    return [(f"{RECIPE} {number}", f"{RECIPE} {number}") for number in numbers]
