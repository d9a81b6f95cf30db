"""The offers' page, with the pool of single-use codes; services write, and write it down."""

from typing import Any

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied, ValidationError
from django.db.models import Count, Q, QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.urls import URLPattern, path, reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views.decorators.http import require_POST
from unfold.decorators import display

from guidance.campaigns.forms import TITLE_FIELDS, OfferForm
from guidance.campaigns.models import Coupon, Offer
from guidance.campaigns.pool_forms import PoolForm
from guidance.campaigns.selectors.open import tiers_nobody_has
from guidance.campaigns.services.coupons import Reject, fill_pool, generate_pool
from guidance.campaigns.services.editing import delete_offers, save_offer
from guidance.core.admin import GuidanceModelAdmin, acting_person, admin_page

CHANGE = "campaigns.change_offer"
# So many lines of an upload that are no codes are shown; the page says how many there are.
REJECTS_SHOWN = 200


@admin.register(Offer)
class OfferAdmin(GuidanceModelAdmin):
    form = OfferForm
    list_display = ["code", "campaign", "kind", "value", "currency", "shown_tiers", "given"]
    list_filter = ["kind", "is_pooled"]
    list_select_related = ["campaign"]
    autocomplete_fields = ["campaign", "category", "products"]
    search_fields = ["code", "campaign__key"]
    search_help_text = gettext_lazy("An offer's code or its campaign's key")
    change_form_outer_after_template = "admin/campaigns/offer/pool.html"
    fieldsets = [
        (
            None,
            {
                "fields": [
                    ("campaign", "code"),
                    ("kind", "value"),
                    ("currency", "cost"),
                    tuple(TITLE_FIELDS.values()),
                ]
            },
        ),
        (
            gettext_lazy("For whom and when"),
            {"fields": ["tiers", "starts_at", "ends_at"]},
        ),
        (
            gettext_lazy("What for"),
            {"fields": [("category", "products"), "minimum_spend"]},
        ),
        (
            gettext_lazy("How often"),
            {"fields": ["is_pooled", ("most_in_total", "most_per_customer")]},
        ),
    ]

    def get_urls(self) -> list[URLPattern]:
        pool = self.admin_site.admin_view(require_POST(self.pool_view))
        return [
            path("<int:pk>/pool/", pool, name="campaigns_offer_pool"),
            *super().get_urls(),
        ]

    def render_change_form(
        self, request: HttpRequest, context: dict[str, Any], *args: Any, **kwargs: Any
    ) -> HttpResponse:
        offer = kwargs.get("obj")
        if offer is not None and offer.is_pooled:
            context |= {
                "pool": _pool_of(offer),
                "pool_form": PoolForm() if request.user.has_perm(CHANGE) else None,
            }
        return super().render_change_form(request, context, *args, **kwargs)

    def pool_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Add codes that were typed, uploaded or are to be made; name the lines that are none."""
        if not request.user.has_perm(CHANGE):
            raise PermissionDenied
        offer = get_object_or_404(Offer, pk=pk)
        form = PoolForm(request.POST, request.FILES)
        if form.is_valid():
            try:
                return self._fill(request, offer, form)
            except ValidationError as error:
                form.add_error(None, error.messages)
        return self._pool_page(request, offer, form=form)

    def _fill(self, request: HttpRequest, offer: Offer, form: PoolForm) -> HttpResponse:
        actor, rejects = acting_person(request), list[Reject]()
        if count := form.cleaned_data["count"]:
            added = generate_pool(offer=offer, count=count, actor=actor)
        else:
            added, rejects = fill_pool(offer=offer, codes=form.cleaned_data["codes"], actor=actor)
        told = ngettext("%(n)d code was added.", "%(n)d codes were added.", added)
        messages.success(request, told % {"n": added})
        if rejects:
            return self._pool_page(
                request, offer, rejects=rejects[:REJECTS_SHOWN], rejected=len(rejects)
            )
        return HttpResponseRedirect(reverse("admin:campaigns_offer_change", args=[offer.pk]))

    def _pool_page(self, request: HttpRequest, offer: Offer, **context: Any) -> HttpResponse:
        named = "admin/campaigns/offer/rejects.html"
        title = _("Codes of %(offer)s") % {"offer": offer.code}
        return admin_page(self, request, named, title=title, offer=offer, **context)

    @display(description=gettext_lazy("membership tiers"))
    def shown_tiers(self, offer: Offer) -> str:
        return ", ".join(offer.tiers) or _("everybody")

    def save_model(self, request: HttpRequest, obj: Offer, form: Any, change: bool) -> None:
        save_offer(
            offer=obj,
            products=form.cleaned_data.get("products"),
            actor=acting_person(request),
        )
        warn_of_tiers(request, [obj])

    def save_related(self, request: HttpRequest, form: Any, formsets: Any, change: bool) -> None:
        """Nothing is left: the products were written with the offer."""

    def delete_model(self, request: HttpRequest, obj: Offer) -> None:
        delete_offers(offers=[obj], actor=acting_person(request))

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[Offer]) -> None:
        offers = list(queryset.select_related("campaign"))
        delete_offers(offers=offers, actor=acting_person(request))


def warn_of_tiers(request: HttpRequest, offers: list[Offer]) -> None:
    """Say which tiers have nobody: the offer is kept, but no shopper will see it."""
    tiers = sorted({tier for offer in offers for tier in offer.tiers})
    for tier in tiers_nobody_has(tiers) if tiers else []:
        warning = _("No shopper has the tier “%(tier)s”: nobody of it can use the offer.")
        messages.warning(request, warning % {"tier": tier})


def _pool_of(offer: Offer) -> dict[str, int]:
    """Return how many codes wait, were given, and were used; one statement."""
    return Coupon.objects.filter(offer=offer).aggregate(
        free=Count("pk", filter=Q(customer=None)),
        given=Count("pk", filter=Q(customer__isnull=False)),
        redeemed=Count("pk", filter=Q(redeemed_at__isnull=False)),
    )
