"""The review desk's queue, and what is done to many drafts at once."""

import uuid
from collections.abc import Sequence
from typing import Any

from django.contrib import admin, messages
from django.core.exceptions import BadRequest, PermissionDenied
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils.formats import number_format
from django.utils.html import format_html
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST
from unfold.decorators import display

from guidance.catalog.models import Product
from guidance.content.admin import filters, page
from guidance.content.admin.desk import DeskPages
from guidance.content.admin.requesting import RequestForm
from guidance.content.models import Draft, Kind, ReviewTask, barred
from guidance.content.presentation import (
    checks_badge,
    due_badge,
    excerpt,
    kind_label,
    language_label,
    reach_label,
    since,
)
from guidance.content.selectors import queue
from guidance.content.selectors.shop import languages_with_facts, products_to_draft
from guidance.content.services import drafting, review, rewriting
from guidance.content.services.refusals import Refused
from guidance.core.admin import ReadOnlyAdmin, acting_person
from guidance.core.ids import parse_key

# As many texts as a person reads through in one go; the rest comes with the next page.
PREVIEWED = 100


@admin.register(Draft)
class DraftAdmin(DeskPages, ReadOnlyAdmin):
    """The queue; a row leads to its draft's page."""

    list_display = [
        *("product_and_text", "checks", "kind_and_language"),
        *("sales", "due", "looked_at_by", "waits"),
    ]
    list_filter = [
        filters.StatusFilter,
        filters.ChecksFilter,
        filters.OrderFilter,
        filters.AssigneeFilter,
        filters.DueFilter,
        filters.RiskFilter,
        filters.StaleFilter,
        filters.AgeFilter,
        filters.LanguageFilter,
        filters.KindFilter,
        filters.ChannelFilter,
        filters.MarketFilter,
        filters.SegmentFilter,
        filters.TaskFilter,
    ]
    list_select_related = ["product", "assignee"]
    search_fields = ["product__title", "product__sku"]
    actions = ["preview_approval"]
    # Half the rows of other lists: people start here and go on from draft to draft.
    list_per_page = 25
    list_before_template = "admin/content/draft/_queue_head.html"
    change_list_template = "admin/content/draft/change_list.html"

    class Media:
        css = {"all": ["content/review.css"]}

    def get_queryset(self, request: HttpRequest) -> QuerySet[Draft]:
        heavy = ("facts", "claims", "findings", "sentences", "changed_facts")
        drafts: QuerySet[Draft] = super().get_queryset(request).defer(*heavy)
        return drafts

    def get_ordering(self, request: HttpRequest) -> Sequence[str]:
        return queue.order_of(request.GET.get("order", ""))

    def get_urls(self) -> list[URLPattern]:
        wrap = self.admin_site.admin_view
        own = [
            path("approve/", wrap(self.bulk_view), name="content_draft_bulk_approve"),
            path("request/", wrap(self.request_view), name="content_draft_request"),
            path(
                "task/<uuid:task_id>/rewrite/",
                wrap(require_POST(self.rewrite_task_view)),
                name="content_draft_rewrite_task",
            ),
        ]
        return own + self.desk_urls() + super().get_urls()

    def has_review_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("content.review_draft")

    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        extra = {
            "totals": queue.queue_totals(request.user.pk or 0),
            "tasks": queue.open_tasks(),
            "may_review": self.has_review_permission(request),
            "may_request": request.user.has_perm("content.add_draft"),
        }
        return super().changelist_view(request, {**extra, **(extra_context or {})})

    @admin.action(description=gettext_lazy("Approve, after a preview"), permissions=["review"])
    def preview_approval(self, request: HttpRequest, chosen: QuerySet[Draft]) -> HttpResponse:
        drafts = Draft.objects.filter(pk__in=chosen.values("pk")).order_by("created_at", "id")
        return self._preview(request, drafts)

    def bulk_view(self, request: HttpRequest) -> HttpResponse:
        """Show exactly the clean drafts that a confirmation would approve, or approve those."""
        if not self.has_review_permission(request):
            raise PermissionDenied
        if request.method == "POST":
            return self._approve_seen(request)
        drafts = queue.filtered_queue(_parameters(request)).clean()
        return self._preview(request, drafts)

    def _preview(self, request: HttpRequest, drafts: QuerySet[Draft]) -> HttpResponse:
        drafts = drafts.filter(status=Draft.Status.WAITING)
        others = drafts.exclude(barred(acting_person(request).pk))
        clean = others.filter(blocking_findings=0)
        shown = clean.select_related("product", "requested_by")[:PREVIEWED]
        context = {
            "drafts": shown,
            "shares": queue.shares_of(Draft.objects.filter(pk__in=[one.pk for one in shown])),
            "total": clean.count(),
            "own": drafts.count() - others.count(),
            "failing": others.count() - clean.count(),
        }
        return self._page(request, "bulk_approve", _("Approve after reading"), context)

    def _approve_seen(self, request: HttpRequest) -> HttpResponse:
        verdicts = review.approve_drafts(seen=_seen(request), actor=acting_person(request))
        context = {
            "published": [verdict for verdict in verdicts if verdict.publication],
            "refused": [verdict for verdict in verdicts if not verdict.publication],
            "left": queue.filtered_queue(_parameters(request)).clean().count(),
        }
        return self._page(request, "bulk_result", _("What came of the approval"), context)

    def request_view(self, request: HttpRequest) -> HttpResponse:
        """Ask for drafts, of products chosen in their list or of all that lack them."""
        if not request.user.has_perm("content.add_draft"):
            raise PermissionDenied
        form = RequestForm(request.POST or None)
        if form.is_valid():
            return self._requested(request, form)
        return self.request_page(request, form, request.POST.get("products", ""))

    def request_page(self, request: HttpRequest, form: RequestForm, chosen: str) -> HttpResponse:
        context = {"form": form, "chosen": _products(chosen), "lacking": _lacking()}
        return self._page(request, "request", _("Request drafts"), context)

    def _requested(self, request: HttpRequest, form: RequestForm) -> HttpResponse:
        job = drafting.request_drafts(
            requested_by=acting_person(request),
            kind=form.cleaned_data["kind"],
            languages=form.cleaned_data["languages"],
            brief=form.brief(),
            product_ids=form.cleaned_data["products"],
        )
        messages.success(request, _("The drafts are being written; this page follows the work."))
        return HttpResponseRedirect(reverse("admin:core_job_change", args=[job.pk]))

    def rewrite_task_view(self, request: HttpRequest, task_id: uuid.UUID) -> HttpResponse:
        task = get_object_or_404(ReviewTask, pk=task_id)
        try:
            job = rewriting.request_rewrite(task=task, requested_by=acting_person(request))
        except Refused as refused:
            messages.error(request, str(refused))
            return HttpResponseRedirect(reverse("admin:content_draft_changelist"))
        messages.success(request, _("The texts are being written again; a colleague decides them."))
        return HttpResponseRedirect(reverse("admin:core_job_change", args=[job.pk]))

    def _page(
        self, request: HttpRequest, template: str, title: str, context: dict[str, Any]
    ) -> HttpResponse:
        around = {
            **self.admin_site.each_context(request),
            "opts": self.opts,
            "title": title,
            "query": request.GET.urlencode(),
        }
        return TemplateResponse(
            request, f"admin/content/draft/{template}.html", {**around, **context}
        )

    @display(description=gettext_lazy("product and text"), ordering="product__title")
    def product_and_text(self, draft: Draft) -> str:
        reach = reach_label(draft)
        return format_html(
            '<span class="desk-row"><strong>{}</strong><span lang="{}">{}</span>{}</span>',
            draft.product.title_in(draft.language),
            draft.language,
            excerpt(draft.text),
            format_html('<span class="desk-reach">{}</span>', reach) if reach else "",
        )

    @display(description=gettext_lazy("checks"), ordering="blocking_findings")
    def checks(self, draft: Draft) -> str:
        return format_html('<span class="desk-badge desk-badge-{}">{}</span>', *checks_badge(draft))

    @display(description=gettext_lazy("kind"), ordering="kind")
    def kind_and_language(self, draft: Draft) -> str:
        return f"{kind_label(draft.kind)}, {language_label(draft.language)}"

    @display(description=gettext_lazy("sales in 30 days"), ordering="-takings")
    def sales(self, draft: Draft) -> str:
        return number_format(draft.takings, decimal_pos=0, force_grouping=True)

    @display(description=gettext_lazy("due"), ordering="due_at")
    def due(self, draft: Draft) -> str:
        if draft.status != Draft.Status.WAITING:
            return "–"
        return format_html('<span class="desk-due desk-due-{}">{}</span>', *due_badge(draft))

    @display(description=gettext_lazy("assignee"), ordering="assignee__username")
    def looked_at_by(self, draft: Draft) -> str:
        return str(draft.assignee or "–")

    @display(description=gettext_lazy("waits"), ordering="created_at")
    def waits(self, draft: Draft) -> str:
        return since(draft.created_at)


def request_for_products(
    model_admin: admin.ModelAdmin, request: HttpRequest, products: QuerySet[Product]
) -> HttpResponse:
    """Show the request's page for products chosen in their list."""
    chosen = ",".join(str(pk) for pk in products.order_by("pk").values_list("pk", flat=True))
    desk = model_admin.admin_site.get_model_admin(Draft)
    assert isinstance(desk, DraftAdmin)
    return desk.request_page(request, RequestForm(initial={"products": chosen}), chosen)


def _parameters(request: HttpRequest) -> dict[str, str]:
    return {name: request.GET[name] for name in page.QUEUE_PARAMETERS if request.GET.get(name)}


def _seen(request: HttpRequest) -> list[tuple[uuid.UUID, int]]:
    """Return the (draft, version) pairs that the preview showed and the person left ticked."""
    pairs = [pair.partition(":") for pair in request.POST.getlist("seen")]
    try:
        seen = [(uuid.UUID(draft_id), int(version)) for draft_id, _colon, version in pairs]
    except ValueError as forged:
        raise BadRequest("seen") from forged
    if Draft.objects.filter(pk__in=[pk for pk, _version in seen]).count() != len(set(seen)):
        raise BadRequest("seen")
    return seen


def _products(chosen: str) -> QuerySet[Product]:
    keys = [key for key in map(parse_key, chosen.split(",")) if key is not None]
    return Product.objects.filter(pk__in=keys).order_by("sku")


def _lacking() -> list[tuple[str, int]]:
    """Return how many products lack a description, by language."""
    return [
        (language_label(code), len(products_to_draft(kind=Kind.DESCRIPTION, language=code)))
        for code in languages_with_facts()
    ]
