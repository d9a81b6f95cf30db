"""`POST customers` and `POST identify`."""

import msgspec
from django.utils import timezone
from drf_spectacular.utils import OpenApiExample, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from guidance.core.batches import MAX_ROWS, BadBody, BatchParser, read_one, upsert_batch
from guidance.core.models import ApiKey
from guidance.core.permissions import key_of
from guidance.core.rows import Refused
from guidance.core.schemas import PROBLEM, PROBLEMS, UPSERTED, batch_of, schema_of
from guidance.customers import signatures
from guidance.customers.rows import CustomerRow, IdentifyRow
from guidance.customers.services import merge_customer, upsert_customers

_CUSTOMER = msgspec.json.Decoder(CustomerRow)
_IDENTIFY = msgspec.json.Decoder(IdentifyRow)


class CustomersView(APIView):
    """Takes batches of up to 1,000 customers."""

    scope = ApiKey.Scope.WRITE
    parser_classes = [BatchParser]

    @extend_schema(
        operation_id="post_customers",
        summary="Customers: tier, consent, contact points",
        description=(
            "Creates customers and updates those known by their pseudonym. A field left out "
            "stays as it is; sending a batch again changes nothing. Consent is a history of "
            "which the newest word counts. Addresses are kept encrypted and never given out."
        ),
        request={"application/json": batch_of("customers", CustomerRow, MAX_ROWS)},
        responses={200: UPSERTED, **PROBLEMS},
        examples=[
            OpenApiExample(
                "A customer who allows e-mail",
                request_only=True,
                value={
                    "customers": [
                        {
                            "ref": "c-1842",
                            "tier": "gold",
                            "language": "en",
                            "country": "DE",
                            "time_zone": "Europe/Berlin",
                            "joined_at": "2025-04-02T08:00:00Z",
                            "consents": [
                                {
                                    "channel": "email",
                                    "purpose": "marketing",
                                    "granted": True,
                                    "at": "2025-04-02T08:01:30Z",
                                    "proof": {
                                        "text": "Send me offers by e-mail.",
                                        "version": "2025-03",
                                        "where": "checkout",
                                        "by": "shopper",
                                    },
                                }
                            ],
                            "contacts": [{"channel": "email", "address": "mira@mail.example"}],
                        }
                    ]
                },
            ),
        ],
    )
    def post(self, request: Request) -> Response:
        answer = upsert_batch(
            request.data,
            "customers",
            _CUSTOMER,
            lambda rows: upsert_customers(rows=rows, source="api"),
        )
        return Response(answer)


class IdentifyView(APIView):
    """Merges an anonymous history into a customer's, on the signed word of the shop's server."""

    parser_classes = [BatchParser]

    @property
    def scope(self) -> ApiKey.Scope:
        """A browser's key (events) may bring what a server's key (write) signed."""
        is_server = ApiKey.Scope.WRITE in key_of(self.request).scopes
        return ApiKey.Scope.WRITE if is_server else ApiKey.Scope.EVENTS

    @extend_schema(
        operation_id="post_identify",
        summary="An anonymous visitor turns out to be a customer",
        description=signatures.__doc__,
        request={"application/json": schema_of(IdentifyRow)},
        responses={
            200: {
                "type": "object",
                "properties": {
                    "customer": {"type": "string"},
                    "merged": {
                        "type": "boolean",
                        "description": "False where it was merged before.",
                    },
                    "moved": {
                        "type": "object",
                        "additionalProperties": {"type": "integer"},
                        "description": "How many rows moved, by kind.",
                    },
                },
            },
            (409, "application/problem+json"): PROBLEM,
            **PROBLEMS,
        },
        examples=[
            OpenApiExample(
                "Signed by the server, brought by the browser",
                request_only=True,
                value={
                    "anonymous": "a-7f3c",
                    "customer": "c-1842",
                    "expires": 1795430400,
                    "key": "sg_Yk3vQp1Z",
                    "signature": "5c" * 32,
                },
            ),
        ],
    )
    def post(self, request: Request) -> Response:
        row = read_one(request.data, _IDENTIFY)
        try:
            signatures.check_signature(row, key_of(request), timezone.now())
            merge = merge_customer(anonymous_ref=row.anonymous, customer_ref=row.customer)
        except Refused as refused:
            raise BadBody.of(refused) from None
        return Response(
            {"customer": merge.customer.ref, "merged": merge.is_new, "moved": merge.moved}
        )
