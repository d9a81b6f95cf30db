"""What the list of experiments can be narrowed to; the dashboard's things to do link here."""

from collections.abc import Callable
from typing import Any, ClassVar

from django.contrib.admin import ModelAdmin, SimpleListFilter
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _


class WaitsFilter(SimpleListFilter):
    """What an experiment waits for from the person who looks."""

    title = _("waits for")
    parameter_name = "waits"
    choose: ClassVar[dict[str, Callable[[Any, Any], QuerySet]]] = {
        "approval": lambda rows, person: rows.awaiting_approval(person),
        "decision": lambda rows, person: rows.awaiting_decision(),
        "second": lambda rows, person: rows.awaiting_second(person),
    }

    def lookups(self, request: HttpRequest, model_admin: ModelAdmin) -> list[tuple[str, Any]]:
        return [
            ("approval", _("your approval")),
            ("decision", _("a decision")),
            ("second", _("you as the second person")),
        ]

    def queryset(self, request: HttpRequest, queryset: QuerySet) -> QuerySet:
        choose = self.choose.get(self.value() or "")
        return choose(queryset, request.user.pk) if choose else queryset
