"""Outside transactions PostgreSQL answers compiled queries as it planned them once a connection."""

from datetime import timedelta

import pytest
from django.db import DataError, OperationalError, connection, connections
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
    asked = (query.plan("postgresql").numbered, [made.sku])
    assert prepared.ask(connection, asked) is None
    assert prepared.ask(connection, asked, ("SELECT 1", [])) is None
    assert query.rows(sku=made.sku) == [(made.pk,)]
    connection.close()
    assert query.rows(sku=made.sku) == [(made.pk,)]


@pytest.mark.django_db(transaction=True)
def test_of_statements_sent_together_one_that_fails_leaves_nothing_behind() -> None:
    if connection.vendor != "postgresql":
        pytest.skip("SQLite has cursors alone")
    made = factories.product(stock=5)
    told = "UPDATE catalog_product SET stock = $1 WHERE id = $2"
    with pytest.raises(DataError):
        prepared.write(connection, (told, [3, made.pk]), ("SELECT 1 / $1", [0]), lock_timeout_ms=9)
    assert Product.objects.get().stock == 5
    prepared.write(connection, (told, [3, made.pk]), lock_timeout_ms=9)
    assert Product.objects.get().stock == 3
    assert prepared.ask(connection, ("SELECT $1::int / 0", [1]), ("SELECT 1", [])) is None
    assert prepared.ask(connection, ("SELECT 1", []), ("SELECT 2", [])) == [[(1,)], [(2,)]]


@pytest.mark.django_db(transaction=True)
def test_a_write_waits_for_a_lock_no_longer_than_allowed() -> None:
    if connection.vendor != "postgresql":
        pytest.skip("SQLite has cursors alone")
    made = factories.product(stock=5)
    other = connections.create_connection("default")
    other.set_autocommit(False)
    with other.cursor() as cursor:
        cursor.execute("SELECT 1 FROM catalog_product FOR UPDATE")
    told = ("UPDATE catalog_product SET stock = $1 WHERE id = $2", [3, made.pk])
    with pytest.raises(OperationalError, match="lock timeout"):
        prepared.write(connection, told, lock_timeout_ms=50)
    other.rollback()
    other.close()
    prepared.write(connection, told, lock_timeout_ms=50)
    assert Product.objects.get().stock == 3
