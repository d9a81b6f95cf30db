"""Reads the generated shop's own files: its events as interactions, and what only its generator
knows.
"""

import json
from pathlib import Path
from typing import Any

import pandas as pd

from models_ml.data.columns import BASKET, CUSTOMER, ITEM, KIND, QUANTITY, TIME
from models_ml.data.content import ItemFacts


def read_generated_shop(directory: Path) -> pd.DataFrame:
    """Return the events of known customers that concern one product; a session stands in where
    there is no basket.
    """
    wanted = ["time", "kind", "customer", "sku", "quantity", "session", "basket"]
    events = pd.read_parquet(directory / "events.parquet", columns=wanted)
    events = events[events["customer"].notna() & events["sku"].notna()]
    return pd.DataFrame(
        {
            CUSTOMER: events["customer"],
            ITEM: events["sku"],
            TIME: events["time"],
            KIND: events["kind"],
            BASKET: events["basket"].where(events["basket"].notna(), events["session"]),
            QUANTITY: events["quantity"],
        }
    ).reset_index(drop=True)


def read_categories(directory: Path) -> dict[str, int]:
    """Return the number of each product's category, by sku."""
    numbers: dict[str, int] = {}
    with (directory / "products.jsonl").open() as lines:
        products = [json.loads(line) for line in lines]
    return {one["sku"]: numbers.setdefault(one["category"]["en"], len(numbers)) for one in products}


def read_generated_items(directory: Path) -> list[ItemFacts]:
    """Return what the shop says of each product, in all its languages."""
    with (directory / "products.jsonl").open(encoding="utf-8") as lines:
        return [_facts(json.loads(line)) for line in lines]


def _facts(product: dict[str, Any]) -> ItemFacts:
    pairs = [
        (one["key"], f"{value} {one['unit'] or ''}".strip())
        for one in product["attributes"]
        for value in _texts(one["value"])
    ]
    return ItemFacts(
        item=product["sku"],
        titles=tuple(_texts(product["titles"])),
        category=product["category"]["en"],
        brand=product["brand"],
        price=float(product["price"]),
        attributes=tuple(pairs),
    )


def _texts(said: str | dict[str, str]) -> list[str]:
    """A text, or one a language."""
    return list(said.values()) if isinstance(said, dict) else [said]


def read_end(directory: Path) -> pd.Timestamp:
    """The midnight (UTC) after the shop's last day."""
    return pd.Timestamp(_read_meta(directory)["end"], tz="UTC")


def read_oracle(directory: Path) -> pd.DataFrame:
    """The best possible ranking per customer, for measuring only: columns customer, relevant, skus
    (best first).
    """
    return pd.read_parquet(directory / "oracle.parquet", columns=["customer", "relevant", "skus"])


def _read_meta(directory: Path) -> dict[str, str]:
    return json.loads((directory / "meta.json").read_text())
