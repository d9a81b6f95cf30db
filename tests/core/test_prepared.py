"""Outside transactions PostgreSQL answers compiled queries as it planned them once a connection."""

from datetime import timedelta

import pytest
from django.db import connection
from django.db.models import DateTimeField, F
from django.utils import timezone

from guidance.catalog.models import Product
from guidance.core import prepared
from guidance.core.compiled import AnyOf, CompiledQuery, Parameter, Seconds
from tests import factories

AWKWARD = 'it\'s, "so" {here} \\ 100%s'
QUERY = CompiledQuery(
    lambda: (
        Product.objects.filter(
            AnyOf(F("sku"), "skus"),
            AnyOf(F("pk"), "pks"),
            created_at__lte=Parameter("at", DateTimeField()),
            title__in=["Tea 100%", "other's"],
        )
        .order_by("pk")
        .values_list("sku", "titles", "price", Seconds("created_at"), "is_hidden", "stock")
    )
)


@pytest.mark.django_db
def test_a_time_is_read_in_seconds_to_the_last_digit() -> None:
    made = factories.product()
    query = CompiledQuery(
        lambda: Product.objects.filter(pk=Parameter("pk")).values_list(Seconds("created_at"))
    )
    assert query.rows(pk=made.pk)[0][0] == made.created_at.timestamp()


@pytest.mark.django_db(transaction=True)
def test_the_answer_is_the_same_past_the_cursor_and_through_it() -> None:
    now = timezone.now()
    made = [
        factories.product(sku=sku, title="Tea 100%", titles={"de": AWKWARD}, created_at=at)
        for sku, at in (("one", now), (AWKWARD, now), ("later", now + timedelta(days=1)))
    ]
    asked = {"skus": {one.sku for one in made}, "pks": [one.pk for one in made], "at": now}
    past_the_cursor = QUERY.rows(**asked)
    with connection.execute_wrapper(lambda execute, *told: execute(*told)):
        through_it = QUERY.rows(**asked)
    assert [row[0] for row in past_the_cursor] == ["one", AWKWARD]
    assert list(map(tuple, past_the_cursor)) == list(map(tuple, through_it))
    assert QUERY.rows(**{**asked, "skus": []}) == []


@pytest.mark.django_db(transaction=True)
def test_what_cannot_be_asked_past_the_cursor_is_asked_through_it() -> None:
    if connection.vendor != "postgresql":
        pytest.skip("SQLite has cursors alone")
    made = factories.product()
    query = CompiledQuery(lambda: Product.objects.filter(sku=Parameter("sku")).values_list("pk"))
    assert query.rows(sku=made.sku) == [(made.pk,)]
    with connection.cursor() as cursor:
        cursor.execute("DEALLOCATE ALL")
    assert prepared.ask(connection, query.plan("postgresql").numbered, [made.sku]) is None
    assert query.rows(sku=made.sku) == [(made.pk,)]
    connection.close()
    assert query.rows(sku=made.sku) == [(made.pk,)]
