"""The catalogue's pages: edits go through the service, lists stay quick."""

from collections.abc import Callable, Iterator
from decimal import Decimal
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from guidance.catalog import hooks
from guidance.catalog.hooks import FactChange
from guidance.catalog.models import Product
from guidance.catalog.rows import AttributeRow, ProductRow
from guidance.catalog.services import upsert_products
from guidance.core.models import AuditEntry
from guidance.core.roles import Role

Desk = Callable[..., Client]
LIST = "/admin/catalog/product/"
pytestmark = pytest.mark.django_db


@pytest.fixture
def tea() -> Product:
    row = ProductRow(
        sku="tea",
        title="Green tea",
        titles={"zh-hans": "绿茶", "de": "Grüner Tee"},
        price=Decimal("4.90"),
        stock=5,
        category="Food > Tea",
        attributes=[
            AttributeRow(key="colour", value="green"),
            AttributeRow(key="net content", value="100", unit="g"),
        ],
    )
    upsert_products(rows=[row], source="api")
    return Product.objects.get()


@pytest.fixture
def heard() -> Iterator[list[FactChange]]:
    changes: list[FactChange] = []
    stop = hooks.register_facts_listener(changes.extend)
    yield changes
    stop()


def _form(client: Client, product: Product) -> dict[str, Any]:
    """What a browser would send without any edit, as the page itself offers it."""
    context = client.get(f"{LIST}{product.pk}/change/").context
    forms = [
        context["adminform"].form,
        *(f for s in context["inline_admin_formsets"] for f in s.formset),
    ]
    data: dict[str, Any] = {}
    for form in forms:
        for bound in form:
            value = bound.value()
            widget = bound.field.widget
            if hasattr(widget, "decompress"):
                for suffix, text in zip(
                    widget.widgets_names, widget.decompress(value), strict=True
                ):
                    data[f"{bound.html_name}{suffix}"] = text
            elif value is not None and value is not False:
                data[bound.html_name] = value
            if bound.field.show_hidden_initial:
                data[bound.html_initial_name] = "" if value is None else value
    for inline in context["inline_admin_formsets"]:
        for bound in inline.formset.management_form:
            data[bound.html_name] = bound.value() or 0
    return data


def _field(data: dict[str, Any], key: str, name: str) -> str:
    """Return the input that holds `name` of the attribute of this key."""
    row = next(n for n, v in data.items() if n.endswith("-key") and v == key)
    return f"{row.removesuffix('key')}{name}"


def test_saving_a_page_unchanged_changes_nothing(
    desk: Desk, tea: Product, heard: list[FactChange]
) -> None:
    client = desk(Role.MERCHANDISER)
    before = Product.objects.values().get()
    answer = client.post(f"{LIST}{tea.pk}/change/", _form(client, tea))
    assert answer.status_code == 302, answer.context["errors"]
    assert (Product.objects.values().get(), heard) == (before, [])
    assert not AuditEntry.objects.filter(verb="update_product").exists()


def test_an_edit_goes_through_the_service(
    desk: Desk, tea: Product, heard: list[FactChange]
) -> None:
    """Stock that the shop's system sent while the page was open stays as sent."""
    client = desk(Role.MERCHANDISER)
    data = _form(client, tea)
    data |= {"title": "Sencha", "titles_zh-hans": "煎茶", "price": "5.20"}
    data[_field(data, "colour", "value")] = "deep green"
    data[_field(data, "net content", "DELETE")] = "on"
    Product.objects.filter(pk=tea.pk).update(stock=1)
    answer = client.post(f"{LIST}{tea.pk}/change/", data)
    assert answer.status_code == 302, answer.context["errors"]
    tea.refresh_from_db()
    assert (tea.title, tea.price, tea.stock) == ("Sencha", Decimal("5.20"), 1)
    assert tea.titles == {"zh-hans": "煎茶", "de": "Grüner Tee"}
    assert {(c.key, c.language, c.old, c.new) for c in heard} == {
        ("title", "", "Green tea", "Sencha"),
        ("title", "zh-hans", "绿茶", "煎茶"),
        ("price", "", "4.90 USD", "5.20 USD"),
        ("colour", "", "green", "deep green"),
        ("net content", "", "100 g", None),
    }
    entry = AuditEntry.objects.get(verb="update_product")
    assert entry.actor is not None
    assert entry.actor.username == "a-merchandiser"


def test_an_attribute_can_be_renamed_and_added(desk: Desk, tea: Product) -> None:
    client = desk(Role.MERCHANDISER)
    data = _form(client, tea)
    total = int(data["attributes-TOTAL_FORMS"])
    data[_field(data, "colour", "key")] = "shade"
    data |= {
        "attributes-TOTAL_FORMS": total + 1,
        f"attributes-{total}-key": "产地",
        f"attributes-{total}-language": "zh-hans",
        f"attributes-{total}-value": "中国",
        f"attributes-{total}-unit": "",
        f"attributes-{total}-product": tea.pk,
    }
    answer = client.post(f"{LIST}{tea.pk}/change/", data)
    assert answer.status_code == 302, answer.context["errors"]
    assert {(a.key, a.value, a.source) for a in tea.attributes.all()} == {
        ("shade", "green", "desk"),
        ("产地", "中国", "desk"),
        ("net content", "100", "api"),
    }


@pytest.mark.parametrize(("field", "value"), [("price", "-1"), ("stock", "-1"), ("title", "")])
def test_what_must_not_be_is_refused_on_the_page(
    field: str, value: str, desk: Desk, tea: Product
) -> None:
    client = desk(Role.MERCHANDISER)
    answer = client.post(f"{LIST}{tea.pk}/change/", _form(client, tea) | {field: value})
    assert answer.status_code == 200
    assert answer.context["errors"]
    tea.refresh_from_db()
    assert (tea.price, tea.stock, tea.title) == (Decimal("4.90"), 5, "Green tea")


def test_products_are_hidden_and_shown_from_the_list(desk: Desk, tea: Product) -> None:
    client = desk(Role.MERCHANDISER)
    chosen = {"_selected_action": [tea.pk]}
    client.post(LIST, chosen | {"action": "hide_selected"})
    assert Product.objects.get().is_hidden
    client.post(LIST, chosen | {"action": "show_selected"})
    assert not Product.objects.get().is_hidden
    assert AuditEntry.objects.filter(verb__in=["hide_products", "show_products"]).count() == 2


def test_who_may_only_look_cannot_change(desk: Desk, tea: Product) -> None:
    client = desk(Role.ANALYST)
    assert client.get(f"{LIST}{tea.pk}/change/").status_code == 200
    assert client.post(f"{LIST}{tea.pk}/change/", {"title": "x"}).status_code == 403
    client.post(LIST, {"_selected_action": [tea.pk], "action": "hide_selected"})
    tea.refresh_from_db()
    assert (tea.title, tea.is_hidden) == ("Green tea", False)


@pytest.mark.parametrize("query", ["", "?availability=in", "?availability=out", "?q=tea"])
def test_the_list_takes_as_many_statements_for_200_products_as_for_one(
    query: str, desk: Desk, tea: Product
) -> None:
    client = desk(Role.MERCHANDISER)

    def statements() -> int:
        with CaptureQueriesContext(connection) as captured:
            assert client.get(LIST + query).status_code == 200
        return len(captured)

    statements()
    before = statements()
    rows = [
        ProductRow(sku=f"tea{n}", title="Tea", stock=n % 2, category=f"A > B{n}")
        for n in range(200)
    ]
    upsert_products(rows=rows, source="api")
    assert statements() == before


def test_stock_can_be_filtered(desk: Desk, tea: Product) -> None:
    rows = [ProductRow(sku="none", title="N", stock=0), ProductRow(sku="open", title="O")]
    upsert_products(rows=rows, source="api")
    client = desk(Role.MERCHANDISER)
    for choice, sku in (("in", "tea"), ("out", "none"), ("untracked", "open")):
        [found] = client.get(f"{LIST}?availability={choice}").context["cl"].result_list
        assert found.sku == sku
