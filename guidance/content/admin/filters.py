"""The queue's filters: what they leave is written in `selectors.queue`."""

from collections.abc import Iterable, Iterator
from typing import Any

from django.conf import settings
from django.contrib.admin import ModelAdmin, SimpleListFilter
from django.contrib.admin.views.main import ChangeList
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from guidance.content.models import Draft, Kind, MessageChannel
from guidance.content.selectors.people import colleagues
from guidance.content.selectors.queue import CHOICES, NOBODY_YET, ORDERS, narrow
from guidance.core.admin import acting_person
from guidance.core.models import Market
from guidance.customers.selectors import membership_tiers


class QueueFilter(SimpleListFilter):
    """A filter whose values and their meaning `selectors.queue.CHOICES` holds."""

    def lookups(self, request: HttpRequest, model_admin: ModelAdmin) -> Iterable[tuple[str, Any]]:
        choices = CHOICES[str(self.parameter_name)]
        return [(value, label) for value, (label, _narrow) in choices.items()]

    def queryset(self, request: HttpRequest, queryset: Any) -> QuerySet:
        value = self.value()
        return narrow(queryset, str(self.parameter_name), value) if value else queryset


class AgeFilter(QueueFilter):
    title = _("age")
    parameter_name = "age"


class ChecksFilter(QueueFilter):
    title = _("checks")
    parameter_name = "checks"


class StaleFilter(QueueFilter):
    title = _("why it is here")
    parameter_name = "stale"


class LanguageFilter(QueueFilter):
    title = _("language")
    parameter_name = "language"

    def lookups(self, request: HttpRequest, model_admin: ModelAdmin) -> Iterable[tuple[str, Any]]:
        return list(settings.LANGUAGES)


class KindFilter(QueueFilter):
    title = _("kind")
    parameter_name = "kind"

    def lookups(self, request: HttpRequest, model_admin: ModelAdmin) -> Iterable[tuple[str, Any]]:
        return list(Kind.choices)


class ChannelFilter(QueueFilter):
    title = _("channel")
    parameter_name = "channel"

    def lookups(self, request: HttpRequest, model_admin: ModelAdmin) -> Iterable[tuple[str, Any]]:
        return list(MessageChannel.choices)


class MarketFilter(QueueFilter):
    title = _("market")
    parameter_name = "market"

    def lookups(self, request: HttpRequest, model_admin: ModelAdmin) -> Iterable[tuple[str, Any]]:
        return list(Market.objects.order_by("key").values_list("key", "name"))


class SegmentFilter(QueueFilter):
    title = _("membership tier")
    parameter_name = "segment"

    def lookups(self, request: HttpRequest, model_admin: ModelAdmin) -> Iterable[tuple[str, Any]]:
        return [(tier, tier) for tier in membership_tiers()]


class RiskFilter(QueueFilter):
    title = _("risk")
    parameter_name = "risk"


class DueFilter(QueueFilter):
    title = _("due")
    parameter_name = "due"


class AssigneeFilter(QueueFilter):
    title = _("assignee")
    parameter_name = "assignee"

    def lookups(self, request: HttpRequest, model_admin: ModelAdmin) -> Iterable[tuple[str, Any]]:
        me = (str(request.user.pk), _("me"))
        others = [(str(one.pk), str(one)) for one in colleagues(acting_person(request))]
        return [me, (NOBODY_YET, _("nobody")), *others]


class OrderFilter(QueueFilter):
    """Narrows nothing; the list and the pages behind it follow the order it names."""

    title = _("order")
    parameter_name = "order"

    def lookups(self, request: HttpRequest, model_admin: ModelAdmin) -> Iterable[tuple[str, Any]]:
        return [(name, label) for name, (label, _fields) in ORDERS.items() if name != "age"]

    def queryset(self, request: HttpRequest, queryset: Any) -> QuerySet:
        return queryset

    def choices(self, changelist: ChangeList) -> Iterator[Any]:
        everything = super().choices(changelist)
        yield {**next(everything), "display": ORDERS["age"][0]}
        yield from everything


class TaskFilter(QueueFilter):
    """Set by the links of open tasks; it offers nothing to choose."""

    title = _("task")
    parameter_name = "task"

    def lookups(self, request: HttpRequest, model_admin: ModelAdmin) -> Iterable[tuple[str, Any]]:
        task = request.GET.get("task")
        return [(task, _("one open task"))] if task else []


class StatusFilter(SimpleListFilter):
    """What waits, unless somebody asks for what was decided."""

    title = _("status")
    parameter_name = "status"

    def lookups(self, request: HttpRequest, model_admin: ModelAdmin) -> Iterable[tuple[str, Any]]:
        return [("approved", _("approved")), ("rejected", _("rejected")), ("all", _("all"))]

    def queryset(self, request: HttpRequest, queryset: QuerySet) -> QuerySet:
        value = self.value() or Draft.Status.WAITING
        return queryset if value == "all" else queryset.filter(status=value)

    def choices(self, changelist: ChangeList) -> Iterator[Any]:
        everything = super().choices(changelist)
        yield {**next(everything), "display": _("waiting")}
        yield from everything
