"""`GET inbox` and `POST inbox/{id}/read`."""

from typing import Any
from uuid import UUID

from django.http import Http404
from django.urls import path
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from guidance.campaigns.channels.inbox import inbox_page, mark_read
from guidance.campaigns.models.inbox import InboxMessage
from guidance.core.models import ApiKey
from guidance.core.permissions import FromServer, HasScope
from guidance.core.schemas import PROBLEMS
from guidance.customers.selectors import find_customer

MOST = 100


class InboxMessageSerializer(serializers.ModelSerializer[InboxMessage]):
    class Meta:
        model = InboxMessage
        fields = ["id", "delivery", "language", "subject", "body", "data", "created_at", "read_at"]


class InboxSerializer(serializers.Serializer[Any]):
    messages = InboxMessageSerializer(many=True)
    unread = serializers.IntegerField(help_text="Of all messages, not of this page alone.")
    next = serializers.UUIDField(
        allow_null=True, help_text="Give it as `before` for the next page; null: there is none."
    )


class InboxQuery(serializers.Serializer[Any]):
    customer = serializers.CharField(max_length=100)
    limit = serializers.IntegerField(min_value=1, max_value=MOST, default=20)
    before = serializers.UUIDField(required=False, default=None)
    unread = serializers.BooleanField(required=False, default=False)


class Reader(serializers.Serializer[Any]):
    customer = serializers.CharField(max_length=100)


class InboxView(APIView):
    """A shopper's messages, newest first."""

    permission_classes = [HasScope, FromServer]
    scope = ApiKey.Scope.READ

    @extend_schema(
        operation_id="get_inbox",
        parameters=[
            OpenApiParameter(
                "customer", str, required=True, description="The shopper's pseudonym."
            ),
            OpenApiParameter("limit", int, description=f"1 to {MOST}; 20 where left out."),
            OpenApiParameter("before", UUID, description="What the page before gave as `next`."),
            OpenApiParameter("unread", bool, description="Only what was not read yet."),
        ],
        responses={200: InboxSerializer, **PROBLEMS},
    )
    def get(self, request: Request) -> Response:
        query = InboxQuery(data=request.query_params)
        query.is_valid(raise_exception=True)
        told = query.validated_data
        customer = find_customer(told.pop("customer"))
        page = inbox_page(customer_id=customer.pk if customer else None, **told)
        return Response(InboxSerializer(page).data)


class InboxReadView(APIView):
    """The shopper read a message; the first time counts."""

    permission_classes = [HasScope, FromServer]
    scope = ApiKey.Scope.EVENTS

    @extend_schema(
        operation_id="post_inbox_read",
        request=Reader,
        responses={200: InboxMessageSerializer, **PROBLEMS},
    )
    def post(self, request: Request, message_id: UUID) -> Response:
        reader = Reader(data=request.data)
        reader.is_valid(raise_exception=True)
        customer = find_customer(reader.validated_data["customer"])
        if customer is None:
            raise Http404
        message = mark_read(customer_id=customer.pk, message_id=message_id)
        if message is None:
            raise Http404
        return Response(InboxMessageSerializer(message).data)


urlpatterns = [
    path("inbox", InboxView.as_view(), name="inbox"),
    path("inbox/<uuid:message_id>/read", InboxReadView.as_view(), name="inbox-read"),
]
