"""Writing the shop's import files; the bytes depend on content and library versions alone."""

import json
from collections.abc import Iterable
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from .timeline import KINDS, event_ids

EVENT_SCHEMA = pa.schema(
    [
        ("id", pa.string()),
        ("time", pa.timestamp("ms", tz="UTC")),
        ("kind", pa.string()),
        ("customer", pa.string()),
        ("visitor", pa.string()),
        ("sku", pa.string()),
        ("quantity", pa.int32()),
        ("value", pa.decimal128(12, 2)),
        ("currency", pa.string()),
        ("session", pa.string()),
        ("basket", pa.string()),
        ("query", pa.string()),
        ("results", pa.int32()),
        ("rating", pa.int8()),
        ("text", pa.string()),
    ]
)

README = """The generated shop's own import files, as read by `manage.py import_shop`.
Same seed, size and end: same bytes.

products.jsonl    sku; titles, category ("Department > Category") and description by language (en,
                  zh-hans; description is {} for most); family; brand; price and cost (decimal
                  text, cost may be null); currency; stock; hidden; image (null);
                  attributes [{key, label by language, value, unit}], where value is text or text
                  by language and unit is null or ml, l, g, kg, cm, m
customers.jsonl   customer; tier (member, silver, gold, platinum); language; country; time_zone;
                  joined_at; consents {email_marketing, push_marketing}
events.parquet    sorted by time: id (UUIDv7); time (UTC);
                  kind (search, view, cart, purchase, return, rating, review);
                  customer or visitor (anonymous), never both; sku; quantity;
                  value (unit price paid) and currency (cart, purchase, return); session;
                  basket (purchase, and what followed from it); query and results (search);
                  rating 1-5 (rating, review); text (review)
campaigns.jsonl   key; titles; starts_at; ends_at; tiers; category by language or null (the whole
                  shop); offers [{key, titles, discount_percent, code or null, minimum_spend,
                  currency}]
oracle.parquet    for measuring only, never for training: each customer who was known before the
                  cut and bought after it: customer; purchases_before (lines); relevant (skus
                  bought from the cut on); skus and probabilities (the 50 best by true purchase
                  probability, best first); ndcg_oracle; ndcg_popularity (both at 10)
meta.json         seed, sizes, period, cut, versions, counts, mean NDCG@10 of oracle and popularity
"""


def write_jsonl(path: Path, records: Iterable[dict[str, Any]]) -> None:
    """Write one JSON object a line, in UTF-8, keys in the order given."""
    with path.open("w", encoding="utf-8", newline="\n") as file:
        for record in records:
            file.write(json.dumps(record, ensure_ascii=False, separators=(",", ":")) + "\n")


def write_json(path: Path, record: dict[str, Any]) -> None:
    """Write one readable JSON object."""
    path.write_text(json.dumps(record, ensure_ascii=False, indent=2) + "\n", encoding="utf-8")


def write_events(
    path: Path,
    events: pd.DataFrame,
    *,
    epoch: int,
    people: list[str],
    customers: int,
    skus: list[str],
    currency: str,
    source: str,
) -> None:
    """Write the timeline as ``events.parquet``; ``people`` are ids, customers before visitors."""
    person = events["person"].to_numpy()
    known = person < customers
    names = np.array(people, dtype=object)[person]
    times = events["time"].to_numpy() + epoch
    priced = events["cents"].notna().to_numpy()
    columns: dict[str, Any] = {
        "id": event_ids(times, source=source),
        "time": times,
        "kind": np.array(KINDS, dtype=object)[events["kind"].to_numpy()],
        "customer": np.where(known, names, None),
        "visitor": np.where(known, None, names),
        "sku": _named(events["item"], np.array(skus, dtype=object)),
        "quantity": _integers(events["quantity"]),
        "value": [
            Decimal(int(cents)).scaleb(-2) if there else None
            for cents, there in zip(events["cents"], priced, strict=True)
        ],
        "currency": [currency if there else None for there in priced],
        "session": _numbered("s", events["session"]),
        "basket": _numbered("o", events["basket"]),
        "query": _texts(events["query"]),
        "results": _integers(events["results"]),
        "rating": _integers(events["rating"]),
        "text": _texts(events["text"]),
    }
    table = pa.table(
        [pa.array(columns[f.name], type=f.type) for f in EVENT_SCHEMA], schema=EVENT_SCHEMA
    )
    pq.write_table(table, path, compression="zstd", row_group_size=100_000)


def _named(index: pd.Series, names: np.ndarray) -> np.ndarray:
    numbers = index.to_numpy()
    named: np.ndarray = names[numbers]
    named[numbers < 0] = None
    return named


def _numbered(prefix: str, index: pd.Series) -> list[str | None]:
    return [f"{prefix}{number:07d}" if number >= 0 else None for number in index.tolist()]


def _integers(values: pd.Series) -> pa.Array:
    return pa.array(values.to_numpy(dtype=float), from_pandas=True).cast(pa.int32())


def _texts(values: pd.Series) -> list[str | None]:
    return [value if isinstance(value, str) else None for value in values.tolist()]


def write_oracle(path: Path, columns: dict[str, Any]) -> None:
    """Write ``oracle.parquet``; lists in ``relevant``, ``skus`` and ``probabilities``."""
    schema = pa.schema(
        [
            ("customer", pa.string()),
            ("purchases_before", pa.int32()),
            ("relevant", pa.list_(pa.string())),
            ("skus", pa.list_(pa.string())),
            ("probabilities", pa.list_(pa.float64())),
            ("ndcg_oracle", pa.float64()),
            ("ndcg_popularity", pa.float64()),
        ]
    )
    pq.write_table(
        pa.table([pa.array(columns[f.name], type=f.type) for f in schema], schema=schema),
        path,
        compression="zstd",
    )
