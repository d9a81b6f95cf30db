"""Bandits among wordings: asked for on a publication's page; approved, followed, stopped here."""

from collections.abc import Callable
from typing import Any
from uuid import UUID

from django import forms
from django.contrib import admin, messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.urls import URLPattern, path, reverse
from django.utils.text import capfirst
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST
from unfold.decorators import display

from guidance.content.models import CopyBandit
from guidance.content.presentation import language_label, place_label, wording_label
from guidance.content.readers import features_text
from guidance.content.selectors.bandits import ArmNow, arms_now
from guidance.content.selectors.variants import variant_of
from guidance.content.services.bandits import SETTINGS, approve_bandit, stop_bandit
from guidance.content.services.refusals import Refused
from guidance.core.admin import ReadOnlyAdmin, acting_person
from guidance.core.numbers import rounded

Status = CopyBandit.Status


class BanditForm(forms.ModelForm):
    """How a bandit is to choose, and where."""

    class Meta:
        model = CopyBandit
        fields = SETTINGS


@admin.register(CopyBandit)
class CopyBanditAdmin(ReadOnlyAdmin):
    list_display = ["text", "surface", "method", "status_label", "requested_by", "requested_at"]
    list_filter = ["status", "surface"]
    list_select_related = ["main__product", "requested_by"]
    search_fields = ["main__product__title", "main__product__sku", "surface"]
    fields = [
        *("text", *SETTINGS, "requested_by", "requested_at", "approved_by", "approved_at"),
        *("settled_until", "stopped_by", "stopped_at"),
    ]
    readonly_fields = fields
    change_form_template = "admin/content/copybandit/change_form.html"

    class Media:
        css = {"all": ["content/review.css"]}

    def get_urls(self) -> list[URLPattern]:
        site = self.admin_site.admin_view
        own = [
            path(
                f"<uuid:pk>/{name}/",
                site(require_POST(view)),
                name=f"content_copybandit_{name}",
            )
            for name, view in (("approve", self.approve_view), ("stop", self.stop_view))
        ]
        return own + super().get_urls()

    def render_change_form(
        self, request: HttpRequest, context: dict[str, Any], *args: Any, **kwargs: Any
    ) -> HttpResponse:
        bandit, person = kwargs["obj"], acting_person(request)
        is_own = bandit.requested_by_id == person.pk
        may_approve = person.has_perm("content.approve_copybandit")
        is_waiting = bandit.status == Status.WAITING
        context |= {
            "rows": [_row(one) for one in arms_now(bandit)],
            "told_apart_by": features_text(bandit.features),
            "is_running": bandit.status == Status.RUNNING,
            "may_approve": is_waiting and may_approve and not is_own,
            "awaits_another": is_waiting and not (may_approve and not is_own),
            "may_stop": bandit.status != Status.STOPPED
            and person.has_perm("content.add_copybandit"),
        }
        return super().render_change_form(request, context, *args, **kwargs)

    def approve_view(self, request: HttpRequest, pk: UUID) -> HttpResponse:
        """Let it run."""

        def act() -> str:
            approve_bandit(bandit_id=pk, actor=acting_person(request))
            return _("It runs: shoppers get what it draws from now on.")

        return self._act(request, pk, act)

    def stop_view(self, request: HttpRequest, pk: UUID) -> HttpResponse:
        """Give everybody the main text again."""

        def act() -> str:
            stop_bandit(bandit_id=pk, actor=acting_person(request))
            return _("Stopped: everybody gets the main text.")

        return self._act(request, pk, act)

    def _act(self, request: HttpRequest, pk: UUID, act: Callable[[], str]) -> HttpResponse:
        get_object_or_404(CopyBandit, pk=pk)
        try:
            messages.success(request, act())
        except Refused as refused:
            messages.error(request, str(refused))
        return HttpResponseRedirect(reverse("admin:content_copybandit_change", args=[pk]))

    @display(description=gettext_lazy("text"), ordering="main__product__title")
    def text(self, bandit: CopyBandit) -> str:
        main = bandit.main
        title = main.product.title_in(main.language)
        return f"{title}: {place_label(main)}, {language_label(main.language)}"

    @display(
        description=gettext_lazy("status"),
        ordering="status",
        label={Status.WAITING: "info", Status.RUNNING: "success", Status.STOPPED: "warning"},
    )
    def status_label(self, bandit: CopyBandit) -> tuple[str, str]:
        return bandit.status, bandit.get_status_display()


def _row(arm: ArmNow) -> dict[str, Any]:
    return {
        "name": capfirst(wording_label(variant_of(arm.policy))),
        "copy": arm.copy,
        "shown": rounded(arm.shown),
        "trials": rounded(arm.trials, 1),
        "mean": "–" if arm.mean is None else f"{rounded(100 * arm.mean, 2)} %",
        "chance": f"{rounded(100 * arm.chance, 1)} %",
        "since": arm.since,
    }
