"""`GET products/{sku}/copy` and `GET copy`: what is published, and nothing else."""

from dataclasses import asdict
from datetime import datetime, timedelta
from typing import Any

from django.utils import timezone
from django.utils.translation import gettext as _
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.exceptions import NotFound
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from guidance.behaviour.models import Source
from guidance.catalog.models import Product
from guidance.content.models import Kind, PublishedCopy
from guidance.content.schemas import (
    ChangesQuery,
    ChangesSchema,
    CopyQuery,
    LabelQuery,
    ProductCopySchema,
    ReviewHelpQuery,
    ReviewHelpSchema,
    cursor_after,
)
from guidance.content.selectors import published
from guidance.content.selectors.reviews import has_bought, help_with_review
from guidance.content.services.choosing import Reader, copy_for_reader
from guidance.core.models import ApiKey

# A change is stamped before its transaction commits; who asks again from this long before its
# last answer meets every change at least once.
OVERLAP = timedelta(seconds=60)


class ProductCopyView(APIView):
    """A product's published copy in one language, by kind, with its version and label.

    Of each kind it is the text written most closely for the market and the membership tier that
    are named: for both, for the market, for the tier, for everyone.

    With a customer, a running experiment may give them another wording: `variant` names it, and
    `decision_id` goes with the events that follow from it. Nobody else is shown a variant here.

    The answer has an entity tag: send it as `If-None-Match`, and an unchanged answer is a 304; one
    with a decision is always new and must not be kept.
    """

    scope = ApiKey.Scope.READ

    @extend_schema(
        operation_id="product_copy",
        parameters=[
            OpenApiParameter("language", description="The default market's if left out."),
            OpenApiParameter("segment", description="The shopper's membership tier."),
            OpenApiParameter("customer", description="The shopper's pseudonym, for experiments."),
            OpenApiParameter(
                "surface", description="Where the copy is shown; `product`, the page, if left out."
            ),
            LabelQuery,
            OpenApiParameter("If-None-Match", location=OpenApiParameter.HEADER),
        ],
        responses={200: ProductCopySchema, 304: None},
    )
    def get(self, request: Request, sku: str) -> Response:
        asked = CopyQuery(data={**request.query_params.dict(), "sku": sku})
        asked.is_valid(raise_exception=True)
        product = Product.objects.filter(sku=sku).first()
        if product is None:
            raise NotFound(_("No product has the SKU %(sku)s.") % {"sku": sku})
        language = asked.validated_data.get("language") or asked.market_language()
        told = {name: asked.validated_data[name] for name in ("customer", "surface", "segment")}
        reader = Reader(**told, **asked.labelling(), source=_traffic_of(request))
        found = copy_for_reader(product, language, reader)
        return _tagged(request, {"sku": product.sku, "language": language, "copy": found})


class ReviewHelpView(APIView):
    """Questions and an outline for a buyer who is about to review what they bought.

    Only who bought the product gets them. The words stay the buyer's: nothing here speaks in their
    place.
    """

    scope = ApiKey.Scope.READ

    @extend_schema(
        operation_id="review_help",
        parameters=[
            OpenApiParameter("customer", required=True, description="The buyer's pseudonym."),
            OpenApiParameter("language", description="The default market's if left out."),
        ],
        responses=ReviewHelpSchema,
    )
    def get(self, request: Request, sku: str) -> Response:
        asked = ReviewHelpQuery(data={**request.query_params.dict(), "sku": sku})
        asked.is_valid(raise_exception=True)
        product = Product.objects.filter(sku=sku, is_hidden=False).first()
        if product is None or not has_bought(ref=asked.validated_data["customer"], product=product):
            raise NotFound(
                _("This customer bought no product with the SKU %(sku)s.") % {"sku": sku}
            )
        return Response(asdict(help_with_review(product, asked.validated_data["language"])))


class CopyChangesView(APIView):
    """What was published, went stale or was withdrawn since a time, oldest change first.

    A text is told by its SKU, kind, language, channel, market, segment and variant: those for some
    readers and variants come too. Ask again with `changed_since` set to `as_of` of the first page;
    a change may come twice.
    """

    scope = ApiKey.Scope.READ

    @extend_schema(operation_id="copy_changes", parameters=[ChangesQuery], responses=ChangesSchema)
    def get(self, request: Request) -> Response:
        query = ChangesQuery(data=request.query_params)
        query.is_valid(raise_exception=True)
        asked, as_of = query.validated_data, timezone.now() - OVERLAP
        rows = published.changed_copy(
            since=asked.get("changed_since"),
            after=asked.get("cursor"),
            language=asked["language"],
            limit=asked["limit"] + 1,
        )
        return Response(_page(rows, asked["limit"], as_of, query.labelling()))


def _page(
    rows: list[PublishedCopy], limit: int, as_of: datetime, labelled: dict[str, Any]
) -> dict[str, Any]:
    shown = rows[:limit]
    return {
        "items": [published.change_as_json(row, **labelled) for row in shown],
        "next": cursor_after(shown[-1]) if len(rows) > limit else None,
        "as_of": as_of.isoformat(),
    }


def _tagged(request: Request, body: dict[str, Any]) -> Response:
    """Answer with an entity tag, or with 304 where the caller holds this very answer."""
    tag = published.etag(body)
    if _has_decision(body["copy"]):
        return Response(body, headers={"ETag": tag, "Cache-Control": "private, no-store"})
    wanted = request.headers.get("If-None-Match", "")
    if wanted == "*" or tag in [part.strip().removeprefix("W/") for part in wanted.split(",")]:
        return Response(status=304, headers={"ETag": tag})
    return Response(body, headers={"ETag": tag, "Cache-Control": "private, no-cache"})


def _has_decision(copy: dict[str, Any]) -> bool:
    """Tell whether any text of an answer, or any push of it, has a decision."""
    texts = (text for kind, text in copy.items() if kind != Kind.PUSH)
    return any(text["decision_id"] for text in (*texts, *copy.get(Kind.PUSH, {}).values()))


def _traffic_of(request: Request) -> Source:
    is_replay = isinstance(request.auth, ApiKey) and ApiKey.Scope.REPLAY in request.auth.scopes
    return Source.REPLAY if is_replay else Source.LIVE
