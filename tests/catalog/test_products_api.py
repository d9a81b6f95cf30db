"""`POST products`: idempotent, a verdict per row, few statements whatever the batch."""

import json
from decimal import Decimal
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from rest_framework.test import APIClient

from guidance.catalog.models import Category, Product, ProductAttribute
from guidance.core.models import AuditEntry
from guidance.core.services import create_api_key

URL = "/api/v1/products"
TEA: dict[str, Any] = {
    "sku": "tea",
    "title": "Green tea",
    "titles": {"zh-hans": "绿茶"},
    "category": "Food > Tea",
    "category_names": {"zh-hans": "食品 > 茶"},
    "family": "teas",
    "brand": "Hillside",
    "price": "4.90",
    "cost": 2,
    "currency": "EUR",
    "stock": 12,
    "image": "https://shop.example/tea.jpg",
    "descriptions": {"en": "Dry leaves."},
    "attributes": [
        {"key": "net content", "value": "100", "unit": "g"},
        {"key": "产地", "value": "中国", "language": "zh-hans"},
    ],
}


def _post(client: APIClient, *products: Any) -> dict[str, Any]:
    answer = client.post(URL, {"products": products})
    assert answer.status_code == 200, answer.content
    return answer.json()


def test_a_new_product_is_created_with_all_it_says(storefront: APIClient) -> None:
    assert _post(storefront, TEA)["created"] == 1
    tea = Product.objects.get()
    assert (tea.sku, tea.title, tea.title_in("zh-hans")) == ("tea", "Green tea", "绿茶")
    assert (tea.price, tea.cost, tea.currency, tea.stock) == (
        Decimal("4.90"),
        Decimal("2.00"),
        "EUR",
        12,
    )
    assert (tea.family, tea.brand, tea.is_hidden) == ("teas", "Hillside", False)
    assert (tea.image, tea.descriptions) == (TEA["image"], {"en": "Dry leaves."})
    category = tea.category
    assert category is not None
    assert (category.path, category.names) == ("Food > Tea", {"zh-hans": "食品 > 茶"})
    assert category.parent is not None
    assert (category.parent.path, category.parent.names) == ("Food", {"zh-hans": "食品"})
    assert {(a.key, a.language, a.value, a.unit, a.source) for a in tea.attributes.all()} == {
        ("net content", "", "100", "g", "api"),
        ("产地", "zh-hans", "中国", "", "api"),
    }


def test_the_same_again_changes_nothing_and_leaves_no_audit(storefront: APIClient) -> None:
    _post(storefront, TEA)
    before = Product.objects.values().get(), AuditEntry.objects.count()
    answer = _post(storefront, TEA)
    assert (answer["unchanged"], answer["rows"]) == (1, ["unchanged"])
    assert (Product.objects.values().get(), AuditEntry.objects.count()) == before


def test_a_field_left_out_stays_and_null_clears(storefront: APIClient) -> None:
    _post(storefront, TEA)
    assert _post(storefront, {"sku": "tea", "stock": 0})["updated"] == 1
    tea = Product.objects.get()
    assert (tea.stock, tea.price, tea.brand) == (0, Decimal("4.90"), "Hillside")
    _post(storefront, {"sku": "tea", "stock": None, "price": None, "category": None})
    tea.refresh_from_db()
    assert (tea.stock, tea.price, tea.category) == (None, None, None)


def test_attributes_named_are_set_or_taken_away_and_others_stay(storefront: APIClient) -> None:
    _post(storefront, TEA)
    rows = [{"key": "net content", "value": None}, {"key": "origin", "value": "China"}]
    assert _post(storefront, {"sku": "tea", "attributes": rows})["updated"] == 1
    assert set(ProductAttribute.objects.values_list("key", flat=True)) == {"产地", "origin"}
    assert _post(storefront, {"sku": "tea", "attributes": rows})["unchanged"] == 1


REJECTED = {
    "sku missing": ({"title": "T"}, "missing_field", "sku"),
    "sku empty": ({"sku": "", "title": "T"}, "malformed", "sku"),
    "sku with a space behind": ({"sku": "a ", "title": "T"}, "malformed", "sku"),
    "sku too long": ({"sku": "s" * 65, "title": "T"}, "out_of_range", "sku"),
    "sku a number": ({"sku": 1, "title": "T"}, "wrong_type", "sku"),
    "no title for a new one": ({"sku": "new"}, "missing_field", "title"),
    "title null": ({"sku": "new", "title": None}, "wrong_type", "title"),
    "NUL in the title": ({"sku": "a", "title": "a\x00b"}, "malformed", "title"),
    "NUL in the brand": ({"sku": "a", "title": "T", "brand": "\x00"}, "bad_text", "brand"),
    "language no tag": ({"sku": "a", "title": "T", "titles": {"EN": "x"}}, "malformed", "titles"),
    "price negative": ({"sku": "a", "title": "T", "price": "-0.01"}, "out_of_range", "price"),
    "price NaN": ({"sku": "a", "title": "T", "price": "NaN"}, "out_of_range", "price"),
    "price too fine": ({"sku": "a", "title": "T", "price": 0.001}, "out_of_range", "price"),
    "cost huge": ({"sku": "a", "title": "T", "cost": "1e30"}, "out_of_range", "cost"),
    "currency small": ({"sku": "a", "title": "T", "currency": "eur"}, "malformed", "currency"),
    "stock negative": ({"sku": "a", "title": "T", "stock": -1}, "out_of_range", "stock"),
    "stock huge": ({"sku": "a", "title": "T", "stock": 10**30}, "out_of_range", "stock"),
    "stock a half": ({"sku": "a", "title": "T", "stock": 0.5}, "wrong_type", "stock"),
    "hidden a number": ({"sku": "a", "title": "T", "hidden": 1}, "wrong_type", "hidden"),
    "image a script": (
        {"sku": "a", "title": "T", "image": "javascript:alert(1)"},
        "malformed",
        "image",
    ),
    "category with an empty step": (
        {"sku": "a", "title": "T", "category": "Food >  > Tea"},
        "malformed",
        "category",
    ),
    "category too deep": (
        {"sku": "a", "title": "T", "category": " > ".join("abcdefghi")},
        "out_of_range",
        "category",
    ),
    "names of another depth": (
        {"sku": "a", "title": "T", "category": "Food", "category_names": {"de": "A > B"}},
        "malformed",
        "category_names.de",
    ),
    "names without a category": (
        {"sku": "a", "title": "T", "category_names": {"de": "A"}},
        "missing_field",
        "category",
    ),
    "attribute without a key": (
        {"sku": "a", "title": "T", "attributes": [{"value": "x"}]},
        "missing_field",
        "attributes[0].key",
    ),
    "attribute twice": (
        {"sku": "a", "title": "T", "attributes": [{"key": "k", "value": "1"}] * 2},
        "repeated",
        "attributes[1]",
    ),
    "field nobody knows": ({"sku": "a", "title": "T", "colour": "red"}, "unknown_field", "colour"),
}


@pytest.mark.parametrize("case", REJECTED)
def test_a_bad_row_is_rejected_and_the_others_are_kept(case: str, storefront: APIClient) -> None:
    row, code, field = REJECTED[case]
    answer = _post(storefront, {"sku": "good", "title": "Good"}, row)
    assert answer["rows"] == ["created", "rejected"]
    [verdict] = answer["rejected"]
    assert (verdict["index"], verdict["code"]) == (1, code)
    assert field in verdict["detail"]
    assert Product.objects.get().sku == "good"


def test_a_sku_twice_in_a_batch_is_taken_once(storefront: APIClient) -> None:
    answer = _post(storefront, TEA, {"sku": "tea", "stock": 1})
    assert answer["rows"] == ["created", "rejected"]
    assert answer["rejected"][0]["code"] == "repeated"
    assert "row 0" in answer["rejected"][0]["detail"]
    assert Product.objects.get().stock == 12


@pytest.mark.parametrize("scopes", [["read"], ["events"], []])
@pytest.mark.django_db
def test_the_key_needs_the_scope_write(scopes: list[str]) -> None:
    _key, secret = create_api_key(name="other", scopes=scopes)
    client = APIClient()
    client.credentials(HTTP_AUTHORIZATION=f"Bearer {secret}")
    assert client.post(URL, {"products": [TEA]}).status_code == 403
    assert not Product.objects.exists()


def test_a_batch_leaves_one_audit_entry(storefront: APIClient) -> None:
    rows = [{"sku": f"p{n}", "title": "P"} for n in range(30)]
    _post(storefront, *rows, {"sku": "bad"})
    entry = AuditEntry.objects.get(verb="upsert_products")
    assert entry.details["rows"] == {"created": 30, "updated": 0, "unchanged": 0, "rejected": 1}
    assert (entry.details["source"], len(entry.details["skus"])) == ("api", 20)


@pytest.mark.parametrize("first", [True, False])
def test_a_batch_takes_as_many_statements_as_one_product(
    first: bool, storefront: APIClient
) -> None:
    """Both when products are created and when all about them changes."""

    def rows(count: int, price: int) -> list[dict[str, Any]]:
        return [
            TEA
            | {"sku": f"{count}-{n}", "price": price, "category": f"C{count} > {price} > {n}"}
            | {"category_names": {}, "attributes": [{"key": "k", "value": str(price)}]}
            for n in range(count)
        ]

    def statements(count: int) -> int:
        if not first:
            _post(storefront, *rows(count, 1))
        with CaptureQueriesContext(connection) as captured:
            answer = _post(storefront, *rows(count, 2))
        assert answer["created" if first else "updated"] == count
        return len(captured)

    _post(storefront, TEA)
    assert statements(200) == statements(1) <= 32


def test_categories_are_made_once_and_renamed(storefront: APIClient) -> None:
    _post(storefront, TEA, TEA | {"sku": "oolong", "category": "Food>Tea"})
    assert Category.objects.count() == 2
    _post(storefront, {"sku": "tea", "category": "Food > Tea", "category_names": {"de": "A > Tee"}})
    names = Category.objects.get(path="Food > Tea").names
    assert names == {"zh-hans": "食品 > 茶", "de": "A > Tee"}


def test_the_document_describes_the_call(storefront: APIClient) -> None:
    document = storefront.get("/api/v1/schema/?format=json").json()
    body = document["paths"]["/api/v1/products"]["post"]["requestBody"]["content"]
    product = body["application/json"]["schema"]["properties"]["products"]["items"]
    assert product["required"] == ["sku"]
    assert "stock" in product["properties"]
    assert "$defs" not in json.dumps(product)
    assert body["application/json"]["examples"]
