"""`GET campaigns`."""

from typing import Any

from django.utils.translation import get_language
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from guidance.campaigns.models import Campaign, Offer
from guidance.campaigns.selectors.open import Open, benefit_key, benefit_title, open_for
from guidance.core.models import ApiKey
from guidance.customers.selectors import find_customer


class OfferSerializer(serializers.ModelSerializer[Offer]):
    """An offer; the code of one that `is_pooled` names it, each shopper gets one of their own."""

    title = serializers.SerializerMethodField()
    category = serializers.CharField(source="category.path", default=None)
    products: Any = serializers.SlugRelatedField("sku", many=True, read_only=True)

    class Meta:
        model = Offer
        fields = ["code", "kind", "value", "currency", "tiers", "title", "minimum_spend",
                  "starts_at", "ends_at", "category", "products", "is_pooled"]  # fmt: skip

    def get_title(self, offer: Offer) -> str:
        return benefit_title(offer, get_language() or "en")


class CampaignSerializer(serializers.ModelSerializer[Campaign]):
    kind = serializers.ChoiceField(["campaign", "benefit"], default="campaign")
    title = serializers.SerializerMethodField()
    category = serializers.CharField(source="category.path", default=None)
    offers = OfferSerializer(source="open_offers", many=True)

    class Meta:
        model = Campaign
        fields = ["key", "kind", "title", "starts_at", "ends_at", "category", "offers"]

    def get_title(self, campaign: Campaign) -> str:
        return campaign.title_in(get_language() or "en")


class BenefitSerializer(serializers.ModelSerializer[Offer]):
    """A benefit that belongs to no campaign, told as one with a single offer."""

    key = serializers.SerializerMethodField()
    kind = serializers.SerializerMethodField()
    title = serializers.SerializerMethodField()
    category = serializers.CharField(source="category.path", default=None)
    offers = serializers.SerializerMethodField()

    class Meta:
        model = Offer
        fields = ["key", "kind", "title", "starts_at", "ends_at", "category", "offers"]

    def get_key(self, offer: Offer) -> str:
        return benefit_key(offer)

    def get_kind(self, offer: Offer) -> str:
        return "benefit"

    def get_title(self, offer: Offer) -> str:
        return benefit_title(offer, get_language() or "en")

    def get_offers(self, offer: Offer) -> Any:
        return [OfferSerializer(offer).data]


class ShopperQuery(serializers.Serializer[Any]):
    customer = serializers.CharField(max_length=100, required=False, default="")


class CampaignsView(APIView):
    """The running campaigns, with the offers and member benefits open to one shopper.

    Standing benefits of the shopper's tier come after them, of the kind `benefit`.
    """

    scope = ApiKey.Scope.READ

    @extend_schema(
        parameters=[OpenApiParameter("customer", str, description="The shopper's pseudonym.")],
        responses=CampaignSerializer(many=True),
    )
    def get(self, request: Request) -> Response:
        query = ShopperQuery(data=request.query_params)
        query.is_valid(raise_exception=True)
        customer = find_customer(query.validated_data["customer"])
        return Response(_as_json(open_for(customer)))


def _as_json(found: Open) -> list[Any]:
    campaigns = CampaignSerializer(found.campaigns, many=True).data
    return [*campaigns, *BenefitSerializer(found.benefits, many=True).data]
