"""What an analysis is asked for: days, market, traffic, and each kind's own choices."""

from collections.abc import Mapping
from typing import Any, ClassVar
from urllib.parse import urlencode

from django import forms
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from guidance.behaviour.analysis import cohorts, paths
from guidance.behaviour.analysis.scope import Scope
from guidance.behaviour.days import today
from guidance.behaviour.models import Analysis, Event
from guidance.behaviour.period import DEFAULT_DAYS, PeriodForm
from guidance.core.models import Market

PRESETS = (28, 90, 365)
MOST_FUNNEL_STEPS = 5
USUAL_FUNNEL = (Event.Kind.VIEW, Event.Kind.CART, Event.Kind.PURCHASE)
USUAL_WINDOW = 7
LONGEST_WINDOW = 90


def _periods() -> list[tuple[int | str, str]]:
    presets = [(days, gettext("last %(days)s days") % {"days": days}) for days in PRESETS]
    return [*presets, ("", gettext("the days chosen"))]


class AnalysisForm(PeriodForm):
    """The address of an analysis: what it leaves open is as `usual`; each mistake has its field."""

    usual: ClassVar[dict[str, Any]] = {}

    days = forms.TypedChoiceField(
        label=_("Period"),
        choices=_periods,
        coerce=int,
        empty_value=None,
        required=False,
    )
    market = forms.ChoiceField(label=_("Market"), required=False)

    field_order = ["days", "start", "end", "market", "traffic"]

    def __init__(self, query: Mapping[str, Any]) -> None:
        asked = {name: value for name, value in query.items() if value != ""}
        usual = {"traffic": "live", **self.usual}
        if not asked.keys() & {"start", "end"}:
            usual["days"] = str(DEFAULT_DAYS)
        super().__init__(usual | asked, today=today())
        markets = Market.objects.values_list("key", "name")
        self.fields["market"].choices = [("", _("all markets")), *markets]  # type: ignore[attr-defined]
        self.fields["market"].error_messages["invalid_choice"] = _("%(value)s is gone.")
        for field in self.fields.values():
            if not isinstance(field, forms.BooleanField):
                field.widget.attrs["class"] = "sg-insight-input"
        for name in ("start", "end"):
            self.fields[name].widget = forms.DateInput(
                attrs={"type": "date", "class": "sg-insight-input"}, format="%Y-%m-%d"
            )

    def scope(self) -> Scope:
        """Return what a valid form asks for, and show its days."""
        period = self.period()
        self.data = {
            **self.data,
            "start": period.first.isoformat(),
            "end": period.last.isoformat(),
        }
        return Scope(period, self.cleaned_data["market"])

    def query(self) -> dict[str, str]:
        """Return the address of a valid form in few words: a preset, or its days."""
        left_out = ("start", "end") if self.cleaned_data["days"] else ("days",)
        return {
            name: str(value)
            for name, value in self.data.items()
            if name in self.fields and name not in left_out and value not in ("", "live")
        }

    def fixed_query(self) -> dict[str, str]:
        """Return the address with its days as dates, which means the same tomorrow."""
        period = self.period()
        query = {name: value for name, value in self.query().items() if name != "days"}
        return query | {"start": period.first.isoformat(), "end": period.last.isoformat()}

    def address(self) -> str:
        return urlencode(self.query())

    def _is_custom(self) -> bool:
        return not self.cleaned_data["days"] and super()._is_custom()


class FunnelForm(AnalysisForm):
    """Steps in order, and how long the way may take."""

    usual = {"window": str(USUAL_WINDOW)}

    window = forms.IntegerField(label=_("Within days"), min_value=1, max_value=LONGEST_WINDOW)

    def __init__(self, query: Mapping[str, Any]) -> None:
        names = [f"step{place}" for place in range(1, MOST_FUNNEL_STEPS + 1)]
        if not any(query.get(name) for name in names):
            query = dict(query.items()) | dict(zip(names, USUAL_FUNNEL, strict=False))
        super().__init__(query)
        for place, name in enumerate(names, start=1):
            self.fields[name] = forms.ChoiceField(
                label=gettext("Step %(place)d") % {"place": place},
                choices=[("", "–"), *Event.Kind.choices],
                required=False,
                widget=forms.Select(attrs={"class": "sg-insight-input"}),
            )
        self.order_fields([*AnalysisForm.field_order, *names, "window"])

    def steps(self) -> list[str]:
        return [self.cleaned_data[name] for name in self._step_names() if self.cleaned_data[name]]

    def window_days(self) -> int:
        return int(self.cleaned_data["window"])

    def clean(self) -> None:
        super().clean()
        names = self._step_names()
        if not any(name in self.errors for name in names) and len(self.steps()) < 2:
            self.add_error(names[1], _("A funnel has at least two steps."))

    def _step_names(self) -> list[str]:
        return [f"step{place}" for place in range(1, MOST_FUNNEL_STEPS + 1)]


class PathsForm(AnalysisForm):
    """From which event on, or up to which, and how far."""

    usual = {"event": Event.Kind.VIEW.value, "direction": "after", "steps": "3"}

    event = forms.ChoiceField(label=_("Event"), choices=Event.Kind.choices)
    direction = forms.ChoiceField(
        label=_("Steps"), choices=[("after", _("after it")), ("before", _("before it"))]
    )
    steps = forms.IntegerField(label=_("How many"), min_value=1, max_value=paths.MOST_STEPS - 1)
    impressions = forms.BooleanField(label=_("Count impressions as steps"), required=False)


class CohortsForm(AnalysisForm):
    """What makes a shopper new, what is coming again, and by which periods."""

    usual = {"unit": cohorts.MONTH, "first": cohorts.PURCHASE, "again": cohorts.PURCHASE}
    KINDS = [(cohorts.PURCHASE, _("purchase")), (cohorts.ANYTHING, _("any event"))]

    unit = forms.ChoiceField(
        label=_("By"), choices=[(cohorts.WEEK, _("week")), (cohorts.MONTH, _("month"))]
    )
    first = forms.ChoiceField(label=_("Of the first"), choices=KINDS)
    again = forms.ChoiceField(label=_("Came again with"), choices=KINDS)


FORMS: dict[str, type[AnalysisForm]] = {
    Analysis.FUNNEL: FunnelForm,
    Analysis.PATHS: PathsForm,
    Analysis.COHORTS: CohortsForm,
    Analysis.SEGMENTS: AnalysisForm,
    Analysis.SEARCHES: AnalysisForm,
}
