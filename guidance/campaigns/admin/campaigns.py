"""The campaigns' and offers' pages; every write goes through a service, which writes it down."""

from typing import Any

from django.contrib import admin, messages
from django.db.models import Count, QuerySet
from django.forms import BaseModelFormSet
from django.http import HttpRequest
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from unfold.admin import TabularInline
from unfold.decorators import display

from guidance.campaigns.forms import TITLE_FIELDS, CampaignForm, OfferForm
from guidance.campaigns.models import Campaign, Offer
from guidance.campaigns.selectors.open import tiers_nobody_has
from guidance.campaigns.services.editing import (
    delete_campaigns,
    delete_offers,
    save_campaign,
    save_offer,
)
from guidance.core.admin import GuidanceModelAdmin, acting_person

State = Campaign.State
STATE_COLOURS = {State.RUNNING: "success", State.PLANNED: "info", State.OFF: "warning"}


class StateFilter(admin.SimpleListFilter):
    """Campaigns as they stand now."""

    title = gettext_lazy("state")
    parameter_name = "state"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return State.choices

    def queryset(self, request: HttpRequest, queryset: Any) -> QuerySet:
        wanted = self.value()
        return queryset.in_state(wanted) if wanted in State.values else queryset


class OfferInline(TabularInline):
    model = Offer
    form = OfferForm
    extra = 0


@admin.register(Campaign)
class CampaignAdmin(GuidanceModelAdmin):
    form = CampaignForm
    list_display = ["title", "state_label", "starts_at", "ends_at", "category", "offer_count"]
    list_filter = [StateFilter]
    list_select_related = ["category"]
    search_fields = ["key", "offers__code"]
    search_help_text = gettext_lazy("A campaign's key or an offer's code")
    autocomplete_fields = ["category"]
    fields = [*TITLE_FIELDS.values(), "key", "starts_at", "ends_at", "category", "is_active"]
    inlines = [OfferInline]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Campaign]:
        return super().get_queryset(request).annotate(offer_count=Count("offers", distinct=True))

    @admin.display(description=gettext_lazy("title"))
    def title(self, campaign: Campaign) -> str:
        return str(campaign)

    @display(description=gettext_lazy("state"), label=STATE_COLOURS)
    def state_label(self, campaign: Campaign) -> tuple[str, str]:
        return campaign.state, str(campaign.state.label)

    @admin.display(description=gettext_lazy("offers"), ordering="offer_count")
    def offer_count(self, campaign: Campaign) -> int:
        return campaign.offer_count  # type: ignore[attr-defined]  # annotated above

    def save_model(self, request: HttpRequest, obj: Campaign, form: Any, change: bool) -> None:
        """Leave it to `save_related`: a campaign and its offers are written together."""

    def save_related(
        self,
        request: HttpRequest,
        form: Any,
        formsets: list[BaseModelFormSet],
        change: bool,
    ) -> None:
        (offers,) = formsets
        changed = offers.save(commit=False)
        save_campaign(
            campaign=form.instance,
            offers=changed,
            removed=offers.deleted_objects,
            actor=acting_person(request),
        )
        _warn_of_tiers(request, changed)

    def delete_model(self, request: HttpRequest, obj: Campaign) -> None:
        delete_campaigns(campaigns=[obj], actor=acting_person(request))

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[Campaign]) -> None:
        delete_campaigns(campaigns=list(queryset), actor=acting_person(request))


@admin.register(Offer)
class OfferAdmin(GuidanceModelAdmin):
    form = OfferForm
    list_display = ["code", "campaign", "kind", "value", "currency", "shown_tiers"]
    list_filter = ["kind"]
    list_select_related = ["campaign"]
    autocomplete_fields = ["campaign"]
    search_fields = ["code", "campaign__key"]
    search_help_text = gettext_lazy("An offer's code or its campaign's key")

    @admin.display(description=gettext_lazy("membership tiers"))
    def shown_tiers(self, offer: Offer) -> str:
        return ", ".join(offer.tiers) or _("everybody")

    def save_model(self, request: HttpRequest, obj: Offer, form: Any, change: bool) -> None:
        save_offer(offer=obj, actor=acting_person(request))
        _warn_of_tiers(request, [obj])

    def delete_model(self, request: HttpRequest, obj: Offer) -> None:
        delete_offers(offers=[obj], actor=acting_person(request))

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[Offer]) -> None:
        offers = list(queryset.select_related("campaign"))
        delete_offers(offers=offers, actor=acting_person(request))


def _warn_of_tiers(request: HttpRequest, offers: list[Offer]) -> None:
    """Say which tiers have nobody: the offer is kept, but no shopper will see it."""
    tiers = sorted({tier for offer in offers for tier in offer.tiers})
    for tier in tiers_nobody_has(tiers) if tiers else []:
        warning = _("No shopper has the tier “%(tier)s”: nobody of it can use the offer.")
        messages.warning(request, warning % {"tier": tier})
