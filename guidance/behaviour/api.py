"""`POST events` and `POST feedback`."""

import msgspec
from drf_spectacular.utils import OpenApiExample, extend_schema
from rest_framework import status
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from guidance.behaviour.models import Source
from guidance.behaviour.rows import IncomingEvent, IncomingFeedback
from guidance.behaviour.services.ingest import record_events, record_feedback
from guidance.core.batches import (
    MAX_ROWS,
    BadBody,
    BatchParser,
    decode_rows,
    read_one,
    read_rows,
)
from guidance.core.models import ApiKey
from guidance.core.permissions import key_of
from guidance.core.rows import Refused
from guidance.core.schemas import PROBLEMS, TAKEN, batch_of, schema_of

_EVENT = msgspec.json.Decoder(IncomingEvent)
_FEEDBACK = msgspec.json.Decoder(IncomingFeedback)


class EventsView(APIView):
    """Takes batches of up to 1,000 events."""

    scope = ApiKey.Scope.EVENTS
    parser_classes = [BatchParser]

    @extend_schema(
        operation_id="post_events",
        summary="What shoppers did",
        description=(
            "Up to 1,000 events. Each is taken, known already or rejected with a code and a "
            "sentence; one that is rejected does not hold up the others. Sending a batch again "
            "is safe: the same id with the same content is a duplicate."
        ),
        request={"application/json": batch_of("events", IncomingEvent, MAX_ROWS)},
        responses={200: TAKEN, **PROBLEMS},
        examples=[
            OpenApiExample(
                "A view and the purchase after it",
                request_only=True,
                value={
                    "events": [
                        {
                            "id": "01936f6e-5c3a-7b6e-9a63-0d2f8e6f1a01",
                            "kind": "view",
                            "customer": "c-1842",
                            "time": "2026-11-23T09:15:02Z",
                            "sku": "TEA-100",
                        },
                        {
                            "id": "01936f6f-1a2b-7c11-8d4e-5f60718293a4",
                            "kind": "purchase",
                            "customer": "c-1842",
                            "time": "2026-11-23T09:16:41Z",
                            "sku": "TEA-100",
                            "quantity": 2,
                            "price": "4.90",
                            "currency": "EUR",
                            "basket": "order-7731",
                        },
                    ]
                },
            ),
            OpenApiExample(
                "One taken, one rejected",
                response_only=True,
                value={
                    "accepted": 1,
                    "duplicates": 0,
                    "rejected": [
                        {"index": 1, "code": "unknown_product", "detail": "sku: no product has it."}
                    ],
                },
            ),
        ],
    )
    def post(self, request: Request) -> Response:
        events, refused = decode_rows(read_rows(request.data, "events"), _EVENT)
        taken = record_events(events=events, source=source_of(request))
        taken.rejected += refused
        return Response(taken.as_json())


class FeedbackView(APIView):
    """Takes a shopper's satisfaction with one decision."""

    scope = ApiKey.Scope.EVENTS
    parser_classes = [BatchParser]

    @extend_schema(
        operation_id="post_feedback",
        summary="How satisfied a shopper is with a decision",
        description=(
            "One to five stars, or a thumb. Kept as a rating event; the same id again changes"
            " nothing."
        ),
        request={"application/json": schema_of(IncomingFeedback)},
        responses={
            201: {"type": "object", "properties": {"status": {"enum": ["recorded"]}}},
            200: {"type": "object", "properties": {"status": {"enum": ["duplicate"]}}},
            **PROBLEMS,
        },
        examples=[
            OpenApiExample(
                "Four of five",
                request_only=True,
                value={
                    "id": "01936f70-9d0e-7f42-b1c3-2a4b6c8d0e1f",
                    "decision_id": "01936f6e-0001-7abc-8def-0123456789ab",
                    "customer": "c-1842",
                    "rating": 4,
                },
            ),
        ],
    )
    def post(self, request: Request) -> Response:
        feedback = read_one(request.data, _FEEDBACK)
        try:
            is_new = record_feedback(feedback=feedback, source=source_of(request))
        except Refused as refused:
            raise BadBody.of(refused) from None
        if is_new:
            return Response({"status": "recorded"}, status=status.HTTP_201_CREATED)
        return Response({"status": "duplicate"})


def source_of(request: Request) -> Source:
    """Return how what this key writes is marked."""
    replays = ApiKey.Scope.REPLAY in key_of(request).scopes
    return Source.REPLAY if replays else Source.LIVE
