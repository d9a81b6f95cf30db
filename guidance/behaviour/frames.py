"""What models learn from: events as a frame of interactions."""

from collections.abc import Iterator
from datetime import datetime

import pandas as pd
from django.db.models.functions import Coalesce

from guidance.behaviour.models import Event
from guidance.catalog.models import Product
from models_ml.data import columns

# Rows held as Python objects at a time; all 540,000 events of a year then peak well under 300 MB.
CHUNK = 50_000


def interactions(*, until: datetime | None = None) -> pd.DataFrame:
    """Return every event that concerns a product, one row each, in no particular order.

    Columns as in `models_ml.data.columns`: the customer is the row's id as text (after a merge,
    that of the customer merged into), the item the SKU, the basket null where none is known.
    Replayed traffic and impressions are left out. `until` (exclusive) cuts by time.
    """
    chunks = [as_frame(rows) for rows in _chunks(until)]
    if not chunks:
        return pd.DataFrame({name: [] for name in columns.REQUIRED})
    frame = pd.concat(chunks, ignore_index=True)
    skus = dict(Product.objects.values_list("pk", "sku"))
    frame[columns.ITEM] = frame[columns.ITEM].map(skus)
    return frame


def _chunks(until: datetime | None) -> Iterator[list[tuple[object, ...]]]:
    events = Event.objects.real().filter(product__isnull=False, kind__in=columns.KINDS)
    if until is not None:
        events = events.filter(occurred_at__lt=until)
    rows = events.order_by().values_list(
        Coalesce("customer__merged_into_id", "customer_id"),
        "product_id",
        "occurred_at",
        "kind",
        "basket",
        "quantity",
    )
    chunk: list[tuple[object, ...]] = []
    for row in rows.iterator(chunk_size=CHUNK):
        chunk.append(row)
        if len(chunk) == CHUNK:
            yield chunk
            chunk = []
    if chunk:
        yield chunk


def as_frame(rows: list[tuple[object, ...]]) -> pd.DataFrame:
    """Return rows of customer, product, time, kind, basket and quantity as models take them."""
    frame = pd.DataFrame(rows, columns=list(columns.REQUIRED))
    frame[columns.CUSTOMER] = frame[columns.CUSTOMER].astype(str)
    frame[columns.TIME] = pd.to_datetime(frame[columns.TIME], utc=True)
    frame[columns.BASKET] = frame[columns.BASKET].where(frame[columns.BASKET] != "", None)
    return frame
