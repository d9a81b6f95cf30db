"""The campaigns' and offers' pages."""

from django.contrib import admin
from unfold.admin import TabularInline

from guidance.campaigns.models import Campaign, Offer
from guidance.core.admin import GuidanceModelAdmin


class OfferInline(TabularInline):
    model = Offer
    extra = 0


@admin.register(Campaign)
class CampaignAdmin(GuidanceModelAdmin):
    list_display = ["__str__", "key", "starts_at", "ends_at", "is_active"]
    autocomplete_fields = ["category"]
    inlines = [OfferInline]


@admin.register(Offer)
class OfferAdmin(GuidanceModelAdmin):
    list_display = ["code", "campaign", "kind", "value", "currency"]
    list_select_related = ["campaign"]
