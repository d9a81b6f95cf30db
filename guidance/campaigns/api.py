"""`GET campaigns`."""

from typing import Any

from django.utils.translation import get_language
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from guidance.campaigns.models import Campaign, Offer
from guidance.campaigns.selectors.open import campaigns_for
from guidance.core.models import ApiKey
from guidance.customers.selectors import find_customer


class OfferSerializer(serializers.ModelSerializer[Offer]):
    class Meta:
        model = Offer
        fields = ["code", "kind", "value", "currency", "tiers"]


class CampaignSerializer(serializers.ModelSerializer[Campaign]):
    title = serializers.SerializerMethodField()
    category = serializers.CharField(source="category.path", default=None)
    offers = OfferSerializer(source="open_offers", many=True)

    class Meta:
        model = Campaign
        fields = ["key", "title", "starts_at", "ends_at", "category", "offers"]

    def get_title(self, campaign: Campaign) -> str:
        return campaign.title_in(get_language() or "en")


class ShopperQuery(serializers.Serializer[Any]):
    customer = serializers.CharField(max_length=100, required=False, default="")


class CampaignsView(APIView):
    """The running campaigns, with the offers and member benefits open to one shopper."""

    scope = ApiKey.Scope.READ

    @extend_schema(
        parameters=[OpenApiParameter("customer", str, description="The shopper's pseudonym.")],
        responses=CampaignSerializer(many=True),
    )
    def get(self, request: Request) -> Response:
        query = ShopperQuery(data=request.query_params)
        query.is_valid(raise_exception=True)
        customer = find_customer(query.validated_data["customer"])
        return Response(CampaignSerializer(campaigns_for(customer), many=True).data)
