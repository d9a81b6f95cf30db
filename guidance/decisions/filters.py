"""What the decision log and its outcomes can be narrowed to; an experiment's figures link here."""

from collections.abc import Callable
from typing import Any, ClassVar

from django.contrib.admin import ModelAdmin, SimpleListFilter
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from guidance.decisions.models import Decision, OutcomeQuerySet

# A list's rows in (decisions or outcomes, with the methods of their queryset), fewer out.
Narrow = Callable[[Any], QuerySet]


class ExperimentFilter(SimpleListFilter):
    """Decisions of one experiment."""

    title = _("experiment")
    parameter_name = "experiment"

    def lookups(self, request: HttpRequest, model_admin: ModelAdmin) -> list[tuple[str, str]]:
        return _distinct("experiment")

    def queryset(self, request: HttpRequest, queryset: QuerySet) -> QuerySet:
        return _narrow(queryset, experiment=self.value())


class ArmFilter(SimpleListFilter):
    """Decisions of one arm."""

    title = _("arm")
    parameter_name = "arm"

    def lookups(self, request: HttpRequest, model_admin: ModelAdmin) -> list[tuple[str, str]]:
        return _distinct("arm")

    def queryset(self, request: HttpRequest, queryset: QuerySet) -> QuerySet:
        return _narrow(queryset, arm=self.value())


class OutcomeFilter(SimpleListFilter):
    """What came of a decision."""

    title = _("outcome")
    parameter_name = "outcome"
    choose: ClassVar[dict[str, Narrow]] = {
        "seen": lambda rows: rows.seen(),
        "unseen": lambda rows: rows.unseen(),
        "clicked": lambda rows: rows.seen().with_click(),
        "blind_click": lambda rows: rows.unseen().with_click(),
        "converted": lambda rows: rows.converted(),
        "stood_in": lambda rows: rows.stood_in(),
    }

    def lookups(self, request: HttpRequest, model_admin: ModelAdmin) -> list[tuple[str, Any]]:
        return [
            ("seen", _("seen")),
            ("unseen", _("not seen")),
            ("clicked", _("seen and clicked")),
            ("blind_click", _("clicked without an impression")),
            ("converted", _("followed by a purchase within 7 days")),
            ("stood_in", _("answered by a fallback")),
        ]

    def queryset(self, request: HttpRequest, queryset: QuerySet) -> QuerySet:
        choose = self.choose.get(self.value() or "")
        return choose(queryset) if choose else queryset


class ShoppersFilter(SimpleListFilter):
    """Which shoppers of an experiment count."""

    title = _("shoppers in experiments")
    parameter_name = "shoppers"
    choose: ClassVar[dict[str, Narrow]] = {
        "one_arm": lambda rows: rows.exclude(experiment="").in_one_arm(),
        "several_arms": lambda rows: rows.exclude(experiment="").in_several_arms(),
        "first": lambda rows: rows.exclude(experiment="").in_one_arm().exposures(),
        "before_login": lambda rows: rows.exclude(experiment="").before_login(),
        "staff": lambda rows: rows.for_excluded("staff"),
        "bot": lambda rows: rows.for_excluded("bot"),
        "nobody": lambda rows: rows.filter(customer=None),
    }

    def lookups(self, request: HttpRequest, model_admin: ModelAdmin) -> list[tuple[str, Any]]:
        return [
            ("first", _("first decision of each, one arm only")),
            ("one_arm", _("met one arm")),
            ("several_arms", _("met several arms")),
            ("before_login", _("visitor who logged in since, counted as the customer")),
            ("staff", _("is of the staff")),
            ("bot", _("is a script")),
            ("nobody", _("no shopper")),
        ]

    def queryset(self, request: HttpRequest, queryset: QuerySet) -> QuerySet:
        choose = self.choose.get(self.value() or "")
        return choose(queryset) if choose else queryset


class CountedFilter(SimpleListFilter):
    """Whether an event that names a decision counts for it, and in experiments' figures."""

    title = _("counts for its decision")
    parameter_name = "counted"
    choose: ClassVar[dict[str, Narrow]] = {
        "yes": lambda rows: rows.counted(),
        "no": lambda rows: rows.not_counted(),
        "one_arm": lambda rows: rows.counted().of_decisions(
            Decision.objects.exclude(experiment="").in_one_arm()
        ),
    }

    def lookups(self, request: HttpRequest, model_admin: ModelAdmin) -> list[tuple[str, Any]]:
        return [
            ("yes", _("yes")),
            ("no", _("no: another shopper, other traffic or too late")),
            ("one_arm", _("yes, and its shopper met one arm of the experiment")),
        ]

    def queryset(self, request: HttpRequest, queryset: QuerySet) -> QuerySet:
        choose = self.choose.get(self.value() or "")
        return choose(queryset) if choose else queryset


def _distinct(field: str) -> list[tuple[str, str]]:
    """Return the experiments' values of a field; the partial index holds nothing else."""
    rows = Decision.objects.exclude(experiment="").order_by(field)
    return [(value, value) for value in rows.values_list(field, flat=True).distinct()]


def _narrow(queryset: QuerySet, **wanted: str | None) -> QuerySet:
    """Narrow decisions, or outcomes by the decision they name, to a field's value."""
    if None in wanted.values():
        return queryset
    if isinstance(queryset, OutcomeQuerySet):
        return queryset.of_decisions(Decision.objects.exclude(experiment="").filter(**wanted))
    return queryset.exclude(experiment="").filter(**wanted)
