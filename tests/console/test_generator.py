"""The generated shop: its files, its relations, and that the same seed gives the same bytes."""

import json
import re
import uuid
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow.parquet as pq
import pytest

from guidance.console.demo.generator import Summary, generate
from guidance.console.demo.generator.files import EVENT_SCHEMA

END = date(2026, 3, 2)
FILES = {
    "products.jsonl",
    "customers.jsonl",
    "events.parquet",
    "campaigns.jsonl",
    "oracle.parquet",
    "meta.json",
    "README.txt",
}


def make(directory: Path, **overrides: Any) -> Summary:
    sizes = {"seed": 11, "end": END, "customers": 150, "products": 80, "days": 40}
    return generate(directory, **{**sizes, **overrides})


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make(tmp_path_factory.mktemp("shop")).directory


@pytest.fixture(scope="module")
def events(shop: Path) -> pd.DataFrame:
    return pd.read_parquet(shop / "events.parquet")


def rows(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def contents(directory: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in directory.iterdir()}


def test_same_seed_gives_same_bytes_and_another_seed_does_not(tmp_path: Path, shop: Path) -> None:
    make(tmp_path / "again")
    make(tmp_path / "other", seed=12)
    assert contents(tmp_path / "again") == contents(shop)
    assert set(contents(shop)) == FILES
    for name in FILES - {"README.txt", "campaigns.jsonl"}:
        assert contents(tmp_path / "other")[name] != contents(shop)[name]


def test_events_have_the_documented_columns_sorted_within_the_period(shop: Path) -> None:
    table = pq.read_table(shop / "events.parquet")
    assert table.schema.remove_metadata() == EVENT_SCHEMA
    frame = table.to_pandas()
    assert frame["time"].is_monotonic_increasing
    assert frame["time"].iloc[0] >= datetime(2026, 1, 21, tzinfo=UTC)
    assert frame["time"].iloc[-1] < datetime(2026, 3, 2, tzinfo=UTC)


def test_event_ids_are_unique_version_7_and_carry_their_time(events: pd.DataFrame) -> None:
    assert events["id"].is_unique
    for text, moment in zip(events["id"][::97], events["time"][::97], strict=True):
        value = uuid.UUID(text)
        assert value.version == 7
        assert value.variant == uuid.RFC_4122
        assert value.int >> 80 == int(moment.timestamp() * 1000)


def test_every_product_has_a_place_and_both_titles(shop: Path) -> None:
    products = rows(shop / "products.jsonl")
    assert len(products) == len({product["sku"] for product in products}) == 80
    assert len({product["category"]["en"].split(" > ")[0] for product in products}) >= 8
    for product in products:
        for language in ("en", "zh-hans"):
            department, category = product["category"][language].split(" > ")
            assert department
            assert category
            assert product["titles"][language]
        assert float(product["price"]) > 0
    assert len({product["titles"]["en"] for product in products}) == 80
    assert len({product["titles"]["zh-hans"] for product in products}) == 80


def test_a_family_shares_brand_category_and_differs_in_title(shop: Path) -> None:
    products = pd.DataFrame(rows(shop / "products.jsonl"))
    products["path"] = products["category"].map(lambda names: names["en"])
    families = products.groupby("family")
    assert families.size().max() > 1
    assert (families["brand"].nunique() == 1).all()
    assert (families["path"].nunique() == 1).all()


def test_titles_say_no_more_than_the_facts(shop: Path) -> None:
    """A number in a title is among the attributes, unless the facts are too thin to tell."""
    for product in rows(shop / "products.jsonl"):
        values = [
            text
            for attribute in product["attributes"]
            for text in (
                attribute["value"].values()
                if isinstance(attribute["value"], dict)
                else [attribute["value"]]
            )
        ]
        if len(product["attributes"]) < 2:
            continue
        digits = {
            word.strip(",") for word in product["titles"]["en"].split() if word.strip(",").isdigit()
        }
        assert digits <= {word for text in values for word in text.split()}, product["sku"]


def test_most_products_wait_for_a_description_and_some_lack_facts(tmp_path: Path) -> None:
    make(tmp_path, products=600, customers=20, days=6)
    products = pd.DataFrame(rows(tmp_path / "products.jsonl"))
    assert 0.10 < products["description"].map(bool).mean() < 0.30
    assert 0.04 < (products["attributes"].map(len) < 2).mean() < 0.13
    assert products["stock"].eq(0).any()
    assert products["hidden"].any()


def test_customers_are_opaque_and_come_in_four_tiers(shop: Path) -> None:
    customers = pd.DataFrame(rows(shop / "customers.jsonl"))
    assert len(customers) == customers["customer"].nunique() == 150
    assert set(customers["tier"]) == {"member", "silver", "gold", "platinum"}
    assert set(customers["language"]) == {"en", "zh-hans"}
    assert set(customers) == {
        "customer",
        "tier",
        "language",
        "country",
        "time_zone",
        "joined_at",
        "consents",
    }


def test_events_name_known_products_and_people(shop: Path, events: pd.DataFrame) -> None:
    skus = {product["sku"] for product in rows(shop / "products.jsonl")}
    customers = {row["customer"] for row in rows(shop / "customers.jsonl")}
    assert set(events["sku"].dropna()) <= skus
    assert set(events["customer"].dropna()) <= customers
    assert (events["customer"].isna() != events["visitor"].isna()).all()
    assert events.loc[events["kind"] != "search", "sku"].notna().all()
    assert events.loc[events["kind"] == "search", "query"].notna().all()


def test_nobody_acts_before_joining(shop: Path, events: pd.DataFrame) -> None:
    joined = {
        row["customer"]: datetime.fromisoformat(row["joined_at"])
        for row in rows(shop / "customers.jsonl")
    }
    first = events.dropna(subset="customer").groupby("customer")["time"].min()
    assert all(moment >= joined[customer] for customer, moment in first.items())


def test_each_purchase_was_in_the_cart_of_its_session(events: pd.DataFrame) -> None:
    carts = events[events["kind"] == "cart"].groupby(["session", "sku"])["time"].min()
    purchases = events[events["kind"] == "purchase"]
    assert len(purchases) > 100
    assert not purchases.duplicated(["basket", "sku"]).any()
    for line in purchases.itertuples():
        assert carts[(line.session, line.sku)] < line.time
    assert (purchases["quantity"] >= 1).all()
    assert purchases["value"].notna().all()


@pytest.mark.parametrize("kind", ["return", "rating", "review"])
def test_follow_ups_come_after_their_purchase(kind: str, tmp_path: Path) -> None:
    make(tmp_path, customers=400)
    events = pd.read_parquet(tmp_path / "events.parquet")
    purchases = events[events["kind"] == "purchase"]
    bought = {(line.basket, line.sku): line for line in purchases.itertuples()}
    followed = events[events["kind"] == kind]
    assert len(followed) > 5
    for row in followed.itertuples():
        line = bought[(row.basket, row.sku)]
        assert row.time > line.time
        assert row.customer == line.customer or row.visitor == line.visitor
        if kind == "return":
            assert (row.quantity, row.value) == (line.quantity, line.value)
        else:
            assert 1 <= row.rating <= 5


def test_reviews_are_written_in_the_customers_language(shop: Path, events: pd.DataFrame) -> None:
    language = {row["customer"]: row["language"] for row in rows(shop / "customers.jsonl")}
    written = events[events["kind"] == "review"]
    assert len(written) > 5
    for row in written.itertuples():
        if language[row.customer] == "en":
            assert row.text.isascii()
        else:
            assert not re.search("[A-Za-z]", row.text)
        assert "{" not in row.text


def test_withdrawn_products_are_hidden_and_no_longer_seen(tmp_path: Path) -> None:
    make(tmp_path, products=300, customers=200, days=30)
    hidden = {row["sku"] for row in rows(tmp_path / "products.jsonl") if row["hidden"]}
    events = pd.read_parquet(tmp_path / "events.parquet")
    late = events[(events["time"] >= "2026-02-21") & (events["kind"] == "view")]
    assert hidden
    assert not hidden & set(late["sku"])


def test_discounts_apply_while_a_campaign_runs_and_only_to_its_tiers(tmp_path: Path) -> None:
    make(tmp_path, customers=600)
    products = {row["sku"]: row for row in rows(tmp_path / "products.jsonl")}
    tier = {row["customer"]: row["tier"] for row in rows(tmp_path / "customers.jsonl")}
    campaigns = rows(tmp_path / "campaigns.jsonl")
    events = pd.read_parquet(tmp_path / "events.parquet")
    purchases = events[events["kind"] == "purchase"]
    cheaper = 0
    for line in purchases.itertuples():
        product = products[line.sku]
        if f"{line.value}" == product["price"]:
            continue
        cheaper += 1
        assert any(
            datetime.fromisoformat(campaign["starts_at"]) <= line.time
            and line.time < datetime.fromisoformat(campaign["ends_at"])
            and campaign["category"] in (product["category"], None)
            and tier.get(line.customer) in campaign["tiers"]
            for campaign in campaigns
        )
    assert cheaper > 5


def test_an_unfinished_shop_has_no_meta_file(tmp_path: Path) -> None:
    make(tmp_path, customers=10, products=20, days=3)
    (tmp_path / "events.parquet").unlink()
    (tmp_path / "events.parquet").mkdir()
    with pytest.raises(OSError, match=r"events\.parquet"):
        make(tmp_path, customers=10, products=20, days=3)
    assert not (tmp_path / "meta.json").exists()


def test_progress_reaches_the_end_of_every_step(tmp_path: Path) -> None:
    seen: dict[str, tuple[int, int]] = {}

    def note(step: str, done: int, total: int) -> None:
        seen[step] = (done, total)

    make(tmp_path, customers=10, products=20, days=5, on_progress=note)
    assert list(seen) == ["assortment", "customers", "sessions", "oracle", "files"]
    assert seen["sessions"] == (5, 5)
    assert all(done == total for done, total in seen.values())


@pytest.mark.parametrize(
    "sizes", [{"customers": 0}, {"products": 5}, {"days": 1}, {"products": 100_000}]
)
def test_impossible_sizes_are_refused_with_the_number(
    tmp_path: Path, sizes: dict[str, int]
) -> None:
    with pytest.raises(ValueError, match="products"):
        make(tmp_path, **sizes)
