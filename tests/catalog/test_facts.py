"""Facts: who hears that one changed, and which of them copy may draw on."""

from collections.abc import Iterator, Sequence
from decimal import Decimal

import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext

from guidance.catalog import hooks
from guidance.catalog.hooks import FactChange
from guidance.catalog.models import Product
from guidance.catalog.rows import AttributeRow, ProductRow
from guidance.catalog.selectors import facts_of
from guidance.catalog.services import hide_products, update_product, upsert_products
from guidance.core.models import AuditEntry
from guidance.core.rows import Refused

pytestmark = pytest.mark.django_db


@pytest.fixture
def heard() -> Iterator[list[FactChange]]:
    """What a listener is told while the test runs."""
    changes: list[FactChange] = []
    stop = hooks.register_facts_listener(changes.extend)
    yield changes
    stop()


@pytest.fixture
def tea() -> Product:
    row = ProductRow(
        sku="tea",
        title="Green tea",
        titles={"zh-hans": "绿茶"},
        brand="Hillside",
        price=Decimal("4.90"),
        currency="EUR",
        category="Food > Tea",
        category_names={"zh-hans": "食品 > 茶"},
        attributes=[
            AttributeRow(key="net content", value="100", unit="g"),
            AttributeRow(key="origin", value="China", language="en"),
        ],
    )
    upsert_products(rows=[row], source="api")
    return Product.objects.get()


def _told(changes: Sequence[FactChange]) -> set[tuple[str, str, str | None, str | None]]:
    return {(c.key, c.language, c.old, c.new) for c in changes}


def test_a_batch_tells_each_fact_that_changed_and_no_other(
    tea: Product, heard: list[FactChange]
) -> None:
    row = ProductRow(
        sku="tea",
        titles={"zh-hans": "龙井"},
        price=Decimal("5.20"),
        brand="",
        stock=3,
        category="Food > Leaves",
        attributes=[
            AttributeRow(key="net content", value="125", unit="g"),
            AttributeRow(key="origin", value=None, language="en"),
            AttributeRow(key="colour", value="green"),
        ],
    )
    upsert_products(rows=[row], source="api")
    assert {change.product_id for change in heard} == {tea.pk}
    assert _told(heard) == {
        ("title", "zh-hans", "绿茶", "龙井"),
        ("price", "", "4.90 EUR", "5.20 EUR"),
        ("brand", "", "Hillside", None),
        ("category", "", "Food > Tea", "Food > Leaves"),
        ("category", "zh-hans", "食品 > 茶", None),
        ("net content", "", "100 g", "125 g"),
        ("origin", "en", "China", None),
        ("colour", "", None, "green"),
    }


def test_new_products_and_stock_are_no_change_of_a_fact(
    tea: Product, heard: list[FactChange]
) -> None:
    rows = [ProductRow(sku="new", title="New"), ProductRow(sku="tea", stock=0, family="teas")]
    upsert_products(rows=rows, source="api")
    assert heard == []


def test_a_renamed_category_changes_a_fact_of_all_its_products(
    tea: Product, heard: list[FactChange]
) -> None:
    names = {"zh-hans": "食品 > 茶叶"}
    row = ProductRow(sku="x", title="X", category="Food > Tea", category_names=names)
    upsert_products(rows=[row], source="api")
    assert heard == [FactChange(tea.pk, "category", "zh-hans", "食品 > 茶", "食品 > 茶叶")]


def test_a_listener_that_fails_undoes_the_change(tea: Product) -> None:
    def fail(changes: Sequence[FactChange]) -> None:
        raise RuntimeError("stop")

    stop = hooks.register_facts_listener(fail)
    try:
        with pytest.raises(RuntimeError), transaction.atomic():
            upsert_products(rows=[ProductRow(sku="tea", price=Decimal(9))], source="api")
    finally:
        stop()
    tea.refresh_from_db()
    assert tea.price == Decimal("4.90")


def test_an_edit_tells_the_listeners_and_the_audit_trail(
    tea: Product, heard: list[FactChange]
) -> None:
    update_product(
        product=tea,
        actor=None,
        fields={"title": "Sencha", "brand": "Hillside"},
        attributes=[AttributeRow(key="net content", value="125", unit="g")],
    )
    expected = {("title", "", "Green tea", "Sencha"), ("net content", "", "100 g", "125 g")}
    assert _told(heard) == expected
    entry = AuditEntry.objects.get(verb="update_product")
    assert entry.details["fields"] == ["title"]
    assert {(f["key"], f["old"], f["new"]) for f in entry.details["facts"]} == {
        ("title", "Green tea", "Sencha"),
        ("net content", "100 g", "125 g"),
    }
    assert tea.attributes.get(key="net content").source == "desk"


def test_an_edit_that_changes_nothing_leaves_no_trace(
    tea: Product, heard: list[FactChange]
) -> None:
    update_product(product=tea, actor=None, fields={"brand": "Hillside"})
    assert heard == []
    assert not AuditEntry.objects.filter(verb="update_product").exists()


def test_an_edit_keeps_what_others_wrote_meanwhile(tea: Product) -> None:
    Product.objects.filter(pk=tea.pk).update(stock=1)
    update_product(product=tea, actor=None, fields={"title": "Sencha"})
    tea.refresh_from_db()
    assert (tea.title, tea.stock) == ("Sencha", 1)


def test_edits_refuse_unknown_fields_and_contradictions(tea: Product) -> None:
    with pytest.raises(ValueError, match="sku"):
        update_product(product=tea, actor=None, fields={"sku": "coffee"})
    twice = [AttributeRow(key="k", value="1"), AttributeRow(key="k", value="2")]
    with pytest.raises(Refused, match="already named"):
        update_product(product=tea, actor=None, attributes=twice)


def test_hiding_takes_products_out_and_is_audited_once(tea: Product) -> None:
    assert hide_products(products=[tea], hidden=True, actor=None) == 1
    assert hide_products(products=[tea], hidden=True, actor=None) == 0
    hidden = Product.objects.get(is_hidden=True)
    assert hidden.updated_at > tea.updated_at
    assert AuditEntry.objects.get(verb="hide_products").details == {"skus": ["tea"]}


def test_facts_are_those_of_the_language_and_of_all(tea: Product) -> None:
    def said(language: str) -> set[tuple[str, str]]:
        return {(fact.key, fact.text) for fact in facts_of([tea], language)[tea.pk]}

    common = {("brand", "Hillside"), ("price", "4.90 EUR"), ("net content", "100 g")}
    assert said("en") == common | {("category", "Tea"), ("origin", "China")}
    assert said("zh-hans") == common | {("category", "茶")}


def test_facts_of_many_products_take_as_many_statements_as_of_one(tea: Product) -> None:
    rows = [ProductRow(sku=f"p{n}", title="P", category=f"C{n}") for n in range(200)]
    upsert_products(rows=rows, source="api")

    def statements(products: list[Product]) -> int:
        with CaptureQueriesContext(connection) as captured:
            facts_of(products, "en")
        return len(captured)

    assert statements(list(Product.objects.all())) == statements([Product.objects.get(pk=tea.pk)])
