"""What language models cost, and whether they are called now: read by people, written by jobs."""

from decimal import Decimal
from typing import Any

from django.contrib import admin
from django.core.exceptions import ImproperlyConfigured
from django.db.models import OuterRef, QuerySet, Subquery
from django.http import HttpRequest, HttpResponse
from django.template.defaultfilters import date as date_format
from django.utils import timezone
from django.utils.formats import number_format
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from unfold.decorators import display

from guidance.content.models import ProviderCircuit, ProviderUsage
from guidance.content.presentation import failure_in_words
from guidance.content.services.providers import writer_options
from guidance.content.services.usage import spent_today
from guidance.core.admin import ReadOnlyAdmin


@admin.register(ProviderUsage)
class ProviderUsageAdmin(ReadOnlyAdmin):
    """A row for each day and model; above them who writes now and what is left of today."""

    list_display = ["day", "provider", "model", "requests", "failures", "tokens", "cost", "state"]
    list_filter = ["provider"]
    fields = ["day", "provider", "model", "requests", "failures", "prompt_tokens",
              "completion_tokens", "money", "state", "last_failure"]  # fmt: skip
    readonly_fields = ["state", "last_failure"]
    list_before_template = "admin/content/providerusage/_lead.html"

    class Media:
        css = {"all": ["content/review.css"]}

    def get_queryset(self, request: HttpRequest) -> QuerySet[ProviderUsage]:
        circuits = ProviderCircuit.objects.filter(
            provider=OuterRef("provider"), model=OuterRef("model")
        )
        rows: QuerySet[ProviderUsage] = super().get_queryset(request)
        return rows.annotate(
            open_until=Subquery(circuits.values("open_until")[:1]),
            reason=Subquery(circuits.values("reason")[:1]),
        )

    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        return super().changelist_view(request, {"writer": _writer(), **(extra_context or {})})

    @display(description=gettext_lazy("tokens"))
    def tokens(self, row: ProviderUsage) -> str:
        return _number(row.prompt_tokens + row.completion_tokens)

    @display(description=gettext_lazy("money"), ordering="money")
    def cost(self, row: ProviderUsage) -> str:
        return _number(row.money)

    @display(description=gettext_lazy("now"))
    def state(self, row: Any) -> str:
        if row.open_until is None or row.open_until <= timezone.now():
            return _("is called")
        until = date_format(timezone.localtime(row.open_until), "H:i:s")
        return _("left alone until %(time)s") % {"time": until}

    @display(description=gettext_lazy("last failure"))
    def last_failure(self, row: Any) -> str:
        return failure_in_words(row.reason or "")


def _writer() -> dict[str, str]:
    """Return what the page says of the settings: who writes, today's use, or what is wrong."""
    try:
        options = writer_options()
    except ImproperlyConfigured as wrong:
        return {"problem": str(wrong)}
    spent = spent_today()
    return {
        "provider": options.provider,
        "model": {"openai": options.model, "transformers": options.path}.get(options.provider, ""),
        "tokens": _of(spent.tokens, options.daily_tokens),
        "money": _of(spent.money, options.daily_money) if options.price.is_set else "",
    }


def _of(spent: int | Decimal, limit: int | Decimal | None) -> str:
    """Return "1,200 of 5,000", or "1,200" where there is no limit."""
    if limit is None:
        return _number(spent)
    return _("%(spent)s of %(limit)s") % {"spent": _number(spent), "limit": _number(limit)}


def _number(value: int | Decimal) -> str:
    """Tokens whole, money with two digits."""
    digits = 0 if isinstance(value, int) else 2
    return number_format(value, decimal_pos=digits, force_grouping=True)
