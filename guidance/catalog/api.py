"""`POST products`."""

import msgspec
from drf_spectacular.utils import OpenApiExample, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from guidance.catalog.rows import ProductRow
from guidance.catalog.services import upsert_products
from guidance.core.batches import MAX_ROWS, BatchParser, upsert_batch
from guidance.core.models import ApiKey
from guidance.core.schemas import PROBLEMS, UPSERTED, batch_of

_PRODUCT = msgspec.json.Decoder(ProductRow)


class ProductsView(APIView):
    """Takes batches of up to 1,000 products."""

    scope = ApiKey.Scope.WRITE
    parser_classes = [BatchParser]

    @extend_schema(
        operation_id="post_products",
        summary="Products: facts, prices, stock",
        description=(
            "Creates products and updates those known by their SKU. A field left out stays as "
            "it is; sending a batch again changes nothing. Stock 0 takes a product from the "
            "next answer."
        ),
        request={"application/json": batch_of("products", ProductRow, MAX_ROWS)},
        responses={200: UPSERTED, **PROBLEMS},
        examples=[
            OpenApiExample(
                "A new product",
                request_only=True,
                value={
                    "products": [
                        {
                            "sku": "TEA-100",
                            "title": "Green tea, 100 g",
                            "titles": {"zh-hans": "绿茶 100 克"},
                            "category": "Food > Tea",
                            "category_names": {"zh-hans": "食品 > 茶"},
                            "brand": "Hillside",
                            "price": "4.90",
                            "currency": "EUR",
                            "stock": 120,
                            "attributes": [
                                {"key": "net content", "value": "100", "unit": "g"},
                                {"key": "origin", "value": "China", "language": "en"},
                            ],
                        }
                    ]
                },
            ),
            OpenApiExample(
                "Only stock and price",
                request_only=True,
                value={"products": [{"sku": "TEA-100", "stock": 0, "price": "5.20"}]},
            ),
        ],
    )
    def post(self, request: Request) -> Response:
        answer = upsert_batch(
            request.data,
            "products",
            _PRODUCT,
            lambda rows: upsert_products(rows=rows, source="api"),
        )
        return Response(answer)
