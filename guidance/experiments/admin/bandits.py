"""Bandits: what they know and would do; the pages of what they choose for open and stop them."""

from typing import Any

from django.contrib import admin
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext_lazy as _
from unfold.decorators import display

from guidance.core.admin import ReadOnlyAdmin
from guidance.core.numbers import rounded
from guidance.experiments.models import Bandit
from guidance.experiments.selectors.bandits import ArmNow, arms_now

Status = Bandit.Status


@admin.register(Bandit)
class BanditAdmin(ReadOnlyAdmin):
    list_display = ["key", "surface", "method", "reward", "status_label", "opened_at"]
    list_filter = ["status", "method", "surface"]
    search_fields = ["key", "surface"]
    fields = [
        *("key", *Bandit.SETTINGS, "features", "opened_by", "opened_at"),
        *("settled_until", "heard_until", "stopped_by", "stopped_at"),
    ]
    readonly_fields = fields
    list_before_template = "admin/experiments/bandit/lead.html"
    change_form_outer_before_template = "admin/experiments/bandit/arms.html"

    def render_change_form(
        self, request: HttpRequest, context: dict[str, Any], *args: Any, **kwargs: Any
    ) -> HttpResponse:
        context["arms"] = [_row(arm) for arm in arms_now(kwargs["obj"])]
        return super().render_change_form(request, context, *args, **kwargs)

    @display(
        description=_("status"),
        ordering="status",
        label={Status.RUNNING: "success", Status.STOPPED: "warning"},
    )
    def status_label(self, bandit: Bandit) -> tuple[str, str]:
        return bandit.status, bandit.get_status_display()


def _row(arm: ArmNow) -> dict[str, Any]:
    return {
        "label": arm.label,
        "chance": f"{rounded(100 * arm.chance, 1)} %",
        "trials": rounded(arm.trials, 1),
        "mean": "–" if arm.mean is None else f"{rounded(100 * arm.mean, 2)} %",
        "since": arm.since,
    }
