"""What a person fills in: a draft, and a decision."""

from typing import Any, ClassVar

from django import forms
from django.core.exceptions import ValidationError
from django.utils.text import capfirst
from django.utils.translation import gettext_lazy as _
from unfold.widgets import (
    UnfoldAdminCheckboxSelectMultipleWidget,
    UnfoldAdminSelectWidget,
    UnfoldAdminTextareaWidget,
)

from guidance.experiments.hooks import Choice, testable_of, testables
from guidance.experiments.keys import key_problem
from guidance.experiments.models import Experiment
from guidance.experiments.plan import quantile_problem
from guidance.experiments.selectors import current_metrics
from guidance.experiments.services.deciding import LONGEST_REASON
from guidance.experiments.targeting.check import check_conditions


def metric_choices() -> list[Choice]:
    """Return every metric that a plan may name."""
    return [(key, metric.title) for key, metric in current_metrics().items()]


class ExperimentForm(forms.ModelForm):
    """A draft: metrics are chosen, conditions are checked with each mistake's place."""

    primary_metric = forms.ChoiceField(
        label=capfirst(_("primary metric")), choices=metric_choices, widget=UnfoldAdminSelectWidget
    )
    guardrails = forms.MultipleChoiceField(
        label=capfirst(_("guardrail metrics")),
        choices=metric_choices,
        required=False,
        widget=UnfoldAdminCheckboxSelectMultipleWidget,
        help_text=_("A clear harm in one of them stops the experiment by itself."),
    )

    also_measured = forms.MultipleChoiceField(
        label=capfirst(_("also measured")),
        choices=metric_choices,
        required=False,
        widget=UnfoldAdminCheckboxSelectMultipleWidget,
        help_text=_("Shown and tested with the others; each makes chance findings likelier."),
    )

    class Meta:
        model = Experiment
        fields = "__all__"
        widgets: ClassVar[dict[str, Any]] = {
            "targeting": UnfoldAdminTextareaWidget(attrs={"rows": 4}),
        }

    def clean_key(self) -> str:
        key: str = self.cleaned_data["key"]
        if problem := key_problem(key, of=Experiment):
            raise ValidationError(problem)
        return key

    def clean_targeting(self) -> Any:
        targeting = self.cleaned_data["targeting"] or {}
        if problems := list(check_conditions(targeting)):
            raise ValidationError(problems)
        return targeting

    def clean(self) -> dict[str, Any] | None:
        cleaned = super().clean() or {}
        if cleaned.get("primary_metric") in cleaned.get("guardrails", []):
            self.add_error("guardrails", _("The primary metric cannot be a guardrail too."))
        metric = current_metrics([cleaned.get("primary_metric", "")]).get(
            cleaned.get("primary_metric", "")
        )
        if metric and (problem := quantile_problem(metric, cleaned.get("stop_rule", ""))):
            self.add_error("primary_metric", problem)
        return cleaned


class DecisionForm(forms.Form):
    """What a decision sends: `keep`, or `ship:` with an arm's key, and why."""

    choice = forms.CharField(max_length=60)
    reason = forms.CharField(max_length=LONGEST_REASON)

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        verdict, _colon, arm = cleaned.get("choice", "").partition(":")
        return {"verdict": verdict, "arm": arm, "reason": cleaned.get("reason", "")}


def policy_choices(experiment: Experiment | None) -> list[Choice]:
    """Return what arms may ask for: on a new draft, whatever any surface knows."""
    testable = testable_of(experiment.surface, experiment.subject) if experiment else None
    if experiment and testable:
        return list(testable.policies(experiment.surface, experiment.subject))
    return [choice for one in testables() for choice in one.policies("", "")]
