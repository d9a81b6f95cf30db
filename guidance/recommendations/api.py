"""`GET recommendations` and `GET products/{sku}/similar`."""

from django.shortcuts import get_object_or_404
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from guidance.catalog.models import Product
from guidance.core.models import ApiKey
from guidance.recommendations.requests import language_of, read_asked, read_similar
from guidance.recommendations.schemas import AnswerSchema, SimilarSchema
from guidance.recommendations.services import Relation, recommend, similar_products


class RecommendationsView(APIView):
    """What to show one shopper on one or more surfaces.

    A list with one answer per surface, in the order asked. No product family appears twice in
    it. Send each answer's `decision_id` with the events that follow from it; it is null where
    the decision could not be logged.
    """

    scope = ApiKey.Scope.READ

    @extend_schema(
        operation_id="recommendations",
        parameters=[
            OpenApiParameter("surface", required=True, description="Keys, separated by commas."),
            OpenApiParameter(
                "customer",
                description="The shopper's pseudonym; a visitor who is no customer has one, too.",
            ),
            OpenApiParameter("limit", int, description="Items per surface, 1 to 100."),
            OpenApiParameter("context_product", description="The SKU of the page's product."),
            OpenApiParameter(
                "viewed",
                description=(
                    "What this session looked at: up to 50 SKUs with commas between, the newest "
                    "last. It answers a visitor without any pseudonym and adds to what is known "
                    "of one. It is not kept as events; unknown SKUs say nothing."
                ),
            ),
            OpenApiParameter(
                "prefers",
                description=(
                    "What a shopper says they like, as `category:Tea,brand:Acme`: up to 10, by a "
                    "brand's name or a category's path or name in any language. For who has no "
                    "history and is answered by popularity, each lifts what it matches fourfold; "
                    "on the page of a product, a model that knows it answers by that instead. "
                    "It is not kept, only how many there were."
                ),
            ),
            OpenApiParameter(
                "category",
                description=(
                    "The page's category, by its path or name; left out, that of "
                    "`context_product`. It lifts twofold, as `prefers` does."
                ),
            ),
            OpenApiParameter("at", description="Replay keys alone: the moment asked about."),
            OpenApiParameter(
                "original_time", description="Replay keys alone: that moment before a shift."
            ),
        ],
        responses=AnswerSchema(many=True),
    )
    def get(self, request: Request) -> Response:
        return Response(recommend(read_asked(request)))


class SimilarView(APIView):
    """Products like one product: what can stand in for it, or what goes with it."""

    scope = ApiKey.Scope.READ

    @extend_schema(
        operation_id="similar",
        parameters=[
            OpenApiParameter("limit", int, description="1 to 100; 10 by default."),
            OpenApiParameter(
                "kind",
                enum=list(Relation),
                description=(
                    "similar: what can stand in for it, by what both are; together: what is "
                    "bought with it. Left out: together, else what sells in its category."
                ),
            ),
        ],
        responses=SimilarSchema,
    )
    def get(self, request: Request, sku: str) -> Response:
        asked = read_similar(request, sku)
        product = get_object_or_404(Product, sku=sku, is_hidden=False)
        found = similar_products(product=product, language=language_of(request), **asked)
        return Response({"sku": sku, "policy": found.policy, "items": found.items})
