"""`GET products/{sku}/copy` and `GET copy`: what is published, and nothing else."""

from datetime import UTC, datetime, timedelta
from typing import Any

from django.core import signing
from django.utils import timezone
from django.utils.translation import gettext as _
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.exceptions import NotFound
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from guidance.catalog.models import Product
from guidance.content.models import PublishedCopy
from guidance.content.selectors import published
from guidance.core.models import ApiKey
from guidance.core.selectors import default_market

PAGE = 200
# A change is stamped before its transaction commits; who asks again from this long before its
# last answer meets every change at least once.
OVERLAP = timedelta(seconds=60)
CURSOR_SALT = "guidance.content.changes"


class ChangesQuery(serializers.Serializer[Any]):
    """What `GET copy` understands."""

    changed_since = serializers.DateTimeField(required=False, default_timezone=UTC)
    language = serializers.CharField(required=False, max_length=10, default="")
    limit = serializers.IntegerField(required=False, min_value=1, max_value=PAGE, default=PAGE)
    cursor = serializers.CharField(required=False, max_length=500)

    def validate_cursor(self, value: str) -> tuple[datetime, int]:
        try:
            time, row_id = signing.loads(value, salt=CURSOR_SALT)
        except signing.BadSignature as bad:
            raise serializers.ValidationError(_("This cursor is not one of ours.")) from bad
        return datetime.fromisoformat(time), row_id


class ProductCopyView(APIView):
    """A product's published copy in one language, by kind."""

    scope = ApiKey.Scope.READ

    @extend_schema(
        parameters=[
            OpenApiParameter("language", str, description="The default market's if left out."),
            OpenApiParameter("If-None-Match", str, OpenApiParameter.HEADER),
        ],
        responses={200: dict[str, Any], 304: None},
    )
    def get(self, request: Request, sku: str) -> Response:
        product = Product.objects.filter(sku=sku).first()
        if product is None:
            raise NotFound(_("No product has the SKU %(sku)s.") % {"sku": sku})
        language = request.query_params.get("language") or default_market().language
        found = published.copy_of_product(product, language)
        return _tagged(request, {"sku": product.sku, "language": language, "copy": found})


class CopyChangesView(APIView):
    """What was published, went stale or was withdrawn since a time, oldest change first.

    Ask again with `changed_since` set to `as_of` of the first page; a change may come twice.
    """

    scope = ApiKey.Scope.READ

    @extend_schema(parameters=[ChangesQuery], responses={200: dict[str, Any]})
    def get(self, request: Request) -> Response:
        asked = ChangesQuery(data=request.query_params)
        asked.is_valid(raise_exception=True)
        as_of = timezone.now() - OVERLAP
        rows = published.changed_copy(
            since=asked.validated_data.get("changed_since"),
            after=asked.validated_data.get("cursor"),
            language=asked.validated_data["language"],
            limit=asked.validated_data["limit"] + 1,
        )
        return Response(_page(rows, asked.validated_data["limit"], as_of))


def _page(rows: list[PublishedCopy], limit: int, as_of: datetime) -> dict[str, Any]:
    shown = rows[:limit]
    cursor = None
    if len(rows) > limit:
        last = shown[-1]
        cursor = signing.dumps((last.changed_at.isoformat(), last.pk), salt=CURSOR_SALT)
    items = [published.change_as_json(row) for row in shown]
    return {"items": items, "next": cursor, "as_of": as_of.isoformat()}


def _tagged(request: Request, body: dict[str, Any]) -> Response:
    """Answer with an entity tag, or with 304 where the caller holds this very answer."""
    tag = published.etag(body)
    wanted = request.headers.get("If-None-Match", "")
    if wanted == "*" or tag in [part.strip().removeprefix("W/") for part in wanted.split(",")]:
        return Response(status=304, headers={"ETag": tag})
    return Response(body, headers={"ETag": tag, "Cache-Control": "private, no-cache"})
