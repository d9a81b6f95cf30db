"""A folder of the shop's own files: each table in each format, and what is wrong with a row."""

import json
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from django.utils import timezone

from guidance.behaviour.models import Event
from guidance.campaigns.models import Campaign, Offer
from guidance.catalog.frames import item_facts
from guidance.catalog.models import Category, Product
from guidance.console.importing import tail
from guidance.console.importing.columns import TABLES
from guidance.console.importing.store import UPSERT_ROWS
from guidance.core.ids import derived_id, new_id
from guidance.core.services.jobs import JobCancelled
from guidance.customers.models import Customer
from tests.console.conftest import Importer, rejects_of, write_csv, write_jsonl

TEA: dict[str, Any] = {
    "sku": "tea",
    "titles": {"en": "Green tea", "zh-hans": "绿茶"},
    "category": {"en": "Food > Tea", "zh-hans": "食品 > 茶"},
    "family": "tea",
    "brand": "Crane",
    "price": "12.50",
    "cost": "7.55",
    "currency": "SGD",
    "stock": 11,
    "hidden": False,
    "image": None,
    "description": {"en": "Fresh."},
    "attributes": [
        {"key": "net_weight", "label": {"en": "Net weight"}, "value": "50", "unit": "g"},
        {"key": "harvest", "value": {"en": "spring", "zh-hans": "春采"}, "unit": None},
    ],
}
JO = {
    "customer": "c-1",
    "tier": "gold",
    "language": "en",
    "country": "SG",
    "time_zone": "Asia/Singapore",
    "joined_at": "2025-01-19T00:00:00+00:00",
    "consents": {"email_marketing": True, "push_marketing": False},
}
AT = datetime(2026, 3, 4, 12, tzinfo=UTC)
BOUGHT: dict[str, Any] = {
    "id": str(derived_id(AT, "bought")),
    "time": AT.isoformat(),
    "kind": "purchase",
    "customer": "c-1",
    "sku": "tea",
    "quantity": 2,
    "value": "12.50",
    "currency": "SGD",
    "session": "s1",
    "basket": "o1",
}
SPRING: dict[str, Any] = {
    "key": "spring",
    "titles": {"en": "Spring", "zh-hans": "春"},
    "starts_at": "2026-03-01T00:00:00+00:00",
    "ends_at": "2026-04-01T00:00:00+00:00",
    "tiers": ["gold"],
    "category": {"en": "Food > Tea", "zh-hans": "食品 > 茶"},
    "offers": [
        {"key": "spring-tea", "titles": {"en": "10%"}, "discount_percent": 10, "code": None},
        {"key": "spring-5", "discount_amount": "5.00", "currency": "SGD", "code": "FIVE"},
    ],
}


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    folder = tmp_path / "shop"
    folder.mkdir()
    write_jsonl(folder / "products.jsonl", [TEA])
    write_jsonl(folder / "customers.jsonl", [JO])
    write_jsonl(folder / "campaigns.jsonl", [SPRING])
    write_jsonl(folder / "events.jsonl", [BOUGHT])
    return folder


def test_every_table_of_a_folder_is_imported(importer: Importer, shop: Path) -> None:
    report = importer(shop)
    assert {name: tally.imported for name, tally in report.tables.items()} == dict.fromkeys(
        TABLES, 1
    )
    tea = Product.objects.get()
    assert (tea.title, tea.titles["zh-hans"], tea.price, tea.stock) == (
        "Green tea",
        "绿茶",
        Decimal("12.50"),
        11,
    )
    assert tea.category == Category.objects.get(path="Food > Tea")
    facts = set(tea.attributes.values_list("key", "language", "value", "unit"))
    assert facts == {
        ("net_weight", "", "50", "g"),
        ("harvest", "en", "spring", ""),
        ("harvest", "zh-hans", "春采", ""),
    }
    jo = Customer.objects.get()
    assert (jo.tier, jo.is_anonymous, jo.time_zone) == ("gold", False, "Asia/Singapore")
    assert set(jo.consents.values_list("channel", "purpose", "is_granted")) == {
        ("email", "marketing", True),
        ("push", "marketing", False),
    }
    event = Event.objects.get()
    assert (str(event.pk), event.customer, event.product) == (BOUGHT["id"], jo, tea)
    assert (event.price, event.session, event.basket) == (Decimal("12.50"), "s1", "o1")
    spring = Campaign.objects.get()
    assert (spring.titles["zh-hans"], spring.category) == ("春", tea.category)
    assert set(Offer.objects.values_list("code", "kind", "value", "currency")) == {
        ("spring-tea", "percent", Decimal(10), ""),
        ("FIVE", "amount", Decimal(5), "SGD"),
    }


def _state() -> list[list[dict[str, Any]]]:
    models = (Product, Customer, Campaign, Offer, Event, Category)
    return [list(model.objects.order_by("pk").values()) for model in models]  # type: ignore[attr-defined]


def test_importing_again_changes_nothing(importer: Importer, shop: Path) -> None:
    importer(shop)
    before = _state()
    report = importer(shop)
    assert _state() == before
    assert {t.already_there for t in report.tables.values()} == {1}


def test_an_edited_file_updates_what_changed_and_nothing_else(
    importer: Importer, shop: Path
) -> None:
    importer(shop)
    write_jsonl(shop / "products.jsonl", [TEA | {"price": "11.00"}])
    write_jsonl(shop / "campaigns.jsonl", [SPRING | {"offers": SPRING["offers"][:1]}])
    report = importer(shop)
    assert (report.tables["products"].updated, report.tables["campaigns"].updated) == (1, 1)
    assert report.tables["customers"].already_there == 1
    assert Product.objects.get().price == Decimal("11.00")
    assert Offer.objects.get().code == "spring-tea"


def test_csv_cells_hold_nested_values_as_json_and_texts_for_numbers(
    importer: Importer, tmp_path: Path
) -> None:
    write_csv(
        tmp_path / "products.csv",
        [
            {
                "sku": "tea",
                "title": "Green tea",
                "category": "Food > Tea",
                "price": "12.5",
                "stock": "3",
                "hidden": "true",
                "attributes": '[{"key": "net_weight", "value": 50, "unit": "g"}]',
            }
        ],
    )
    write_csv(
        tmp_path / "events.csv",
        [
            {"time": AT.isoformat(), "kind": "view", "visitor": "v1", "sku": "tea", "quantity": ""},
            {"time": AT.isoformat(), "kind": "view", "visitor": "v1", "sku": "tea", "quantity": ""},
        ],
    )
    importer(tmp_path)
    tea = Product.objects.get()
    assert (tea.price, tea.stock, tea.is_hidden) == (Decimal("12.50"), 3, True)
    assert tea.attributes.get().value == "50"
    assert set(Event.objects.values_list("pk", flat=True)) == {
        derived_id(AT, "events", 1),
        derived_id(AT, "events", 2),
    }
    assert Customer.objects.get(ref="v1").is_anonymous


@pytest.mark.parametrize("kind", ["parquet", "csv", "jsonl"])
def test_image_vectors_come_with_the_products_in_every_format(
    importer: Importer, shop: Path, kind: str
) -> None:
    (shop / "products.jsonl").unlink()
    rows: list[dict[str, Any]] = [
        {"sku": "tea", "title": "Tea", "image_vector": [0.5, -2.0], "image_vector_model": "clip"},
        {"sku": "cup", "title": "Cup", "image_vector": None, "image_vector_model": "clip"},
        {"sku": "pot", "title": "Pot", "image_vector": [1.0], "image_vector_model": "clip"},
        {"sku": "mug", "title": "Mug", "image_vector": [1.0, None], "image_vector_model": "clip"},
    ]
    path = shop / f"products.{kind}"
    if kind == "parquet":
        pd.DataFrame(rows).to_parquet(path)
    elif kind == "jsonl":
        write_jsonl(path, rows)
    else:
        write_csv(path, [row | {"image_vector": _as_json(row["image_vector"])} for row in rows])
    report = importer(shop)
    vectors = {facts.item: facts.image for facts in item_facts()}
    assert vectors == {"tea": np.array([0.5, -2.0], "<f4").tobytes(), "cup": None}
    assert report.tables["products"].rejected == {"wrong_length": 1, "wrong_type": 1}


def _as_json(value: Any) -> str:
    return "" if value is None else json.dumps(value)


def test_a_parquet_file_of_events_is_read_with_its_missing_values(
    importer: Importer, shop: Path
) -> None:
    (shop / "events.jsonl").unlink()
    rated = {"id": str(new_id()), "time": AT, "kind": "rating", "sku": "tea", "rating": 4}
    frame = pd.DataFrame([BOUGHT | {"time": AT}, rated | {"customer": "c-1"}])
    frame["rating"] = frame["rating"].astype("Int8")
    frame["quantity"] = frame["quantity"].astype("Int32")
    frame.to_parquet(shop / "events.parquet")
    importer(shop)
    assert set(Event.objects.values_list("kind", "rating", "quantity")) == {
        ("purchase", None, 2),
        ("rating", 4, 1),
    }


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"sku": None}, "missing_field"),
        ({"sku": "x" * 65}, "out_of_range"),
        ({"titles": None}, "missing_field"),
        ({"titles": {"en": "NUL \x00"}}, "malformed"),
        ({"price": "-1"}, "out_of_range"),
        ({"price": "1.005"}, "out_of_range"),
        ({"price": "cheap"}, "malformed"),
        ({"stock": -1}, "out_of_range"),
        ({"category": {"en": "Food > > Tea"}}, "malformed"),
        ({"attributes": {"key": "x"}}, "wrong_type"),
        ({"attributes": ["x"]}, "wrong_type"),
        ({"attributes": "[broken"}, "bad_json"),
        ({"description": {"en": "x" * 20_001}}, "out_of_range"),
    ],
)
def test_a_bad_product_is_rejected_with_its_line_and_the_next_is_taken(
    importer: Importer, tmp_path: Path, change: dict[str, Any], code: str
) -> None:
    other = TEA | {"sku": "other"}
    write_jsonl(tmp_path / "products.jsonl", [TEA | {"sku": "bad"} | change, other])
    assert rejects_of(importer(tmp_path)) == [(1, code)]
    assert list(Product.objects.values_list("sku", flat=True)) == ["other"]


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"customer": None}, "missing_field"),
        ({"customer": " spaced "}, "malformed"),
        ({"time_zone": "Mars/Base"}, "unknown_time_zone"),
        ({"joined_at": "19.01.2025"}, "malformed"),
        ({"joined_at": "2025-01-19T00:00:00"}, "malformed"),
        ({"consents": {"email_marketing": "perhaps"}}, "wrong_type"),
        ({"consents": {"email": True}}, "malformed"),
    ],
)
def test_a_bad_customer_is_rejected(
    importer: Importer, tmp_path: Path, change: dict[str, Any], code: str
) -> None:
    write_jsonl(tmp_path / "customers.jsonl", [JO | change, JO | {"customer": "c-2"}])
    assert [c for _line, c in rejects_of(importer(tmp_path))] == [code]
    assert list(Customer.objects.values_list("ref", flat=True)) == ["c-2"]


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"id": "7"}, "not_uuid7"),
        ({"id": "6f8b2b3e-29d2-4c39-9d2c-7a1f3f2a9d11"}, "not_uuid7"),
        ({"time": None}, "missing_field"),
        ({"time": "yesterday"}, "malformed"),
        ({"time": "2026-03-04T12:00:00"}, "malformed"),
        ({"id": None, "time": "yesterday"}, "wrong_type"),
        ({"time": (timezone.now() + timedelta(days=1)).isoformat()}, "clock_skew"),
        ({"kind": "steal"}, "unknown_kind"),
        ({"customer": None}, "missing_field"),
        ({"visitor": "v1"}, "two_shoppers"),
        ({"sku": None}, "missing_field"),
        ({"sku": "unknown"}, "unknown_product"),
        ({"quantity": 0}, "out_of_range"),
        ({"quantity": 10**30}, "out_of_range"),
        ({"value": -1}, "out_of_range"),
        ({"kind": "rating", "rating": 6}, "out_of_range"),
        ({"kind": "search", "sku": None, "query": ""}, "missing_field"),
        ({"kind": "review", "text": "NUL \x00"}, "bad_text"),
    ],
)
def test_a_bad_event_is_rejected_with_its_line_and_the_next_is_taken(
    importer: Importer, shop: Path, change: dict[str, Any], code: str
) -> None:
    bad = BOUGHT | {"id": str(new_id())} | change
    write_jsonl(shop / "events.jsonl", [bad, BOUGHT])
    assert rejects_of(importer(shop)) == [(1, code)]
    assert str(Event.objects.get().pk) == BOUGHT["id"]


def test_one_id_for_two_events_is_a_conflict_and_one_row_twice_is_there_already(
    importer: Importer, shop: Path
) -> None:
    write_jsonl(shop / "events.jsonl", [BOUGHT, BOUGHT, BOUGHT | {"quantity": 3}])
    report = importer(shop)
    assert rejects_of(report) == [(3, "conflict")]
    events = report.tables["events"]
    assert (events.imported, events.already_there) == (1, 1)
    assert Event.objects.get().quantity == 2


def test_a_key_that_comes_twice_in_a_file_is_rejected_however_far_apart(
    importer: Importer, tmp_path: Path
) -> None:
    others = [{"sku": f"other-{n}", "title": "Other"} for n in range(UPSERT_ROWS)]
    write_jsonl(tmp_path / "products.jsonl", [TEA, TEA, *others, TEA | {"price": "1.00"}])
    report = importer(tmp_path)
    assert rejects_of(report) == [(2, "repeated"), (UPSERT_ROWS + 3, "repeated")]
    assert Product.objects.get(sku="tea").price == Decimal("12.50")


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"key": "No Slug"}, "malformed"),
        ({"ends_at": SPRING["starts_at"]}, "out_of_range"),
        ({"category": "Nowhere", "offers": []}, "unknown_category"),
        ({"offers": [{"key": "a", "discount_percent": 101}]}, "out_of_range"),
        ({"offers": [{"key": "a", "discount_percent": 0}]}, "out_of_range"),
        ({"offers": [{"key": "a"}]}, "malformed"),
        ({"offers": [{"key": "a", "discount_amount": 5}]}, "missing_field"),
        ({"offers": [{"key": "a", "discount_percent": 5}] * 2}, "repeated"),
        ({"offers": [{"key": "FIVE", "discount_percent": 5}]}, "conflict"),
    ],
)
def test_a_bad_campaign_is_rejected(
    importer: Importer, shop: Path, change: dict[str, Any], code: str
) -> None:
    importer(shop)
    write_jsonl(shop / "campaigns.jsonl", [SPRING | {"key": "bad"} | change])
    assert rejects_of(importer(shop)) == [(1, code)]
    assert Campaign.objects.get().key == "spring"


def test_columns_not_known_here_are_named_in_the_report(importer: Importer, shop: Path) -> None:
    write_jsonl(shop / "products.jsonl", [TEA | {"colour_code": 7}])
    assert any("colour_code" in note for note in importer(shop).notes)


def test_a_shift_moves_events_and_campaigns_and_keeps_their_own_time(
    importer: Importer, shop: Path
) -> None:
    importer(shop, shift_weeks=2)
    event = Event.objects.get()
    assert (event.occurred_at, event.original_time) == (AT + timedelta(weeks=2), AT)
    assert Campaign.objects.get().starts_at == datetime(2026, 3, 15, tzinfo=UTC)


def test_until_leaves_the_rest_to_the_tail(importer: Importer, shop: Path) -> None:
    later = BOUGHT | {"id": str(new_id()), "time": "2026-03-05T00:00:00+00:00"}
    latest = later | {"id": str(new_id()), "time": "2026-03-06T00:00:00+00:00"}
    bad = later | {"id": str(new_id()), "kind": "steal"}
    write_jsonl(shop / "events.jsonl", [latest, BOUGHT, later, bad])
    report = importer(shop, until=date(2026, 3, 5))
    assert report.tables["events"].skipped == {"held_back": 2}
    assert str(Event.objects.get().pk) == BOUGHT["id"]
    rest = list(tail(shop, date(2026, 3, 5)))
    assert [str(event.id) for event in rest] == [later["id"], latest["id"]]
    assert rest[0].price == Decimal("12.50")


def test_an_import_that_is_stopped_between_tables_goes_on_where_it_was(
    importer: Importer, shop: Path, tmp_path: Path
) -> None:
    write_jsonl(shop / "products.jsonl", [TEA, {"title": "no sku"}])

    def stop(phase: str, fraction: float) -> None:
        if phase == "customers":
            raise JobCancelled

    with pytest.raises(JobCancelled):
        importer(shop, progress=stop)
    assert (Product.objects.count(), Event.objects.count()) == (1, 0)
    assert not list(tmp_path.rglob("rejects.jsonl"))
    report = importer(shop)
    assert (report.tables["products"].already_there, report.tables["events"].imported) == (1, 1)
    assert rejects_of(report) == [(2, "missing_field")]
