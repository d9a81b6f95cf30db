"""Every route of the product, and the empty view that its answers are compared with."""

from django.urls import path
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from shopguide.urls import urlpatterns as product


class EmptyView(APIView):
    """Django REST framework with nothing behind it: no key, no limit, no database."""

    authentication_classes = ()
    permission_classes = ()
    throttle_classes = ()

    def get(self, request: Request) -> Response:
        return Response({})


urlpatterns = [path("empty", EmptyView.as_view()), *product]
