"""Published copy: read, and withdrawn by those who may."""

import uuid
from collections.abc import Callable
from typing import Any

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.urls import URLPattern, path, reverse
from django.utils.html import format_html
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST
from unfold.decorators import display

from guidance.content.admin.variants import ComparedPublications
from guidance.content.models import PlannedCopy, Publication, PublishedCopy
from guidance.content.presentation import excerpt, language_label, place_label
from guidance.content.services.planning import cancel_planned
from guidance.content.services.publication import place_of, restore_publication, withdraw_copy
from guidance.content.services.refusals import Refused, may_not_approve
from guidance.core.admin import acting_person
from guidance.core.models import User


@admin.register(Publication)
class PublicationAdmin(ComparedPublications):
    """Every text that was ever published, and which of them storefronts get now."""

    list_display = ["product_and_text", "state", "place", "language_name", "number",
                    "published_at", "approved_by"]  # fmt: skip
    list_filter = ["current__status", "kind", "channel", "market", "segment",
                   "variant", "language"]  # fmt: skip
    list_select_related = ["product", "approved_by", "current"]
    search_fields = ["product__title", "product__sku"]
    fields = ["product", "place", "language_name", "number", "text", "state", "writer", "is_edited",
              "requested_by", "approved_by", "published_at", "seal"]  # fmt: skip
    readonly_fields = ["state", "place", "language_name"]
    change_form_template = "admin/content/publication/change_form.html"
    list_before_template = "admin/content/publication/_export.html"

    class Media:
        css = {"all": ["content/review.css"]}

    def get_queryset(self, request: HttpRequest) -> QuerySet[Publication]:
        publications: QuerySet[Publication] = super().get_queryset(request).defer("facts")
        return publications

    def get_urls(self) -> list[URLPattern]:
        acts = [
            path(
                f"<uuid:publication_id>/{act}/",
                self.admin_site.admin_view(require_POST(getattr(self, f"{act}_view"))),
                name=f"content_publication_{act}",
            )
            for act in ("withdraw", "restore", "cancel")
        ]
        return [*acts, *super().get_urls()]

    def render_change_form(
        self, request: HttpRequest, context: dict[str, Any], *args: Any, **kwargs: Any
    ) -> HttpResponse:
        publication = kwargs["obj"]
        current = PublishedCopy.objects.filter(**place_of(publication)).first()
        planned = PlannedCopy.objects.filter(publication=publication).first()
        is_this = current is not None and current.publication_id == publication.pk
        is_served = is_this and current is not None and current.is_served
        may = request.user.has_perm("content.withdraw_publication")
        may_restore = may and request.user.has_perm("content.review_draft")
        barred = may_not_approve(publication.draft, acting_person(request))
        withdrawn = current is not None and current.status == PublishedCopy.Status.WITHDRAWN
        context |= {
            "current": current if is_this else None,
            "planned": planned if may else None,
            "may_withdraw": may and is_this and not withdrawn,
            "may_restore": may_restore and not (is_served or planned or barred),
        }
        return super().render_change_form(request, context, *args, **kwargs)

    def withdraw_view(self, request: HttpRequest, publication_id: uuid.UUID) -> HttpResponse:
        def act(actor: User, reason: str) -> str:
            copy = get_object_or_404(PublishedCopy, publication=publication_id)
            withdraw_copy(copy=copy, actor=actor, reason=reason)
            if copy.variant:
                return _("Retired: nobody gets this wording any more.")
            return _("Withdrawn: storefronts no longer get this text.")

        return self._act(request, publication_id, act)

    def restore_view(self, request: HttpRequest, publication_id: uuid.UUID) -> HttpResponse:
        def act(actor: User, reason: str) -> str:
            restore_publication(publication_id=publication_id, actor=actor, reason=reason)
            return _("Storefronts get this text again.")

        return self._act(request, publication_id, act)

    def cancel_view(self, request: HttpRequest, publication_id: uuid.UUID) -> HttpResponse:
        def act(actor: User, reason: str) -> str:
            cancel_planned(publication_id=publication_id, actor=actor)
            return _("It will not go out.")

        return self._act(request, publication_id, act)

    def _act(
        self, request: HttpRequest, publication_id: uuid.UUID, act: Callable[[User, str], str]
    ) -> HttpResponse:
        if not request.user.has_perm("content.withdraw_publication"):
            raise PermissionDenied
        get_object_or_404(Publication, pk=publication_id)
        try:
            done = act(acting_person(request), request.POST.get("reason", ""))
            messages.success(request, done)
        except Refused as refused:
            messages.error(request, str(refused))
        address = reverse("admin:content_publication_change", args=[publication_id])
        return HttpResponseRedirect(address)

    @display(description=gettext_lazy("product and text"), ordering="product__title")
    def product_and_text(self, publication: Publication) -> str:
        return format_html(
            '<span class="desk-row"><strong>{}</strong><span lang="{}">{}</span></span>',
            publication.product.title_in(publication.language),
            publication.language,
            excerpt(publication.text),
        )

    @display(description=gettext_lazy("state"))
    def state(self, publication: Publication) -> str:
        current = getattr(publication, "current", None)
        status = current.status if current else "replaced"
        words = current.get_status_display() if current else _("replaced by a later version")
        return format_html('<span class="desk-badge desk-badge-{}">{}</span>', status, words)

    @display(description=gettext_lazy("kind"), ordering="kind")
    def place(self, publication: Publication) -> str:
        return place_label(publication)

    @display(description=gettext_lazy("language"), ordering="language")
    def language_name(self, publication: Publication) -> str:
        return language_label(publication.language)
