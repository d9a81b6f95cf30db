"""What people may choose before a training or a search starts."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _
from unfold.widgets import (
    UnfoldAdminIntegerFieldWidget,
    UnfoldAdminSelectWidget,
    UnfoldBooleanSwitchWidget,
)

from guidance.training.labels import STARTS

DEFAULT_START = "both"
MOST_ORIGINS = 6


class TrainForm(forms.Form):
    """Options of one training; left as they are, it is the usual one."""

    start = forms.ChoiceField(
        label=_("Start of the network"),
        choices=[(key, label) for key, label in STARTS.items()],
        initial=DEFAULT_START,
        required=False,
        widget=UnfoldAdminSelectWidget,
    )
    origins = forms.IntegerField(
        label=_("Measure at earlier cuts too"),
        help_text=_("So many; each takes as long as a training. 0: none."),
        min_value=0,
        max_value=MOST_ORIGINS,
        initial=0,
        required=False,
        widget=UnfoldAdminIntegerFieldWidget,
    )

    def params(self) -> dict[str, Any]:
        """Return the settings in which this training differs from the usual one."""
        chosen = {
            "start": self.cleaned_data["start"] or DEFAULT_START,
            "origins": self.cleaned_data["origins"] or 0,
        }
        usual = {"start": DEFAULT_START, "origins": 0}
        return {name: value for name, value in chosen.items() if value != usual[name]}


class MinutesForm(forms.Form):
    """So many minutes of fitting at most."""

    minutes = forms.IntegerField(
        label=_("Minutes at most"),
        min_value=1,
        max_value=2_880,
        initial=60,
        widget=UnfoldAdminIntegerFieldWidget,
    )


class SearchForm(MinutesForm):
    """Bounds of one search for settings; whichever is reached first ends it."""

    field_order = ("trials", "minutes")

    trials = forms.IntegerField(
        label=_("Settings to try"),
        min_value=2,
        max_value=500,
        initial=20,
        widget=UnfoldAdminIntegerFieldWidget,
    )

    def params(self) -> dict[str, Any]:
        """Return the bounds."""
        return dict(self.cleaned_data)


class EffectsForm(MinutesForm):
    """Bounds of one measurement of cleaning and augmentation, and what becomes of its findings.

    Only who may change later trainings can let it.
    """

    field_order = ("seeds", "minutes", "apply")

    seeds = forms.IntegerField(
        label=_("Trainings of each variant"),
        help_text=_("More of them tell chance apart better."),
        min_value=2,
        max_value=10,
        initial=2,
        widget=UnfoldAdminIntegerFieldWidget,
    )
    apply = forms.BooleanField(
        label=_("Switch off what does not help, and on what does"),
        initial=True,
        required=False,
        widget=UnfoldBooleanSwitchWidget,
    )

    def __init__(self, *args: Any, may_keep: bool, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if not may_keep:
            del self.fields["apply"]

    def params(self) -> dict[str, Any]:
        """Return the bounds, and `apply` where it was wished."""
        bounds = {name: self.cleaned_data[name] for name in ("seeds", "minutes")}
        return {**bounds, "apply": True} if self.cleaned_data.get("apply") else bounds


def form_problems(form: forms.Form) -> str:
    """Return what is wrong with a form, each field by its name."""
    return " ".join(
        f"{form.fields[name].label}: {' '.join(map(str, problems))}"
        for name, problems in form.errors.items()
    )
