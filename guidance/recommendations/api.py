"""`GET recommendations`."""

from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from guidance.core.models import ApiKey
from guidance.recommendations.models import Surface
from guidance.recommendations.services import recommend


class RecommendationsView(APIView):
    """Answers for one or more surfaces."""

    scope = ApiKey.Scope.READ

    def get(self, request: Request) -> Response:
        keys = request.query_params.get("surface", "").split(",")
        surfaces = list(Surface.objects.filter(key__in=keys, is_active=True))
        customer = request.query_params.get("customer", "")
        return Response(recommend(surfaces=surfaces, customer_ref=customer, limit=10))
