"""Compiled queries answer as the querysets they come from, on both databases."""

from datetime import timedelta
from decimal import Decimal

import pytest
from django.db.models import DateTimeField, F
from django.utils import timezone

from guidance.catalog.models import Product
from guidance.core.compiled import AnyOf, CompiledQuery, Parameter, as_object
from tests import factories

pytestmark = pytest.mark.django_db
FIELDS = ("sku", "id", "titles", "price", "created_at")


def test_each_call_brings_its_own_values(django_assert_num_queries) -> None:
    first, second = (factories.product(price=price) for price in ("1.50", "2.50"))
    query = CompiledQuery(
        lambda: Product.objects.filter(sku=Parameter("sku")).values_list("pk", "price")
    )
    with django_assert_num_queries(2):
        assert list(map(tuple, query.rows(sku=first.sku))) == [(first.pk, Decimal("1.50"))]
        assert list(map(tuple, query.rows(sku=second.sku))) == [(second.pk, Decimal("2.50"))]
    assert query.rows(sku="nobody's") == []


def test_a_list_of_any_length_is_one_parameter() -> None:
    made = [factories.product() for _number in range(5)]
    query = CompiledQuery(
        lambda: Product.objects.filter(AnyOf(F("sku"), "skus")).order_by("pk").values_list("pk")
    )
    wanted = [made[0].sku, made[3].sku, "it's not \" there", "%s"]
    assert [pk for (pk,) in query.rows(skus=wanted)] == [made[0].pk, made[3].pk]
    assert [pk for (pk,) in query.rows(skus=set())] == []
    numbers = CompiledQuery(
        lambda: Product.objects.filter(AnyOf(F("pk"), "pks")).order_by("pk").values_list("pk")
    )
    many = [one.pk for one in made[1:3]] + list(range(10**6, 10**6 + 3_000))
    assert [pk for (pk,) in numbers.rows(pks=many)] == [made[1].pk, made[2].pk]


def test_times_compare_as_the_database_keeps_them() -> None:
    now = timezone.now()
    old = factories.product(created_at=now - timedelta(days=2))
    factories.product(created_at=now)
    query = CompiledQuery(
        lambda: (
            Product.objects.filter(created_at__lte=Parameter("at", DateTimeField()))
            .order_by("pk")
            .values_list("pk", "created_at")
        )
    )
    assert list(map(tuple, query.rows(at=now - timedelta(days=1)))) == [(old.pk, old.created_at)]


def test_a_row_becomes_an_object_whatever_the_order_of_its_fields() -> None:
    made = factories.product(titles={"zh-hans": "茶"}, price="9.50")
    query = CompiledQuery(lambda: Product.objects.filter(pk=Parameter("pk")).values_list(*FIELDS))
    (row,) = query.rows(pk=made.pk)
    found = as_object(Product, FIELDS, row)
    assert (found.pk, found.sku, found.titles) == (made.pk, made.sku, {"zh-hans": "茶"})
    assert found.price == Decimal("9.50")
    assert "brand" in found.get_deferred_fields()
